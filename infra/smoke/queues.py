"""The queues, compared with the template, and the messages in the dead-letter queues."""

import json

from .report import expect, none_of, wrong_in

MEMBERS = ("VisibilityTimeout", "MessageRetentionPeriod", "SqsManagedSseEnabled", "RedrivePolicy")


class Queues:
    def __init__(self, stack, report):
        self.stack, self.report, self.template, self.client = stack, report, stack.template, stack.client("sqs")
        self.names = self.template.of_type("AWS::SQS::Queue")
        self.dead = [name for name in self.names if not self.template.get(name, "RedrivePolicy")]

    def checks(self):
        self.report.check(
            f"{len(self.names)} queues have the timeouts, the encryption and the dead-letter queues of the template",
            "aws sqs set-queue-attributes, with the values of the template",
            lambda: none_of([wrong for name in self.names for wrong in self.compare(name)]),
        )

    def check_dead_letters(self):
        for name in self.dead:
            queue = self.stack.physical(name).rsplit("/", 1)[-1]
            self.report.check(
                f"the dead-letter queue {queue} is empty",
                "docs/operating/runbooks.md, Dead letters",
                lambda name=name: self.expect_empty(name),
            )

    def attributes(self, name):
        return self.client.get_queue_attributes(QueueUrl=self.stack.physical(name), AttributeNames=["All"])["Attributes"]

    def compare(self, name):
        attributes = self.attributes(name)
        found = attributes | {"RedrivePolicy": json.loads(attributes.get("RedrivePolicy", "null"))}
        wanted = {member: self.template.get(name, member) for member in MEMBERS}
        return wrong_in({member: value for member, value in wanted.items() if value is not None}, found, name)

    def expect_empty(self, name):
        found = self.attributes(name)
        count = sum(int(found.get(f"ApproximateNumberOfMessages{kind}", 0)) for kind in ("", "NotVisible"))
        expect(0, count, "the number of messages")
