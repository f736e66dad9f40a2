"""Probes of the functions that deliver by SFTP: delivery, delivery-api. And of what takes a recording out of a folder."""

import base64
import json
import os
import struct
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import provision
from botocore.exceptions import ClientError

from .door import CRM, invoke, items, take_from, tell
from .keeping import a_person_is_erased, nothing_is_left, removed
from .recordings import call, recorded, silence

FOLDERS, LATE, KEYS = (f"{provision.DEMO}#{kind}" for kind in ("drop", "awaited", "sftp"))
SUBSCRIBERS = "#sftp"
PAST, FUTURE = "2001-01-01", "2101-01-01"


def today():
    return datetime.now(ZoneInfo("Europe/Stockholm")).date().isoformat()


def order(door, task):
    """Hands delivery an order, as its queue does."""
    message = {"messageId": "probe", "body": json.dumps({"organisation": provision.DEMO, "task": task})}
    tell(door, "delivery", {"Records": [message]})


def put(door, item):
    kinds = {str: "S", int: "N", list: "L"}
    written = {name: {kinds[type(value)]: str(value) if isinstance(value, int) else value} for name, value in item.items()}
    door.aws("dynamodb").put_item(TableName=door.cloud["table"], Item=written)


def folder_item(door, day, gone, **other):
    """Puts an issue of the day there, as it is while it is built."""
    now = int(datetime.now(UTC).timestamp() * 1000)
    put(door, {"pk": FOLDERS, "sk": f"{day}#00001", "cut": now, "due": now, "gone": gone, "state": "building", **other})
    return {"day": day, "number": 1}


def clear(door):
    """Takes away what probes left behind: issues, what was built of them, keys and the server's user."""
    for place in ("files", "parts"):
        empty(door, "drop_bucket", f"{place}/{provision.DEMO}/")
    for item in [*items(door, FOLDERS), *items(door, KEYS), *items(door, SUBSCRIBERS)]:
        place = {"pk": item["pk"], "sk": item["sk"]}
        door.aws("dynamodb").delete_item(TableName=door.cloud["table"], Key=place)
    try:
        door.aws("transfer").delete_user(**user(door))
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceNotFoundException":
            raise


def empty(door, bucket, prefix):
    """Removes everything under a prefix, every version of it."""
    s3, name = door.aws("s3"), door.cloud[bucket]
    listed = s3.list_object_versions(Bucket=name, Prefix=prefix)
    for version in [*listed.get("Versions", []), *listed.get("DeleteMarkers", [])]:
        s3.delete_object(Bucket=name, Key=version["Key"], VersionId=version["VersionId"])


def user(door):
    return {"ServerId": door.cloud["sftp_server"], "UserName": f"org-{provision.DEMO}"}


def tomorrow():
    return int((datetime.now(UTC) + timedelta(days=1)).timestamp() * 1000)


# ---------------------------------------------------------------- delivery


def every_organisation_is_tended_to(door):
    clear(door)
    key = door.ask("karin", "POST /v1/sftp/keys", {"key": public_key()}, 201)
    invoke(door, "delivery", {"morning": "2026-11-25T04:05:00Z"})
    door.ask("karin", f"DELETE /v1/sftp/keys/{key['id']}", status=204)


def an_organisation_is_tended_to(door):
    clear(door)
    order(door, {"tend": {"since": "2026-11-24T09:12:44.180Z"}})


def a_day_is_begun_and_planned(door):
    clear(door)
    order(door, {"plan": {"delivery_folder": {"day": FUTURE, "number": 1}}})
    if "started" not in items(door, FOLDERS)[0]:
        raise RuntimeError("the day is not planned")


