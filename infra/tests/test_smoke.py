"""Tests of the smoke test's frame: the report, the clean-up, the template's references, and the whole run."""

import signal
import unittest
from unittest.mock import patch

import smoke.__main__ as program
from smoke.report import STOP, Cleanup, Failed, Skipped, agree, ignore_signals, stop_on_signals, until
from smoke_stack import Lines, Stack, template
from stubs import ACCOUNT, REGION, Cloud


def fails(text="it is 1, not 2"):
    raise Failed(text)


def skips():
    raise Skipped("there is none")


class Reported(unittest.TestCase):
    def test_a_check_that_passes_returns_its_result(self):
        report = Lines()
        self.assertEqual(7, report.check("one", "repair it", lambda: 7))
        self.assertEqual((["  pass     one"], False), (report.lines, report.failed))

    def test_a_check_that_fails_has_a_remedy(self):
        report = Lines()
        report.check("one", "repair it", fails)
        self.assertEqual("  fail     one: it is 1, not 2\n           remedy: repair it", report.text)
        self.assertTrue(report.failed)

    def test_an_unexpected_error_is_a_failure(self):
        report = Lines()
        report.check("one", "repair it", lambda: {}["member"])
        self.assertIn("fail     one: KeyError: 'member'", report.text)

    def test_a_check_of_aws_is_skipped_in_the_local_cloud(self):
        report = Lines(local=True)
        report.check("one", "repair it", fails, only_on_aws=True)
        report.check("two", "repair it", skips)
        self.assertEqual(["  skipped  one: only on AWS", "  skipped  two: there is none"], report.lines)
        self.assertFalse(report.failed)

    def test_a_required_check_ends_its_section_and_those_that_need_it(self):
        report = Lines()
        needed = report.section("Sign-in", lambda: report.check("one", "repair it", fails, required=True), self.fail)
        report.section("Upload", self.fail, needs=needed)
        self.assertIn("skipped  the rest of this section: it needs this check: one", report.text)
        self.assertIn("skipped  this section: it needs an earlier one", report.text)
        self.assertEqual("0 passed, 1 failed, 2 skipped", report.summary())

    def test_differences_are_named(self):
        with self.assertRaisesRegex(Failed, "a is 2, not '1'; b is absent, not True"):
            agree(
                {"a": "1", "b": True, "c": "10", "d": False, "e": {"f": [1]}}, {"a": 2, "c": 10.0, "d": "false", "e": {"f": ["1"], "g": 0}}
            )

    def test_a_result_is_waited_for(self):
        results = iter([fails, fails, lambda: 7])
        self.assertEqual(7, until(5, lambda: next(results)(), pause=0))
        with self.assertRaisesRegex(Failed, "after -1 s: it is 1, not 2"):
            until(-1, fails)


class Cleaned(unittest.TestCase):
    def test_the_latest_is_removed_first_and_a_failure_stops_nothing(self):
        report, cleanup, removed = Lines(), Cleanup(), []
        for name in ("organisation", "account", "key"):
            cleanup.add(name, f"remove the {name}", lambda name=name: removed.append(name) if name != "account" else fails("refused"))
        cleanup.run(report)
        self.assertEqual(["key", "organisation"], removed)
        self.assertIn("fail     account: refused\n           remedy: remove the account", report.text)
        cleanup.run(report)
        self.assertEqual(["key", "organisation"], removed)


