"""Probes of every function of the API: the units that a caller consumes are added up in the table."""

import provision

from .door import items

# Requests after which even the cheapest has consumed what a process of the local cloud counts by itself.
REQUESTS = 40


def sums(door):
    return items(door, f"{provision.DEMO}#budget")


def added_up(who, request, status=200, body=None):
    """A probe: the function adds what `who` consumes with the request to the caller's sum."""

    def units_are_added_up(door):
        for item in sums(door):
            door.aws("dynamodb").delete_item(TableName=door.cloud["table"], Key={"pk": item["pk"], "sk": item["sk"]})
        for _ in range(REQUESTS):
            door.ask(who, request.replace("RECORDING", door.recording), body, status)
            if any("#caller" in item["sk"]["S"] for item in sums(door)):
                return
        raise RuntimeError("no units were added up")

    return [units_are_added_up]


PROBES = {
    "admin": added_up("karin", "GET /v1/users"),
    "annotate": added_up("anna", "GET /v1/marks"),
    "billing-api": added_up("karin", "GET /v1/statements"),
    "completeness": added_up("karin", "GET /v1/missing"),
    "delivery-api": added_up("karin", "GET /v1/sftp/keys"),
    "me": added_up("anna", "GET /v1/me"),
    "playback": added_up("anna", "POST /v1/recordings/RECORDING/playback", body={}),
    "provision": added_up("anna", "GET /v1/organisations", 403),
    "retention-api": added_up("karin", "GET /v1/holds"),
    "search": added_up("anna", "GET /v1/recordings"),
    "upload": added_up("anna", "POST /v1/recordings", 422, {}),
}
