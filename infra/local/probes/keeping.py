"""Probes of the functions of retention: expire, retention-worker, retention-api."""

import json

import provision

from .door import CRM, as_the_poller, as_the_stream_has, event, follow_the_table, item_of, take_from, tell
from .recordings import NO_AUDIO, parts_on_their_way, recorded, silence


def removed(door, id):
    """Ends a recording as the table does, and answers with what its stream says of it. The table itself comes in between otherwise."""
    item = item_of(door, id)
    door.aws("dynamodb").delete_item(TableName=door.cloud["table"], Key={name: item[name] for name in ("pk", "sk")})
    gone = event("expire.removed.json")
    gone["Records"][0]["dynamodb"] |= {"Keys": {name: item[name] for name in ("pk", "sk")}, "OldImage": as_the_stream_has(item)}
    return gone


def a_recording_ends_and_nothing_is_left(door):
    id = recorded(door, silence())
    door.ask("anna", f"PATCH /v1/recordings/{id}", {"note": "a probe"}, match='"0"')
    gone = removed(door, id)
    tell(door, "expire", gone)
    nothing_is_left(door, id, gone["Records"][0]["dynamodb"]["OldImage"])
    id = recorded(door, NO_AUDIO)
    gone = removed(door, id)
    tell(door, "expire", gone)
    nothing_is_left(door, id, gone["Records"][0]["dynamodb"]["OldImage"])


def set_aside(door, *keys):
    for key in keys:
        door.aws("s3").put_object(Bucket=door.cloud["quarantine_bucket"], Key=key, Body=NO_AUDIO)


def nothing_is_left(door, id, item):
    """Neither audio nor edits; and there is a receipt."""
    s3, table, key = door.aws("s3"), door.aws("dynamodb"), f"recordings/{provision.DEMO}/{id}"
    versions = s3.list_object_versions(Bucket=door.cloud["recordings_bucket"], Prefix=key)
    left = versions.get("Versions", []) + versions.get("DeleteMarkers", [])
    for aside in (key, f"unregistered/{key}"):
        left += s3.list_objects_v2(Bucket=door.cloud["quarantine_bucket"], Prefix=aside).get("Contents", [])
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
    set_aside(door, f"unregistered/recordings/{provision.DEMO}/{id}/probe")
    gone = removed(door, id)
    erasure = door.ask("karin", "POST /v1/erasures", {"user": "nobody", "reason": "a probe"}, 201)["id"]
    gone["Records"][0]["dynamodb"]["OldImage"]["erased"] = {"S": erasure}
    tell(door, "expire", gone)
    nothing_is_left(door, id, gone["Records"][0]["dynamodb"]["OldImage"])


def a_call_registered_anew_while_it_is_erased_goes_too(door):
    id = recorded(door, silence())
    item = item_of(door, id)
    gone = removed(door, id)
    anew = item | {"registered": {"N": str(int(item["registered"]["N"]) + 1)}}
    door.aws("dynamodb").put_item(TableName=door.cloud["table"], Item=anew)
    erasure = door.ask("karin", "POST /v1/erasures", {"user": "nobody", "reason": "a probe"}, 201)["id"]
    gone["Records"][0]["dynamodb"]["OldImage"]["erased"] = {"S": erasure}
    tell(door, "expire", gone)
    is_buried(door, id)


def parts_end_with_their_call(door):
    id = parts_on_their_way(door)
    tell(door, "expire", removed(door, id))
    no_part_is_left(door, id)


def parts_are_erased_with_their_call(door):
    id = parts_on_their_way(door, "nils")
    erasure = door.ask("karin", "POST /v1/erasures", {"reason": "a probe", "user": "nils"}, 201)
    door.ask("karin", f"POST /v1/erasures/{erasure['id']}/confirm", {"recordings": erasure["recordings"]}, 202)
    carried_out(door, "erasure", erasure["id"], "done")
    no_part_is_left(door, id)


def no_part_is_left(door, id):
    prefix = f"recordings/{provision.DEMO}/{id}"
    if door.aws("s3").list_multipart_uploads(Bucket=door.cloud["recordings_bucket"], Prefix=prefix).get("Uploads"):
        raise RuntimeError("an upload in parts is left of the recording")


def is_buried(door, id):
    if item_of(door, id).get("state") != {"S": "erased"}:
        raise RuntimeError("the erased recording has no tombstone")


def removals_are_taken_from_the_queue(door):
    take_from(door, "expire", "removals_url")


