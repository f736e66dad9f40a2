"""Runs one function of the running local cloud on one event: prints its answer, and what it logged.

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
    """Where the local cloud is that `make run` has up."""
    cloud = json.loads(DESCRIBED.read_text()) if DESCRIBED.exists() else None
    if not cloud or not ports.listens(int(cloud["endpoint"].rpartition(":")[2])):
        sys.exit("no local cloud is running: start one with `make run`, in another terminal, and try again")
    return cloud


def readable(answer):
    """The answer as indented JSON, a body of JSON within it too, and one in base64 as the text that it is."""
    if answer.get("isBase64Encoded"):
        answer["body"] = base64.b64decode(answer["body"]).decode(errors="replace")
    try:
        answer["body"] = json.loads(answer["body"])
    except (KeyError, TypeError, ValueError):
        pass  # not of HTTP, or a body of another kind
    return json.dumps(answer, indent=2, ensure_ascii=False)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
