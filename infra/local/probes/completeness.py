"""Probes of completeness: reports of the operator's switch, the account of every call, and the findings. The operator plants what lies
in the past.
"""

import json
import secrets
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import provision
from botocore.exceptions import ClientError

from .door import OPERATOR
from .keeping import carried_out
from .reconcile import reconciled
from .recordings import call, silence

CALLS = f"/v1/organisations/{provision.DEMO}/calls"
STOCKHOLM = ZoneInfo("Europe/Stockholm")


def noon(days):
    """Noon of so many days ago, in Stockholm."""
    return datetime.now(STOCKHOLM).replace(hour=12, minute=0, second=0, microsecond=0) - timedelta(days=days)


def once(days):
    """A time of so many days ago at which no other call began: a late call with the same start and audio is a double."""
    return noon(days) + timedelta(milliseconds=secrets.randbelow(3_600_000))


def line_of(named, user, started_at):
    """A call of a second as the switch reports it."""
    return {"callId": named, "user": user, "direction": "in", "startedAt": started_at, "durationMs": 1000}


def reported(door, user="anna", days=1, more=None):
    """A call of some days ago that the switch reports, and the app does not register. Answers with its day and its call id."""
    named, at = door.fresh("reported"), noon(days)
    line = line_of(named, user, at.isoformat()) | {"counterpart": "+46701740611"} | (more or {})
    found = door.ask(OPERATOR, f"POST {CALLS}", [line])
    if found["stored"] != 1:
        raise RuntimeError(f"the report was not stored: {found}")
    return at.date().isoformat(), named


def state_of(door, day, named):
    """The line of a call in the day's statement."""
    path, cursor = f"GET /v1/completeness/{day}/calls?limit=1000", ""
    while True:
        page = door.ask("karin", path + cursor)
        for line in page["calls"]:
            if line["callId"] == named:
                return line
        if not page["cursor"]:
            raise RuntimeError(f"{named} is not in the statement of {day}")
        cursor = f"&cursor={page['cursor']}"


def expect(line, state, reason=None):
    if (line["state"], line["reason"]) != (state, reason):
        raise RuntimeError(f"the call is {line['state']}, {line['reason']}")


def a_missing_call_is_accounted_for_and_explained(door):
    day, named = reported(door)
    reconciled(door)
    line = state_of(door, day, named)
    expect(line, "missing")
    door.ask("karin", f"PUT /v1/completeness/{day}/calls/{line['id']}/explanation", {"text": "a probe"})
    door.ask("karin", "GET /v1/completeness")
    door.ask("karin", f"GET /v1/completeness/{day}")
    if state_of(door, day, named)["explanation"]["text"] != "a probe":
        raise RuntimeError("the explanation is not shown")
    reconciled(door)


def a_refused_call_is_accounted_for(door):
    registration = call(door, silence()) | {"startedAt": noon(1).isoformat()}
    door.ask("karin", "POST /v1/recordings", registration, 403)
    line = line_of(registration["callId"], "karin", registration["startedAt"])
    door.ask(OPERATOR, f"POST {CALLS}", [line])
    reconciled(door)
    expect(state_of(door, noon(1).date().isoformat(), registration["callId"]), "refused", "recording-not-active")


def a_call_of_an_earlier_period_is_judged_by_all_events(door):
    """The user's last period begins after the call, so the events of the user and of the base service are read."""
    user, table = door.fresh("judged"), door.aws("dynamodb")
    provisioned = {"name": "Judged", "phone": None, "language": "sv", "plan": "pro", "administrator": None}
    door.ask(OPERATOR, f"PUT /v1/organisations/{provision.DEMO}/users/{user}", provisioned)
    now = str(int(datetime.now(UTC).timestamp() * 1000))
    table.update_item(
        TableName=door.cloud["table"],
        Key={"pk": {"S": f"{provision.DEMO}#user"}, "sk": {"S": user}},
        UpdateExpression="SET recorded_from = :now, recorded_to = :now",
        ExpressionAttributeValues={":now": {"N": now}},
    )
    day, named = reported(door, user)
    reconciled(door)
    expect(state_of(door, day, named), "not-recorded", "not-active")


def a_phones_numbers_are_remembered(door):
    audio, device = silence(), door.fresh("device")
    registration = call(door, audio) | {"startedAt": once(1).isoformat(), "deviceId": device, "sequence": 1}
    door.ask("anna", "POST /v1/recordings", registration, 201)
    reconciled(door)
    key = {"pk": {"S": f"{provision.DEMO}#device"}, "sk": {"S": device}}
    if "Item" not in door.aws("dynamodb").get_item(TableName=door.cloud["table"], Key=key):
        raise RuntimeError("the numbers of the phone are not stored")
    reconciled(door)


def a_late_calls_number_is_remembered(door):
    """The number of a call of a closed day, which no open day's recording has."""
    device = door.fresh("device")
    registration = call(door, silence()) | {"startedAt": once(20).isoformat(), "deviceId": device, "sequence": 1}
    door.ask("anna", "POST /v1/recordings", registration, 201)
    noted = {"pk": {"S": f"{provision.DEMO}#arrived"}, "sk": {"S": f"{device}#1"}}
    table = door.aws("dynamodb")
    if "Item" not in table.get_item(TableName=door.cloud["table"], Key=noted):
        raise RuntimeError("the number is not noted")
    reconciled(door)
    if "Item" in table.get_item(TableName=door.cloud["table"], Key=noted):
        raise RuntimeError("the number is still noted")


