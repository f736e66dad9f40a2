"""Stubbed clients: each request must be expected, in order, and all that are expected must be made."""

import contextlib
import io
from functools import cache

from boto3 import Session
from botocore.stub import ANY, Stubber

REGION = "eu-north-1"
ACCOUNT = "123456789012"


@cache
def client(service, region):
    return Session(region_name=region).client(service)


class Cloud:
    def __init__(self, test):
        self.test, self.stubs = test, {}

    def client(self, service, region=None):
        """The client of a service, as boto3.client gives it. It permits no request that is not expected."""
        return self.stub(service, region).client

    def stub(self, service, region=None):
        place = (service, region or REGION)
        if place not in self.stubs:
            stub = self.stubs[place] = Stubber(client(*place))
            stub.activate()
            self.test.addCleanup(stub.deactivate)
        return self.stubs[place]

    def responds(self, service, operation, response, asked=ANY, region=None):
        """Expects a request, with these parameters if any are given, and responds to it."""
        self.stub(service, region).add_response(operation, response, None if asked is ANY else asked)

    def refuses(self, service, operation, error, text="", region=None):
        self.stub(service, region).add_client_error(operation, service_error_code=error, service_message=text)

    def is_used(self):
        for stub in self.stubs.values():
            stub.assert_no_pending_responses()


@contextlib.contextmanager
def printed():
    with contextlib.redirect_stdout(io.StringIO()) as out:
        yield out
