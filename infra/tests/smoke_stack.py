"""A stack with the project's template and stubbed clients, and cases of checks."""

import copy
import unittest
import uuid
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import smoke.template
from smoke.report import Failed, Report
from smoke.template import Template
from stubs import ACCOUNT, REGION, Cloud

NAME = "inspelning"
PLACE = {"partition": "aws", "region": REGION, "account": ACCOUNT, "stack": NAME}
TEXT = (Path(__file__).resolve().parents[1] / "template.yaml").read_text()
NAMED = {"AWS::S3::Bucket": "BucketName", "AWS::Logs::LogGroup": "LogGroupName", "AWS::Serverless::Function": "FunctionName"}


parsed = cache(smoke.template.parsed)  # for all tests
smoke.template.parsed = lambda text: copy.deepcopy(parsed(text))


def defaults():
    """The values of the template's parameters that are not given."""
    declared = parsed(TEXT)["Parameters"]
    return {name: str(parameter["Default"]) for name, parameter in declared.items() if "Default" in parameter}


def template(**given):
    """The template in AWS; `given` are parameters."""
    parameters = defaults() | {"CodeBucket": "code", "CodeVersion": "1"} | given
    template = Template(TEXT, parameters, {}, PLACE)
    for name, resource in template.resources.items():
        template.names[name] = name
        if resource["Type"] == "AWS::Lambda::EventSourceMapping":
            template.names[name] = str(uuid.uuid5(uuid.NAMESPACE_DNS, name))
        if resource["Type"] == "AWS::SQS::Queue":
            template.names[name] = f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/{NAME}-{name}"
    for name, resource in template.resources.items():
        if resource["Type"] in NAMED:
            template.names[name] = template.get(name, NAMED[resource["Type"]])
    return template


class Stack:
    """As smoke.stack.Stack, with the stubbed clients of `cloud`."""

    def __init__(self, cloud, local=False, **parameters):
        self.name, self.local, self.client = NAME, local, cloud.client
        self.template = template(**parameters)
        self.parameters, self.place = self.template.parameters, PLACE
        self.outputs = {"Table": NAME, "ApiId": "api", "PoolId": f"{REGION}_1", "ClientId": "portal", "OperatorClientId": "operator"}
        self.described = {"StackStatus": "CREATE_COMPLETE", "CreationTime": datetime(2026, 1, 1, tzinfo=UTC)}

    def physical(self, logical):
        return self.template.names[logical]


class Lines(Report):
    """A report whose lines are collected."""

    def __init__(self, local=False):
        self.lines = []
        super().__init__(local, self.lines.append)

    @property
    def text(self):
        return "\n".join(self.lines)


class Case(unittest.TestCase):
    def setUp(self):
        self.cloud = Cloud(self)

    def stack(self, **parameters):
        return Stack(self.cloud, **parameters)

    def passes(self, check, *responses):
        for service, operation, response in responses:
            if isinstance(response, str):
                self.cloud.refuses(service, operation, response)
            else:
                self.cloud.responds(service, operation, response)
        check()
        self.cloud.is_used()

    def fails(self, expected, check, *responses):
        with self.assertRaisesRegex(Failed, expected):
            self.passes(check, *responses)


def changed(response, value, *path):
    """The response with one value changed, or removed if the value is None."""
    response = copy.deepcopy(response)
    inner = response
    for step in path[:-1]:
        inner = inner[step]
    if value is None:
        del inner[path[-1]]
    else:
        inner[path[-1]] = value
    return response
