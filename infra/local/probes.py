"""Probes of each function: short requests that, together, need everything its role allows. Each may be made again and again.

A probe raises RuntimeError when the answer is not the one it expects.
"""

import base64
import hashlib
import io
import json
import urllib.error
import urllib.parse
import urllib.request
import wave
from datetime import UTC, datetime, timedelta
from pathlib import Path

import boto3
import main_job
import provision

EVENTS = Path(__file__).resolve().parents[2] / "events"
OPERATOR, CRM = "operator", "crm"
NO_AUDIO = b"this is no audio"
CLIENT = "probedclient"


class Door:
    """The local cloud as callers reach it, and as its operator does."""

    def __init__(self, cloud):
        self.cloud, self.tokens, self.count = cloud, {}, 0
        self.session = boto3.session.Session(cloud["access_key"], cloud["secret_key"], region_name=cloud["region"])

    def aws(self, service, credentials=None):
        """The service as root, or with the credentials of an assumed role."""
        if credentials is None:
            return self.session.client(service, endpoint_url=self.cloud["endpoint"])
        keys = [credentials[name] for name in ("AccessKeyId", "SecretAccessKey", "SessionToken")]
        session = boto3.session.Session(*keys, region_name=self.cloud["region"])
        return session.client(service, endpoint_url=self.cloud["endpoint"])

    def fresh(self, name):
        """A name that no probe has used."""
        self.count += 1
        return f"{name}-{self.count}"

    def token(self, who):
        if who not in self.tokens:
            self.tokens[who] = self.sign_in(who)
        return self.tokens[who]

    def sign_in(self, who):
        if who in self.cloud["users"]:
            return main_job.sign_in(self.cloud, who)
        scopes = ["operator"] if who == OPERATOR else [f"{provision.DEMO}:{scope}" for scope in provision.SCOPES]
        scopes = [f"{provision.SERVER}/{scope}" for scope in scopes]
        return provision.application_token(self.cloud, self.cloud["applications"][who], scopes)

    def ask(self, who, request, body=None, status=200, match=None):
        """Makes a request, as in `GET /v1/me`; answers with the body, or its first line. A list is sent as lines of JSON.

        `match` is the version that it edits.
        """
        method, path = request.split(" ")
        content_type, sent = "application/json", json.dumps(body)
        if isinstance(body, list):
            content_type, sent = "application/x-ndjson", "\n".join(map(json.dumps, body))
        headers = {"authorization": f"Bearer {self.token(who)}", "content-type": content_type}
        if match is not None:
            headers["if-match"] = match
        answer = fetch(method, self.cloud["api"] + path, headers, None if body is None else sent.encode(), status)
        return json.loads(answer.splitlines()[0]) if answer else None


def fetch(method, url, headers, body=None, status=200):
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body, headers, method=method), timeout=30) as answer:
            found, text = answer.status, answer.read()
    except urllib.error.HTTPError as error:
        found, text = error.code, error.read()
    if found != status:
        path = urllib.parse.urlsplit(url).path
        raise RuntimeError(f"{method} {path[max(path.find('/v1/'), 0) :]} answered {found}, not {status}")
    return text


# ---------------------------------------------------------------- upload, ingest


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


def an_application_registers_nothing(door):
    door.ask(CRM, "POST /v1/recordings", call(door, silence()), 403)


def take_in(door, id):
    """Hands ingest the event of the recording's audio, at its own door."""
    event = json.loads((EVENTS / "ingest.created.json").read_text())
    notice = json.loads(event["Records"][0]["body"])
    notice["Records"][0]["s3"]["object"]["key"] = f"recordings/{provision.DEMO}/{id}"
    event["Records"][0]["body"] = json.dumps(notice)
    answer = door.aws("lambda").invoke(FunctionName=door.cloud["functions"]["ingest"], Payload=json.dumps(event))
    failed = json.loads(answer["Payload"].read())
    if failed != {"batchItemFailures": []}:
        raise RuntimeError("ingest did not take in its event")


