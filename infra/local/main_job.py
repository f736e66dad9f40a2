"""The main job on real speech, as the app and the portal do it: register, upload, find, play.

It uses only the public API, with tokens, and the reference client (`phone`). Each run registers
its own calls beside those of earlier runs.
"""

import json
import statistics
import subprocess
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path

import ports

AUDIO = Path(__file__).resolve().parents[2] / ".local/audio"
RECORDED = ["anna", "omar", "maja"]
ADMINISTRATOR = "karin"
COUNTERPARTS = ["+46701740611", "+4684650012", "withheld", "+4531390012", "+46701740623"]
NOTES = ["Vill ha offert på tio anslutningar före fredag", "Ring upp igen på måndag", None, "Reklamation: fakturan gäller fel månad", None]
MARKS = ["red", None, "green", None]
BETWEEN = timedelta(minutes=27)  # longer than any call, so that calls do not overlap
OPTIONS = {"startedAt": "started-at", "durationMs": "duration-ms"}  # of the reference client
PATIENCE = 60  # seconds until uploaded audio must be found
SIGN_IN = {"content-type": "application/x-amz-json-1.1", "x-amz-target": "AWSCognitoIdentityProviderService.InitiateAuth"}
COLUMNS = "{:<22}{:<11}{:>6}{:>12}{:>10}{:>12}{:>9}  {}"
PHONE = Path(__file__).resolve().parents[2] / "target/debug/phone"  # the reference client


def do(cloud):
    """Takes every file of speech through the service. Raises RuntimeError at the first failure."""
    tokens = {user: sign_in(cloud, user) for user in [*RECORDED, ADMINISTRATOR]}
    before = everything(cloud, tokens[ADMINISTRATOR])
    speech = json.loads((AUDIO / "manifest.json").read_text())
    print(f"\n{len(before)} recordings from before; {len(speech)} more calls, as run {cloud['run']}:\n", flush=True)
    print(COLUMNS.format("file", "format", "length", "bytes", "sent", "searchable", "fetched", "bytes back"), flush=True)
    begun = time.perf_counter()
    waits = [take(cloud, tokens, number, entry) for number, entry in enumerate(speech)]
    took, total = time.perf_counter() - begun, sum(entry["bytes"] for entry in speech)
    print(f"\n{len(speech)} recordings of {total / 1e6:.0f} MB in {took:.1f} s, {len(before) + len(speech)} in all")
    print(f"searchable after upload: median {statistics.median(waits):,.0f} ms, at most {max(waits):,.0f} ms", flush=True)


def take(cloud, tokens, number, entry):
    """One call, from its end to its playback. Prints a row; returns the milliseconds until found."""
    user = RECORDED[number % len(RECORDED)]
    token, audio = tokens[user], (AUDIO / entry["name"]).read_bytes()
    call = describe(number, entry, datetime.now(UTC))
    call["callId"], sending = timed(lambda: phone(cloud, token, entry, call))
    id, waiting = timed(lambda: await_stored(cloud, token, call))
    heard, fetching = timed(lambda: send("GET", post(cloud, f"/v1/recordings/{id}/playback", token)["url"]))
    if heard != audio:
        raise RuntimeError(f"{entry['name']} came back altered: {len(heard)} bytes of {len(audio)}")
    shown = "{}:{:02}".format(*divmod(round(entry["duration"]), 60)), f"{len(audio):,}"
    times = [f"{milliseconds:,.0f} ms" for milliseconds in (sending, waiting, fetching)]
    print(COLUMNS.format(entry["name"], entry["content_type"], *shown, *times, "identical"), flush=True)
    return waiting


def describe(number, entry, now):
    """One call of a working day, latest first."""
    call = {
        "direction": ["in", "out"][number % 2],
        "counterpart": COUNTERPARTS[number % len(COUNTERPARTS)],
        "startedAt": (now - (number + 1) * BETWEEN).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "durationMs": round(entry["duration"] * 1000),
        "note": NOTES[number % len(NOTES)],
        "mark": MARKS[number % len(MARKS)],
    }
    return {name: value for name, value in call.items() if value is not None}


