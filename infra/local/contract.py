"""Sends valid and invalid requests to every operation of the API document, as each kind of caller.

Schemathesis makes the requests; operations with file responses are requested as files too. A 5xx is
a failure, and so is a status, media type, header or body that the document does not have.
Paths name resources of the demo, so that requests pass the first lookup. CONTRACT_SECONDS is the
time for each caller, CONTRACT_SEED the seed.
"""

import base64
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import boto3
import main_job
import provision

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = ROOT / "tests/openapi.json"
SCHEMATHESIS = ROOT / ".venv-contract/bin/schemathesis"
CHECKS = [
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
]
FILE = "text/csv"
SECONDS, SEED = os.environ.get("CONTRACT_SECONDS", "60"), os.environ.get("CONTRACT_SEED", "1")


def main():
    cloud = json.loads(Path(os.environ["CLOUD"]).read_text())
    named = prepare(cloud)
    failed = 0
    for caller, token in callers(cloud).items():
        for media, paths in {"": [], FILE: with_files()}.items():
            counts, found = run(cloud, token, named, media, paths)
            answers = ", ".join(f"{count} × {status}" for status, count in sorted(counts["status"].items()))
            asked = f"{counts['operations']:>4} operations {sum(counts['status'].values()):>6} responses {len(found):>4} failures"
            print(f"{caller:<14}{media:<9}{asked}   {answers}", flush=True)
            for failure in found:
                print(f"  {failure}")
            failed += len(found)
    print(f"{failed} failures")
    return 1 if failed else 0


def with_files():
    """The paths of the document with a file among their responses."""
    paths = json.loads(DOCUMENT.read_text())["paths"]
    found = [
        path for path, methods in paths.items() if FILE in methods.get("get", {}).get("responses", {}).get("200", {}).get("content", {})
    ]
    if not found:
        raise RuntimeError(f"no operation answers with {FILE}")
    return found


def callers(cloud):
    """A token for each kind of caller; None for an anonymous one."""
    applications = cloud["applications"]
    scopes = [f"{provision.SERVER}/{provision.DEMO}:{scope}" for scope in provision.SCOPES]
    # The callers that change the least come first, so that the resources of later requests exist.
    return {
        "application": provision.application_token(cloud, applications["crm"], scopes),
        "recorded user": main_job.sign_in(cloud, "anna"),
        "administrator": main_job.sign_in(cloud, "karin"),
        "operator": provision.application_token(cloud, applications["operator"], [f"{provision.SERVER}/operator"]),
        "anonymous": None,
    }


def prepare(cloud):
    """Creates a resource of each kind. Returns their ids by the parameter names of the paths."""
    token = main_job.sign_in(cloud, "anna")
    speech = json.loads((main_job.AUDIO / "manifest.json").read_text())[0]
    tokens = {user: token for user in main_job.RECORDED}
    main_job.take(cloud, tokens, 0, speech)
    recording = main_job.everything(cloud, main_job.sign_in(cloud, main_job.ADMINISTRATOR))[0]
    headers = {"authorization": f"Bearer {token}", "content-type": "application/json", "if-match": "*"}
    main_job.send("PATCH", f"{cloud['api']}/v1/recordings/{recording['id']}", headers, json.dumps({"note": "=1+1; åäö"}).encode())
    return {
        "organisation": provision.DEMO,
        "user": "erik",
        "group": "vaxel",
        "mark": "red",
        "id": recording["id"],
        "call": recording["callId"],
        "client": cloud["applications"]["crm"]["client_id"],
        "month": "2026-11",
        "day": compared_day(cloud),
    }