def expect_state(door, id, state):
    found = door.ask("anna", f"GET /v1/recordings/{id}")["state"]
    if found != state:
        raise RuntimeError(f"the recording is {found}, not {state}")


def audio_is_stored(door):
    id = upload(door, silence())
    take_in(door, id)
    expect_state(door, id, "stored")


def what_is_no_audio_is_rejected(door):
    id = upload(door, NO_AUDIO)
    take_in(door, id)
    expect_state(door, id, "rejected")


def an_event_of_what_has_gone_is_done(door):
    take_in(door, "0" * 26)


def as_the_poller(door, function, service):
    """The service as Lambda's own poller reaches it, with the function's role; the local cloud's asks no role."""
    return door.aws(service, poller(door, function))


def poller(door, function):
    """The credentials with which Lambda itself polls for the function; the local cloud's asks no role."""
    role = door.aws("lambda").get_function_configuration(FunctionName=door.cloud["functions"][function])["Role"]
    return door.aws("sts").assume_role(RoleArn=role, RoleSessionName="poller")["Credentials"]


def events_are_taken_from_the_queue(door):
    take_from(door, "ingest", "queue_url")


def take_from(door, function, queue):
    """What Lambda's own poller does with the function's role."""
    queue, url = door.aws("sqs", poller(door, function)), door.cloud[queue]
    door.aws("sqs").send_message(QueueUrl=url, MessageBody="a probe")
    queue.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    for message in queue.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]:
        queue.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])


# ---------------------------------------------------------------- index


def a_call_is_indexed(door):
    """One with a word and a number that no call has had: hands index the event of it, at its own door."""
    audio = silence()
    said = {"note": door.fresh("probe"), "counterpart": f"+467099{door.count:05}"}
    id = door.ask("anna", "POST /v1/recordings", call(door, audio) | said, 201)["recording"]["id"]
    event = json.loads((EVENTS / "index.anew.json").read_text())
    event["Records"][0]["dynamodb"]["Keys"] = {"pk": {"S": f"{provision.DEMO}#recording"}, "sk": {"S": id}}
    index_takes_in(door, event)
    return event


def a_call_leaves_the_directories(door):
    """Tells index that a call has gone, which it asks after: its word and its number find it still."""
    event = a_call_is_indexed(door)
    change = event["Records"][0]["dynamodb"]
    item = door.aws("dynamodb").get_item(TableName=door.cloud["table"], Key=change["Keys"])["Item"]
    change["OldImage"] = {name: {kind: as_the_stream_has(value) for kind, value in of.items()} for name, of in item.items()}
    event["Records"][0]["eventName"] = "REMOVE"
    index_takes_in(door, event)


def as_the_stream_has(value):
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value


def index_takes_in(door, event):
    answer = door.aws("lambda").invoke(FunctionName=door.cloud["functions"]["index"], Payload=json.dumps(event))
    if json.loads(answer["Payload"].read()) != {"batchItemFailures": []}:
        raise RuntimeError("index did not take in its event")


def the_stream_is_heard(door):
    streams = as_the_poller(door, "index", "dynamodbstreams")
    (stream,) = streams.list_streams(TableName=door.cloud["table"])["Streams"]
    shard = streams.describe_stream(StreamArn=stream["StreamArn"])["StreamDescription"]["Shards"][0]["ShardId"]
    named = {"StreamArn": stream["StreamArn"], "ShardId": shard, "ShardIteratorType": "TRIM_HORIZON"}
    streams.get_records(ShardIterator=streams.get_shard_iterator(**named)["ShardIterator"], Limit=1)


def what_cannot_be_indexed_is_set_aside(door):
    as_the_poller(door, "index", "sqs").send_message(QueueUrl=door.cloud["index_dlq_url"], MessageBody="a probe")


