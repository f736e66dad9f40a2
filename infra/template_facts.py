"""Checks facts of the template that cfn-lint cannot know, because they tie it to the code or to AWS's own rules.

    template_facts.py            prints each error, and exits with 1 if there is any
    template_facts.py --write    writes tests/storm/limits.json: what the storm takes from the template

- A metric filter's message is one that the code logs, and so is the field that it reads: otherwise its alarm never sounds.
- A queue hides a message for six times its function's timeout (AWS Lambda Developer Guide, "Using Lambda with Amazon SQS").
- A function that sends to the queue it reads permits it: otherwise Lambda ends the chain after about 16 messages (the same guide,
  "Recursive loop detection").
- A schedule names a time zone, and never a time from 02:00 to 02:59: in Stockholm one night has none of these, another has two.
- A dead-letter queue has an alarm.
"""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from cfnlint.decode import decode

ROOT = Path(__file__).resolve().parents[1]
LIMITS = ROOT / "tests/storm/limits.json"
MESSAGE = re.compile(r'\$\.message = "([^"]+)"')
CRON = re.compile(r"cron\((\S+) (\S+) ")
TIMES = 6
# These send to their queue from another event only, never from one of its messages.
NO_CHAIN = {"Expire"}


def name_of(value: object) -> str | None:
    """The resource that a `!Ref` or `!GetAtt` names."""
    if isinstance(value, dict) and len(value) == 1:
        (function, target) = next(iter(value.items()))
        if function == "Ref":
            return target
        if function == "Fn::GetAtt":
            return target[0] if isinstance(target, list) else target.split(".")[0]
    return None


def in_the_cloud(value: object) -> object:
    """A value that differs in the local cloud, as it is in the cloud; parameters keep their reference."""
    if isinstance(value, dict) and list(value) == ["Fn::If"]:
        (condition, then, otherwise) = value["Fn::If"]
        return otherwise if condition == "Local" else then
    return value


def names_in(value: object) -> Iterator[str]:
    """All resources that are named anywhere in a value."""
    if name := name_of(value):
        yield name
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from names_in(inner)


