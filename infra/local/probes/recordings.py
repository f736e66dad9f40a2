"""Probes of the functions that take recordings in: upload, ingest."""

import hashlib
import io
import json
import wave
from datetime import UTC, datetime, timedelta

import provision

from .door import CRM, event, fetch, take_from, tell

NO_AUDIO = b"this is no audio"


def silence():
    """A second of WAV."""
    packed = io.BytesIO()
    with wave.open(packed, "wb") as audio:
        audio.setparams((1, 2, 8000, 0, "NONE", ""))
        audio.writeframes(bytes(16_000))
    return packed.getvalue()


def call(door, audio):
    return {
        "callId": door.fresh("probe"),
        "direction": "in",
        "counterpart": "+46701740611",
        "startedAt": (datetime.now(UTC) - timedelta(minutes=1)).isoformat(timespec="milliseconds"),
        "durationMs": 1000,
        "contentType": "audio/wav",
        "contentLength": len(audio),
        "sha256": hashlib.sha256(audio).hexdigest(),
    }


def upload(door, audio, who="anna"):
    """Registers a call and puts its audio; answers with the recording's id."""
    registered = door.ask(who, "POST /v1/recordings", call(door, audio), 201)
    link = registered["upload"]
    fetch(link["method"], link["url"], link["headers"], audio)
    return registered["recording"]["id"]


def a_call_is_registered_and_its_audio_put(door):
    upload(door, silence())


def a_call_is_registered_with_a_mark(door):
    door.ask("anna", "POST /v1/recordings", call(door, silence()) | {"mark": "red"}, 201)


def a_call_of_a_closed_day_is_registered(door):
    started_at = (datetime.now(UTC) - timedelta(days=3)).isoformat(timespec="milliseconds")
    door.ask("anna", "POST /v1/recordings", call(door, silence()) | {"startedAt": started_at}, 201)


def a_call_that_another_annotated_is_registered(door):
    registration = call(door, silence())
    door.ask("omar", f"PUT /v1/calls/{registration['callId']}/annotation", {"note": "a probe"})
    if door.ask("anna", "POST /v1/recordings", registration, 201)["recording"]["note"]:
        raise RuntimeError("another user's note was kept")


def a_refused_registration_is_audited(door):
    door.ask("erik", "POST /v1/recordings", call(door, silence()), 403)


def a_call_of_a_user_who_was_never_recorded_is_refused(door):
    """All periods of the user are read before the refusal."""
    door.ask("karin", "POST /v1/recordings", call(door, silence()), 403)


def audio_comes_in_parts(door):
    """Audio of two parts: begun, continued, joined and verified."""
    audio = silence() + bytes(5 << 20)
    registered = door.ask("anna", "POST /v1/recordings", call(door, audio), 201)
    id, length = registered["recording"]["id"], 5 << 20
    parts = [audio[at : at + length] for at in range(0, len(audio), length)]
    order = {"partLength": length, "sha256": [hashlib.sha256(part).hexdigest() for part in parts]}
    for _ in range(2):
        progress = door.ask("anna", f"PUT /v1/recordings/{id}/parts", order)
        for missing in progress["missing"]:
            link = missing["upload"]
            headers = {name: value for name, value in link["headers"].items() if name != "content-length"}
            fetch(link["method"], link["url"], headers, parts[missing["number"] - 1])
    door.ask("anna", f"PUT /v1/recordings/{id}/parts", order)
    return id


def parts_on_their_way(door, who="anna"):
    """A call whose audio has begun to come in parts, and has not come."""
    audio = silence()
    id = door.ask(who, "POST /v1/recordings", call(door, audio), 201)["recording"]["id"]
    door.ask(who, f"PUT /v1/recordings/{id}/parts", {"partLength": 5 << 20, "sha256": [hashlib.sha256(audio).hexdigest()]})
    return id


def audio_in_parts_is_stored(door):
    id = audio_comes_in_parts(door)
    take_in(door, id)
    expect_state(door, id, "stored")


def an_application_registers_nothing(door):
    door.ask(CRM, "POST /v1/recordings", call(door, silence()), 403)


def take_in(door, id):
    """Hands ingest the event of the recording's audio, at its own door."""
    created = event("ingest.created.json")
    notice = json.loads(created["Records"][0]["body"])
    notice["Records"][0]["s3"]["object"]["key"] = f"recordings/{provision.DEMO}/{id}"
    created["Records"][0]["body"] = json.dumps(notice)
    tell(door, "ingest", created)


def expect_state(door, id, state):
    found = door.ask("anna", f"GET /v1/recordings/{id}")["state"]
    if found != state:
        raise RuntimeError(f"the recording is {found}, not {state}")


def recorded(door, audio, who="anna"):
    id = upload(door, audio, who)
    take_in(door, id)
    return id


def audio_is_stored(door):
    id = upload(door, silence())
    take_in(door, id)
    expect_state(door, id, "stored")


def what_is_no_audio_is_rejected(door):
    id = upload(door, NO_AUDIO)
    take_in(door, id)
    expect_state(door, id, "rejected")


def what_comes_for_an_erased_recording_is_removed(door):
    id = upload(door, silence())
    key = f"recordings/{provision.DEMO}/{id}"
    tombstone = {"pk": {"S": f"{provision.DEMO}#recording"}, "sk": {"S": id}, "state": {"S": "erased"}, "erased": {"S": "0" * 26}}
    door.aws("dynamodb").put_item(TableName=door.cloud["table"], Item=tombstone)
    take_in(door, id)
    for bucket in ("recordings_bucket", "quarantine_bucket"):
        if door.aws("s3").list_objects_v2(Bucket=door.cloud[bucket], Prefix=key).get("Contents"):
            raise RuntimeError("what came for an erased recording is kept")


def an_event_of_what_has_gone_is_done(door):
    take_in(door, "0" * 26)


def events_are_taken_from_the_queue(door):
    take_from(door, "ingest", "queue_url")


PROBES = {
    "upload": [
        a_call_is_registered_and_its_audio_put,
        audio_comes_in_parts,
        a_call_is_registered_with_a_mark,
        a_call_of_a_closed_day_is_registered,
        a_call_that_another_annotated_is_registered,
        a_refused_registration_is_audited,
        a_call_of_a_user_who_was_never_recorded_is_refused,
        an_application_registers_nothing,
    ],
    "ingest": [
        what_comes_for_an_erased_recording_is_removed,
        an_event_of_what_has_gone_is_done,
        what_is_no_audio_is_rejected,
        audio_is_stored,
        audio_in_parts_is_stored,
        events_are_taken_from_the_queue,
    ],
}
