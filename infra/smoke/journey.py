"""The main job: the reference client registers and uploads calls; they are found, played, annotated, held and erased."""

import contextlib
import io
import json
import math
import os
import subprocess
import tempfile
import time
import wave
from datetime import UTC, datetime, timedelta
from pathlib import Path

from .organisation import ADMINISTRATOR, RECORDED
from .report import STOP, Failed, expect, stop_if_interrupted, until
from .web import query, send

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 120  # seconds until a worker must have done its part
UPLOADING = 300  # seconds for the reference client to upload a call
LETTERS = "bdfghjklmn"
PART = 8 << 20  # bytes: the reference client uploads more than this in parts
REASON = "smoke test"


class Call:
    """A call: its audio, and a word that only its note has."""

    def __init__(self, seconds, audio):
        self.seconds, self.audio = seconds, audio
        self.word = word()
        self.id = self.recording = self.started_at = None


def word():
    """A new word of letters: numbers in a note are telephone numbers."""
    return "".join(LETTERS[int(digit)] for digit in str(time.time_ns()))


def sound(seconds, channels, width, rate):
    """A WAV file of random samples, so that no two parts are equal. A sample has `width` bytes."""
    packed = io.BytesIO()
    with wave.open(packed, "wb") as audio:
        audio.setparams((channels, width, rate, 0, "NONE", ""))
        audio.writeframes(os.urandom(seconds * channels * width * rate))
    return packed.getvalue()