def a_file_of_the_switch_is_read(door):
    named, at, s3 = door.fresh("filed"), noon(1), door.aws("s3")
    line = line_of(named, "anna", at.isoformat())
    bucket, name = door.cloud["calls_bucket"], door.fresh("file")
    s3.put_object(Bucket=bucket, Key=f"incoming/{provision.DEMO}/{name}", Body=f"{json.dumps(line)}\n{{}}\n".encode())
    reconciled(door)
    expect(state_of(door, at.date().isoformat(), named), "missing")
    for folder in ("processed", "invalid"):
        s3.head_object(Bucket=bucket, Key=f"{folder}/{provision.DEMO}/{name}")
    if s3.list_objects_v2(Bucket=bucket, Prefix=f"incoming/{provision.DEMO}/{name}").get("Contents"):
        raise RuntimeError("the file is not put aside")


def a_day_is_closed_once(door):
    """A report of a day that is due to be closed, as if it had come in time; then the close is repeated after a crash."""
    named, day, s3 = door.fresh("closing"), noon(8), door.aws("s3")
    key = f"statements/{provision.DEMO}/{day.date()}.ndjson"
    s3.delete_object(Bucket=door.cloud["calls_bucket"], Key=key)
    id = door.ask("anna", "PUT /v1/calls/" + named + "/annotation", {"note": "a probe"})["recording"]
    milliseconds = int(day.timestamp() * 1000)
    texts = {"pk": f"{provision.DEMO}#call", "sk": id, "at": f"{milliseconds:013}#{id}", "call": named, "user": "anna", "dir": "in"}
    numbers = {"started": milliseconds, "ms": 1000, "expires_at": int(datetime.now(UTC).timestamp()) + 86_400}
    item = {name: {"S": text} for name, text in texts.items()} | {name: {"N": str(number)} for name, number in numbers.items()}
    door.aws("dynamodb").put_item(TableName=door.cloud["table"], Item=item)
    for _ in range(2):
        reopen(door)
        reconciled(door)
        expect(state_of(door, day.date().isoformat(), named), "missing")
    s3.head_object(Bucket=door.cloud["calls_bucket"], Key=key)


def reopen(door):
    """Removes the totals of all days, as if no night had been."""
    table, partition = door.aws("dynamodb"), f"{provision.DEMO}#completeness"
    of = {":pk": {"S": partition}}
    found = table.query(TableName=door.cloud["table"], KeyConditionExpression="pk = :pk", ExpressionAttributeValues=of)
    for item in found["Items"]:
        table.delete_item(TableName=door.cloud["table"], Key={name: item[name] for name in ("pk", "sk")})


def an_erased_call_leaves_its_report(door):
    """A report of an erased call loses its counterpart at night."""
    day, named = reported(door)
    id = door.ask("anna", "PUT /v1/calls/" + named + "/annotation", {"note": "a probe"})["recording"]
    tombstone = {"pk": {"S": f"{provision.DEMO}#recording"}, "sk": {"S": id}, "state": {"S": "erased"}, "erased": {"S": "0" * 26}}
    table = door.aws("dynamodb")
    table.put_item(TableName=door.cloud["table"], Item=tombstone)
    reconciled(door)
    expect(state_of(door, day, named), "erased")
    key = {"pk": {"S": f"{provision.DEMO}#call"}, "sk": {"S": id}}
    if "peer" in table.get_item(TableName=door.cloud["table"], Key=key).get("Item", {}):
        raise RuntimeError("the report names the counterpart")


def a_reported_call_loses_its_person(door):
    """The switch's report of a call loses its counterpart when that person is erased."""
    person = "+46701740697"
    day, named = reported(door, more={"counterpart": person})
    erasure = door.ask("karin", "POST /v1/erasures", {"reason": "a probe", "counterpart": person}, 201)
    door.ask("karin", f"POST /v1/erasures/{erasure['id']}/confirm", {"recordings": erasure["recordings"]}, 202)
    carried_out(door, "erasure", erasure["id"], "done")
    table = door.aws("dynamodb")
    found = table.query(
        TableName=door.cloud["table"],
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": {"S": f"{provision.DEMO}#call"}},
    )
    if any(item.get("peer", {}).get("S") == person for item in found["Items"]):
        raise RuntimeError(f"the report of {named} on {day} names the erased person")


def findings_are_listed(door):
    door.ask("karin", "GET /v1/missing")


def another_is_refused(door):
    """A caller's permission is read from the table, also an application's."""
    door.ask("anna", "GET /v1/completeness", status=403)
    door.ask("crm", "GET /v1/completeness", status=403)
    try:
        door.aws("s3").head_bucket(Bucket=door.cloud["calls_bucket"])
    except ClientError as error:
        raise RuntimeError("there is no bucket of calls") from error


PROBES = {
    "upload": [a_late_calls_number_is_remembered],
    "completeness": [a_missing_call_is_accounted_for_and_explained, a_day_is_closed_once, findings_are_listed, another_is_refused],
    "retention-worker": [a_reported_call_loses_its_person],
    "reconcile": [
        a_missing_call_is_accounted_for_and_explained,
        a_refused_call_is_accounted_for,
        a_call_of_an_earlier_period_is_judged_by_all_events,
        a_phones_numbers_are_remembered,
        a_late_calls_number_is_remembered,
        a_file_of_the_switch_is_read,
        a_day_is_closed_once,
        an_erased_call_leaves_its_report,
    ],
}
