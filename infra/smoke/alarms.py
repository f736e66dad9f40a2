"""The alarms: their actions and their states."""

from datetime import UTC, datetime, timedelta

from .report import Failed, Skipped, none_of

FIRST_DAY = timedelta(days=1, hours=1)
ASLEEP = ("-delivery-asleep", "-reconcile-asleep", "-billing-asleep")  # they fire until the first run


class Alarms:
    def __init__(self, stack, report):
        self.stack, self.report, self.template, self.client = stack, report, stack.template, stack.client("cloudwatch")
        self.topic = stack.parameters.get("AlarmTopic")
        self.names = {self.template.get(name, "AlarmName") for name in self.template.of_type("AWS::CloudWatch::Alarm")}

    def checks(self):
        self.report.check(
            f"{len(self.names)} alarms exist and are enabled, {'each with the action AlarmTopic' if self.topic else 'without an action'}",
            "aws cloudwatch enable-alarm-actions, or deploy with AlarmTopic=…",
            self.compare,
        )
        self.report.check(
            "AlarmTopic has a confirmed subscription",
            "aws sns subscribe, and confirm it: without one, nobody is informed of an alarm",
            self.subscriptions,
        )

    def check_states(self):
        self.report.check(
            "no alarm is in the state ALARM",
            "docs/operating/alarms.md has a row for each",
            self.states,
            only_on_aws=True,
        )

    def found(self):
        pages = self.client.get_paginator("describe_alarms").paginate(AlarmNamePrefix=f"{self.stack.name}-", AlarmTypes=["MetricAlarm"])
        return {alarm["AlarmName"]: alarm for page in pages for alarm in page["MetricAlarms"] if alarm["AlarmName"] in self.names}

    def compare(self):
        found = self.found()
        wrong = [f"{name} does not exist" for name in sorted(self.names - found.keys())]
        actions = [self.topic] if self.topic else []
        for name, alarm in found.items():
            if alarm.get("AlarmActions", []) != actions:
                wrong.append(f"{name} has the actions {alarm.get('AlarmActions')}")
            if not alarm.get("ActionsEnabled", True):
                wrong.append(f"the actions of {name} are disabled")
        none_of(wrong)

    def subscriptions(self):
        if not self.topic:
            raise Skipped("the stack has no AlarmTopic, so alarms only show in the console")
        sns = self.stack.client("sns", self.topic.split(":")[3])
        pages = sns.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=self.topic)
        confirmed = [one for page in pages for one in page["Subscriptions"] if one["SubscriptionArn"].startswith("arn:")]
        if not confirmed:
            raise Failed("it has none")

    def states(self):
        young = datetime.now(UTC) - self.stack.described["CreationTime"] < FIRST_DAY
        alarming = [name for name, alarm in self.found().items() if alarm["StateValue"] == "ALARM"]
        none_of([f"{name} is in ALARM" for name in alarming if not (young and name.endswith(ASLEEP))])