# ---------------------------------------------------------------- search, playback


def everyones_calls_are_listed(door):
    door.ask("karin", "GET /v1/recordings")


def ones_own_calls_are_listed(door):
    door.ask("anna", "GET /v1/recordings")


def a_supervisor_lists_calls(door):
    door.ask("sara", "GET /v1/recordings")


def an_application_lists_calls(door):
    door.ask(CRM, "GET /v1/recordings")


def calls_are_found_by_what_is_known_of_them(door):
    for query in (
        "name=anna",
        "counterpart=withheld",
        "mark=red",
        "minSeconds=1&maxSeconds=1",
        "held=true",
        "note=ring",
        "number=%2B467",
        "number=4567",
    ):
        door.ask("karin", f"GET /v1/recordings?{query}")


def a_call_is_found_by_a_word(door):
    call = item_of(door, door.recording)
    posting = {"pk": {"S": f"{provision.DEMO}#note#probe#posting"}, "sk": call["at"], "user": {"S": "anna"}}
    posting |= {"dir": call["dir"], "peer": {"S": "withheld"}}
    entry = {"pk": {"S": f"{provision.DEMO}#word"}, "sk": {"S": "note#probe"}}
    for item in (posting, entry):
        door.aws("dynamodb").put_item(TableName=door.cloud["table"], Item=item)
    door.ask("karin", "GET /v1/recordings?note=probe")


def a_call_is_shown_to_a_supervisor(door):
    door.ask("sara", f"GET /v1/recordings/{door.recording}")


def a_call_is_heard(door):
    fetch("GET", door.ask("anna", f"POST /v1/recordings/{door.recording}/playback")["url"], {})


def a_supervisor_hears_a_call(door):
    door.ask("sara", f"POST /v1/recordings/{door.recording}/playback")


def an_application_downloads_a_call(door):
    door.ask(CRM, f"POST /v1/recordings/{door.recording}/download")


# ---------------------------------------------------------------- annotate


def a_call_is_annotated(door):
    door.ask("anna", f"PUT /v1/calls/{door.fresh('probe')}/annotation", {"note": "a probe", "mark": "red"})


def an_application_annotates_a_call(door):
    door.ask(CRM, f"PUT /v1/calls/{door.fresh('probe')}/annotation", {"field1": "a probe"})


def a_supervisor_reads_the_edits(door):
    door.ask("anna", f"PATCH /v1/recordings/{door.recording}", {"note": door.fresh("a probe")}, match="*")
    door.ask("sara", f"GET /v1/recordings/{door.recording}/edits")


def marks_are_listed_and_put(door):
    door.ask("anna", "GET /v1/marks")
    door.ask("karin", "PUT /v1/marks/probe", {"label": door.fresh("Probe"), "colour": "grey", "shape": "star"}, 204)


# ---------------------------------------------------------------- me


def an_administrator_signs_in(door):
    door.ask("karin", "GET /v1/me")


def an_application_is_nobody(door):
    door.ask(CRM, "GET /v1/me", status=403)


def a_user_acknowledges(door):
    version = door.ask("anna", "GET /v1/me")["acknowledgement"]["version"]
    door.ask("anna", "POST /v1/me/acknowledgement", {"version": version, "client": "probe"})


def a_user_reads_their_activations(door):
    door.ask("anna", "GET /v1/me/activations")


def a_user_reads_who_listened(door):
    door.ask("anna", "GET /v1/me/listeners")


# ---------------------------------------------------------------- admin


def the_organisation_is_changed(door):
    door.ask("karin", "PATCH /v1/organisation", {"asksReason": False})


def lists_are_read(door):
    for path in ("users", "groups", "clients", "audit", "users/anna/activations"):
        door.ask("karin", f"GET /v1/{path}")


def a_supervisor_lists_groups(door):
    door.ask("sara", "GET /v1/groups")


