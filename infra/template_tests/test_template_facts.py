"""Tests of template_facts.py: each fact is noticed when the template breaks it. And what the buckets remove, and when."""

import copy
import unittest

from cfnlint.decode import decode
from template_facts import ROOT, Template

TEMPLATE = decode(str(ROOT / "infra/template.yaml"))[0]


class Facts(unittest.TestCase):
    def setUp(self):
        self.template = copy.deepcopy(TEMPLATE)
        self.resources = self.template["Resources"]

    def of(self, kind):
        return next(resource["Properties"] for resource in self.resources.values() if resource["Type"] == kind)

    def breaks(self, *texts):
        errors = [error for error in Template(self.template).errors() if "limits.json" not in error]
        self.assertEqual(len(errors), 1, errors)
        for text in texts:
            self.assertIn(text, errors[0])

    def test_the_template_breaks_none(self):
        self.assertEqual(list(Template(self.template).errors()), [])

    def test_a_message_that_nothing_logs(self):
        self.of("AWS::Logs::MetricFilter")["FilterPattern"] = '{ $.message = "never said" }'
        self.breaks("no function logs 'never said'")

    def test_a_field_that_is_not_logged_with_its_message(self):
        filters = (resource["Properties"] for resource in self.resources.values() if resource["Type"] == "AWS::Logs::MetricFilter")
        filtered = next(found for found in filters if str(found["MetricTransformations"][0]["MetricValue"]).startswith("$."))
        filtered["MetricTransformations"][0]["MetricValue"] = "$.never"
        self.breaks("no function logs 'never' with")

    def test_a_queue_that_hides_a_message_too_briefly(self):
        self.resources["ReconcileQueue"]["Properties"]["VisibilityTimeout"] = 5399
        self.breaks("ReconcileQueue hides a message for 5399 s", "runs for up to 900 s")

    def test_a_chain_that_lambda_would_end(self):
        del self.resources["RetentionWorker"]["Properties"]["RecursiveLoop"]
        self.breaks("RetentionWorker: sends to RetentionJobs, which it reads, without RecursiveLoop: Allow")

    def test_a_time_that_one_night_does_not_have(self):
        for hours in ("2", "*", "1-2", "2-4"):
            self.resources["ReconcileNights"]["Properties"]["ScheduleExpression"] = f"cron(30 {hours} * * ? *)"
            self.breaks("ReconcileNights", "is a time that one night does not have")

    def test_a_schedule_without_a_time_zone(self):
        del self.resources["BillingEachDay"]["Properties"]["ScheduleExpressionTimezone"]
        self.breaks("BillingEachDay: no time zone")

    def test_a_dead_letter_queue_that_nobody_watches(self):
        for name, resource in list(self.resources.items()):
            if resource["Type"] == "AWS::CloudWatch::Alarm" and "DeadImports" in str(resource["Properties"].get("Dimensions")):
                del self.resources[name]
        self.breaks("Imports: no alarm watches DeadImports")

    def test_a_limit_that_the_storm_does_not_know(self):
        self.resources["Ingest"]["Properties"]["Timeout"] = 119
        self.assertIn("tests/storm/limits.json is not the template's", "".join(Template(self.template).errors()))


class Lifecycles(unittest.TestCase):
    def rules(self, bucket):
        rules = TEMPLATE["Resources"][bucket]["Properties"]["LifecycleConfiguration"]["Rules"]
        return {rule["Id"]: rule for rule in rules if rule["Status"] == "Enabled"}

    def test_audio_of_128_kib_or_more_is_cold_after_a_day(self):
        cold = self.rules("Recordings")["cold"]
        self.assertEqual((cold["Prefix"], cold["ObjectSizeGreaterThan"]), ("recordings/", str(128 * 1024 - 1)))
        self.assertEqual(cold["Transitions"], [{"StorageClass": "GLACIER_IR", "TransitionInDays": 1}])

    def test_no_rule_removes_a_current_recording(self):
        for rule in self.rules("Recordings").values():
            self.assertNotIn("ExpirationInDays", rule)
            self.assertNotIn("ExpirationDate", rule)

    def test_only_what_nobody_registered_is_removed_from_quarantine(self):
        removing = [rule for rule in self.rules("Quarantine").values() if "ExpirationInDays" in rule]
        self.assertEqual([rule["Prefix"] for rule in removing], ["unregistered/"])
        source = (ROOT / "shared/platform/src/objects.rs").read_text()
        self.assertIn('UNREGISTERED: &str = "unregistered"', source)

    def test_a_removal_by_hand_and_an_upload_in_parts_have_a_week(self):
        rules = self.rules("Recordings")
        self.assertEqual(rules["removed"]["NoncurrentVersionExpiration"], {"NoncurrentDays": 7})
        self.assertEqual(rules["half-sent"]["AbortIncompleteMultipartUpload"], {"DaysAfterInitiation": 7})


if __name__ == "__main__":
    unittest.main()
