"""The deployed stack: its outputs, parameters, template and resources, and clients for the services of its region."""

import os
from functools import cached_property

import boto3
from botocore.config import Config

from .template import Template

LOCAL_STACK = "inspelning"
RETRIES = Config(retries={"mode": "standard", "max_attempts": 5})


class Stack:
    """The addresses in `local` are those of the local cloud. It is None on AWS."""

    def __init__(self, name, session, local=None):
        self.name, self.session, self.addresses = name, session, local or {}
        self.local = local is not None
        self.clients = {}

    @classmethod
    def on_aws(cls, name):
        return cls(name, boto3.session.Session())

    @classmethod
    def in_the_local_cloud(cls, cloud):
        """The stack of the local cloud, whose settings file was read."""
        os.environ.pop("AWS_PROFILE", None)
        session = boto3.session.Session(cloud["access_key"], cloud["secret_key"], region_name=cloud["region"])
        return cls(LOCAL_STACK, session, cloud)

    def client(self, service, region=None):
        """A client of the service, created once."""
        if (service, region) not in self.clients:
            endpoint = self.addresses.get("endpoint")
            self.clients[service, region] = self.session.client(service, region_name=region, endpoint_url=endpoint, config=RETRIES)
        return self.clients[service, region]

    @cached_property
    def described(self):
        return self.client("cloudformation").describe_stacks(StackName=self.name)["Stacks"][0]

    @cached_property
    def place(self):
        """Where the stack is, from its ARN."""
        _, partition, _, region, account, _ = self.described["StackId"].split(":", 5)
        return {"partition": partition, "region": region, "account": account, "stack": self.name}

    @cached_property
    def parameters(self):
        return {one["ParameterKey"]: one["ParameterValue"] for one in self.described.get("Parameters", [])}

    @cached_property
    def outputs(self):
        return {one["OutputKey"]: one["OutputValue"] for one in self.described["Outputs"]}

    @cached_property
    def template(self):
        cloudformation = self.client("cloudformation")
        pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName=self.name)
        names = {one["LogicalResourceId"]: one["PhysicalResourceId"] for page in pages for one in page["StackResourceSummaries"]}
        text = cloudformation.get_template(StackName=self.name, TemplateStage="Original")["TemplateBody"]
        return Template(text, self.parameters, names, self.place)

    def physical(self, logical):
        return self.template.names[logical]

    @property
    def api(self):
        return self.addresses.get("api") or self.outputs["ApiUrl"]

    @property
    def sign_in(self):
        """The address of the sign-in page and the token endpoint."""
        return self.addresses.get("endpoint") or self.outputs["SignInUrl"]

    @property
    def origin(self):
        """The portal's origin, which CORS and sign-in permit."""
        return self.parameters["PortalOrigin"]

    @property
    def portal(self):
        """The address where the portal is served; None if the local cloud has none."""
        return self.addresses.get("portal") if self.local else self.outputs["PortalUrl"]
