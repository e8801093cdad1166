package stack_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// templateFiles writes the template of every variant to a file.
func templateFiles(t *testing.T) []string {
	t.Helper()
	dir := t.TempDir()
	var files []string
	eachVariant(t, func(t *testing.T, tmpl template) {
		file := filepath.Join(dir, strings.ReplaceAll(t.Name()[strings.LastIndexByte(t.Name(), '/')+1:], " ", "-")+".template.json")
		if err := os.WriteFile(file, tmpl.raw, 0o600); err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	})
	return files
}

// TestCfnLintFindsNoError downloads the linter into a cache at its first use, which takes a
// minute.
func TestCfnLintFindsNoError(t *testing.T) {
	files := templateFiles(t) // before Parallel, because the CDK runs in one process
	t.Parallel()
	if out, err := exec.Command("../../scripts/lint/cfn-lint.sh", files...).CombinedOutput(); err != nil {
		t.Errorf("cfn-lint: %v\n%s", err, out)
	}
}

// accepted are the checks of checkov that a deployment fails, each with its reason.
var accepted = map[string]string{
	"CKV_AWS_26":  "CloudWatch cannot send to a topic under SNS's own key, and an alarm contains no secret",
	"CKV_AWS_27":  "SQS encrypts the queues with its own key, which the check does not recognise",
	"CKV_AWS_59":  "Open routes and mocks have no authorizer. TestEveryRouteIsAMethodBehindTheAuthorizerUnlessItIsOpen checks all others",
	"CKV_AWS_68":  "Web rules cost per request, so they are optional: -c waf=true",
	"CKV_AWS_73":  "Segments of a traced stage have the URL, in which a contract may accept the key. All other contracts trace the stage",
	"CKV_AWS_76":  "Access logs need a role that the whole account shares: -c access_logs=true creates both",
	"CKV_AWS_86":  "CloudFront's access logs contain the query string, in which a client may have sent its key",
	"CKV_AWS_115": "An account may have only ten instances, none of which can then be reserved: -c concurrency= reserves some",
	"CKV_AWS_116": "API Gateway waits for the functions that serve requests. The workers' queue and stream have dead-letter queues",
	"CKV_AWS_117": "The functions call AWS and customers' addresses, and nothing in a network of the account",
	"CKV_AWS_119": "The account's AWS managed key logs its use and, unlike a customer managed key, cannot be deleted",
	"CKV_AWS_120": "A cached answer would be neither authorised for its key nor counted against the quota",
	"CKV_AWS_149": "As for the tables: a deleted customer managed key would make every key of the API invalid",
	"CKV_AWS_158": "CloudWatch encrypts logs with its own key. Tests check that logs contain no secret",
	"CKV_AWS_173": "The variables contain names and addresses, but no secret",
	"CKV_AWS_174": "The TLS version of CloudFront's default domain cannot be changed. A deployment with a domain requires TLS 1.2",
}

// TestCheckovFindsNothingWithoutAReason downloads checkov into a cache at its first use.
func TestCheckovFindsNothingWithoutAReason(t *testing.T) {
	args := []string{"--output", "json"}
	for _, file := range templateFiles(t) {
		args = append(args, "--file", file)
	}
	t.Parallel()
	cmd := exec.Command("../../scripts/lint/checkov.sh", args...)
	var messages bytes.Buffer
	cmd.Stderr = &messages
	out, err := cmd.Output() // fails, as there are findings
	var report struct {
		Summary struct {
			Passed        int
			ParsingErrors int `json:"parsing_errors"`
		}
		Results struct {
			Failed []struct {
				ID       string `json:"check_id"`
				Name     string `json:"check_name"`
				File     string `json:"file_path"`
				Resource string
			} `json:"failed_checks"`
		}
	}
	if bad := json.Unmarshal(out, &report); bad != nil || report.Summary.Passed < 1000 || report.Summary.ParsingErrors > 0 {
		t.Fatalf("checkov: %v, %v, summary %+v\n%s", err, bad, report.Summary, &messages)
	}
	needed := map[string]bool{}
	for _, f := range report.Results.Failed {
		needed[f.ID] = true
		if accepted[f.ID] == "" {
			t.Errorf("%s: %s fails %s: %s", f.File, f.Resource, f.ID, f.Name)
		}
	}
	for id := range accepted {
		if !needed[id] {
			t.Errorf("no deployment fails %s: remove its reason", id)
		}
	}
}
