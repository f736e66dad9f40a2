"""Probes of the functions of people: me, admin, provision, import."""

import json
from datetime import datetime, timedelta

import provision

from .door import CRM, OPERATOR, as_the_poller, event, take_from, tell

CLIENT = "probedclient"


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
    door.ask("sara", f"POST /v1/recordings/{door.recording}/playback")
    door.ask("anna", "GET /v1/me/listeners")


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


def an_administrator_is_named_and_ended(door):
    probed(door)
    for administrator in (True, False):
        door.ask("karin", "PATCH /v1/users/probed", {"administrator": administrator})


def recording_is_switched_on_and_off(door):
    probed(door)
    for active in (True, False):
        if door.ask("karin", "POST /v1/activations", {"users": ["probed"], "active": active})["users"][0]["outcome"] == "not-found":
            raise RuntimeError("the user to switch is not there")


def a_group_comes_and_goes(door):
    group = f"/v1/groups/{door.fresh('probe')}"
    door.ask("karin", f"PUT {group}", {"name": "Probe"}, 204)
    door.ask("karin", f"POST {group}/members", {"add": ["anna", "omar"]}, 204)
    door.ask("karin", f"PUT {group}/supervisors/sara", provision.SUPERVISION, 204)
    door.ask("karin", f"GET {group}")
    door.ask("karin", f"GET {group}/members")
    door.ask("karin", f"DELETE {group}/supervisors/sara", status=204)
    door.ask("karin", f"DELETE {group}", status=204)


def an_application_is_ended(door):
    door.ask(OPERATOR, f"PUT /v1/organisations/demo/clients/{CLIENT}", {"name": door.fresh("Probe"), "scopes": ["read"]}, 204)
    door.ask("karin", f"DELETE /v1/clients/{CLIENT}", status=204)


def probed(door, id="probed", **other):
    """Provisions a user to try things on, under another name each time: a user who is as asked for is not written."""
    user = {**provision.USER, "name": door.fresh("Probe"), "plan": "basic", **other}
    return door.ask(OPERATOR, f"PUT /v1/organisations/demo/users/{id}", user)


def organisation(door, id):
    """Provisions an organisation, under another name each time."""
    door.ask(OPERATOR, f"PUT /v1/organisations/{id}", {"name": door.fresh("Prov"), "baseService": True, "storageAddOn": False})


def an_organisation_is_provisioned(door):
    organisation(door, "prov")
    door.ask(OPERATOR, "PATCH /v1/organisations/prov", {"name": door.fresh("Prov")})
    door.ask(OPERATOR, "GET /v1/organisations/prov")


def prices_are_provisioned_and_shown(door):
    for path in ("/v1/prices", "/v1/organisations/prov/prices"):
        door.ask(OPERATOR, f"PUT {path}/2026-01-01", {"prices": {"startFee": f"{len(door.fresh('price')) + door.count}.00"}})
        door.ask(OPERATOR, f"GET {path}")
        door.ask(OPERATOR, f"DELETE {path}/2026-01-01?reason=probed", status=204)


def a_user_is_provisioned_and_shown(door):
    probed(door)
    door.ask(OPERATOR, "GET /v1/organisations/demo/users/probed")


def what_was_provisioned_is_listed(door):
    for path in ("organisations", "organisations/demo/users", "organisations/demo/clients"):
        door.ask(OPERATOR, f"GET /v1/{path}")


def an_administrator_of_the_operators_comes_and_goes(door):
    for administrator in (True, False):
        probed(door, administrator=administrator)


def an_activation_is_put_right(door):
    correction = {"at": moment(door, "2026-01-02"), "active": True, "reason": "a probe"}
    for path in ("activations", "activations/void"):
        request, once = f"POST /v1/organisations/demo/users/probed/{path}", door.fresh("once")
        correction.pop("total", None)
        correction["total"] = door.ask(OPERATOR, request, correction)["total"]
        for _ in range(2):
            door.ask(OPERATOR, request, correction, 201, once=once)
    door.ask(OPERATOR, "GET /v1/organisations/demo/users/probed/activations")


def moment(door, day):
    """Each probe's own of the day: what an activation costs hangs on those before."""
    return (datetime.fromisoformat(f"{day}T00:00:00+00:00") + timedelta(seconds=door.count)).isoformat(timespec="milliseconds")


