"""Checks whether an account is ready for a deployment, and changes nothing.

    preflight.py [--bucket BUCKET] STACK [PARAMETER=VALUE ...]

Prints a line for each check. A `warning` limits the service; a `stop` makes the deployment or the service fail. A check that the
credentials do not permit is a warning. Exits with 1 if anything is a stop.
"""

import argparse
import re
import sys

import boto3
from botocore.exceptions import BotoCoreError, ClientError
from checks import limits, names, references, stack
from checks.plan import Plan, code, warning

CHECKS = [*stack.CHECKS, *names.CHECKS, *limits.CHECKS, *references.CHECKS]
FIRST = (stack.name, stack.parameters)  # the others rely on these


def main():
    parser = argparse.ArgumentParser(description="checks whether the account is ready for a deployment")
    parser.add_argument("--bucket", help="the bucket for code")
    parser.add_argument("stack")
    parser.add_argument("parameters", nargs="*", metavar="PARAMETER=VALUE")
    options = parser.parse_intermixed_args()
    try:
        require(boto3.client, options.stack, parse(options.parameters), options.bucket)
    except (RuntimeError, BotoCoreError, ClientError) as error:
        sys.exit(str(error))


def parse(given):
    """The parameters by name. Raises RuntimeError if one has no value."""
    unclear = [parameter for parameter in given if not re.match(r"\w+=", parameter)]
    if unclear:
        raise RuntimeError(f"{unclear[0]} is not a parameter: write NAME=VALUE")
    return dict(parameter.split("=", 1) for parameter in given)


def require(client, name, given, bucket=None):
    """Prints all findings. Raises RuntimeError if one of them is a stop."""
    plan = Plan(client, name, given, bucket)
    line("ok", "account", f"{plan.account} in {plan.region}")
    stops = 0
    for subject, finding in findings(plan):
        line(finding.level, subject, ": ".join(filter(None, (finding.text, finding.remedy))))
        stops += finding.level == "stop"
    if stops:
        raise RuntimeError("the account is not ready: correct each stop above, and run again")


def line(level, subject, text):
    print(f"{level:<9}{subject:<13}{text}", flush=True)


def findings(plan):
    """The findings of all checks, in order. They end with a stop of one that the others rely on."""
    for subject, check in CHECKS:
        try:
            for finding in check(plan):
                yield subject, finding
                if check in FIRST and finding.level == "stop":
                    return
        except ClientError as error:
            yield subject, warning(f"not checked, because {error.operation_name} failed with {code(error)}", "permit it, or check by hand")
        except BotoCoreError as error:
            yield subject, warning(f"not checked: {error}", "check by hand")


if __name__ == "__main__":
    main()
