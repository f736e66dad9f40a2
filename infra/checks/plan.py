"""A deployment before it happens, and the findings of its checks."""

from functools import cache, cached_property, partial
from pathlib import Path
from typing import NamedTuple

import yaml
from botocore.exceptions import ClientError
from local.portal_server import Loader

TEMPLATE = Path(__file__).resolve().parents[1] / "template.yaml"


class Finding(NamedTuple):
    level: str
    text: str
    remedy: str = ""


ok = partial(Finding, "ok")
warning = partial(Finding, "warning")
stop = partial(Finding, "stop")


class Plan:
    """A deployment: its account, the stack as it is, and the parameters as they will be. `client` makes boto3's clients."""

    def __init__(self, client, stack, given, bucket=None):
        self.client, self.stack, self.given, self.bucket = client, stack, given, bucket
        self.region = client("cloudformation").meta.region_name
        self.template = template()

    @cached_property
    def account(self):
        return self.client("sts").get_caller_identity()["Account"]

    @cached_property
    def existing(self):
        return describe(self.client("cloudformation"), self.stack) or {}

    @property
    def is_first(self):
        """Whether the stack will be created. One whose first deployment failed is deleted before."""
        return self.existing.get("StackStatus") in (None, "ROLLBACK_COMPLETE")

    @property
    def before(self):
        """The values of the stack's parameters; none before its first deployment."""
        found = [] if self.is_first else self.existing.get("Parameters", [])
        return {parameter["ParameterKey"]: parameter["ParameterValue"] for parameter in found}

    @property
    def parameters(self):
        """The values of the template's parameters. One that is not given keeps the stack's value, or has the default."""
        defaults = {name: str(declared.get("Default", "")) for name, declared in self.template["Parameters"].items()}
        return defaults | {name: value for name, value in self.before.items() if name in defaults} | self.given

    def properties(self, *kinds):
        """The properties of the template's resources of these types."""
        return [resource.get("Properties", {}) for resource in self.template["Resources"].values() if resource["Type"] in kinds]

    def names(self, kind, attribute):
        """The names that the template gives to resources of a type, in this stack and account."""
        written = [properties[attribute] for properties in self.properties(kind)]
        return [self.stack if name == "AWS::StackName" else self.filled(name) for name in written]

    def filled(self, name):
        return name.replace("${AWS::StackName}", self.stack).replace("${AWS::AccountId}", self.account)


@cache
def template():
    return yaml.load(TEMPLATE.read_text(), Loader)  # noqa: S506 - a SafeLoader with CloudFormation's tags


def describe(cloudformation, stack):
    """The stack, if it exists and contains resources."""
    try:
        found = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]
    except ClientError as error:
        if "does not exist" in str(error):
            return None
        raise
    return None if found["StackStatus"] == "REVIEW_IN_PROGRESS" else found


def region_of(s3, bucket):
    """The region of a bucket; None if it does not exist."""
    try:
        return s3.head_bucket(Bucket=bucket).get("BucketRegion", s3.meta.region_name)
    except ClientError as error:
        if code(error) == "404":
            return None
        raise


def code(error):
    return error.response["Error"]["Code"]
