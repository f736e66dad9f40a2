"""Deploys infra/template.yaml and the functions of target/release to your credentials' account.

    deploy.py STACK BUCKET [PARAMETER=VALUE ...]

BUCKET stores code and template, with names by content. Omitted parameters keep their values.
"""

import hashlib
import platform
import re
import sys
import time
from pathlib import Path

import boto3
import portal_files
from botocore.exceptions import BotoCoreError, ClientError, WaiterError
from local.deploy import FUNCTIONS, upload_code

ROOT = Path(__file__).resolve().parents[1]
BUILT = ROOT / "target/release"
RUNTIME = "provided.al2023"
GLIBC = (2, 34)  # of Amazon Linux 2023


def main(stack, bucket, *given):
    if not re.fullmatch(r"[a-z][a-z0-9-]{0,38}", stack):
        raise RuntimeError("a stack's name also names its buckets: at most 39 of a-z, 0-9 and '-', a letter first")
    if re.search("aws|amazon|cognito", stack):
        raise RuntimeError("the stack also names the sign-in domain, which must not contain aws, amazon or cognito")
    refuse_what_would_not_start()
    s3, cloudformation = boto3.client("s3"), boto3.client("cloudformation")
    parameters = dict(parameter.split("=", 1) for parameter in given)
    parameters |= {"CodeBucket": bucket, "CodeVersion": upload_code(s3, bucket, BUILT, 9)}
    print(f"code {parameters['CodeVersion']} is in {bucket}", flush=True)
    apply(cloudformation, stack, upload_template(s3, bucket), parameters)
    outputs = {
        output["OutputKey"]: output["OutputValue"] for output in cloudformation.describe_stacks(StackName=stack)["Stacks"][0]["Outputs"]
    }
    portal_files.upload(s3, outputs)
    for name, value in outputs.items():
        print(f"{name:<18}{value}")


def refuse_what_would_not_start():
    if platform.machine() != "x86_64":
        raise RuntimeError(f"the functions are x86_64, this machine is {platform.machine()}: build on another (docs/operating/deploy.md)")
    for function in FUNCTIONS:
        needs = glibc_of(BUILT / function)
        if needs > GLIBC:
            versions = [".".join(map(str, version)) for version in (needs, GLIBC)]
            raise RuntimeError(
                f"{function} needs glibc {versions[0]}, {RUNTIME} has {versions[1]}: build on Debian 12 (see docs/operating/deploy.md)"
            )


def glibc_of(binary):
    """The newest version of glibc that a symbol of the binary requires."""
    versions = re.findall(rb"GLIBC_(\d+)\.(\d+)", binary.read_bytes())
    return max((int(major), int(minor)) for major, minor in versions)


def upload_template(s3, bucket):
    template = (ROOT / "infra/template.yaml").read_bytes()
    key = f"{hashlib.sha256(template).hexdigest()[:16]}/template.yaml"
    s3.put_object(Bucket=bucket, Key=key, Body=template)
    return f"{s3.meta.endpoint_url}/{bucket}/{key}"


def apply(cloudformation, stack, template, parameters):
    """Creates and executes a change set, and waits until the stack is complete."""
    existing = describe(cloudformation, stack)
    if existing and existing["StackStatus"] == "ROLLBACK_COMPLETE":
        delete_failed(cloudformation, stack)
        existing = None
    kind = "UPDATE" if existing else "CREATE"
    declared = names(cloudformation.get_template_summary(TemplateURL=template))
    unchanged = names(existing or {}) & declared - parameters.keys()
    made = cloudformation.create_change_set(
        StackName=stack,
        ChangeSetName=f"deploy-{time.time_ns()}",
        ChangeSetType=kind,
        TemplateURL=template,
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()]
        + [{"ParameterKey": key, "UsePreviousValue": True} for key in unchanged],
    )
    changes = {"StackName": stack, "ChangeSetName": made["Id"]}
    if not is_ready(cloudformation, changes):
        cloudformation.delete_change_set(**changes)
        return print("nothing has changed")
    for page in cloudformation.get_paginator("describe_change_set").paginate(**changes):
        for resource in (change["ResourceChange"] for change in page["Changes"]):
            print(f"  {resource['Action']:<7} {resource['ResourceType']:<40} {resource['LogicalResourceId']}", flush=True)
    cloudformation.execute_change_set(**changes)
    print("waiting for the stack", flush=True)
    cloudformation.get_waiter(f"stack_{kind.lower()}_complete").wait(StackName=stack, WaiterConfig={"Delay": 5, "MaxAttempts": 360})
    cloudformation.update_termination_protection(StackName=stack, EnableTerminationProtection=True)


def describe(cloudformation, stack):
    """The stack, if it exists and contains resources."""
    try:
        found = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]
    except ClientError as error:
        if "does not exist" in str(error):
            return None
        raise
    return None if found["StackStatus"] == "REVIEW_IN_PROGRESS" else found


def delete_failed(cloudformation, stack):
    """Deletes a stack whose first deployment failed. It cannot be updated, and has no resources: all were removed when it rolled back."""
    print("the first deployment of this stack failed: deleting what is left of it", flush=True)
    cloudformation.delete_stack(StackName=stack)
    cloudformation.get_waiter("stack_delete_complete").wait(StackName=stack, WaiterConfig={"Delay": 5, "MaxAttempts": 120})


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
    try:
        main(*sys.argv[1:])
    except WaiterError:
        sys.exit("the stack was not deployed: CloudFormation's events say which resource failed; it rolls back by itself")
    except (RuntimeError, BotoCoreError, ClientError) as error:
        sys.exit(f"not deployed: {error}")
