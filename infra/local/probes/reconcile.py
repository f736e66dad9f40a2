"""Probes of the nightly reconciliation. The operator plants each discrepancy."""

import json
from datetime import UTC, datetime

import provision

from .door import event, invoke, items, take_from, tell
from .keeping import removed
from .recordings import recorded, silence

NIGHT = "2026-11-25T01:30:00Z"
# A word of every note of these probes, so that a reconciliation examines it.
WORD = "sweepprobe"


def every_organisation_is_asked_for(door):
    invoke(door, "reconcile", {"night": NIGHT})


def a_word_is_posted_again(door):
    """The index hears nothing meanwhile: a note has no posting or entry until the reconciliation writes them."""
    id, table = recorded(door, silence()), door.aws("dynamodb")
    entry = {"pk": {"S": f"{provision.DEMO}#word"}, "sk": {"S": f"note#{WORD}"}}
    table.delete_item(TableName=door.cloud["table"], Key=entry)
    door.ask("anna", f"PATCH /v1/recordings/{id}", {"note": WORD}, match='"0"')
    reconciled(door)
    expect(door, "posting-missing", id, repaired=True)
    if "Item" not in table.get_item(TableName=door.cloud["table"], Key=entry):
        raise RuntimeError("the word has no entry")


def audio_that_was_removed_is_brought_back(door):
    id = recorded(door, silence())
    place = {"Bucket": door.cloud["recordings_bucket"], "Key": f"recordings/{provision.DEMO}/{id}"}
    door.aws("s3").delete_object(**place)
    reconciled(door)
    expect(door, "removed", id, repaired=True)
    door.aws("s3").head_object(**place)


def audio_of_no_recording_is_reported(door):
    clear(door)
    id = recorded(door, silence())
    removed(door, id)
    reconciled(door)
    expect(door, "no-recording", id, repaired=False)


def clear(door):
    """Removes every version of audio without a recording, which other probes left behind. A reconciliation examines about ten objects that
    only the bucket's list names, chosen at random, and leaves the rest for the next night.
    """
    place = {"Bucket": door.cloud["recordings_bucket"], "Prefix": f"recordings/{provision.DEMO}/"}
    standing = {item["sk"]["S"] for item in items(door, f"{provision.DEMO}#recording")}
    for page in door.aws("s3").get_paginator("list_object_versions").paginate(**place):
        for version in [*page.get("Versions", []), *page.get("DeleteMarkers", [])]:
            if version["Key"].removeprefix(place["Prefix"]) not in standing:
                door.aws("s3").delete_object(Bucket=place["Bucket"], Key=version["Key"], VersionId=version["VersionId"])


def orders_are_taken_from_the_queue(door):
    take_from(door, "reconcile", "reconcile_queue_url")


def reconciled(door):
    """Reconciles the organisation for a night that is later than any before."""
    night = datetime.now(UTC).isoformat(timespec="milliseconds")
    body = json.dumps({"organisation": provision.DEMO, "night": night})
    order = event("reconcile.order.json")
    order["Records"][0]["body"] = body
    tell(door, "reconcile", order)


def expect(door, kind, id, repaired):
    path = "GET /v1/missing?limit=1000"
    found = [finding for finding in door.ask("karin", path)["findings"] if (finding["kind"], finding["recording"]) == (kind, id)]
    if [finding["repaired"] for finding in found] != [repaired]:
        raise RuntimeError(f"the sweep found {found}")


PROBES = {
    "reconcile": [
        every_organisation_is_asked_for,
        a_word_is_posted_again,
        audio_that_was_removed_is_brought_back,
        audio_of_no_recording_is_reported,
        orders_are_taken_from_the_queue,
    ],
}