def an_application_administers_nothing(door):
    door.ask(CRM, "GET /v1/users", status=403)


def a_user_is_changed(door):
    door.ask("karin", "PATCH /v1/users/omar", {"rights": provision.RIGHTS})


def recording_is_switched_on_and_off(door):
    probed(door)
    for active in (True, False):
        if door.ask("karin", "POST /v1/activations", {"users": ["probed"], "active": active})["users"][0]["outcome"] == "not-found":
            raise RuntimeError("the user to switch is not there")


def a_group_comes_and_goes(door):
    group = f"/v1/groups/{door.fresh('probe')}"
    door.ask("karin", f"PUT {group}", {"name": "Probe"}, 204)
    door.ask("karin", f"POST {group}/members", {"add": ["anna", "omar"]}, 204)
    door.ask("karin", f"PUT {group}/supervisors/sara", {}, 204)
    door.ask("karin", f"GET {group}")
    door.ask("karin", f"GET {group}/members")
    door.ask("karin", f"DELETE {group}/supervisors/sara", status=204)
    door.ask("karin", f"DELETE {group}", status=204)


def an_application_is_ended(door):
    door.ask(OPERATOR, f"PUT /v1/organisations/demo/clients/{CLIENT}", {"name": door.fresh("Probe"), "scopes": ["read"]}, 204)
    door.ask("karin", f"DELETE /v1/clients/{CLIENT}", status=204)


# ---------------------------------------------------------------- provision


def probed(door, **other):
    """Provisions a user to try things on, under another name each time: a user who is as asked for is not written."""
    user = {"name": door.fresh("Probe"), "plan": "basic", **other}
    return door.ask(OPERATOR, "PUT /v1/organisations/demo/users/probed", user)


def an_organisation_is_provisioned(door):
    door.ask(OPERATOR, "PUT /v1/organisations/prov", {"name": door.fresh("Prov"), "baseService": True})
    door.ask(OPERATOR, "GET /v1/organisations/prov")


def prices_are_provisioned_and_shown(door):
    for path in ("/v1/prices", "/v1/organisations/prov/prices"):
        door.ask(OPERATOR, f"PUT {path}/2026-01-01", {"prices": {"startFee": f"{len(door.fresh('price')) + door.count}.00"}})
        door.ask(OPERATOR, f"GET {path}")


def a_user_is_provisioned_and_shown(door):
    probed(door)
    door.ask(OPERATOR, "GET /v1/organisations/demo/users/probed")


def an_activation_is_put_right(door):
    correction = {"at": f"2026-01-01T00:00:{door.count % 60:02}.{door.count % 1000:03}Z", "active": False, "reason": "a probe"}
    door.ask(OPERATOR, "POST /v1/organisations/demo/users/probed/activations", correction, 204)


def users_are_imported(door):
    answer = door.ask(OPERATOR, "POST /v1/organisations/demo/users", [{"id": "probed", "name": door.fresh("Probe"), "plan": "pro"}])
    if answer["outcome"] not in ("created", "changed"):
        raise RuntimeError(f"the imported user is {answer['outcome']}")


def a_plan_ends_and_recording_with_it(door):
    probed(door)
    door.ask("karin", "POST /v1/activations", {"users": ["probed"], "active": True})
    probed(door, plan=None)


def a_user_leaves(door):
    probed(door)
    door.ask("karin", "PUT /v1/groups/probed", {"name": "Probe"}, 204)
    door.ask("karin", "POST /v1/groups/probed/members", {"add": ["probed"]}, 204)
    door.ask("karin", "PUT /v1/groups/probed/supervisors/probed", {}, 204)
    door.ask(OPERATOR, "DELETE /v1/organisations/demo/users/probed", status=204)


def an_application_provisions_nothing(door):
    door.ask(CRM, "GET /v1/organisations/demo", status=403)