class Run(unittest.TestCase):
    """The whole run, with a stack whose checks are replaced."""

    def setUp(self):
        self.report, self.removed = Lines(), []
        for patched in (
            patch.object(program, "Deployment"),
            patch.object(program, "compare"),
            patch.object(program, "Queues"),
            patch.object(program, "Alarms"),
        ):
            patched.start()
            self.addCleanup(patched.stop)
        for number in (signal.SIGINT, signal.SIGTERM):
            self.addCleanup(signal.signal, number, signal.getsignal(number))
        self.addCleanup(STOP.clear)

    def run_with(self, use):
        def used(stack, report, cleanup, organisation):
            cleanup.add("the organisation is removed", "by hand", lambda: self.removed.append("organisation"))
            report.section("Main job", lambda: use(report))

        with patch.object(program, "use", used):
            return program.run(Stack(Cloud(self)), self.report)

    def test_it_succeeds(self):
        self.assertEqual(0, self.run_with(lambda report: report.check("one", "repair it", lambda: None)))
        self.assertEqual(["organisation"], self.removed)

    def test_a_failure_is_the_exit_status_and_is_cleaned_up(self):
        self.assertEqual(1, self.run_with(lambda report: report.check("one", "repair it", fails, required=True)))
        self.assertEqual(["organisation"], self.removed)

    def test_an_interrupted_run_is_cleaned_up(self):
        stop_on_signals()

        def interrupted(report):
            report.check("one", "repair it", lambda: signal.raise_signal(signal.SIGINT))
            report.check("two", "repair it", self.fail)

        self.assertEqual(130, self.run_with(interrupted))
        self.assertEqual(["organisation"], self.removed)
        self.assertIn("pass     one", self.report.text)

    def test_a_program_that_was_interrupted_is_no_failure(self):
        stop_on_signals()

        def killed():
            signal.raise_signal(signal.SIGTERM)
            fails("the browser has ended")

        self.assertEqual(130, self.run_with(lambda report: report.check("one", "repair it", killed)))
        self.assertFalse(self.report.failed)

    def test_the_clean_up_is_not_interrupted(self):
        stop_on_signals()
        STOP.set()
        ignore_signals()
        signal.raise_signal(signal.SIGINT)
        self.assertFalse(STOP.is_set())


class References(unittest.TestCase):
    """The template's references, as AWS and the local cloud resolve them."""

    def test_every_property_is_resolved(self):
        for parameters in ({}, {"Stage": "local"}, {"AlarmTopic": "arn", "ReservedConcurrency": "50", "PortalCertificate": "arn"}):
            resolved = template(**parameters)
            for kind in {resource["Type"] for resource in resolved.resources.values()}:
                for name in resolved.of_type(kind):
                    for member in resolved.resources[name].get("Properties", {}):
                        resolved.get(name, member)

    def test_values_are_those_of_the_stack(self):
        cloud, local = template(ReservedConcurrency="50"), template(Stage="local", QueueVisibilitySeconds="2")
        self.assertEqual(f"inspelning-exports-{ACCOUNT}", cloud.get("Exports", "BucketName"))
        self.assertEqual(
            {"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": {"Mode": "GOVERNANCE", "Years": 7}}},
            cloud.get("Exports", "ObjectLockConfiguration"),
        )
        self.assertIsNone(local.get("Exports", "ObjectLockConfiguration"))
        self.assertEqual((720, "2"), (cloud.get("DeliveryQueue", "VisibilityTimeout"), local.get("DeliveryQueue", "VisibilityTimeout")))
        self.assertEqual(
            ("50", "10", None), tuple(cloud.get(name, "ReservedConcurrentExecutions") for name in ("Upload", "Ingest", "Search"))
        )
        self.assertEqual(("provided.al2023", 512, 120), tuple(cloud.get("Delivery", name) for name in ("Runtime", "MemorySize", "Timeout")))
        self.assertEqual(
            f"arn:aws:sqs:{REGION}:{ACCOUNT}:inspelning-DeadLetters", cloud.get("Queue", "RedrivePolicy")["deadLetterTargetArn"]
        )
        self.assertIn("PortalFiles", cloud.of_type("AWS::S3::Bucket"))
        self.assertNotIn("PortalFiles", local.of_type("AWS::S3::Bucket"))

    def test_the_workers_that_send_messages_to_themselves_are_known(self):
        known = [name for name in template().of_type("AWS::Serverless::Function") if template().get(name, "RecursiveLoop") == "Allow"]
        self.assertEqual(["Delivery", "Import", "Reconcile", "RetentionWorker"], sorted(known))


if __name__ == "__main__":
    unittest.main()