class Journey:
    def __init__(self, stack, report, cleanup, organisation):
        self.stack, self.report, self.cleanup, self.organisation = stack, report, cleanup, organisation
        self.short = Call(1, sound(1, 1, 2, 8000))
        self.long = Call(6, sound(6, 2, 4, 192_000))  # 9.2 MB
        self.hold = None

    @property
    def recorded(self):
        return self.organisation.recorded

    @property
    def administrator(self):
        return self.organisation.administrator

    # ------------------------------------------------------------ upload and playback

    def start_recording(self):
        self.report.check(
            "the administrator switches recording on, and the user acknowledges it",
            "the logs of admin and me say why",
            self.organisation.activate,
            required=True,
        )
        self.cleanup.add(
            "all recordings of the organisation are erased",
            f"as an administrator of the organisation: POST /v1/erasures for the user {RECORDED}, confirm it, and look for its objects",
            self.erase,
        )

    def upload_a_call(self):
        check = self.report.check
        check(
            "the reference client registers a call and uploads its audio",
            "the logs of upload and authorizer say why; build the client with `make build-release`",
            lambda: self.upload(self.short),
            required=True,
        )
        check(
            "the recording becomes stored",
            "S3 must notify the queue, and ingest read it: look at the queue's messages, the mapping and the log of ingest",
            lambda: self.await_stored(self.short),
            required=True,
        )
        check(
            "a search finds it by a word of its note",
            "index must read the table's stream: look at the alarm index-behind and the log of index",
            lambda: self.find(self.short),
        )
        check(
            "its playback link returns the same bytes",
            "the log of playback says why; its role needs s3:GetObject on the recordings",
            lambda: self.play(self.short),
        )

    def upload_in_parts(self):
        check = self.report.check
        check(
            "the reference client uploads more than 8 MiB in parts",
            "the log of upload says why; its role needs s3:PutObject and s3:ListMultipartUploadParts",
            lambda: self.upload(self.long),
            required=True,
        )
        check(
            "ingest accepts the audio that came in parts",
            "the log of ingest says why; it reads the whole object, because a checksum of parts is not the audio's",
            lambda: self.await_stored(self.long),
            required=True,
        )
        check(
            "S3 has a composite checksum of its parts",
            "upload must begin it with the checksum algorithm SHA256 and the type COMPOSITE",
            self.check_parts,
        )
        check("its playback link returns the same bytes", "compare the object with the registered SHA-256", lambda: self.play(self.long))

    def upload(self, call):
        """Waits until the call is over, and sends it with the reference client."""
        started_at = self.organisation.recorded_from
        time.sleep(max(0, (started_at + timedelta(seconds=call.seconds) - datetime.now(UTC)).total_seconds()))
        call.started_at = started_at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        self.organisation.recorded_from = started_at + timedelta(milliseconds=7)  # two calls of one moment would be doubles
        with tempfile.TemporaryDirectory() as folder:
            call.id = self.send(call, Path(folder))

    def send(self, call, folder):
        client = client_program()
        (folder / "token").write_text(self.organisation.tokens[RECORDED].id)
        (folder / "audio.wav").write_bytes(call.audio)
        enqueue = ["enqueue", "--queue", folder / "calls", "--audio", folder / "audio.wav", "--direction", "in"]
        facts = ["--started-at", call.started_at, "--duration-ms", str(call.seconds * 1000), "--note", f"Smoke test {call.word}"]
        added = ran([client, *enqueue, *facts, "--counterpart", "+46701740611"])
        run = ["run", "--queue", folder / "calls", "--api", self.stack.api, "--token-command", f"cat {folder}/token", "--until-empty"]
        with (folder / "log").open("w") as log, subprocess.Popen([client, *run], stderr=log) as running:
            try:
                await_upload(running, folder)
            finally:
                running.terminate()
        return added.stdout.strip()

    def await_stored(self, call):
        def stored():
            page = self.recorded.ask(f"GET {query('/v1/recordings', limit=1000)}")
            row = next((row for row in page["recordings"] if row["callId"] == call.id), None)
            if not row or row["state"] == "expected":
                raise Failed("it is expected" if row else "it is not listed")
            return row

        row = until(PATIENCE, stored)
        if row["state"] != "stored":
            raise Failed(f"it is {row['state']}: {row.get('rejection')}")
        call.recording = row["id"]

    def find(self, call):
        def found():
            page = self.recorded.ask(f"GET {query('/v1/recordings', note=call.word)}")
            expect([call.recording], [row["id"] for row in page["recordings"]], "the result")

        until(PATIENCE, found)

    def play(self, call):
        link = self.administrator.ask(f"POST /v1/recordings/{call.recording}/playback")
        answer = send("GET", link["url"])
        expect(200, answer.status, "the status")
        if answer.body != call.audio:
            raise Failed(f"the link returns {len(answer.body)} other bytes, and {len(call.audio)} were sent")

    def check_parts(self):
        head = self.stack.client("s3").head_object(**self.audio_of(self.long), ChecksumMode="ENABLED")
        parts = math.ceil(len(self.long.audio) / PART)
        suffix = head.get("ChecksumSHA256", "").rpartition("-")[2]
        expect(("COMPOSITE", str(parts)), (head.get("ChecksumType"), suffix), "the checksum's type and number of parts")

    def audio_of(self, call):
        return {"Bucket": self.stack.outputs["RecordingsBucket"], "Key": f"recordings/{self.organisation.id}/{call.recording}"}

    # ------------------------------------------------------------ annotations and holds

    def annotate_and_hold(self):
        check = self.report.check
        check(
            "the user edits the note, and a search finds the new word",
            "the log of annotate says why; index must read the table's stream",
            self.annotate,
        )
        check(
            "the administrator places a legal hold",
            "the log of retention-worker and the queue RetentionJobsUrl say why",
            self.place_hold,
            required=True,
        )
        check(
            "the administrator lifts it",
            "the log of retention-worker says why; the hold prevents the erasure of the call until it is lifted",
            self.lift_hold,
            required=True,
        )

    def annotate(self):
        version = self.recorded.ask(f"GET /v1/recordings/{self.short.recording}")["version"]
        self.short.word = word()
        note = {"note": f"Smoke test {self.short.word}", "field1": "4411"}
        self.recorded.ask(f"PATCH /v1/recordings/{self.short.recording}", note, headers={"if-match": version})
        self.find(self.short)
        edits = self.recorded.ask(f"GET /v1/recordings/{self.short.recording}/edits")
        if not edits["edits"]:
            raise Failed("the edit is not listed")

    def place_hold(self):
        order = {"recordings": [self.short.recording], "reason": REASON}
        self.hold = self.administrator.ask("POST /v1/holds", order, status=202)["id"]
        self.await_hold("held")
        if not self.administrator.ask(f"GET /v1/recordings/{self.short.recording}")["heldSince"]:
            raise Failed("the recording is not held")

    def lift_hold(self):
        self.administrator.ask(f"DELETE {query(f'/v1/holds/{self.hold}', reason=REASON)}", status=202)
        self.await_hold("lifted")
        self.hold = None

    def await_hold(self, state):
        path = f"GET /v1/holds/{self.hold}"
        until(PATIENCE, lambda: expect(state, self.administrator.ask(path)["hold"]["state"], "the hold"))

    # ------------------------------------------------------------ an application

    def use_application(self):
        check, application = self.report.check, self.organisation
        check(
            "an application client is admitted with its scopes, and receives a token",
            "the credentials need cognito-idp:CreateResourceServer and CreateUserPoolClient; the log of provision says more",
            application.admit_application,
            required=True,
        )
        check(
            "the application finds the organisation's recordings",
            "the log of the authorizer says whether the token's scopes were understood",
            lambda: self.count_for_application(2),
        )
        check(
            "the application is refused audio, because it has no scope export",
            "scopes are enforced by playback: do not admit applications until this passes",
            self.refuse_application,
        )

    def count_for_application(self, expected):
        found = self.organisation.application.ask("GET /v1/recordings")["recordings"]
        expect(expected, len(found), "the number of recordings")

    def refuse_application(self):
        self.organisation.application.ask(f"POST /v1/recordings/{self.short.recording}/playback", status=403)

    # ------------------------------------------------------------ erasure

    def check_erasure(self):
        self.report.check(
            "an erasure removes the user's calls, and every version of their audio",
            "the log of retention-worker and the queue DeadRetentionJobsUrl say why",
            self.erase,
            required=True,
        )

    def erase(self):
        """Erases all recordings of the user, and looks for what is left. Safe to repeat."""
        if ADMINISTRATOR not in self.organisation.tokens:
            return
        if self.hold:
            self.lift_hold()
        until(PATIENCE, self.erase_once, pause=2)
        listed = self.administrator.ask("GET /v1/recordings")["recordings"]
        expect(0, len(listed), "the number of recordings that are still listed")

    def erase_once(self):
        order = {"user": RECORDED, "reason": REASON}
        preview = self.administrator.ask("POST /v1/erasures", order, status=201)
        if preview["recordings"]:
            path = f"/v1/erasures/{preview['id']}"
            self.administrator.ask(f"POST {path}/confirm", {"recordings": preview["recordings"]}, status=202)
            until(PATIENCE, lambda: expect("done", self.administrator.ask(f"GET {path}")["state"], "the erasure"))
        left = self.versions()
        if left:
            raise Failed(f"{left} versions of audio are left")

    def versions(self):
        """The number of versions of the organisation's audio, with delete markers."""
        prefix = f"recordings/{self.organisation.id}/"
        found = self.stack.client("s3").list_object_versions(Bucket=self.stack.outputs["RecordingsBucket"], Prefix=prefix)
        return len(found.get("Versions", [])) + len(found.get("DeleteMarkers", []))