def an_application_comes_and_goes(door):
    client = f"/v1/organisations/demo/clients/{CLIENT}"
    door.ask(OPERATOR, f"PUT {client}", {"name": door.fresh("Probe"), "scopes": ["read"]}, 204)
    door.ask(OPERATOR, f"DELETE {client}", status=204)


# ---------------------------------------------------------------- billing, statements


def bill(door, task):
    """Hands billing a task, at its own door."""
    answer = door.aws("lambda").invoke(FunctionName=door.cloud["functions"]["billing"], Payload=json.dumps(task))
    said = json.loads(answer["Payload"].read())
    if "FunctionError" in answer:
        raise RuntimeError(f"billing failed: {said.get('errorMessage', said)[:200]}")
    return said


def counted(door, day, number):
    """An organisation of its own whose user stored more than is included on a day; answers with its id."""
    organisation = door.fresh("counted")
    door.ask(OPERATOR, f"PUT /v1/organisations/{organisation}", {"name": organisation, "baseService": True})
    table, name = door.aws("dynamodb"), door.cloud["table"]
    counts = {"recordings": 1, "ms": 1000, "bytes": number, f"n{day}": 1, f"ms{day}": 1000, f"in{day}": number}
    item = {"pk": {"S": f"{organisation}#usage"}, "sk": {"S": "anna"}} | {key: {"N": str(count)} for key, count in counts.items()}
    table.put_item(TableName=name, Item=item)
    moment = int(datetime.fromisoformat(f"{day}T12:00:00+00:00").timestamp() * 1000)
    switched = {"pk": {"S": f"{organisation}#activation"}, "sk": {"S": f"anna#{moment:013}#activated"}, "by": {"S": "user:probe"}}
    table.put_item(TableName=name, Item=switched)
    return organisation


def a_day_is_closed_and_warned_of(door):
    yesterday = (datetime.now(UTC) - timedelta(days=1)).date()
    counted(door, yesterday, 31_000_000)
    if bill(door, {"task": "day"})["days"] < 1:
        raise RuntimeError("no day was closed")


def a_month_is_exported_once(door):
    last = datetime.now(UTC).date().replace(day=1) - timedelta(days=1)
    counted(door, last, 31_000_000)
    control = {"Bucket": door.cloud["exports_bucket"], "Key": f"exports/{last:%Y-%m}/control.json"}
    door.aws("s3").delete_object(**control)
    for before in (False, True):
        if bill(door, {"task": "month", "month": f"{last:%Y-%m}"})["before"] != before:
            raise RuntimeError("the month was exported twice" if before else "the month had been exported")


def usage_and_statements_are_shown(door):
    door.ask("karin", "GET /v1/usage")
    door.ask("karin", "GET /v1/statements")
    month = datetime.now(UTC).strftime("%Y-%m")
    door.ask("karin", f"GET /v1/statements/{month}")


def a_billed_month_is_shown(door):
    key = f"exports/2000-01/statements/{provision.DEMO}.json"
    door.aws("s3").put_object(Bucket=door.cloud["exports_bucket"], Key=key, Body=b"{}")
    door.ask("karin", "GET /v1/statements/2000-01")
    door.ask("karin", "GET /v1/statements/2000-02", status=404)


def an_application_sees_no_usage(door):
    door.ask(CRM, "GET /v1/usage", status=403)


# ---------------------------------------------------------------- expire, keep, retention


def told(door, function, event, expected=True):
    """Hands the function an event at its own door."""
    answer = door.aws("lambda").invoke(FunctionName=door.cloud["functions"][function], Payload=json.dumps(event))
    done = json.loads(answer["Payload"].read()) == {"batchItemFailures": []}
    if done != expected:
        raise RuntimeError(f"{function} did {'not ' if expected else ''}take its event")


def item_of(door, id):
    key = {"pk": {"S": f"{provision.DEMO}#recording"}, "sk": {"S": id}}
    return door.aws("dynamodb").get_item(TableName=door.cloud["table"], Key=key, ConsistentRead=True).get("Item")


