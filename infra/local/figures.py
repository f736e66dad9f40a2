"""Measures zip size, start and memory of each function, in the local cloud that CLOUD names.

A start lasts from exec to the first request for an event. Starts alternate with those of an empty
function (`hello`), so that the machine's load affects all alike. Memory is resident after some events.
The binary runs behind a Runtime API of this program; the local cloud answers its AWS requests.
"""

import json
import os
import socket
import statistics
import subprocess
import sys
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import boto3
import deploy
import main_job
from probes.door import Door
from probes.recordings import call, silence

ROOT = Path(__file__).resolve().parents[2]
BUILT = ROOT / "target/release"
HELLO = BUILT / "examples/hello"
STARTS, EVENTS, NOTES = 30, 20, 20
ZIP_AT_MOST, MEMORY_AT_MOST, START_AT_MOST = 4.0, 24.0, 3.0  # MB, MB, ms above hello
EVENT_OF = {
    "upload": "upload.register.json",
    "ingest": "ingest.created.json",
    "index": "index.annotated.json",
    "search": "search.page.json",
    "playback": "playback.playback.json",
    "annotate": "annotate.call.json",
    "me": "me.show.json",
    "admin": "admin.users.json",
    "provision": "provision.organisation.json",
    "import": "import.users.json",
    "billing": "billing.day.json",
    "billing-api": "billing-api.usage.json",
    "expire": "expire.removed.json",
    "retention-worker": "retention-worker.job.json",
    "retention-api": "retention-api.holds.json",
    "completeness": "completeness.days.json",
    "delivery": "delivery.tend.json",
    "delivery-api": "delivery-api.keys.json",
    "reconcile": "reconcile.order.json",
    "authorizer": "authorizer.no-token.json",
}


def main():
    cloud = json.loads(Path(os.environ["CLOUD"]).read_text())
    main_job.do(cloud)
    waits = measure_indexing(cloud)
    print(f"a word has its posting after its note: median {statistics.median(waits):,.0f} ms, at most {max(waits):,.0f} ms, of {NOTES}")
    settings = {function: settings_of(cloud, name) for function, name in cloud["functions"].items()}
    starts = measure_starts(settings)
    hello = statistics.median(starts["hello"])
    print(f"\n{STARTS} starts each, in turn; memory after {EVENTS} events. MB are 10^6 bytes, times are ms.\n")
    print(f"{'':<12}{'zip MB':>8}{'memory MB':>11}{'above hello':>13}{'start':>8}{'min':>7}{'max':>7}")
    print(f"{'at most':<12}{ZIP_AT_MOST:>8.1f}{MEMORY_AT_MOST:>11.1f}{START_AT_MOST:>13.1f}\n")
    print(f"{'hello':<12}{zip_of(HELLO):>8.2f}{'':>11}{'':>13}{spread(starts['hello'])}")
    missed = []
    for function, environment in settings.items():
        figures = {"zip": zip_of(BUILT / function), "memory": memory_of(cloud, function, environment)}
        figures["start"] = statistics.median(starts[function]) - hello
        print(
            f"{function:<12}{figures['zip']:>8.2f}{figures['memory']:>11.1f}{figures['start']:>13.1f}{spread(starts[function])}", flush=True
        )
        aims = {"zip": ZIP_AT_MOST, "memory": MEMORY_AT_MOST, "start": START_AT_MOST}
        missed += [f"{function}'s {figure}" for figure, aim in aims.items() if figures[figure] > aim]
    print(f"\nmissed: {', '.join(missed)}" if missed else "\nevery target is met", flush=True)


def measure_indexing(cloud):
    """Milliseconds from the response to a note until its word can be found, for each note."""
    door = Door(cloud)
    table = door.aws("dynamodb")
    waits = []
    for _ in range(NOTES):
        registration = call(door, silence())
        door.ask("anna", "POST /v1/recordings", registration, 201)
        word = registration["callId"].replace("-", "")
        door.ask("anna", f"PUT /v1/calls/{registration['callId']}/annotation", {"note": word})
        posting = {"TableName": cloud["table"], "KeyConditionExpression": "pk = :pk"}
        posting["ExpressionAttributeValues"] = {":pk": {"S": f"demo#note#{word}#posting"}}
        begun = time.perf_counter()
        while not table.query(**posting)["Items"]:
            if time.perf_counter() - begun > main_job.PATIENCE:
                raise RuntimeError(f"a word had no posting after {main_job.PATIENCE} s")
        waits.append((time.perf_counter() - begun) * 1000)
    return waits