def client_program():
    """The reference client that was built last."""
    built = [path for profile in ("release", "debug") if (path := ROOT / "target" / profile / "phone").exists()]
    if not built:
        raise Failed("the reference client is not built")
    return max(built, key=lambda path: path.stat().st_mtime)


def await_upload(client, folder):
    """Waits until the client has uploaded its call. Raises Failed with the call's state and the client's log."""
    end = time.monotonic() + UPLOADING
    while client.poll() is None and states(folder) != ["uploaded"] and time.monotonic() < end:
        STOP.wait(0.1)
        stop_if_interrupted()
    left = [state for state in states(folder) if state != "uploaded"]
    if left or client.returncode:
        log = (folder / "log").read_text()[-400:]
        raise Failed(f"the call is {' '.join(left) or 'gone'}, and the client's log ends with {log}")


def states(folder):
    """The states of the calls in the client's queue, which contains a call until it is stored."""
    found = []
    for file in (folder / "calls").glob("*.json"):
        with contextlib.suppress(FileNotFoundError):  # stored meanwhile
            found.append(json.loads(file.read_text())["state"]["name"])
    return found


def ran(command):
    """Runs a command of the reference client. Raises Failed with the end of its log if it fails."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Failed(f"{command[1]} failed: {done.stderr[-400:]}")
    return done
