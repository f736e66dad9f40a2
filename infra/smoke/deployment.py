"""The stack itself: its state, its template and its protection."""

from pathlib import Path

from .report import Failed, expect

TEMPLATE = Path(__file__).resolve().parents[1] / "template.yaml"
COMPLETE = ("CREATE_COMPLETE", "UPDATE_COMPLETE")


class Deployment:
    def __init__(self, stack, report):
        self.stack, self.report = stack, report

    def checks(self):
        check, name = self.report.check, self.stack.name
        check(
            "the stack is complete",
            f"aws cloudformation describe-stack-events --stack-name {name}, then make deploy",
            self.complete,
            required=True,
        )
        check(
            "the stack has the template of this checkout",
            "make deploy, or check out the deployed version: the checks below compare with the stack's own template",
            self.template,
        )
        check(
            "the stack is protected from deletion",
            f"aws cloudformation update-termination-protection --enable-termination-protection --stack-name {name}",
            lambda: expect(True, self.stack.described.get("EnableTerminationProtection"), "EnableTerminationProtection"),
            only_on_aws=True,
        )

    def complete(self):
        if self.stack.described["StackStatus"] not in COMPLETE:
            raise Failed(f"it is {self.stack.described['StackStatus']}")

    def template(self):
        if self.stack.template.text.strip() != TEMPLATE.read_text().strip():
            raise Failed("they differ")