def compared_day(cloud):
    """A day with a reported call, which the nightly reconciliation has compared."""
    noon = datetime.now(ZoneInfo("Europe/Stockholm")).replace(hour=12, minute=0, second=0, microsecond=0) - timedelta(days=1)
    token = provision.application_token(cloud, cloud["applications"]["operator"], [f"{provision.SERVER}/operator"])
    headers = {"authorization": f"Bearer {token}", "content-type": "application/x-ndjson"}
    line = {"callId": "reported", "user": "anna", "direction": "in", "startedAt": noon.isoformat(), "durationMs": 1000}
    path = f"/v1/organisations/{provision.DEMO}/calls"
    main_job.send("POST", cloud["api"] + path, headers, json.dumps(line).encode())
    session = boto3.session.Session(cloud["access_key"], cloud["secret_key"], region_name=cloud["region"])
    functions = session.client("lambda", endpoint_url=cloud["endpoint"])
    functions.invoke(
        FunctionName=cloud["functions"]["reconcile"], Payload=json.dumps({"night": datetime.now(UTC).isoformat(timespec="milliseconds")})
    )
    admin = {"authorization": f"Bearer {main_job.sign_in(cloud, main_job.ADMINISTRATOR)}"}
    for _ in range(60):
        totals = json.loads(main_job.send("GET", f"{cloud['api']}/v1/completeness", admin))
        if totals["days"]:
            return totals["days"][0]["day"]
        time.sleep(1)
    raise RuntimeError("no day was compared")


def run(cloud, token, named, media, paths):
    """Runs schemathesis as the caller. Returns counts, and each kind of failure once."""
    with tempfile.TemporaryDirectory() as folder:
        config, report = Path(folder, "schemathesis.toml"), Path(folder, "report.ndjson")
        config.write_text("[parameters]\n" + "".join(f'"path.{name}" = {json.dumps(value)}\n' for name, value in named.items()))
        command = [SCHEMATHESIS, "--config-file", config, "run", DOCUMENT, "--url", cloud["api"], "--checks", ",".join(CHECKS)]
        seconds = str(int(SECONDS) // 3) if media else SECONDS
        command += ["--phases", "examples,coverage,fuzzing", "--max-time", seconds, "--seed", SEED, "--generation-database", "none"]
        command += ["--continue-on-failure", "--report", "ndjson", "--report-ndjson-path", report, "--warnings", "off", "--no-color"]
        command += ["--header", f"authorization:Bearer {token}"] if token else []
        command += ["--header", f"accept:{media}"] if media else []
        command += [part for path in paths for part in ("--include-path", path)]
        ended = subprocess.run(command, capture_output=True, text=True, cwd=folder)
        if not report.exists():
            raise RuntimeError(f"schemathesis did not run: {ended.stdout}{ended.stderr}")
        return read(report, ended)


def read(report, ended):
    """Counts of operations and statuses, and a line with the first request of each failure."""
    events = [json.loads(line) for line in report.read_text().splitlines()]
    fatal = [event["FatalError"] for event in events if "FatalError" in event]
    if fatal or not any("EngineFinished" in event for event in events):
        raise RuntimeError(f"schemathesis did not complete: {fatal}{ended.stdout}{ended.stderr}")
    operations, statuses, failures = set(), Counter(), {}
    for event in events:
        seen = event.get("ScenarioFinished", event.get("NonFatalError"))
        if seen and "recorder" in seen:
            look(seen["recorder"], operations, statuses, failures)
    return {"operations": len(operations), "status": statuses}, sorted(failures.values())


def look(scenario, operations, statuses, failures):
    """Adds the requests of one scenario, and the failures of their responses."""
    for case, interaction in scenario.get("interactions", {}).items():
        request, response = interaction["request"], interaction.get("response")
        operations.add(scenario["label"])
        statuses[response["status_code"] if response else "none"] += 1
        for check in scenario.get("checks", {}).get(case, []):
            if check["status"] != "failure":
                continue
            failure = check["failure_info"]["failure"]
            kind = (scenario["label"], check["name"], response and response["status_code"])
            failures.setdefault(kind, shown(scenario["label"], check["name"], failure, request, response))


def shown(label, check, failure, request, response):
    asked, answered = (
        base64.b64decode((part or {}).get("content", {}).get("$base64", ""))[:200] for part in (request.get("body"), response)
    )
    cause = " ".join(failure["message"].split())[:200]
    status = response and response["status_code"]
    return f"{label}: {check}: {cause}: {request['method']} {request['uri'][:200]} {asked} -> {status} {answered}"


if __name__ == "__main__":
    sys.exit(main())
