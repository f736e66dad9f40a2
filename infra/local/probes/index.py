"""Probes of the function that keeps what a search reads: index."""

import provision

from .door import as_the_poller, as_the_stream_has, event, follow_the_table, item_of, tell
from .recordings import call, silence


def a_call_is_indexed(door):
    """One with a word and a number that no call has had: hands index the event of it, at its own door."""
    audio = silence()
    annotated = {"note": door.fresh("probe"), "counterpart": f"+467099{door.count:05}"}
    id = door.ask("anna", "POST /v1/recordings", call(door, audio) | annotated, 201)["recording"]["id"]
    anew = event("index.anew.json")
    anew["Records"][0]["dynamodb"]["Keys"] = {"pk": {"S": f"{provision.DEMO}#recording"}, "sk": {"S": id}}
    tell(door, "index", anew)
    return anew


def a_call_leaves_the_directories(door):
    """Tells index that a call has gone, which it asks after: its word and its number find it still."""
    gone = a_call_is_indexed(door)
    change = gone["Records"][0]["dynamodb"]
    change["OldImage"] = as_the_stream_has(item_of(door, change["Keys"]["sk"]["S"]))
    gone["Records"][0]["eventName"] = "REMOVE"
    tell(door, "index", gone)


def a_call_that_has_gone_leaves_nothing(door):
    """Tells index that a call has gone: nothing else is found by its word and its number, which are forgotten."""
    gone = a_call_is_indexed(door)
    change = gone["Records"][0]["dynamodb"]
    change["OldImage"] = as_the_stream_has(item_of(door, change["Keys"]["sk"]["S"]))
    door.aws("dynamodb").delete_item(TableName=door.cloud["table"], Key=change["Keys"])
    gone["Records"][0]["eventName"] = "REMOVE"
    tell(door, "index", gone)


def the_stream_is_heard(door):
    follow_the_table(door, "index")


def what_cannot_be_indexed_is_set_aside(door):
    as_the_poller(door, "index", "sqs").send_message(QueueUrl=door.cloud["index_dlq_url"], MessageBody="a probe")


PROBES = {
    "index": [
        a_call_is_indexed,
        a_call_leaves_the_directories,
        a_call_that_has_gone_leaves_nothing,
        the_stream_is_heard,
        what_cannot_be_indexed_is_set_aside,
    ],
}