def what_is_given_up_and_what_rests_is_sent(door):
    queue = as_the_poller(door, "expire", "sqs")
    for name in ("dead_removals_url", "removals_url"):
        queue.send_message(QueueUrl=door.cloud[name], MessageBody="a probe")


def the_tables_stream_is_followed(door):
    follow_the_table(door, "expire")


def carried_out(door, kind, order, state):
    """Tells the worker of an order until it is in the state."""
    path = {"hold": "holds", "retention": "retention", "erasure": "erasures"}[kind]
    page = event("retention-worker.job.json")
    page["Records"][0]["body"] = json.dumps({"organisation": provision.DEMO, "kind": kind, "job": order})
    for _ in range(20):
        shown = door.ask("karin", f"GET /v1/{path}/{order}")
        if shown.get("hold", shown)["state"] == state:
            return shown
        tell(door, "retention-worker", page)
    raise RuntimeError(f"the {kind} is not {state}")


def hold(door, **what):
    once = door.fresh("once")
    first, again = (door.ask("karin", "POST /v1/holds", {"reason": "a probe", **what}, 202, once=once)["id"] for _ in range(2))
    if first != again:
        raise RuntimeError("a repeated request placed another hold")
    return first


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
            set_aside(door, aside, f"unregistered/{aside}")
        erasure = door.ask("karin", "POST /v1/erasures", {"reason": "a probe", **what}, 201)
        door.ask("karin", f"POST /v1/erasures/{erasure['id']}/confirm", {"recordings": erasure["recordings"]}, 202)
        done = carried_out(door, "erasure", erasure["id"], "done")
        if done["erased"] < len(ids):
            raise RuntimeError("the recording was not erased")
        for id in ids:
            is_buried(door, id)


def what_a_restored_table_has_back_is_erased_again(door):
    """The items of an erased recording and of a note come back, as they do when the table is restored."""
    id, call = recorded(door, silence(), "nils"), door.fresh("early")
    early = door.ask("nils", f"PUT /v1/calls/{call}/annotation", {"note": "a probe"})["recording"]
    before = {one: item_of(door, one) for one in (id, early)}
    erasure = door.ask("karin", "POST /v1/erasures", {"reason": "a probe", "user": "nils"}, 201)
    door.ask("karin", f"POST /v1/erasures/{erasure['id']}/confirm", {"recordings": erasure["recordings"]}, 202)
    carried_out(door, "erasure", erasure["id"], "done")
    for item in before.values():
        door.aws("dynamodb").put_item(TableName=door.cloud["table"], Item=item)
    taken(door, "retention_jobs_url")
    message = event("retention-worker.erase-again.json")
    pages = [message["Records"][0]["body"]]
    while pages:
        message["Records"][0]["body"] = pages.pop()
        tell(door, "retention-worker", message)
        pages += [body for body in taken(door, "retention_jobs_url") if "eraseAgain" in body]
    is_buried(door, id)
    if item_of(door, early):
        raise RuntimeError("the erased note is back")


def taken(door, queue):
    """Removes every message of the queue and returns them."""
    url, bodies, sqs = door.cloud[queue], [], door.aws("sqs")
    while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        for message in messages:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        bodies += [message["Body"] for message in messages]
    return bodies


def orders_are_taken_from_the_queue(door):
    take_from(door, "retention-worker", "retention_jobs_url")


def what_comes_next_is_sent(door):
    as_the_poller(door, "retention-worker", "sqs").send_message(QueueUrl=door.cloud["retention_jobs_url"], MessageBody="a probe")


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
    "expire": [
        a_recording_ends_and_nothing_is_left,
        a_recording_ended_by_an_erasure_is_counted,
        a_call_registered_anew_while_it_is_erased_goes_too,
        parts_end_with_their_call,
        removals_are_taken_from_the_queue,
        what_is_given_up_and_what_rests_is_sent,
        the_tables_stream_is_followed,
    ],
    "retention-worker": [
        a_hold_is_placed_and_lifted,
        holds_are_placed_by_every_index,
        the_retention_is_changed,
        a_person_is_erased,
        parts_are_erased_with_their_call,
        what_a_restored_table_has_back_is_erased_again,
        orders_are_taken_from_the_queue,
        what_comes_next_is_sent,
    ],
    "retention-api": [
        orders_are_listed,
        a_hold_by_name_is_placed,
        an_application_orders_nothing,
        an_order_of_each_kind_is_taken,
    ],
}
