"""Invokes one function of the running local cloud with one event. Prints the response and the log.

invoke.py FUNCTION EVENT
"""

import base64
import json
import sys
from pathlib import Path

import boto3
import ports

ROOT = Path(__file__).resolve().parents[2]
DESCRIBED = ROOT / ".local/run/cloud.json"


def main(function, event):
    cloud = running()
    if function not in cloud["functions"]:
        sys.exit(f"FN is one of {', '.join(cloud['functions'])}, not '{function}'")
    if not Path(event).is_file():
        known = ", ".join(str(path.relative_to(ROOT)) for path in sorted(ROOT.glob(f"events/{function}.*.json")))
        sys.exit(f"EVENT is a file, and '{event}' is none: there are {known}")
    session = boto3.session.Session(cloud["access_key"], cloud["secret_key"], region_name=cloud["region"])
    functions = session.client("lambda", endpoint_url=cloud["endpoint"])
    answer = functions.invoke(FunctionName=cloud["functions"][function], LogType="Tail", Payload=Path(event).read_bytes())
    print(readable(json.loads(answer["Payload"].read())))
    log = base64.b64decode(answer.get("LogResult", "")).decode()
    print(f"\nlogged:\n{log}" if log else "\nlogged nothing")
    return 1 if "FunctionError" in answer else 0


def running():
    """The settings of the local cloud that `make run` started."""
    cloud = json.loads(DESCRIBED.read_text()) if DESCRIBED.exists() else None
    if not cloud or not ports.listens(int(cloud["endpoint"].rpartition(":")[2])):
        sys.exit("no local cloud is running: start one with `make run`, in another terminal, and try again")
    return cloud


def readable(answer):
    """The response as indented JSON, with a JSON body expanded and a base64 body decoded."""
    if answer.get("isBase64Encoded"):
        answer["body"] = base64.b64decode(answer["body"]).decode(errors="replace")
    try:
        answer["body"] = json.loads(answer["body"])
    except (KeyError, TypeError, ValueError):
        pass  # not an HTTP response, or another kind of body
    return json.dumps(answer, indent=2, ensure_ascii=False)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