def spread(times):
    return f"{statistics.median(times):>8.1f}{min(times):>7.1f}{max(times):>7.1f}"


def zip_of(binary):
    return len(deploy.zipped(binary, 9)) / 1e6


def settings_of(cloud, name):
    """The function's environment in Lambda."""
    session = boto3.session.Session(cloud["access_key"], cloud["secret_key"], region_name=cloud["region"])
    found = session.client("lambda", endpoint_url=cloud["endpoint"]).get_function_configuration(FunctionName=name)
    return found["Environment"]["Variables"] | {
        "AWS_REGION": cloud["region"],
        "AWS_ACCESS_KEY_ID": cloud["access_key"],
        "AWS_SECRET_ACCESS_KEY": cloud["secret_key"],
        "AWS_ENDPOINT_URL": cloud["endpoint"],
        "AWS_LAMBDA_FUNCTION_NAME": name,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(found["MemorySize"]),
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{name}",
        "AWS_LAMBDA_LOG_STREAM_NAME": "figures",
    }


def measure_starts(settings):
    """Milliseconds of each start of hello and of every function."""
    binaries = {"hello": (HELLO, next(iter(settings.values())))}
    binaries |= {function: (BUILT / function, environment) for function, environment in settings.items()}
    starts = {name: [] for name in binaries}
    with socket.create_server(("127.0.0.1", 0)) as runtime_api:
        for count in range(STARTS + 1):
            for name, (binary, environment) in binaries.items():
                took = start(runtime_api, [binary], environment)
                if count > 0:  # the first reads the binary from disk
                    starts[name].append(took)
    return starts


def start(runtime_api, command, environment):
    """Milliseconds from exec until the binary requests its first event."""
    environment = environment | {"AWS_LAMBDA_RUNTIME_API": "{}:{}".format(*runtime_api.getsockname())}
    begun = time.perf_counter()
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    try:
        runtime_api.settimeout(10)
        asked = runtime_api.accept()[0]
        request = asked.recv(65536)
        took = (time.perf_counter() - begun) * 1000
    finally:
        process.kill()
        process.wait()
    asked.close()
    if not request.startswith(b"GET /2018-06-01/runtime/invocation/next "):
        raise RuntimeError(f"{command[-1].name} began with {request[:80]!r}")
    return took


def memory_of(cloud, function, environment):
    """Resident megabytes after the function has processed its events."""
    event = json.loads((ROOT / "events" / EVENT_OF[function]).read_text())
    if function == "authorizer":
        event["headers"]["authorization"] = f"Bearer {main_job.sign_in(cloud, 'anna')}"
    runtime_api = RuntimeApi(json.dumps(event).encode())
    environment = environment | {"AWS_LAMBDA_RUNTIME_API": "{}:{}".format(*runtime_api.server_address)}
    process = subprocess.Popen([BUILT / function], env=environment, stdout=subprocess.DEVNULL)
    try:
        while runtime_api.answered < EVENTS:
            runtime_api.handle_request()
        status = Path(f"/proc/{process.pid}/status").read_text()
    finally:
        process.kill()
        process.wait()
        runtime_api.server_close()
    if runtime_api.failed:
        raise RuntimeError(f"{function} failed: {runtime_api.failed}")
    kibibytes = next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS"))
    return int(kibibytes) * 1024 / 1e6


class RuntimeApi(HTTPServer):
    """A minimal Lambda Runtime API that repeats the same event."""

    def __init__(self, event):
        super().__init__(("127.0.0.1", 0), Invocation)
        self.event, self.answered, self.failed = event, 0, None


class Invocation(BaseHTTPRequestHandler):
    def do_GET(self):
        self.reply(
            200,
            {
                "lambda-runtime-aws-request-id": f"figures-{self.server.answered}",
                "lambda-runtime-deadline-ms": str(int(time.time() * 1000) + 10_000),
                "lambda-runtime-invoked-function-arn": "arn:aws:lambda:eu-north-1:000000000000:function:figures",
            },
            self.server.event,
        )

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"] or 0))
        if not self.path.endswith("/response"):
            self.server.failed = body.decode(errors="replace")
        self.server.answered += 1
        self.reply(202, {}, b"")

    def reply(self, status, headers, body):
        self.send_response(status)
        for name, value in {**headers, "content-type": "application/json", "content-length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


if __name__ == "__main__":
    sys.exit(main())
