"""Checks of the stack's name and state, of the parameters, and of the bucket for code."""

import re

from checks.plan import ok, region_of, stop

USABLE = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE", "IMPORT_ROLLBACK_COMPLETE")
REMEDIES = {
    "UPDATE_ROLLBACK_FAILED": "correct the cause, and run aws cloudformation continue-update-rollback --stack-name {stack}",
    "UPDATE_FAILED": "run aws cloudformation rollback-stack --stack-name {stack}",
}
DELETE = "delete what its events name, and run aws cloudformation delete-stack --stack-name {stack}"
ISSUER = ("Issuer", "Audience", "JwksUrl")


def name(plan):
    if not re.fullmatch(r"[a-z][a-z0-9-]{0,38}", plan.stack):
        yield stop(f"{plan.stack} also names buckets", "write at most 39 of a-z, 0-9 and '-', a letter first")
    elif re.search("aws|amazon|cognito", plan.stack):
        yield stop(f"{plan.stack} also names the sign-in domain, which must not contain aws, amazon or cognito", "choose another name")


def state(plan):
    status = plan.existing.get("StackStatus")
    if not status:
        yield ok(f"{plan.stack} is new")
    elif status == "ROLLBACK_COMPLETE":
        yield ok(f"the first deployment of {plan.stack} failed, so it is deleted and created again")
    elif status in USABLE:
        yield ok(f"{plan.stack} is {status}")
    else:
        yield stop(f"{plan.stack} is {status}", remedy(plan.stack, status))


def remedy(stack, status):
    """How a stack leaves a state in which it cannot be updated."""
    if status.endswith("_IN_PROGRESS"):
        return "wait until it is complete"
    return REMEDIES.get(status, DELETE).format(stack=stack)


def parameters(plan):
    unknown = sorted(plan.given.keys() - plan.template["Parameters"].keys())
    wrong = [f"{name}={plan.parameters[name]}" for name in plan.template["Parameters"] if not is_allowed(plan, name)]
    issuer = [name for name in ISSUER if plan.parameters[name]]
    if unknown:
        yield stop(f"the template has no parameter {', '.join(unknown)}", "correct the name (docs/operating/deploy.md)")
    if wrong:
        yield stop(f"the template does not allow {', '.join(wrong)}", "correct the value (docs/operating/deploy.md)")
    if len(issuer) in (1, 2):
        yield stop(f"another issuer has {' and '.join(issuer)} only", f"give all of {', '.join(ISSUER)}, or none")
    if not unknown and not wrong and len(issuer) in (0, 3):
        yield ok("the template allows all of them")


def is_allowed(plan, name):
    declared, value = plan.template["Parameters"][name], plan.parameters[name]
    if "AllowedValues" in declared:
        return value in map(str, declared["AllowedValues"])
    if declared["Type"] != "Number":
        return True
    lowest, highest = declared.get("MinValue", 0), declared.get("MaxValue", float("inf"))
    return re.fullmatch(r"\d+", value) is not None and lowest <= int(value) <= highest


def code_bucket(plan):
    if not plan.bucket:
        return
    region = region_of(plan.client("s3"), plan.bucket)
    if not region:
        yield stop(f"there is no bucket {plan.bucket}", f"run aws s3 mb s3://{plan.bucket} --region {plan.region}")
    elif region != plan.region:
        yield stop(f"{plan.bucket} is in {region}, and Lambda reads code of its own region only", f"name a bucket in {plan.region}")
    else:
        yield ok(f"{plan.bucket} is in {region}")


CHECKS = [("stack", name), ("stack", state), ("parameters", parameters), ("code bucket", code_bucket)]
