"""Calls a deployment with the client that OpenAPI Generator wrote."""

import json
import re
import sys

import openapi_client as generated
from openapi_client.exceptions import ApiException


def snake(name):
    return re.sub(r"[-.]", "_", re.sub(r"(?<=[a-z])([A-Z])", r"_\1", name)).lower()


def call(step):
    c = generated.ApiClient(generated.Configuration(host=step["Server"], access_token=step["Secret"]))
    method = snake(step["Operation"]) + "_with_http_info"
    apis = [getattr(generated, name) for name in dir(generated) if name.endswith("Api")]
    api = next(a for a in apis if hasattr(a, method))(c)
    args = {snake(name): value for name, value in (step["Params"] or {}).items()}
    if step["Body"]:
        kind = step["Operation"][0].upper() + step["Operation"][1:] + "Input"
        args[snake(kind)] = getattr(generated, kind).from_dict(step["Body"])
    try:
        response = getattr(api, method)(**args)
        status, data = response.status_code, response.data
    except ApiException as e:
        status, data = e.status, e.data
    return {"status": status, "body": json.loads(data.to_json())}


for line in sys.stdin:
    try:
        print(json.dumps(call(json.loads(line))), flush=True)
    except Exception as e:  # the caller reports it with the step
        print(json.dumps({"status": 0, "error": repr(e)}), flush=True)
