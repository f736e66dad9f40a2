"""Deploys infra/template.yaml and the functions built for release to your credentials' account.

    deploy.py [--monitor MINUTES] STACK BUCKET [PARAMETER=VALUE ...]

BUCKET stores code and template, with names by content. Omitted parameters keep their values. An update is rolled back if an alarm of
TRIGGERS fires until MINUTES after it.
"""

import argparse
import hashlib
import re
import sys
import time
from pathlib import Path

import boto3
import portal_files
import preflight
from botocore.exceptions import BotoCoreError, ClientError, WaiterError
from checks.plan import describe
from checks.stack import remedy
from local.deploy import FUNCTIONS, upload_code

ROOT = Path(__file__).resolve().parents[1]
# The folder of the binaries, the machine in their header (ELF's `e_machine`), and the target that builds them.
ARCHITECTURES = {
    "x86_64": (ROOT / "target/release", 62, "make build-release"),
    "arm64": (ROOT / "target/aarch64-unknown-linux-gnu/release", 183, "make build-arm64"),
}
RUNTIME = "provided.al2023"
GLIBC = (2, 34)  # of Amazon Linux 2023
# The first is for errors of the API, the others for uploads and for the index. CloudFormation accepts five at most.
TRIGGERS = ["api-budget-fast", "ingest-errors", "ingest-behind", "index-errors", "index-behind"]
MONITOR = 25  # minutes; `ingest-behind` fires 18 minutes after all upload events began to fail, and metrics arrive late
LONGEST = 180  # minutes that CloudFormation monitors at most
STARTS = ("CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", "DELETE_IN_PROGRESS")
RESOURCES = 40  # minutes that resources may take, among them a distribution of CloudFront


def main():
    parser = argparse.ArgumentParser(description="deploys the service")
    parser.add_argument("--monitor", type=int, default=MONITOR, choices=range(LONGEST + 1), metavar="MINUTES")
    parser.add_argument("--architecture", choices=ARCHITECTURES)
    parser.add_argument("stack")
    parser.add_argument("bucket")
    parser.add_argument("parameters", nargs="*", metavar="PARAMETER=VALUE")
    options = parser.parse_intermixed_args()
    try:
        deploy(options.stack, options.bucket, preflight.parse(options.parameters), options.monitor, options.architecture)
    except (RuntimeError, BotoCoreError, ClientError) as error:
        sys.exit(str(error))


def deploy(stack, bucket, given, monitor, architecture):
    """Checks, uploads and deploys all. Nothing is uploaded before every check is passed."""
    s3, cloudformation = boto3.client("s3"), boto3.client("cloudformation")
    architecture = chosen(architecture, given, describe(cloudformation, stack))
    refuse_what_would_not_start(architecture)
    preflight.require(boto3.client, stack, given, bucket)
    built, _, _ = ARCHITECTURES[architecture]
    parameters = given | {"CodeBucket": bucket, "CodeVersion": upload_code(s3, bucket, built, 9), "Architecture": architecture}
    print(f"code {parameters['CodeVersion']} is in {bucket}", flush=True)
    apply(cloudformation, boto3.client("cloudwatch"), stack, upload_template(s3, bucket), parameters, monitor)
    outputs = {output["OutputKey"]: output["OutputValue"] for output in describe(cloudformation, stack)["Outputs"]}
    protect(boto3.client("dynamodb"), outputs["Table"])
    portal_files.upload(s3, outputs)
    for name, value in outputs.items():
        print(f"{name:<18}{value}")


def protect(dynamodb, table):
    """Protects the table from deletion. Not in the template, because a failed first deployment has to delete it."""
    if not dynamodb.describe_table(TableName=table)["Table"].get("DeletionProtectionEnabled"):
        dynamodb.update_table(TableName=table, DeletionProtectionEnabled=True)


def chosen(architecture, given, existing):
    """The architecture to deploy: the one asked for, or x86_64. A stack of the other one changes only if asked."""
    if "Architecture" in given:
        raise RuntimeError("Architecture is no parameter to give: use ARCHITECTURE=arm64, which also builds for it")
    parameters = {one["ParameterKey"]: one.get("ParameterValue") for one in (existing or {}).get("Parameters", ())}
    current = parameters.get("Architecture", "x86_64")
    if architecture is None and current != "x86_64":
        raise RuntimeError(f"the stack runs on {current}: repeat ARCHITECTURE={current}, or give ARCHITECTURE=x86_64 to change it")
    return architecture or "x86_64"


def refuse_what_would_not_start(architecture):
    built, machine, command = ARCHITECTURES[architecture]
    for function in FUNCTIONS:
        binary = built / function
        if not binary.exists():
            raise RuntimeError(f"{function} is not built in {built}: run `{command}`")
        content = binary.read_bytes()
        if int.from_bytes(content[18:20], "little") != machine:
            raise RuntimeError(f"{function} is not built for {architecture}: run `{command}` on Linux (docs/operating/deploy.md)")
        needs = glibc_of(content)
        if needs > GLIBC:
            versions = [".".join(map(str, version)) for version in (needs, GLIBC)]
            raise RuntimeError(
                f"{function} needs glibc {versions[0]}, {RUNTIME} has {versions[1]}: build on Debian 12 (see docs/operating/deploy.md)"
            )


def glibc_of(binary):
    """The newest version of glibc that a symbol of the binary requires."""
    versions = re.findall(rb"GLIBC_(\d+)\.(\d+)", binary)
    return max((int(major), int(minor)) for major, minor in versions)


