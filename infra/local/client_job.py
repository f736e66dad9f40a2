"""The main job with the client that openapi-python-client generates: register, upload, find, play.

Runs in the local cloud whose settings file is in CLOUD, after `clients.py openapi-python-client`.
Also reads a refusal by the service and one by the gateway, because their bodies differ.
"""

import json
import os
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import clients
import httpx
import main_job

sys.path.insert(0, str(clients.OUTPUT / "openapi-python-client"))

from inspelning import AuthenticatedClient  # noqa: E402 - the generated package is not on the path before
from inspelning.api.playback import post_recordings_id_playback  # noqa: E402
from inspelning.api.search import get_recordings, get_recordings_id  # noqa: E402
from inspelning.api.upload import post_recordings  # noqa: E402
from inspelning.models import (  # noqa: E402
    CallRegistration,
    Direction,
    GatewayMessage,
    Page,
    Playback,
    Problem,
    ProblemCode,
    RecordingState,
    Registered,
    Upload,
)

PATIENCE = 60  # seconds until uploaded audio must be found


def main():
    cloud = json.loads(Path(os.environ["CLOUD"]).read_text())
    entry = json.loads((main_job.AUDIO / "manifest.json").read_text())[0]
    audio = (main_job.AUDIO / entry["name"]).read_bytes()
    anna = AuthenticatedClient(base_url=cloud["api"], token=main_job.sign_in(cloud, "anna"))

    call = describe(cloud["run"], entry)
    registered = expect(Registered, post_recordings.sync(client=anna, body=call))
    upload = expect(Upload, registered.upload)
    httpx.request(upload.method.value, upload.url, headers=upload.headers.to_dict(), content=audio).raise_for_status()
    await_stored(anna, call, registered.recording.id)
    link = expect(Playback, post_recordings_id_playback.sync(registered.recording.id, client=anna))
    heard = httpx.get(link.url).raise_for_status().content
    if heard != audio:
        raise RuntimeError(f"{entry['name']} came back altered: {len(heard)} bytes of {len(audio)}")

    unknown = expect(Problem, get_recordings_id.sync("0" * 26, client=anna))
    if unknown.code is not ProblemCode.NOT_FOUND:
        raise RuntimeError(f"an unknown recording is {unknown.code}")
    nobody = AuthenticatedClient(base_url=cloud["api"], token="invalid")  # noqa: S106 - not a secret
    expect(GatewayMessage, get_recordings.sync(client=nobody))
    print(f"a generated client registered, uploaded, found and played {entry['name']}: {len(heard):,} bytes, identical")


def describe(run, entry):
    return CallRegistration(
        call_id=f"client-{run}",
        direction=Direction.IN,
        counterpart="+46701740611",
        started_at=datetime.now(UTC) - main_job.BETWEEN,
        duration_ms=round(entry["duration"] * 1000),
        content_type=entry["content_type"],
        content_length=entry["bytes"],
        sha256=entry["sha256"],
        note="Ring tillbaka",
    )


def await_stored(client, call, recording):
    """Repeats the search until the recording is stored."""
    until = time.monotonic() + PATIENCE
    state = None
    while time.monotonic() < until and state is not RecordingState.REJECTED:
        page = expect(Page, get_recordings.sync(client=client, from_=call.started_at.replace(microsecond=0), direction=call.direction))
        state = next((row.state for row in page.recordings if row.id == recording), None)
        if state is RecordingState.STORED:
            return
        time.sleep(0.02)
    raise RuntimeError(f"{call.call_id} is {state or 'not found'}, and not stored, in the search")


def expect(kind, answer):
    """The answer, which must be of the kind."""
    if not isinstance(answer, kind):
        raise RuntimeError(f"{kind.__name__} was expected, and not {answer}")
    return answer


if __name__ == "__main__":
    main()
