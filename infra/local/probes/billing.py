"""Probes of the functions of what is owed: billing, billing-api."""

import json
from datetime import UTC, datetime, timedelta

import provision

from .door import CRM, invoke
from .people import organisation


def counted(door, day, number):
    """An organisation of its own whose user stored more than is included on a day; answers with its id."""
    id = door.fresh("counted")
    organisation(door, id)
    table, name = door.aws("dynamodb"), door.cloud["table"]
    counts = {"recordings": 1, "ms": 1000, "bytes": number, f"n{day}": 1, f"ms{day}": 1000, f"in{day}": number}
    item = {"pk": {"S": f"{id}#usage"}, "sk": {"S": "anna"}} | {key: {"N": str(count)} for key, count in counts.items()}
    table.put_item(TableName=name, Item=item)
    moment = int(datetime.fromisoformat(f"{day}T12:00:00+00:00").timestamp() * 1000)
    switched = {"pk": {"S": f"{id}#activation"}, "sk": {"S": f"anna#{moment:013}#activated"}, "by": {"S": "user:probe"}}
    table.put_item(TableName=name, Item=switched)
    return id


def a_day_is_closed_and_warned_of(door):
    yesterday = (datetime.now(UTC) - timedelta(days=1)).date()
    counted(door, yesterday, 31_000_000)
    if invoke(door, "billing", {"task": "day"})["days"] < 1:
        raise RuntimeError("no day was closed")


def a_month_is_exported_once(door):
    last = datetime.now(UTC).date().replace(day=1) - timedelta(days=1)
    counted(door, last, 31_000_000)
    control = {"Bucket": door.cloud["exports_bucket"], "Key": f"exports/{last:%Y-%m}/control.json"}
    door.aws("s3").delete_object(**control)
    for before in (False, True):
        if invoke(door, "billing", {"task": "month", "month": f"{last:%Y-%m}"})["before"] != before:
            raise RuntimeError("the month was exported twice" if before else "the month had been exported")


def usage_and_statements_are_shown(door):
    door.ask("karin", "GET /v1/usage")
    door.ask("karin", "GET /v1/statements")
    month = datetime.now(UTC).strftime("%Y-%m")
    door.ask("karin", f"GET /v1/statements/{month}")


def a_billed_month_is_shown(door):
    key = f"exports/2000-01/statements/{provision.DEMO}.json"
    statement = {"month": "2000-01", "preview": False, "rules": "probe", "total": "0.00", "lines": []}
    door.aws("s3").put_object(Bucket=door.cloud["exports_bucket"], Key=key, Body=json.dumps(statement).encode())
    door.ask("karin", "GET /v1/statements/2000-01")
    door.ask("karin", "GET /v1/statements/2000-02", status=404)


def an_application_sees_no_usage(door):
    door.ask(CRM, "GET /v1/usage", status=403)


PROBES = {
    "billing": [a_day_is_closed_and_warned_of, a_month_is_exported_once],
    "billing-api": [usage_and_statements_are_shown, a_billed_month_is_shown, an_application_sees_no_usage],
}