def removed(door, id):
    """Ends a recording as the table does, and answers with what its stream says of it. The table itself comes in between otherwise."""
    item = item_of(door, id)
    door.aws("dynamodb").delete_item(TableName=door.cloud["table"], Key={name: item[name] for name in ("pk", "sk")})
    event = json.loads((EVENTS / "expire.removed.json").read_text())
    image = {name: value if "B" not in value else {"B": base64.b64encode(value["B"]).decode()} for name, value in item.items()}
    event["Records"][0]["dynamodb"] |= {"Keys": {name: item[name] for name in ("pk", "sk")}, "OldImage": image}
    return event


def recorded(door, audio, who="anna"):
    id = upload(door, audio, who)
    take_in(door, id)
    return id


def a_recording_ends_and_nothing_is_left(door):
    id = recorded(door, silence())
    door.ask("anna", f"PATCH /v1/recordings/{id}", {"note": "a probe"}, match='"0"')
    event = removed(door, id)
    told(door, "expire", event)
    nothing_is_left(door, id, event["Records"][0]["dynamodb"]["OldImage"])
    id = recorded(door, NO_AUDIO)
    event = removed(door, id)
    told(door, "expire", event)
    nothing_is_left(door, id, event["Records"][0]["dynamodb"]["OldImage"])


def nothing_is_left(door, id, item):
    """Neither audio nor edits; and there is a receipt."""
    s3, table, key = door.aws("s3"), door.aws("dynamodb"), f"recordings/{provision.DEMO}/{id}"
    versions = s3.list_object_versions(Bucket=door.cloud["recordings_bucket"], Prefix=key)
    aside = s3.list_objects_v2(Bucket=door.cloud["quarantine_bucket"], Prefix=key)
    left = versions.get("Versions", []) + versions.get("DeleteMarkers", []) + aside.get("Contents", [])
    left += table.query(
        TableName=door.cloud["table"],
        KeyConditionExpression="pk = :pk AND begins_with(sk, :id)",
        ExpressionAttributeValues={":pk": {"S": f"{provision.DEMO}#edit"}, ":id": {"S": id}},
    )["Items"]
    if left:
        raise RuntimeError(f"{len(left)} things are left of the recording")
    receipt = f"{int(item['expires_at']['N']) * 1000:013}#removal-{id}-{item['registered']['N']}"
    key = {"pk": {"S": f"{provision.DEMO}#audit"}, "sk": {"S": receipt}}
    if "Item" not in table.get_item(TableName=door.cloud["table"], Key=key, ConsistentRead=True):
        raise RuntimeError("there is no receipt")


def a_recording_ended_by_an_erasure_is_counted(door):
    id = recorded(door, silence())
    event = removed(door, id)
    erasure = door.ask("karin", "POST /v1/erasures", {"user": "nobody", "reason": "a probe"}, 201)["id"]
    event["Records"][0]["dynamodb"]["OldImage"]["erased"] = {"S": erasure}
    told(door, "expire", event)
    nothing_is_left(door, id, event["Records"][0]["dynamodb"]["OldImage"])


def removals_are_taken_from_the_queue(door):
    take_from(door, "expire", "removals_url")


def what_is_given_up_and_what_rests_is_sent(door):
    queue = door.aws("sqs", poller(door, "expire"))
    for name in ("dead_removals_url", "removals_url"):
        queue.send_message(QueueUrl=door.cloud[name], MessageBody="a probe")


def the_tables_stream_is_followed(door):
    """What Lambda's own poller does with the function's role."""
    arn = door.aws("dynamodb").describe_table(TableName=door.cloud["table"])["Table"]["LatestStreamArn"]
    stream = door.aws("dynamodbstreams", poller(door, "expire"))
    stream.list_streams(TableName=door.cloud["table"])
    shard = stream.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"][0]["ShardId"]
    start = stream.get_shard_iterator(StreamArn=arn, ShardId=shard, ShardIteratorType="LATEST")["ShardIterator"]
    stream.get_records(ShardIterator=start)


