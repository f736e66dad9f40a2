"""Probes of the functions that find, play and mark calls: search, playback, annotate. And of the authorizer, which is before them all."""

import provision

from .door import CRM, OPERATOR, fetch, item_of
from .people import organisation
from .recordings import NO_AUDIO, recorded


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


def a_key_is_drawn_for_what_is_searched_for(door):
    """In an organisation of its own, which has none yet: a function that runs knows those that it has read."""
    id = door.fresh("searched")
    organisation(door, id)
    boss = provision.Person("boss", id, "Probe", None, recorded=False, acknowledges=False, administrator=True)
    user = {**provision.USER, "name": boss.name, "plan": "basic", "administrator": boss.administrator}
    door.ask(OPERATOR, f"PUT /v1/organisations/{id}/users/{boss.user}", user)
    door.cloud["users"][id] = provision.sign_in_of(door.cloud, door.aws("cognito-idp"), boss)
    door.ask(id, "GET /v1/recordings?number=%2B467")


def a_call_is_shown_to_a_supervisor(door):
    door.ask("sara", f"GET /v1/recordings/{door.recording}")


def a_call_is_heard(door):
    fetch("GET", door.ask("anna", f"POST /v1/recordings/{door.recording}/playback")["url"], {})


def a_supervisor_hears_a_call(door):
    door.ask("sara", f"POST /v1/recordings/{door.recording}/playback")


def an_administrator_saves_rejected_content(door):
    fetch("GET", door.ask("karin", f"POST /v1/recordings/{recorded(door, NO_AUDIO)}/download")["url"], {})


def an_application_downloads_a_call(door):
    door.ask(CRM, f"POST /v1/recordings/{door.recording}/download")


def a_call_is_annotated(door):
    door.ask("anna", f"PUT /v1/calls/{door.fresh('probe')}/annotation", {"note": "a probe", "mark": "red"})


def an_application_annotates_a_call(door):
    door.ask(CRM, f"PUT /v1/calls/{door.fresh('probe')}/annotation", {"field1": "a probe"})


def a_supervisor_reads_the_edits(door):
    door.ask("anna", f"PATCH /v1/recordings/{door.recording}", {"note": door.fresh("a probe")}, match="*")
    door.ask("sara", f"GET /v1/recordings/{door.recording}/edits")


def marks_are_listed_and_put(door):
    door.ask("anna", "GET /v1/marks")
    door.ask("karin", "PUT /v1/marks/probe", {"label": door.fresh("Probe"), "colour": "grey", "shape": "star", "retired": False}, 204)


PROBES = {
    "search": [
        everyones_calls_are_listed,
        ones_own_calls_are_listed,
        a_supervisor_lists_calls,
        an_application_lists_calls,
        calls_are_found_by_what_is_known_of_them,
        a_call_is_found_by_a_word,
        a_key_is_drawn_for_what_is_searched_for,
        a_call_is_shown_to_a_supervisor,
    ],
    "playback": [
        a_call_is_heard,
        a_supervisor_hears_a_call,
        an_administrator_saves_rejected_content,
        an_application_downloads_a_call,
    ],
    "annotate": [a_call_is_annotated, an_application_annotates_a_call, a_supervisor_reads_the_edits, marks_are_listed_and_put],
    "authorizer": [ones_own_calls_are_listed],
}
