# Each target does its own set-up. Go, Node with npm and Python 3 are expected.
SHELL := bash
.DEFAULT_GOAL := help

CONTRACT ?= statgate
DEV_FLAGS ?=
STACK ?= Statgate
IMPORT_FLAGS ?=
LOCAL_FLAGS ?=
SAM_FLAGS ?=
OPERATION ?=
PKG ?=
CDK_FLAGS ?=
CACHE := $(or $(STATGATE_CACHE),$(or $(XDG_CACHE_HOME),$(HOME)/.cache)/statgate)

.PHONY: e2e deploy-local e2e-local iam-table runbook-local emulator-stop deploy import-aws sam sam-invoke e2e-sam
.PHONY: help console dev test lint check clients mcp console-test sam-test grants bench fuzz build synth docs dynamodb-local

help: ## list the targets
	@grep -E '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

dev: ## run the whole API on 127.0.0.1:8080 (CONTRACT=statgate, DEV_FLAGS="--data DIR …")
	@$(MAKE) --no-print-directory console || echo "make dev: the console is not built; everything else works" >&2
	@mkdir -p .cache
	@go build -o .cache/statgate ./scripts/statgate
	@exec .cache/statgate dev --contract $(CONTRACT) $(DEV_FLAGS)

console: .cache/console/index.html ## bundle the console's page for make dev

.cache/console/index.html: $(shell find functions/console/web scripts/console scripts/internal/webpage scripts/npm.sh -type f)
	@mkdir -p .cache
	@go run ./scripts/console --out .cache/console
	@touch $@

test: export SUITE_FOLLOWS = 1
test: lint dynamodb-local ## lint, then the whole test suite, DynamoDB Local included
	@scripts/test.sh

lint: ## golangci-lint, Vale, tsc, cfn-lint, checkov, cdk-nag, govulncheck
	@scripts/lint/lint.sh

check: dynamodb-local ## lint and test one package (PKG=./shared/access/gate)
	@scripts/check.sh "$(PKG)"

e2e: ## check a deployment against its guarantees (URL=… CREDENTIALS=… CONTRACT=statgate E2E_FLAGS="--target … --host …")
	@go run ./scripts/verify/e2e --contract $(CONTRACT) --base-url "$(URL)" --credentials "$(CREDENTIALS)" $(E2E_FLAGS)

clients: ## generate API clients of seven kinds from each contract's document, and call a deployment with them
	@STATGATE_CLIENTS=all go test ./scripts/verify/clients -v -count=1 -timeout 60m

mcp: ## call the MCP server with older clients and the inspector, too, and run the protocol's conformance suite
	@STATGATE_MCP=all go test ./scripts/verify/mcp -v -count=1 -timeout 30m

console-test: ## open the console of each contract in a browser: all stories, attacks, accessibility, speed; prints the folder of the pictures
	@STATGATE_CONSOLE=all go test ./scripts/verify/console -v -count=1 -timeout 30m

sam-test: ## check the functions against the guarantees in SAM CLI's containers (needs Docker, or root on Debian)
	@STATGATE_SAM=all go test ./scripts/verify/sam -run TestStackPassesTheSuiteInContainers -v -count=1 -timeout 30m

grants: ## deploy to emulators, remove each grant of each role, one at a time, and check that the suite fails each time
	@STATGATE_GRANTS=all go test ./scripts/verify/emulator -run TestEveryMissingGrantIsDetected -v -count=1 -timeout 30m

bench: dynamodb-local ## measure the figures of docs/performance.md
	@go run ./scripts/verify/bench

fuzz: ## each fuzz target for FUZZTIME (default 30s)
	@scripts/fuzz.sh

build: ## the Lambda functions, into build/
	@go run ./scripts/build

synth: ## the CloudFormation template, into cdk.out/ (no AWS account)
	@scripts/cdk.sh synth -q -c contract=$(CONTRACT)

deploy: ## cdk deploy to the account of the AWS profile (CONTRACT=statgate STACK=Statgate CDK_FLAGS="-c …")
	@scripts/cdk.sh deploy -c contract=$(CONTRACT) -c stack=$(STACK) $(CDK_FLAGS)

import-aws: ## import data into a deployed stack (STACK=Statgate IMPORT_FLAGS="--clubs DIR --openfootball DIR --rate 200")
	@go run ./scripts/statgate import --stack $(STACK) $(IMPORT_FLAGS)

deploy-local: ## cdk deploy to an emulator on this machine (CONTRACT=statgate LOCAL_FLAGS="-c edge=true"); prints the file with its keys
	@go run ./scripts/verify/emulator deploy --contract $(CONTRACT) $(LOCAL_FLAGS)

e2e-local: ## check that deployment against its guarantees (CONTRACT=statgate)
	@go run ./scripts/verify/emulator e2e --contract $(CONTRACT) $(LOCAL_FLAGS)

iam-table: ## remove each grant from each role there, one at a time, and list the guarantee that fails (CONTRACT=statgate)
	@go run ./scripts/verify/emulator iam --contract $(CONTRACT) $(LOCAL_FLAGS)

runbook-local: ## run every command of docs/runbook.md on an emulator, including the wait before a pepper retires
	@STATGATE_WHOLE_RUNBOOK=1 go test ./scripts/verify/emulator -run TestADeployedStackPassesTheSuiteAndSurvivesFaults -v -count=1 -timeout 30m

emulator-stop: ## stop that emulator
	@go run ./scripts/verify/emulator stop

sam: ## run the functions in containers by SAM CLI, on 127.0.0.1:3000 (needs Docker; CONTRACT=statgate SAM_FLAGS="--port 0")
	@mkdir -p .cache
	@go build -o .cache/sam-run ./scripts/verify/sam
	@exec .cache/sam-run start --contract $(CONTRACT) --port 3000 $(SAM_FLAGS)

sam-invoke: ## run one event of events/ in its function's container (OPERATION=listLeagues SAM_FLAGS="--event FILE")
	@go run ./scripts/verify/sam invoke --contract $(CONTRACT) --operation "$(OPERATION)" $(SAM_FLAGS)

e2e-sam: ## start SAM, check it against the guarantees, and stop it (needs Docker, or root on Debian; CONTRACT=statgate)
	@go run ./scripts/verify/sam e2e --contract $(CONTRACT) $(SAM_FLAGS)

docs: ## regenerate docs/errors.md, contracts.md, contract.schema.json and cost.md
	@go run ./scripts/docs
	@go run ./scripts/cost --write

dynamodb-local: ## fetch DynamoDB Local into the cache
	@scripts/dynamodb-local/fetch.sh