def carried_out(door, kind, order, state):
    """Tells the worker of an order until it is in the state."""
    path = {"hold": "holds", "retention": "retention", "erasure": "erasures"}[kind]
    event = json.loads((EVENTS / "keep.order.json").read_text())
    event["Records"][0]["body"] = json.dumps({"organisation": provision.DEMO, "kind": kind, "order": order})
    for _ in range(20):
        shown = door.ask("karin", f"GET /v1/{path}/{order}")
        if shown.get("hold", shown)["state"] == state:
            return shown
        told(door, "keep", event)
    raise RuntimeError(f"the {kind} is not {state}")


def hold(door, **what):
    return door.ask("karin", "POST /v1/holds", {"reason": "a probe", **what}, 202)["id"]


def a_hold_is_placed_and_lifted(door):
    id = recorded(door, silence())  # its own: what a worker without a right has left held stays held
    order = hold(door, recordings=[id])
    carried_out(door, "hold", order, "held")
    if "expires_at" in item_of(door, id):
        raise RuntimeError("what is held has a day")
    door.ask("karin", f"DELETE /v1/holds/{order}?reason=probed", status=202)
    carried_out(door, "hold", order, "lifted")
    if "expires_at" not in item_of(door, id):
        raise RuntimeError("what is not held has no day")


def holds_are_placed_by_every_index(door):
    by_row = {"to": "2020-01-01T00:00:00Z"}, {"user": "nobody"}, {"counterpart": "+46701740699"}, {"mark": "probe"}, {"minSeconds": 9000}
    for some in (*by_row, {"held": True, "to": "2020-01-01T00:00:00Z"}, {"note": "probe"}, {"number": "+4699"}, {"number": "9999"}):
        carried_out(door, "hold", hold(door, filter=some), "held")


def the_retention_is_changed(door):
    change = door.ask("karin", "POST /v1/retention", {"days": 180, "reason": "a probe"}, 201)
    door.ask("karin", f"POST /v1/retention/{change['id']}/confirm", {"recordings": change["recordings"]}, 202)
    carried_out(door, "retention", change["id"], "done")


def a_person_is_erased(door):
    for who, what in (("nils", {"user": "nils"}), ("omar", {"counterpart": "+46701740698"})):
        ids = [recorded(door, silence(), who)] if "user" in what else []
        if ids:
            door.ask(who, f"PATCH /v1/recordings/{ids[0]}", {"note": "a probe"}, match='"0"')
            aside = f"recordings/{provision.DEMO}/{ids[0]}/probe"
            door.aws("s3").put_object(Bucket=door.cloud["quarantine_bucket"], Key=aside, Body=NO_AUDIO)
        erasure = door.ask("karin", "POST /v1/erasures", {"reason": "a probe", **what}, 201)
        door.ask("karin", f"POST /v1/erasures/{erasure['id']}/confirm", {"recordings": erasure["recordings"]}, 202)
        done = carried_out(door, "erasure", erasure["id"], "done")
        if done["erased"] < len(ids):
            raise RuntimeError("the recording was not erased")
        for id in ids:
            if item_of(door, id):
                raise RuntimeError("the erased recording's item is there")


def orders_are_taken_from_the_queue(door):
    take_from(door, "keep", "orders_url")


def what_comes_next_is_sent(door):
    door.aws("sqs", poller(door, "keep")).send_message(QueueUrl=door.cloud["orders_url"], MessageBody="a probe")


