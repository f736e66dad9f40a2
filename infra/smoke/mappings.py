"""The event source mappings, compared with the template."""

import json

from .report import Failed, agree, expect

ENABLED = ("Enabled", "Enabling", "Updating")
MEMBERS = (
    "FunctionResponseTypes",
    "BatchSize",
    "ParallelizationFactor",
    "BisectBatchOnFunctionError",
    "MaximumRetryAttempts",
    "DestinationConfig",
    "ScalingConfig",
)


class Mappings:
    def __init__(self, stack, report):
        self.stack, self.report, self.template, self.client = stack, report, stack.template, stack.client("lambda")

    def checks(self):
        for name in self.template.of_type("AWS::Lambda::EventSourceMapping"):
            identifier = self.stack.physical(name)
            self.report.check(
                f"the mapping {name} is enabled, and reports failed items of a batch",
                f"aws lambda update-event-source-mapping --uuid {identifier} --enabled "
                "--function-response-types ReportBatchItemFailures; other differences by the template",
                lambda name=name, identifier=identifier: self.compare(name, identifier),
            )

    def compare(self, name, identifier):
        found = self.client.get_event_source_mapping(UUID=identifier)
        if found["State"] not in ENABLED:
            raise Failed(f"it is {found['State']}")
        if "ReportBatchItemFailures" not in found.get("FunctionResponseTypes", []):
            raise Failed("it does not report failed items: one failure repeats its whole batch")
        agree({member: value for member in MEMBERS if (value := self.template.get(name, member)) is not None}, found)
        expect(self.source(name), source_of(found["EventSourceArn"]), "the source")
        expect(filters(self.template.get(name, "FilterCriteria")), filters(found.get("FilterCriteria")), "the filter")

    def source(self, name):
        """The queue's ARN, or the table's name: the template does not know the ARN of its stream."""
        wanted = self.template.get(name, "EventSourceArn")
        return self.stack.outputs["Table"] if wanted == "Table.StreamArn" else wanted


def source_of(arn):
    return arn.split(":table/")[1].split("/")[0] if ":table/" in arn else arn


def filters(criteria):
    return [json.loads(one["Pattern"]) for one in (criteria or {}).get("Filters", [])]