def a_day_is_copied_and_finalized(door):
    clear(door)
    door.ask("anna", "POST /v1/recordings", call(door, silence()), 201)  # its audio does not come
    put(door, {"pk": LATE, "sk": "0" * 26, "since": 0, "expires_at": tomorrow() // 1000})
    ends = {"started": [{"S": "0"}, {"S": "9999999999999~"}], "late_ones": [{"S": "0"}, {"S": "~"}]}
    name = folder_item(door, today(), tomorrow(), **ends)
    for chunk in (0, 1):
        order(door, {"copy": {"delivery_folder": name, "chunk": chunk}})
    order(door, {"finalize": {"delivery_folder": name}})
    expect_folder(door, today(), there=True)
    return f"files/{provision.DEMO}/{today()}/"


def a_recording_is_forgotten(door):
    folder = a_day_is_copied_and_finalized(door)
    expect_file(door, folder, door.recording, there=True)
    order(door, {"forget": {"recording": door.recording}})
    expect_file(door, folder, door.recording, there=False)


def a_lost_recording_is_named(door):
    id = recorded(door, silence())
    empty(door, "recordings_bucket", f"recordings/{provision.DEMO}/{id}")
    a_day_is_copied_and_finalized(door)
    lacks = [place["S"] for place in items(door, FOLDERS)[0]["lacks"]["L"]]
    if f"{id} lost" not in lacks:
        raise RuntimeError(f"the folder does not say that {id} is lost: {lacks}")


def expect_file(door, folder, id, there):
    listed = door.aws("s3").list_objects_v2(Bucket=door.cloud["drop_bucket"], Prefix=folder).get("Contents", [])
    if any(id in file["Key"] for file in listed) != there:
        raise RuntimeError(f"the file of {id} should {'' if there else 'not '}be there: {[file['Key'] for file in listed]}")


def a_folder_is_removed(door):
    for place, name in [("files", "SHA256SUMS"), ("files", "index.csv"), ("parts", "000000.json")]:
        door.aws("s3").put_object(Bucket=door.cloud["drop_bucket"], Key=f"{place}/{provision.DEMO}/{PAST}/{name}", Body=b"")
    order(door, {"remove": {"delivery_folder": folder_item(door, PAST, 0)}})
    expect_folder(door, PAST, there=False)


def expect_folder(door, day, there):
    try:
        door.aws("s3").head_object(Bucket=door.cloud["drop_bucket"], Key=f"files/{provision.DEMO}/{day}/SHA256SUMS")
        found = True
    except ClientError:
        found = False
    if found != there:
        raise RuntimeError(f"the folder is {'there' if found else 'not there'}")


def orders_are_taken_from_the_queue(door):
    take_from(door, "delivery", "delivery_queue_url")


# ---------------------------------------------------------------- delivery-api


def public_key():
    """An Ed25519 key that nobody has the private half of."""
    parts = (b"ssh-ed25519", os.urandom(32))
    packed = b"".join(struct.pack(">I", len(part)) + part for part in parts)
    return f"ssh-ed25519 {base64.b64encode(packed).decode()} probe"


def a_first_key_comes_and_a_day_is_issued_and_the_key_goes(door):
    clear(door)
    key = door.ask("karin", "POST /v1/sftp/keys", {"key": public_key()}, 201)
    yesterday = (datetime.now(ZoneInfo("Europe/Stockholm")) - timedelta(days=2)).date().isoformat()
    once = door.fresh("once")
    for _ in range(2):
        door.ask("karin", f"POST /v1/drops/{yesterday}", status=202, once=once)
    door.ask("karin", f"DELETE /v1/sftp/keys/{key['id']}", status=204)
    left = door.aws("transfer").describe_user(**user(door))["User"]["SshPublicKeys"]
    if left:
        raise RuntimeError("the server takes a key that was removed")


def keys_and_folders_are_listed(door):
    door.ask("karin", "GET /v1/sftp/keys")
    door.ask("karin", "GET /v1/drops")


def an_application_sees_no_keys(door):
    door.ask(CRM, "GET /v1/sftp/keys", status=403)


# ---------------------------------------------------------------- removals


def what_ends_leaves_todays_folder(door):
    clear(door)
    folder_item(door, today(), tomorrow())
    id = recorded(door, silence())
    gone = removed(door, id)
    tell(door, "expire", gone)
    nothing_is_left(door, id, gone["Records"][0]["dynamodb"]["OldImage"])


def what_is_erased_leaves_todays_folder(door):
    clear(door)
    folder_item(door, today(), tomorrow())
    a_person_is_erased(door)


PROBES = {
    "expire": [what_ends_leaves_todays_folder],
    "retention-worker": [what_is_erased_leaves_todays_folder],
    "delivery": [
        every_organisation_is_tended_to,
        an_organisation_is_tended_to,
        a_day_is_begun_and_planned,
        a_recording_is_forgotten,
        a_lost_recording_is_named,
        a_folder_is_removed,
        orders_are_taken_from_the_queue,
    ],
    "delivery-api": [a_first_key_comes_and_a_day_is_issued_and_the_key_goes, keys_and_folders_are_listed, an_application_sees_no_keys],
}
