"""Calls a deployment with the client that openapi-python-client wrote."""

import importlib
import json
import pkgutil
import re
import sys

import client
import client.api
import client.models as models


def snake(name):
    return re.sub(r"[-.]", "_", re.sub(r"(?<=[a-z])([A-Z])", r"_\1", name)).lower()


def module(operation):
    for tag in pkgutil.iter_modules(client.api.__path__):
        try:
            return importlib.import_module(f"client.api.{tag.name}.{snake(operation)}")
        except ModuleNotFoundError:
            pass
    raise LookupError(operation)


def call(step):
    c = client.AuthenticatedClient(base_url=step["Server"], token=step["Secret"])
    args = {snake(name): value for name, value in (step["Params"] or {}).items()}
    positional = [args.pop("key")] if "key" in args else []
    if step["Body"]:
        kind = getattr(models, step["Operation"][0].upper() + step["Operation"][1:] + "Input")
        args["body"] = kind.from_dict(step["Body"])
    response = module(step["Operation"]).sync_detailed(*positional, client=c, **args)
    return {"status": int(response.status_code), "body": response.parsed.to_dict()}


for line in sys.stdin:
    try:
        print(json.dumps(call(json.loads(line))), flush=True)
    except Exception as e:  # the caller reports it with the step
        print(json.dumps({"status": 0, "error": repr(e)}), flush=True)