def upload_template(s3, bucket):
    template = (ROOT / "infra/template.yaml").read_bytes()
    key = f"{hashlib.sha256(template).hexdigest()[:16]}/template.yaml"
    s3.put_object(Bucket=bucket, Key=key, Body=template)
    return f"{s3.meta.endpoint_url}/{bucket}/{key}"


def apply(cloudformation, cloudwatch, stack, template, parameters, monitor):
    """Creates and executes a change set, and waits until the stack is complete. Then the stack cannot be deleted by mistake."""
    existing = describe(cloudformation, stack)
    if existing and existing["StackStatus"] == "ROLLBACK_COMPLETE":
        delete_failed(cloudformation, stack)
        existing = None
    declared = names(cloudformation.get_template_summary(TemplateURL=template))
    unchanged = names(existing or {}) & declared - parameters.keys()
    made = cloudformation.create_change_set(
        StackName=stack,
        ChangeSetName=f"deploy-{time.time_ns()}",
        ChangeSetType="UPDATE" if existing else "CREATE",
        TemplateURL=template,
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()]
        + [{"ParameterKey": key, "UsePreviousValue": True} for key in sorted(unchanged)],
        RollbackConfiguration=rollback(cloudwatch, stack, monitor) if existing else {},
    )
    changes = {"StackName": stack, "ChangeSetName": made["Id"]}
    if is_ready(cloudformation, changes):
        show(cloudformation, changes)
        execute(cloudformation, changes, "update" if existing else "create", RESOURCES + monitor)
    else:
        cloudformation.delete_change_set(**changes)
        print("nothing has changed")
    cloudformation.update_termination_protection(StackName=stack, EnableTerminationProtection=True)


def rollback(cloudwatch, stack, monitor):
    """The alarms that roll an update back. One that is firing already would roll back the correction, too, so it is left out."""
    found = cloudwatch.describe_alarms(AlarmNames=[f"{stack}-{name}" for name in TRIGGERS])["MetricAlarms"]
    firing = [alarm["AlarmName"] for alarm in found if alarm["StateValue"] == "ALARM"]
    triggers = [{"Arn": alarm["AlarmArn"], "Type": "AWS::CloudWatch::Alarm"} for alarm in found if alarm["AlarmName"] not in firing]
    for name in firing:
        print(f"{name} is firing, so it does not roll this update back", flush=True)
    return {"RollbackTriggers": triggers, "MonitoringTimeInMinutes": monitor if triggers else 0}


def show(cloudformation, changes):
    for page in cloudformation.get_paginator("describe_change_set").paginate(**changes):
        for resource in (change["ResourceChange"] for change in page["Changes"]):
            print(f"  {resource['Action']:<7} {resource['ResourceType']:<40} {resource['LogicalResourceId']}", flush=True)


def execute(cloudformation, changes, kind, minutes):
    """Executes the change set, and waits for the stack. Raises RuntimeError with the reasons and what to do if it fails."""
    stack = changes["StackName"]
    cloudformation.execute_change_set(**changes)
    print("waiting for the stack", flush=True)
    wait(cloudformation, stack, kind, minutes)


def wait(cloudformation, stack, kind, minutes):
    try:
        cloudformation.get_waiter(f"stack_{kind}_complete").wait(StackName=stack, WaiterConfig={"Delay": 5, "MaxAttempts": 12 * minutes})
    except WaiterError as error:
        raise RuntimeError(outcome(cloudformation, stack)) from error


def outcome(cloudformation, stack):
    """The state of a stack that was not deployed, the remedy, and the reasons."""
    status = describe(cloudformation, stack)["StackStatus"]
    texts = {
        "UPDATE_ROLLBACK_COMPLETE": "the update was rolled back, and the earlier version runs",
        "ROLLBACK_COMPLETE": "the first deployment was rolled back: correct the cause, and run again",
    }
    text = texts.get(status, f"{stack} is {status}: {remedy(stack, status)}")
    return "\n".join([text, *reversed(list(reasons(cloudformation, stack)))])


def reasons(cloudformation, stack):
    """Why the last operation failed, the newest reason first. Resources that were cancelled because of another are left out."""
    for page in cloudformation.get_paginator("describe_stack_events").paginate(StackName=stack):
        for event in page["StackEvents"]:
            status, reason = event["ResourceStatus"], event.get("ResourceStatusReason", "")
            is_stack = event["PhysicalResourceId"] == event["StackId"]
            if is_stack and status in STARTS:
                return
            if reason and "cancelled" not in reason and (status.endswith("_FAILED") or is_stack):
                yield f"  {event['LogicalResourceId']} {status}: {reason}"


def delete_failed(cloudformation, stack):
    """Deletes a stack whose first deployment failed. It cannot be updated, and has no resources: all were removed when it rolled back."""
    print("the first deployment of this stack failed: deleting what is left of it", flush=True)
    cloudformation.delete_stack(StackName=stack)
    wait(cloudformation, stack, "delete", RESOURCES)


def names(parameterised):
    return {parameter["ParameterKey"] for parameter in parameterised.get("Parameters", [])}


def is_ready(cloudformation, changes):
    """Whether the change set has changes, once it is ready. A failed one raises RuntimeError."""
    try:
        cloudformation.get_waiter("change_set_create_complete").wait(**changes, WaiterConfig={"Delay": 2, "MaxAttempts": 150})
    except WaiterError as error:
        reason = cloudformation.describe_change_set(**changes).get("StatusReason", "no reason given")
        if "didn't contain changes" in reason or "No updates" in reason:
            return False
        raise RuntimeError(f"the change set failed: {reason}") from error
    return True


if __name__ == "__main__":
    main()
