"""Tests a deployed stack: its settings, and its main job with a throw-away organisation.

    python -m smoke STACK    the stack in the AWS account of your credentials
    python -m smoke          the local cloud whose settings file is named by CLOUD

Prints a line for each check. Removes what it created, also after a failure or Ctrl-C. Exit status 1 reports a failed check.
"""

import json
import os
import sys
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from .alarms import Alarms
from .buckets import Buckets
from .delivery import Delivery
from .deployment import Deployment
from .functions import Functions
from .http_api import HttpApi
from .journey import Journey
from .mappings import Mappings
from .organisation import ADMINISTRATOR, Organisation
from .portal import Portal
from .queues import Queues
from .report import Cleanup, Report, ignore_signals, stop_on_signals
from .responses import Responses
from .schedules import Schedules
from .stack import Stack
from .table import Table
from .user_pool import UserPool

INTERRUPTED = 130


def main(arguments):
    if len(arguments) > 1:
        sys.exit(__doc__)
    stop_on_signals()
    try:
        stack = find(*arguments)
        report = Report(stack.local)
        print(f"the stack {stack.name} in {stack.place['region']}, account {stack.place['account']}", flush=True)
    except (BotoCoreError, ClientError, OSError) as error:
        sys.exit(f"there is no stack to test: {error}")
    return run(stack, report)


def find(name=None):
    if name:
        return Stack.on_aws(name)
    if "CLOUD" not in os.environ:
        sys.exit("name the stack, or run this in a local cloud: make smoke STACK=… or make smoke")
    return Stack.in_the_local_cloud(json.loads(Path(os.environ["CLOUD"]).read_text()))


def run(stack, report):
    """Runs every check, and cleans up. Returns the exit status."""
    cleanup, interrupted = Cleanup(), False
    organisation = Organisation(stack, report, cleanup)
    try:
        if report.section("Stack", Deployment(stack, report).checks):
            compare(stack, report)
            use(stack, report, cleanup, organisation)
            report.section("Afterwards", Queues(stack, report).check_dead_letters, Alarms(stack, report).check_states)
    except KeyboardInterrupt:
        interrupted = True
        report.write("\ninterrupted")
    finally:
        ignore_signals()
        cleanup.run(report)
    if organisation.operator:
        report.write(f"\n{remaining(organisation)}")
    report.write(f"\n{report.summary()}")
    return INTERRUPTED if interrupted else int(report.failed)


def compare(stack, report):
    """Compares the stack's resources with its template, by reading alone."""
    sections = {
        "Table": Table,
        "Buckets": Buckets,
        "Functions": Functions,
        "Event source mappings": Mappings,
        "Queues": Queues,
        "Schedules": Schedules,
        "HTTP API": HttpApi,
        "User pool": UserPool,
        "Alarms": Alarms,
    }
    for title, kind in sections.items():
        report.section(title, kind(stack, report).checks)


def use(stack, report, cleanup, organisation):
    """Does the main job with the organisation, and reads the responses of the API and the portal on the way."""
    responses, portal = Responses(stack, report), Portal(stack, report)
    journey, delivery = Journey(stack, report, cleanup, organisation), Delivery(stack, report, cleanup, organisation)
    report.section("Responses of API Gateway", responses.of_the_gateway)
    report.section("Portal", portal.checks)
    signed_in = report.section("Organisation and sign-in", organisation.provision, organisation.sign_in)
    report.section("Attributes", organisation.protect_attributes, needs=signed_in)
    report.section("Responses of functions", lambda: responses.of_functions(organisation), needs=signed_in)
    stored = report.section("Upload and playback", journey.start_recording, journey.upload_a_call, journey.upload_in_parts, needs=signed_in)
    report.section("Annotations and holds", journey.annotate_and_hold, needs=stored)
    report.section("Application", journey.use_application, needs=stored)
    playback = (lambda: responses.audio(organisation, journey.short.recording), lambda: portal.browse(organisation))
    report.section("Portal with calls", *playback, needs=stored)
    report.section("SFTP", delivery.check_server, delivery.sign_in, needs=signed_in)
    report.section("Erasure", journey.check_erasure, needs=stored)


def remaining(organisation):
    return f"""These remain by design:
- the organisation {organisation.id}, without the base service and with prices of zero
- its {ADMINISTRATOR}, without an account: the API does not remove the last administrator
- its audit log, the ids of its erased recordings for 400 days, and the lines of the logs"""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