class Template:
    def __init__(self, template: dict) -> None:
        self.resources = template["Resources"]
        self.parameters = template["Parameters"]
        self.timeout = template["Globals"]["Function"]["Timeout"]

    def of_type(self, kind: str) -> Iterator[tuple[str, dict]]:
        for name, resource in self.resources.items():
            if resource["Type"] == kind:
                yield name, resource["Properties"]

    def number(self, value: object) -> int:
        value = in_the_cloud(value)
        parameter = name_of(value)
        return int(self.parameters[parameter]["Default"] if parameter else value)

    def errors(self) -> Iterator[str]:
        yield from self.messages()
        yield from self.queues()
        yield from self.schedules()
        yield from self.dead_letters()
        yield from self.limits_of_the_storm()

    def messages(self) -> Iterator[str]:
        logged = "\n".join(source.read_text() for folder in ("functions", "shared") for source in sorted((ROOT / folder).rglob("*.rs")))
        for name, filtered in self.of_type("AWS::Logs::MetricFilter"):
            for message in MESSAGE.findall(filtered["FilterPattern"]):
                if not re.search(rf'tracing::\w+!\([^;]*"{re.escape(message)}"', logged):
                    yield f"{name}: no function logs {message!r}"
                for transformation in filtered["MetricTransformations"]:
                    field = str(transformation["MetricValue"]).removeprefix("$.")
                    if not field.isdigit() and not re.search(rf'\b{field}\b[^;]*"{re.escape(message)}"', logged):
                        yield f"{name}: no function logs {field!r} with {message!r}"

    def queues(self) -> Iterator[str]:
        for name, mapping in self.of_type("AWS::Lambda::EventSourceMapping"):
            queue = name_of(mapping["EventSourceArn"])
            if self.resources.get(queue, {}).get("Type") != "AWS::SQS::Queue":
                continue
            function_name = name_of(mapping["FunctionName"])
            function = self.resources[function_name]["Properties"]
            hidden = self.number(self.resources[queue]["Properties"]["VisibilityTimeout"])
            timeout = self.number(function.get("Timeout", self.timeout))
            if hidden < TIMES * timeout:
                yield f"{name}: {queue} hides a message for {hidden} s; {function_name} runs for up to {timeout} s"
            sends = any(
                "sqs:SendMessage" in statement["Action"] and queue in names_in(statement["Resource"])
                for policy in function.get("Policies", ())
                for statement in policy["Statement"]
            )
            if sends and function_name not in NO_CHAIN and function.get("RecursiveLoop") != "Allow":
                yield f"{function_name}: sends to {queue}, which it reads, without RecursiveLoop: Allow"

    def schedules(self) -> Iterator[str]:
        for name, schedule in self.of_type("AWS::Scheduler::Schedule"):
            if "ScheduleExpressionTimezone" not in schedule:
                yield f"{name}: no time zone"
            found = CRON.search(schedule["ScheduleExpression"])
            if not found or found[2] in ("2", "*") or found[2].startswith("2-") or found[2].endswith("-2"):
                yield f"{name}: {schedule['ScheduleExpression']} is a time that one night does not have"

    def dead_letters(self) -> Iterator[str]:
        watched = {
            watched
            for _, alarm in self.of_type("AWS::CloudWatch::Alarm")
            for dimension in alarm.get("Dimensions", ())
            for watched in names_in(dimension["Value"])
        }
        for name, queue in self.of_type("AWS::SQS::Queue"):
            dead = name_of(queue.get("RedrivePolicy", {}).get("deadLetterTargetArn"))
            if dead and dead not in watched:
                yield f"{name}: no alarm watches {dead}"

    def limits(self) -> dict:
        """The settings that decide how AWS runs the functions, for the storm: all times in seconds."""
        (functions, queues, streams) = ({}, {}, {})
        for name, function in self.of_type("AWS::Serverless::Function"):
            loops = function.get("RecursiveLoop") == "Allow"
            functions[kebab(name)] = {"timeout": self.number(function.get("Timeout", self.timeout)), "loops": loops}
        for _, mapping in self.of_type("AWS::Lambda::EventSourceMapping"):
            of = {"function": kebab(name_of(mapping["FunctionName"])), "batch": mapping["BatchSize"]}
            source = name_of(mapping["EventSourceArn"])
            if self.resources[source]["Type"] == "AWS::DynamoDB::Table":
                attempts = self.number(mapping["MaximumRetryAttempts"]) + 1
                streams[of["function"]] = of | {"lanes": mapping["ParallelizationFactor"], "attempts": attempts}
                continue
            queue = self.resources[source]["Properties"]
            queues[kebab(source)] = of | {
                "invisible": self.number(queue["VisibilityTimeout"]),
                "retained": queue["MessageRetentionPeriod"],
                "receipts": queue["RedrivePolicy"]["maxReceiveCount"],
                "concurrency": self.number(mapping["ScalingConfig"]["MaximumConcurrency"]),
            }
        return {"functions": functions, "queues": queues, "streams": streams}

    def limits_of_the_storm(self) -> Iterator[str]:
        if not LIMITS.exists() or json.loads(LIMITS.read_text()) != self.limits():
            yield f"{LIMITS.relative_to(ROOT)} is not the template's: template_facts.py --write"


def kebab(name: str) -> str:
    """`RetentionWorker` as `retention-worker`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "-", name).lower()


def main() -> int:
    (template, _) = decode(str(ROOT / "infra/template.yaml"))
    if sys.argv[1:] == ["--write"]:
        LIMITS.write_text(json.dumps(Template(template).limits(), indent=2) + "\n")
    errors = list(Template(template).errors())
    for error in errors:
        print(error, file=sys.stderr)
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