def phone(cloud, token, entry, call):
    """Sends the call as the phone app does, by the reference client. Returns its call id."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "token").write_text(token)
        queue = ["--queue", f"{folder}/calls"]
        options = [word for name, value in call.items() for word in (f"--{OPTIONS.get(name, name)}", str(value))]
        added = [PHONE, "enqueue", *queue, "--audio", AUDIO / entry["name"], *options]
        call_id = subprocess.run(added, capture_output=True, text=True, check=True).stdout.strip()
        sent = [PHONE, "run", *queue, "--api", cloud["api"], "--token-command", f"cat {folder}/token", "--until-empty"]
        ran = subprocess.run([*sent, "--backoff-ms", "50"], capture_output=True, text=True, timeout=PATIENCE, check=False)
        if ran.returncode or list(Path(folder, "calls").glob("*.json")):
            raise RuntimeError(f"{entry['name']} was not sent: {ran.stderr[-2000:]}")
    return call_id


def await_stored(cloud, token, call):
    """Repeats the search until the recording is stored. Returns its id."""
    until = time.monotonic() + PATIENCE
    state = "not found"
    while time.monotonic() < until:
        page = get(cloud, "/v1/recordings", token, {"from": call["startedAt"], "limit": "1000"})
        id, state = next(((row["id"], row["state"]) for row in page["recordings"] if row["callId"] == call["callId"]), (None, "not found"))
        if state == "stored":
            return id
        if state == "rejected":
            break
        time.sleep(0.02)
    raise RuntimeError(f"{call['callId']} is {state}, and not stored, in the search; ask `make invoke` or the log of ingest why")


def everything(cloud, token):
    """Every recording of the organisation, page by page."""
    rows, cursor = [], None
    while True:
        page = get(cloud, "/v1/recordings", token, {"limit": "1000"} | ({"cursor": cursor} if cursor else {}))
        rows += page["recordings"]
        cursor = page["cursor"]
        if not cursor:
            return rows


def sign_in(cloud, user):
    """The ID token of one of the demo's people."""
    answer = send("POST", cloud["endpoint"], SIGN_IN, credentials(cloud, user).encode())
    return json.loads(answer)["AuthenticationResult"]["IdToken"]


def credentials(cloud, user):
    person = cloud["users"][user]
    parameters = {"USERNAME": person["email"], "PASSWORD": person["password"]}
    return json.dumps({"AuthFlow": "USER_PASSWORD_AUTH", "ClientId": cloud["client_id"], "AuthParameters": parameters})


def get(cloud, path, token, query):
    return json.loads(send("GET", f"{cloud['api']}{path}?{urllib.parse.urlencode(query)}", {"authorization": f"Bearer {token}"}))


def post(cloud, path, token, body=None):
    headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
    return json.loads(send("POST", f"{cloud['api']}{path}", headers, json.dumps(body).encode() if body else b""))


def send(method, url, headers=None, body=None):
    """The response body. Raises RuntimeError with the problem of a refusal."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body, headers or {}, method=method), timeout=60) as answer:
            return answer.read()
    except urllib.error.HTTPError as error:
        path = urllib.parse.urlsplit(url).path
        raise RuntimeError(f"{method} {path} answered {error.code}: {error.read(2000).decode(errors='replace')}") from error


def timed(action):
    begun = time.perf_counter()
    return action(), (time.perf_counter() - begun) * 1000


def say_how_to_go_on(cloud, described, sftp_port):
    """Prints the addresses, the sign-ins and an example request."""
    print(f"\nMina sidor    {cloud['portal'] or 'is not built: make portal'}")
    print(f"API           {cloud['api']}")
    print(f"AWS services  {cloud['endpoint']} (region {cloud['region']}, access key and secret: {cloud['access_key']})")
    if ports.listens(sftp_port):
        print(f"SFTP          127.0.0.1:{sftp_port}")
    print(f"all of it     {described}")
    print("\nsign-ins:")
    for person in cloud["users"].values():
        print(f"  {person['email']:<20}  {person['password']}  {person['role']}")
    print(f"\nthe latest calls:\n{request(cloud)}")
    print("\nCtrl-C stops the local cloud; its data is here again at the next start", flush=True)


def request(cloud):
    """A shell command that signs in as the administrator and searches."""
    headers = " ".join(f"-H '{name}: {value}'" for name, value in SIGN_IN.items())
    return (
        f"curl -s {cloud['endpoint']} {headers} -d '{credentials(cloud, ADMINISTRATOR)}'"
        ' | sed -E \'s/.*"IdToken": *"([^"]+)".*/authorization: Bearer \\1/\''
        f" | curl -s -H @- '{cloud['api']}/v1/recordings?limit=3'"
    )
