"""Tests of the deployment: what is asked of CloudFormation in each state of the stack, and what the operator reads."""

import hashlib
import tempfile
import unittest
from datetime import UTC, datetime
from pathlib import Path
from unittest.mock import patch

import deploy
from botocore.stub import ANY
from checks.plan import template
from stubs import ACCOUNT, REGION, Cloud, printed

ID = f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/inspelning/1"
CHANGES = {"StackName": "inspelning", "ChangeSetName": "arn:changes"}
FIRING = "inspelning-index-behind"


class Case(unittest.TestCase):
    def setUp(self):
        self.cloud = Cloud(self)
        for target in ("botocore.waiter.time.sleep", "deploy.preflight.require"):
            started = patch(target)
            started.start()
            self.addCleanup(started.stop)

    def stack(self, status, outputs=None, **parameters):
        """Expects a request for the stack, and responds with it; None is no stack."""
        if not status:
            return self.cloud.refuses("cloudformation", "describe_stacks", "ValidationError", "Stack with id inspelning does not exist")
        described = {"StackName": "inspelning", "StackStatus": status, "CreationTime": datetime.now(UTC)}
        described["Parameters"] = [{"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()]
        described["Outputs"] = [{"OutputKey": name, "OutputValue": value} for name, value in (outputs or {}).items()]
        return self.cloud.responds("cloudformation", "describe_stacks", {"Stacks": [described]})

    def declares(self, *parameters):
        described = {"Parameters": [{"ParameterKey": name} for name in parameters]}
        self.cloud.responds("cloudformation", "get_template_summary", described, {"TemplateURL": "https://template"})

    def change_set(self, kind, parameters=ANY, rollback=ANY):
        asked = {"StackName": "inspelning", "ChangeSetName": ANY, "ChangeSetType": kind, "TemplateURL": "https://template"}
        asked |= {"Capabilities": ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"], "Parameters": parameters, "RollbackConfiguration": rollback}
        self.cloud.responds("cloudformation", "create_change_set", {"Id": "arn:changes"}, asked)

    def changes(self, status="CREATE_COMPLETE", reason=None):
        """Expects a request for the change set, and responds with it."""
        resource = {"Action": "Modify", "ResourceType": "AWS::Lambda::Function", "LogicalResourceId": "Upload"}
        described = {"Status": status, "Changes": [{"Type": "Resource", "ResourceChange": resource}]}
        described |= {"StatusReason": reason} if reason else {}
        self.cloud.responds("cloudformation", "describe_change_set", described, CHANGES)

    def alarms(self, *names, firing=()):
        arn = f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:"
        found = [{"AlarmName": name, "AlarmArn": arn + name, "StateValue": "ALARM" if name in firing else "OK"} for name in names]
        asked = {"AlarmNames": [f"inspelning-{name}" for name in deploy.TRIGGERS]}
        self.cloud.responds("cloudwatch", "describe_alarms", {"MetricAlarms": found}, asked)
        return [{"Arn": arn + name, "Type": "AWS::CloudWatch::Alarm"} for name in names if name not in firing]

    def executes(self):
        self.changes()
        self.changes()
        self.cloud.responds("cloudformation", "execute_change_set", {}, CHANGES)

    def protects(self):
        asked = {"StackName": "inspelning", "EnableTerminationProtection": True}
        self.cloud.responds("cloudformation", "update_termination_protection", {"StackId": ID}, asked)

    def events(self, *events):
        """Expects a request for the events, and responds with these: each a resource, its status and its reason."""
        written = [
            {
                "StackId": ID,
                "EventId": str(number),
                "StackName": "inspelning",
                "Timestamp": datetime.now(UTC),
                "LogicalResourceId": resource,
                "PhysicalResourceId": ID if resource == "inspelning" else resource,
                "ResourceStatus": status,
                "ResourceStatusReason": reason,
            }
            for number, (resource, status, reason) in enumerate(events)
        ]
        self.cloud.responds("cloudformation", "describe_stack_events", {"StackEvents": written})

    def apply(self, monitor=20, **parameters):
        """Deploys, and returns what is printed. All that is expected must have been requested."""
        cloudformation, cloudwatch = self.cloud.client("cloudformation"), self.cloud.client("cloudwatch")
        with printed() as out:
            deploy.apply(cloudformation, cloudwatch, "inspelning", "https://template", parameters, monitor)
        self.cloud.is_used()
        return out.getvalue()

    def failed(self, **parameters):
        with self.assertRaises(RuntimeError) as raised:
            self.apply(**parameters)
        self.cloud.is_used()
        return str(raised.exception)


def given(name, value):
    return {"ParameterKey": name, "ParameterValue": value}


def retained(name):
    return {"ParameterKey": name, "UsePreviousValue": True}


class FirstDeployment(Case):
    def creates(self):
        self.declares("CodeVersion", "LogDays")
        self.change_set("CREATE", [given("CodeVersion", "1")], {})
        self.executes()

    def test_creates_the_stack_and_protects_it(self):
        self.stack(None)
        self.creates()
        self.stack("CREATE_IN_PROGRESS")
        self.stack("CREATE_COMPLETE")
        self.protects()
        self.assertRegex(self.apply(CodeVersion="1"), r"Modify +AWS::Lambda::Function +Upload\n")

    def test_a_stack_without_resources_is_created(self):
        self.stack("REVIEW_IN_PROGRESS")
        self.creates()
        self.stack("CREATE_COMPLETE")
        self.protects()
        self.apply(CodeVersion="1")

    def test_a_failed_one_is_deleted_and_created_with_the_defaults(self):
        self.stack("ROLLBACK_COMPLETE", CodeVersion="0", LogDays="90")
        self.cloud.responds("cloudformation", "delete_stack", {}, {"StackName": "inspelning"})
        self.stack("DELETE_IN_PROGRESS")
        self.stack(None)
        self.creates()
        self.stack("CREATE_COMPLETE")
        self.protects()
        self.assertIn("deleting what is left", self.apply(CodeVersion="1"))

    def test_a_failed_one_that_cannot_be_deleted(self):
        self.stack("ROLLBACK_COMPLETE")
        self.cloud.responds("cloudformation", "delete_stack", {})
        self.stack("DELETE_FAILED")
        self.stack("DELETE_FAILED")
        self.events(
            ("inspelning", "DELETE_FAILED", "The following resource(s) failed to delete: [Recordings]."),
            ("Recordings", "DELETE_FAILED", "The bucket is not empty"),
            ("inspelning", "DELETE_IN_PROGRESS", "User Initiated"),
            ("Table", "CREATE_FAILED", "of an earlier operation"),
        )
        error = self.failed()
        self.assertIn("delete-stack --stack-name inspelning", error)
        self.assertIn("Recordings DELETE_FAILED: The bucket is not empty", error)
        self.assertNotIn("earlier", error)

    def test_it_fails(self):
        self.stack(None)
        self.creates()
        self.stack("CREATE_IN_PROGRESS")
        self.stack("ROLLBACK_COMPLETE")
        self.stack("ROLLBACK_COMPLETE")
        self.events(
            ("inspelning", "ROLLBACK_COMPLETE", ""),
            ("inspelning", "ROLLBACK_IN_PROGRESS", "The following resource(s) failed to create: [Table, Queue]."),
            ("Queue", "CREATE_FAILED", "Resource creation cancelled"),
            ("Table", "CREATE_FAILED", "inspelning already exists"),
            ("inspelning", "CREATE_IN_PROGRESS", "User Initiated"),
        )
        error = self.failed(CodeVersion="1")
        self.assertIn("correct the cause, and run again\n  Table CREATE_FAILED: inspelning already exists\n  inspelning ROLLBACK", error)
        self.assertNotIn("Queue CREATE_FAILED", error)


class Update(Case):
    def updates(self, **change_set):
        self.stack("UPDATE_COMPLETE")
        self.declares()
        self.alarms()
        self.change_set("UPDATE", **change_set)
        self.executes()

    def test_parameters_are_given_retained_or_dropped(self):
        self.stack("UPDATE_ROLLBACK_COMPLETE", CodeVersion="0", LogDays="90", AlarmTopic="arn:aws:sns", Removed="x")
        self.declares("CodeVersion", "LogDays", "AlarmTopic", "Tracing")
        self.alarms()
        self.change_set("UPDATE", [given("CodeVersion", "1"), given("AlarmTopic", ""), retained("LogDays")])
        self.executes()
        self.stack("UPDATE_IN_PROGRESS")
        self.stack("UPDATE_COMPLETE")
        self.protects()
        self.apply(CodeVersion="1", AlarmTopic="")

    def test_nothing_has_changed(self):
        for reason in ("The submitted information didn't contain changes.", "No updates are to be performed."):
            self.stack("CREATE_COMPLETE")
            self.declares()
            self.alarms()
            self.change_set("UPDATE")
            for _ in range(2):
                self.changes("FAILED", reason)
            self.cloud.responds("cloudformation", "delete_change_set", {}, CHANGES)
            self.protects()
            self.assertEqual("nothing has changed\n", self.apply())

    def test_an_invalid_change_set(self):
        self.stack("CREATE_COMPLETE")
        self.declares()
        self.alarms()
        self.change_set("UPDATE")
        for _ in range(2):
            self.changes("FAILED", "Template format error")
        self.assertEqual("the change set failed: Template format error", self.failed())

    def test_it_is_rolled_back(self):
        self.updates()
        self.stack("UPDATE_ROLLBACK_IN_PROGRESS")
        self.stack("UPDATE_ROLLBACK_COMPLETE")
        self.stack("UPDATE_ROLLBACK_COMPLETE")
        self.events(
            ("inspelning", "UPDATE_ROLLBACK_IN_PROGRESS", "The alarm inspelning-api-budget-fast is in ALARM"),
            ("inspelning", "UPDATE_IN_PROGRESS", "User Initiated"),
        )
        error = self.failed()
        self.assertIn("the update was rolled back, and the earlier version runs\n", error)
        self.assertIn("inspelning-api-budget-fast is in ALARM", error)

    def test_its_rollback_fails(self):
        self.updates()
        self.stack("UPDATE_ROLLBACK_FAILED")
        self.stack("UPDATE_ROLLBACK_FAILED")
        self.events(("inspelning", "UPDATE_IN_PROGRESS", "User Initiated"))
        self.assertIn("UPDATE_ROLLBACK_FAILED: correct the cause, and run aws cloudformation continue-update-rollback", self.failed())

    def test_it_takes_too_long(self):
        self.updates()
        for _ in range(12 * 1 + 1):
            self.stack("UPDATE_IN_PROGRESS")
        self.events(("inspelning", "UPDATE_IN_PROGRESS", "User Initiated"))
        with patch.object(deploy, "RESOURCES", -19):
            self.assertEqual("inspelning is UPDATE_IN_PROGRESS: wait until it is complete", self.failed())


class Rollback(Case):
    """The alarms that roll an update back."""

    def updates(self, rollback, monitor=20):
        self.change_set("UPDATE", rollback=rollback)
        self.executes()
        self.stack("UPDATE_COMPLETE")
        self.protects()
        return self.apply(monitor=monitor)

    def test_alarms_are_monitored(self):
        self.stack("CREATE_COMPLETE")
        self.declares()
        triggers = self.alarms("inspelning-api-budget-fast", FIRING)
        self.updates({"RollbackTriggers": triggers, "MonitoringTimeInMinutes": 7}, monitor=7)

    def test_a_firing_alarm_does_not_undo_its_correction(self):
        self.stack("CREATE_COMPLETE")
        self.declares()
        triggers = self.alarms("inspelning-api-budget-fast", FIRING, firing=[FIRING])
        self.assertEqual(1, len(triggers))
        out = self.updates({"RollbackTriggers": triggers, "MonitoringTimeInMinutes": 20})
        self.assertIn(f"{FIRING} is firing, so it does not roll this update back", out)

    def test_without_alarms_nothing_waits_and_earlier_ones_are_forgotten(self):
        self.stack("CREATE_COMPLETE")
        self.declares()
        self.alarms(FIRING, firing=[FIRING])
        self.updates({"RollbackTriggers": [], "MonitoringTimeInMinutes": 0})

    def test_the_template_has_these_alarms(self):
        names = [resource["Properties"].get("AlarmName") for resource in template()["Resources"].values()]
        self.assertLessEqual({f"${{AWS::StackName}}-{name}" for name in deploy.TRIGGERS}, set(names))
        self.assertLessEqual(len(deploy.TRIGGERS), 5, "CloudFormation accepts five at most")


class Protection(Case):
    """The table outlives a mistake."""

    def test_a_table_is_protected_once(self):
        table = {"Table": {"TableName": "inspelning"}}
        self.cloud.responds("dynamodb", "describe_table", table, {"TableName": "inspelning"})
        asked = {"TableName": "inspelning", "DeletionProtectionEnabled": True}
        self.cloud.responds("dynamodb", "update_table", {"TableDescription": {"TableName": "inspelning"}}, asked)
        deploy.protect(self.cloud.client("dynamodb"), "inspelning")
        table["Table"]["DeletionProtectionEnabled"] = True
        self.cloud.responds("dynamodb", "describe_table", table, {"TableName": "inspelning"})
        deploy.protect(self.cloud.client("dynamodb"), "inspelning")


class Binaries(Case):
    def refused(self, content, machine=62, architecture="x86_64"):
        with tempfile.TemporaryDirectory() as built:
            if content:
                Path(built, "upload").write_bytes(b"\x7fELF".ljust(18, b"\0") + machine.to_bytes(2, "little") + content)
            folders = {name: (Path(built), machine, command) for name, (_, machine, command) in deploy.ARCHITECTURES.items()}
            with patch.multiple(deploy, ARCHITECTURES=folders, FUNCTIONS=["upload"]), self.assertRaises(RuntimeError) as raised:
                deploy.refuse_what_would_not_start(architecture)
                raise RuntimeError("nothing is refused")
        return str(raised.exception)

    def test_glibc_is_not_newer_than_the_runtimes(self):
        self.assertEqual("nothing is refused", self.refused(b"\0GLIBC_2.2.5\0GLIBC_2.34\0GLIBC_2.4\0"))
        self.assertRegex(
            self.refused(b"\0GLIBC_2.4\0GLIBC_2.35\0"), "upload needs glibc 2.35, provided.al2023 has 2.34: build on Debian 12"
        )

    def test_a_binary_that_is_not_built(self):
        self.assertIn("make build-release", self.refused(None))
        self.assertIn("make build-arm64", self.refused(None, architecture="arm64"))

    def test_another_architecture(self):
        self.assertIn("upload is not built for x86_64", self.refused(b"GLIBC_2.4", 183))
        self.assertIn("upload is not built for arm64", self.refused(b"GLIBC_2.4", 62, "arm64"))
        self.assertEqual("nothing is refused", self.refused(b"GLIBC_2.4", 183, "arm64"))


class Template(Case):
    def test_its_name_is_its_content(self):
        content = (deploy.ROOT / "infra/template.yaml").read_bytes()
        key = f"{hashlib.sha256(content).hexdigest()[:16]}/template.yaml"
        self.cloud.responds("s3", "put_object", {}, {"Bucket": "code", "Key": key, "Body": content})
        address = deploy.upload_template(self.cloud.client("s3"), "code")
        self.assertEqual(f"https://s3.{REGION}.amazonaws.com/code/{key}", address)
        self.cloud.is_used()


class Deploy(Case):
    """The whole, with its uploads."""

    def setUp(self):
        super().setUp()
        self.stack("UPDATE_COMPLETE")  # for its architecture
        self.calls = []
        replaced = {
            "refuse_what_would_not_start": lambda architecture: self.calls.append(architecture),
            "upload_code": lambda *asked: self.calls.append(asked[2].relative_to(deploy.ROOT).parts[1:]) or "1",
            "upload_template": lambda *_: self.calls.append("template") or "https://template",
            "apply": lambda *asked: self.calls.append(asked[2:]),
        }
        for name, function in replaced.items():
            self.replace(f"deploy.{name}", function)
        self.replace("deploy.protect", lambda _, table: self.calls.append(f"protected {table}"))
        self.replace("deploy.portal_files.upload", lambda _, outputs: self.calls.append(outputs))
        self.replace("deploy.boto3.client", self.cloud.client)

    def replace(self, target, function):
        started = patch(target, function)
        started.start()
        self.addCleanup(started.stop)

    def run_with(self, *arguments):
        with patch("sys.argv", ["deploy.py", *arguments]), printed() as out:
            deploy.main()
        return out.getvalue()

    def test_a_stack_changes_its_architecture_only_if_asked(self):
        existing = {"Parameters": [{"ParameterKey": "Architecture", "ParameterValue": "arm64"}]}
        for asked, expected in (("arm64", "arm64"), ("x86_64", "x86_64")):
            self.assertEqual(expected, deploy.chosen(asked, {}, existing))
        self.assertEqual("x86_64", deploy.chosen(None, {}, None))
        with self.assertRaisesRegex(RuntimeError, "repeat ARCHITECTURE=arm64"):
            deploy.chosen(None, {}, existing)
        with self.assertRaisesRegex(RuntimeError, "is no parameter to give"):
            deploy.chosen("arm64", {"Architecture": "arm64"}, None)

    def test_the_other_architecture_has_its_own_binaries(self):
        self.stack("UPDATE_COMPLETE", {"Table": "inspelning"})
        self.replace("deploy.preflight.require", lambda *_: None)
        self.run_with("inspelning", "bucket", "--architecture", "arm64")
        self.assertEqual(["arm64", ("aarch64-unknown-linux-gnu", "release")], self.calls[:2])
        self.assertEqual("arm64", self.calls[3][2]["Architecture"])

    def test_checks_then_uploads_then_deploys_then_the_portal(self):
        outputs = {"ApiUrl": "https://api", "Table": "inspelning"}
        self.stack("UPDATE_COMPLETE", outputs)
        self.replace("deploy.preflight.require", lambda *asked: self.calls.append(("preflight", *asked[1:])))
        out = self.run_with("inspelning", "bucket", "--monitor", "5", "LogDays=90", "CsvSeparator=,")
        given = {"LogDays": "90", "CsvSeparator": ","}
        code = {"CodeBucket": "bucket", "CodeVersion": "1", "Architecture": "x86_64"}
        deployed = ("inspelning", "https://template", given | code, 5)
        checked = ("preflight", "inspelning", given, "bucket")
        self.assertEqual(["x86_64", checked, ("release",), "template", deployed, "protected inspelning", outputs], self.calls)
        self.assertRegex(out, r"ApiUrl +https://api\n")

    def test_monitors_longer_than_an_alarm_needs(self):
        self.stack("UPDATE_COMPLETE", {"Table": "inspelning"})
        self.run_with("inspelning", "bucket")
        self.assertEqual(25, self.calls[3][-1])

    def test_nothing_is_uploaded_if_a_check_stops(self):
        def not_ready(*_):
            raise RuntimeError("the account is not ready")

        self.replace("deploy.preflight.require", not_ready)
        self.assertEqual("the account is not ready", self.exit_of("inspelning", "bucket"))
        self.assertEqual(["x86_64"], self.calls)

    def test_a_failure_exits_with_its_text_and_leaves_the_portal(self):
        def rolled_back(*_):
            raise RuntimeError("the update was rolled back")

        self.replace("deploy.apply", rolled_back)
        self.assertEqual("the update was rolled back", self.exit_of("inspelning", "bucket"))
        self.assertEqual(["x86_64", ("release",), "template"], self.calls)

    def exit_of(self, *arguments):
        """The text that the program ends with; a text exits with 1."""
        with self.assertRaises(SystemExit) as raised:
            self.run_with(*arguments)
        return raised.exception.code


if __name__ == "__main__":
    unittest.main()
