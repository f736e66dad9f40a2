"""The schedules, compared with the template."""

from .report import agree, expect


class Schedules:
    def __init__(self, stack, report):
        self.stack, self.report, self.template, self.client = stack, report, stack.template, stack.client("scheduler")

    def checks(self):
        for logical in self.template.of_type("AWS::Scheduler::Schedule"):
            name = self.template.get(logical, "Name")
            self.report.check(
                f"the schedule {name} is enabled, with its target and its dead-letter queue",
                f"aws scheduler update-schedule --name {name} --state ENABLED …, with the values of the template",
                lambda logical=logical, name=name: self.compare(logical, name),
            )
            self.report.check(
                f"the schedule {name} is in the time zone {self.template.get(logical, 'ScheduleExpressionTimezone')}",
                f"aws scheduler update-schedule --name {name} --schedule-expression-timezone Europe/Stockholm …",
                lambda logical=logical, name=name: self.time_zone(logical, name),
                only_on_aws=True,
            )

    def compare(self, logical, name):
        found = self.client.get_schedule(Name=name)
        wanted = self.template.get(logical, "Target")
        agree({"State": "ENABLED", "ScheduleExpression": self.template.get(logical, "ScheduleExpression")}, found)
        target = {member: wanted[member] for member in ("Arn", "Input", "DeadLetterConfig", "RetryPolicy") if member in wanted}
        agree(target, found["Target"], "the target's ")

    def time_zone(self, logical, name):
        wanted = self.template.get(logical, "ScheduleExpressionTimezone")
        expect(wanted, self.client.get_schedule(Name=name).get("ScheduleExpressionTimezone"), "the time zone")