def a_line_is_credited(door):
    correction = {"at": moment(door, "2026-02-02"), "active": True, "reason": "a probe"}
    user, path = door.fresh("credited"), "POST /v1/organisations/prov"
    door.ask(OPERATOR, f"PUT /v1/organisations/prov/users/{user}", {**provision.USER, "name": "Probe", "plan": "pro"})
    correct = f"{path}/users/{user}/activations"
    door.ask(OPERATOR, correct, correction | {"total": door.ask(OPERATOR, correct, correction)["total"]}, 201)
    credit, request = {"rule": "user-month", "user": user, "reason": "a probe"}, f"{path}/statements/2026-02/credits"
    door.ask(OPERATOR, request, credit | {"total": door.ask(OPERATOR, request, credit)["total"]}, 201)


def sent(door, **other):
    """An import of the probed user, under another name each time, of which the worker has no message."""
    user = {**provision.USER, "id": "probed", "name": door.fresh("Probe"), "plan": "pro", **other}
    return door.ask(OPERATOR, "POST /v1/organisations/demo/users", [user], 202)["id"]


def an_import_is_taken_and_shown(door):
    imported = f"/v1/organisations/demo/imports/{sent(door)}"
    door.ask(OPERATOR, f"GET {imported}")
    carried_on(door, imported.rpartition("/")[2])  # results are looked for where there are some
    door.ask(OPERATOR, f"GET {imported}/results")


def carried_on(door, imported):
    message = event("import.users.json")
    message["Records"][0]["body"] = json.dumps({"organisation": provision.DEMO, "import": imported})
    tell(door, "import", message)


def users_are_imported(door):
    probed(door)
    for other in ({"administrator": True}, {"administrator": False}):
        done(door, sent(door, **other))


def an_imported_plan_ends_and_recording_with_it(door):
    probed(door)
    door.ask("karin", "POST /v1/activations", {"users": ["probed"], "active": True})
    done(door, sent(door, plan=None))


def done(door, imported):
    carried_on(door, imported)
    shown = door.ask(OPERATOR, f"GET /v1/organisations/demo/imports/{imported}")
    if (shown["state"], shown["changed"]) != ("done", 1):
        raise RuntimeError(f"the import is {shown['state']}, and {shown['changed']} users are changed")


def imports_are_taken_from_the_queue(door):
    take_from(door, "import", "imports_url")


def a_message_continues_the_import(door):
    as_the_poller(door, "import", "sqs").send_message(QueueUrl=door.cloud["imports_url"], MessageBody="a probe")


def a_plan_ends_and_recording_with_it(door):
    probed(door)
    door.ask("karin", "POST /v1/activations", {"users": ["probed"], "active": True})
    probed(door, plan=None)


def a_user_leaves(door):
    """One of their own: an id whose user has left, and could not be restored, is given to nobody."""
    user = door.fresh("leaving")
    probed(door, user)
    door.ask("karin", "PUT /v1/groups/probed", {"name": "Probe"}, 204)
    door.ask("karin", "POST /v1/groups/probed/members", {"add": [user]}, 204)
    door.ask("karin", f"PUT /v1/groups/probed/supervisors/{user}", provision.SUPERVISION, 204)
    door.ask(OPERATOR, f"DELETE /v1/organisations/demo/users/{user}", status=204)
    door.ask(OPERATOR, f"POST /v1/organisations/demo/users/{user}/restore")


def an_application_provisions_nothing(door):
    door.ask(CRM, "GET /v1/organisations/demo", status=403)


def an_application_comes_and_goes(door):
    client = f"/v1/organisations/demo/clients/{CLIENT}"
    door.ask(OPERATOR, f"PUT {client}", {"name": door.fresh("Probe"), "scopes": ["read"]}, 204)
    door.ask(OPERATOR, f"PATCH {client}", {"name": door.fresh("Probe")}, 204)
    door.ask(OPERATOR, f"DELETE {client}", status=204)


PROBES = {
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
        an_administrator_is_named_and_ended,
        recording_is_switched_on_and_off,
        a_group_comes_and_goes,
        an_application_is_ended,
    ],
    "import": [
        users_are_imported,
        an_imported_plan_ends_and_recording_with_it,
        imports_are_taken_from_the_queue,
        a_message_continues_the_import,
    ],
    "provision": [
        an_organisation_is_provisioned,
        prices_are_provisioned_and_shown,
        a_user_is_provisioned_and_shown,
        what_was_provisioned_is_listed,
        an_administrator_of_the_operators_comes_and_goes,
        an_activation_is_put_right,
        a_line_is_credited,
        an_import_is_taken_and_shown,
        a_plan_ends_and_recording_with_it,
        a_user_leaves,
        an_application_comes_and_goes,
        an_application_provisions_nothing,
    ],
}