def an_order_of_each_kind_is_taken(door):
    """Each is placed, confirmed or lifted, and looked at; the worker is not asked."""
    order = hold(door, recordings=[door.recording])
    door.ask("karin", f"GET /v1/holds/{order}")
    door.ask("karin", f"DELETE /v1/holds/{order}?reason=probed", status=202)
    change = door.ask("karin", "POST /v1/retention", {"days": 180, "reason": "a probe"}, 201)
    door.ask("karin", f"POST /v1/retention/{change['id']}/confirm", {"recordings": change["recordings"]}, 202)
    for what in ({"user": "nobody"}, {"counterpart": "+46701740697"}):
        erasure = door.ask("karin", "POST /v1/erasures", {"reason": "a probe", **what}, 201)
        door.ask("karin", f"POST /v1/erasures/{erasure['id']}/confirm", {"recordings": 0}, 202)


def orders_are_listed(door):
    for path in ("holds", "retention", "erasures"):
        door.ask("karin", f"GET /v1/{path}")


def a_hold_by_name_is_placed(door):
    hold(door, filter={"name": "nobody of this name"})


def an_application_orders_nothing(door):
    door.ask(CRM, "GET /v1/holds", status=403)


PROBES = {
    "upload": [
        a_call_is_registered_and_its_audio_put,
        a_call_of_a_closed_day_is_registered,
        a_call_that_another_annotated_is_registered,
        a_refused_registration_is_audited,
        an_application_registers_nothing,
    ],
    "ingest": [an_event_of_what_has_gone_is_done, what_is_no_audio_is_rejected, audio_is_stored, events_are_taken_from_the_queue],
    "index": [a_call_is_indexed, a_call_leaves_the_directories, the_stream_is_heard, what_cannot_be_indexed_is_set_aside],
    "search": [
        everyones_calls_are_listed,
        ones_own_calls_are_listed,
        a_supervisor_lists_calls,
        an_application_lists_calls,
        calls_are_found_by_what_is_known_of_them,
        a_call_is_found_by_a_word,
        a_call_is_shown_to_a_supervisor,
    ],
    "playback": [a_call_is_heard, a_supervisor_hears_a_call, an_application_downloads_a_call],
    "annotate": [a_call_is_annotated, an_application_annotates_a_call, a_supervisor_reads_the_edits, marks_are_listed_and_put],
    "me": [
        an_administrator_signs_in,
        an_application_is_nobody,
        a_user_acknowledges,
        a_user_reads_their_activations,
        a_user_reads_who_listened,
    ],
    "admin": [
        the_organisation_is_changed,
        lists_are_read,
        a_supervisor_lists_groups,
        an_application_administers_nothing,
        a_user_is_changed,
        recording_is_switched_on_and_off,
        a_group_comes_and_goes,
        an_application_is_ended,
    ],
    "provision": [
        an_organisation_is_provisioned,
        prices_are_provisioned_and_shown,
        a_user_is_provisioned_and_shown,
        an_activation_is_put_right,
        users_are_imported,
        a_plan_ends_and_recording_with_it,
        a_user_leaves,
        an_application_comes_and_goes,
        an_application_provisions_nothing,
    ],
    "billing": [a_day_is_closed_and_warned_of, a_month_is_exported_once],
    "statements": [usage_and_statements_are_shown, a_billed_month_is_shown, an_application_sees_no_usage],
    "expire": [
        a_recording_ends_and_nothing_is_left,
        a_recording_ended_by_an_erasure_is_counted,
        removals_are_taken_from_the_queue,
        what_is_given_up_and_what_rests_is_sent,
        the_tables_stream_is_followed,
    ],
    "keep": [
        a_hold_is_placed_and_lifted,
        holds_are_placed_by_every_index,
        the_retention_is_changed,
        a_person_is_erased,
        orders_are_taken_from_the_queue,
        what_comes_next_is_sent,
    ],
    "retention": [
        orders_are_listed,
        a_hold_by_name_is_placed,
        an_application_orders_nothing,
        an_order_of_each_kind_is_taken,
    ],
    "authorizer": [ones_own_calls_are_listed],
}
