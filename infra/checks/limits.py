"""Checks of the account's limits: concurrency, requests, and quotas of resources that a first deployment creates."""

from functools import partial
from typing import NamedTuple

from checks.plan import ok, stop, warning

UNRESERVED = 100  # executions that Lambda leaves to functions without a reservation
REQUESTS = 100  # executions for the API's functions and the authorizer, besides those for queues
SERVERS = 50  # AWS's default for Transfer Family
GLOBAL = "us-east-1"  # Service Quotas has the quotas that hold for all regions there
MORE = "ask AWS for more (Service Quotas)"


def concurrency(plan):
    limit = plan.client("lambda").get_account_settings()["AccountLimit"]
    available = limit["UnreservedConcurrentExecutions"] + reserved(plan, plan.before)
    reserving, needed = reserved(plan, plan.parameters), queued(plan) + REQUESTS
    more = "ask AWS for more (Service Quotas, Lambda, Concurrent executions)"
    if reserving and available - reserving < UNRESERVED:
        text = f"the stack reserves {reserving} of {available} executions, and Lambda leaves {UNRESERVED} unreserved"
        yield stop(text, f"{more}, or deploy with ReservedConcurrency=0")
    elif available < needed:
        yield warning(f"{available} functions may run at once, and the parameters suit {needed}", more)
    else:
        yield ok(f"{available} functions may run at once, and the stack reserves {reserving}")


def reserved(plan, parameters):
    """The executions that the functions reserve. Each is written as `!If [Reserving, the parameter, none]`."""
    if parameters.get("ReservedConcurrency", "0") == "0":
        return 0
    written = [function.get("ReservedConcurrentExecutions") for function in plan.properties("AWS::Serverless::Function")]
    return sum(int(parameters[value[1]]) for value in written if value)


def queued(plan):
    """The executions that queues may use at once. One is written as `!If [Local, a number, the parameter]`."""
    mappings = plan.properties("AWS::Lambda::EventSourceMapping")
    written = [mapping["ScalingConfig"]["MaximumConcurrency"] for mapping in mappings if "ScalingConfig" in mapping]
    return sum(int(plan.parameters[value[2]]) if isinstance(value, list) else value for value in written)


def throttle(plan):
    """The account's ceilings hold for all of its APIs in the region together."""
    limit = plan.client("apigateway").get_account()["throttleSettings"]
    text = f"the account's APIs accept {limit['rateLimit']:.0f} requests a second, and {limit['burstLimit']} at once"
    rate, burst = int(plan.parameters["ApiRequestsPerSecond"]), int(plan.parameters["ApiBurst"])
    if rate > limit["rateLimit"] or burst > limit["burstLimit"]:
        yield warning(f"{text}, fewer than ApiRequestsPerSecond and ApiBurst", MORE)
    else:
        yield ok(text)


class Counted(NamedTuple):
    """A resource that AWS permits a number of. Without a code, the quota is AWS's default."""

    plural: str
    service: str
    operation: str
    member: str
    quota_code: str | None
    kind: str
    region: str | None = None


def quota(plan, counted):
    if plan.is_first:
        pages = plan.client(counted.service).get_paginator(counted.operation).paginate()
        used = sum(len(page[counted.member]) for page in pages)
        limit = quota_of(plan.client("service-quotas", counted.region), counted) if counted.quota_code else SERVERS
        yield within(counted.plural, used, len(plan.properties(counted.kind)) or 1, int(limit))


def quota_of(quotas, counted):
    """The account's own quota, or AWS's default if the account never had another."""
    wanted = {"ServiceCode": counted.service, "QuotaCode": counted.quota_code}
    try:
        return quotas.get_service_quota(**wanted)["Quota"]["Value"]
    except quotas.exceptions.NoSuchResourceException:
        return quotas.get_aws_default_service_quota(**wanted)["Quota"]["Value"]


def roles(plan):
    if plan.is_first:
        summary = plan.client("iam").get_account_summary()["SummaryMap"]
        needed = len(plan.properties("AWS::IAM::Role", "AWS::Serverless::Function"))
        yield within("roles", summary["Roles"], needed, summary["RolesQuota"])


def within(plural, used, needed, limit):
    text = f"{used} of {limit} {plural} exist, and the stack adds {needed}"
    return ok(text) if used + needed <= limit else stop(text, MORE)


COUNTED = [
    Counted("stacks", "cloudformation", "describe_stacks", "Stacks", "L-0485CB21", "AWS::CloudFormation::Stack"),
    Counted("tables", "dynamodb", "list_tables", "TableNames", "L-F98FE922", "AWS::DynamoDB::Table"),
    Counted("buckets", "s3", "list_buckets", "Buckets", "L-DC2B2D3D", "AWS::S3::Bucket", GLOBAL),
    Counted("SFTP servers", "transfer", "list_servers", "Servers", None, "AWS::Transfer::Server"),
]
CHECKS = [
    ("concurrency", concurrency),
    ("requests", throttle),
    *((counted.plural, partial(quota, counted=counted)) for counted in COUNTED),
    ("roles", roles),
]
