"""Tests of the preflight check: each finding, with its remedy, and how findings become the result."""

import unittest
from unittest.mock import patch

import preflight
from botocore.exceptions import EndpointConnectionError
from checks import limits, names, references, stack
from checks.plan import TEMPLATE, Plan
from stubs import ACCOUNT, REGION, Cloud, printed

TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:alarms"
CERTIFICATE = f"arn:aws:acm:us-east-1:{ACCOUNT}:certificate/1"
DOMAIN, ADDRESS = (f"arn:aws:ses:eu-west-1:{ACCOUNT}:identity/{name}" for name in ("example.se", "no-reply@example.se"))


class Case(unittest.TestCase):
    def setUp(self):
        self.cloud = Cloud(self)

    def plan(self, status="UPDATE_COMPLETE", before=None, bucket=None, name="inspelning", **given):
        plan = Plan(self.cloud.client, name, given, bucket)
        parameters = [{"ParameterKey": key, "ParameterValue": value} for key, value in (before or {}).items()]
        plan.existing = {"StackStatus": status, "Parameters": parameters} if status else {}
        plan.account = ACCOUNT
        return plan

    def found(self, check, *expected, **plan):
        """Runs the check. Expects these findings: each a level, and texts that the finding or its remedy contains."""
        findings = list(check(self.plan(**plan)))
        self.assertEqual([level for level, *_ in expected], [finding.level for finding in findings], findings)
        for (_, *texts), finding in zip(expected, findings, strict=True):
            for text in texts:
                self.assertIn(text, f"{finding.text}: {finding.remedy}")
            self.assertEqual(finding.level != "ok", bool(finding.remedy), "a remedy for what is not ok")
        self.cloud.is_used()


class Name(Case):
    def test_letters_digits_and_hyphens(self):
        self.found(stack.name, name="a" + 38 * "9")
        for name in ("Inspelning", "1inspelning", "a_b", "", "a" + 39 * "9", "å"):
            self.found(stack.name, ("stop", "at most 39"), name=name)

    def test_words_that_a_sign_in_domain_must_not_contain(self):
        for name in ("my-aws", "amazonas", "cognito2"):
            self.found(stack.name, ("stop", "aws, amazon or cognito"), name=name)


class State(Case):
    def test_new(self):
        self.found(stack.state, ("ok", "is new"), status=None)

    def test_usable(self):
        for status in ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"):
            self.found(stack.state, ("ok", status), status=status)

    def test_failed_first_deployment(self):
        self.found(stack.state, ("ok", "deleted and created again"), status="ROLLBACK_COMPLETE")

    def test_failed_rollback(self):
        self.found(stack.state, ("stop", "continue-update-rollback --stack-name inspelning"), status="UPDATE_ROLLBACK_FAILED")

    def test_failed_update_without_rollback(self):
        self.found(stack.state, ("stop", "rollback-stack --stack-name inspelning"), status="UPDATE_FAILED")

    def test_failed_deletion(self):
        for status in ("ROLLBACK_FAILED", "DELETE_FAILED", "CREATE_FAILED"):
            self.found(stack.state, ("stop", "delete-stack --stack-name inspelning"), status=status)

    def test_in_progress(self):
        for status in ("UPDATE_IN_PROGRESS", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "DELETE_IN_PROGRESS"):
            self.found(stack.state, ("stop", status, "wait"), status=status)


class Parameters(Case):
    def test_default_values(self):
        self.found(stack.parameters, ("ok", "allows all"), status=None)

    def test_unknown_name(self):
        self.found(stack.parameters, ("stop", "AlarmTpoic"), AlarmTpoic="x")

    def test_value_that_is_not_allowed(self):
        for name, value in {
            "CsvSeparator": "|",
            "MissingPercent": "101",
            "IngestConcurrency": "1",
            "ApiBurst": "many",
            "LogDays": "8",
        }.items():
            self.found(stack.parameters, ("stop", f"{name}={value}"), **{name: value})

    def test_half_an_issuer(self):
        self.found(stack.parameters, ("stop", "Issuer and Audience only", "JwksUrl"), Issuer="https://id", Audience="a")
        self.found(stack.parameters, ("stop", "JwksUrl only"), JwksUrl="https://id/keys")
        self.found(stack.parameters, ("ok",), before={"Issuer": "https://id", "Audience": "a"}, JwksUrl="https://id/keys")

    def test_a_value_is_given_or_retained_or_the_default(self):
        plan = self.plan(before={"LogDays": "90", "ApiBurst": "9", "Removed": "x"}, ApiBurst="7")
        self.assertEqual(["90", "7", "1000"], [plan.parameters[name] for name in ("LogDays", "ApiBurst", "ApiRequestsPerSecond")])
        self.assertNotIn("Removed", plan.parameters)

    def test_a_failed_first_deployment_retains_nothing(self):
        self.assertEqual("30", self.plan(status="ROLLBACK_COMPLETE", before={"LogDays": "90"}).parameters["LogDays"])

    def test_parsed(self):
        self.assertEqual(
            {"PortalOrigin": "https://a?b=c", "AlarmTopic": ""}, preflight.parse(["PortalOrigin=https://a?b=c", "AlarmTopic="])
        )
        with self.assertRaisesRegex(RuntimeError, "NAME=VALUE"):
            preflight.parse(["AlarmTopic"])


class CodeBucket(Case):
    def test_not_named(self):
        self.found(stack.code_bucket)

    def test_in_the_region(self):
        self.cloud.responds("s3", "head_bucket", {"BucketRegion": REGION}, {"Bucket": "code"})
        self.found(stack.code_bucket, ("ok", REGION), bucket="code")

    def test_in_another_region(self):
        self.cloud.responds("s3", "head_bucket", {"BucketRegion": "eu-west-1"})
        self.found(stack.code_bucket, ("stop", "eu-west-1", REGION), bucket="code")

    def test_missing(self):
        self.cloud.refuses("s3", "head_bucket", "404")
        self.found(stack.code_bucket, ("stop", f"aws s3 mb s3://code --region {REGION}"), bucket="code")


class Names(Case):
    table, buckets, domain, logs = (check for _, check in names.CHECKS)

    def test_an_update_has_its_names(self):
        for _, check in names.CHECKS:
            self.found(check)

    def test_table(self):
        self.cloud.refuses("dynamodb", "describe_table", "ResourceNotFoundException")
        self.found(self.table, ("ok", "table"), status=None)
        self.cloud.responds("dynamodb", "describe_table", {}, {"TableName": "inspelning"})
        self.found(self.table, ("stop", "inspelning exists", "choose another name"), status="ROLLBACK_COMPLETE")

    def test_buckets(self):
        for _ in range(7):
            self.cloud.refuses("s3", "head_bucket", "404")
        self.found(self.buckets, ("ok", "buckets"), status=None)
        self.cloud.responds("s3", "head_bucket", {}, {"Bucket": f"inspelning-recordings-{ACCOUNT}"})
        for _ in range(6):
            self.cloud.refuses("s3", "head_bucket", "404")
        self.found(self.buckets, ("stop", f"inspelning-recordings-{ACCOUNT} exists"), status=None)

    def test_sign_in_domain(self):
        self.cloud.responds("cognito-idp", "describe_user_pool_domain", {"DomainDescription": {}})
        self.found(self.domain, ("ok", "domain"), status=None)
        described = {"DomainDescription": {"UserPoolId": "eu-north-1_a"}}
        self.cloud.responds("cognito-idp", "describe_user_pool_domain", described, {"Domain": f"inspelning-{ACCOUNT}"})
        self.found(self.domain, ("stop", f"inspelning-{ACCOUNT} exists"), status=None)

    def test_log_groups(self):
        groups = self.plan().names("AWS::Logs::LogGroup", "LogGroupName")
        for group in groups:
            another = {"logGroups": [{"logGroupName": f"{group}-of-another-stack"}]}
            self.cloud.responds("logs", "describe_log_groups", another, {"logGroupNamePrefix": group})
        self.found(self.logs, ("ok", "log groups"), status=None)
        for group in groups:
            self.cloud.responds("logs", "describe_log_groups", {"logGroups": [{"logGroupName": group}] if "upload" in group else []})
        self.found(self.logs, ("stop", "/aws/lambda/inspelning-upload exists"), status=None)

    def test_the_template_names_them(self):
        plan = self.plan()
        self.assertEqual(7, len(plan.names("AWS::S3::Bucket", "BucketName")))
        self.assertIn("/aws/lambda/inspelning-upload", plan.names("AWS::Logs::LogGroup", "LogGroupName"))


class Concurrency(Case):
    def account(self, limit, unreserved):
        limits = {"ConcurrentExecutions": limit, "UnreservedConcurrentExecutions": unreserved}
        self.cloud.responds("lambda", "get_account_settings", {"AccountLimit": limits})

    def test_enough(self):
        self.account(1000, 1000)
        self.found(limits.concurrency, ("ok", "1000", "reserves 0"))

    def test_a_new_account(self):
        self.account(10, 10)
        self.found(limits.concurrency, ("warning", "10 functions may run at once", "suit 139", "Service Quotas"))

    def test_queues_need_more(self):
        self.account(1000, 1000)
        self.found(limits.concurrency, ("warning", "suit 1029"), IngestConcurrency="900")

    def test_one_hundred_stay_unreserved(self):
        self.account(1000, 210)
        self.found(limits.concurrency, ("ok", "reserves 110"), ReservedConcurrency="50")
        self.account(1000, 209)
        self.found(limits.concurrency, ("stop", "reserves 110 of 209", "ReservedConcurrency=0"), ReservedConcurrency="50")

    def test_an_update_has_reserved_some_already(self):
        self.account(1000, 100)
        self.found(limits.concurrency, ("ok", "reserves 110"), before={"ReservedConcurrency": "50", "IngestConcurrency": "10"})


class Throttle(Case):
    def test_ceilings_of_the_account(self):
        for rate, burst, level in ((10000, 5000, "ok"), (1000, 2000, "ok"), (999, 2000, "warning"), (1000, 1999, "warning")):
            self.cloud.responds("apigateway", "get_account", {"throttleSettings": {"rateLimit": rate, "burstLimit": burst}})
            self.found(limits.throttle, (level, f"{rate} requests a second, and {burst} at once"))


class Quotas(Case):
    stacks, tables, buckets, servers, _ = (check for _, check in limits.CHECKS[2:])

    def quota(self, value, service, code, region=None):
        asked = {"ServiceCode": service, "QuotaCode": code}
        self.cloud.responds("service-quotas", "get_service_quota", {"Quota": {"Value": value}}, asked, region)

    def test_an_update_adds_nothing(self):
        for check in (self.stacks, self.tables, self.buckets, self.servers, limits.roles):
            self.found(check)

    def test_buckets(self):
        for count, level in ((93, "ok"), (94, "stop")):
            self.cloud.responds("s3", "list_buckets", {"Buckets": count * [{"Name": "b"}]})
            self.quota(100.0, "s3", "L-DC2B2D3D", "us-east-1")
            self.found(self.buckets, (level, f"{count} of 100 buckets exist, and the stack adds 7"), status=None)

    def test_tables(self):
        for count, level in ((9, "ok"), (10, "stop")):
            self.cloud.responds("dynamodb", "list_tables", {"TableNames": count * ["table"]})
            self.quota(10.0, "dynamodb", "L-F98FE922")
            self.found(self.tables, (level, f"{count} of 10 tables"), status=None)

    def test_stacks(self):
        one = {"StackName": "s", "CreationTime": 0, "StackStatus": "CREATE_COMPLETE"}
        for count, level in ((1, "ok"), (2, "stop")):
            self.cloud.responds("cloudformation", "describe_stacks", {"Stacks": count * [one]})
            self.quota(2.0, "cloudformation", "L-0485CB21")
            self.found(self.stacks, (level, f"{count} of 2 stacks exist, and the stack adds 1"), status=None)

    def test_sftp_servers(self):
        for count, level in ((49, "ok"), (50, "stop")):
            self.cloud.responds("transfer", "list_servers", {"Servers": count * [{"Arn": 20 * "a"}]})
            self.found(self.servers, (level, f"{count} of 50 SFTP servers"), status=None)

    def test_roles(self):
        for count, level in ((976, "ok"), (977, "stop")):
            self.cloud.responds("iam", "get_account_summary", {"SummaryMap": {"Roles": count, "RolesQuota": 1000}})
            self.found(limits.roles, (level, f"{count} of 1000 roles exist, and the stack adds 24"), status=None)

    def test_a_quota_that_was_never_raised(self):
        self.cloud.responds("dynamodb", "list_tables", {"TableNames": []})
        self.cloud.refuses("service-quotas", "get_service_quota", "NoSuchResourceException")
        self.cloud.responds("service-quotas", "get_aws_default_service_quota", {"Quota": {"Value": 2500.0}})
        self.found(self.tables, ("ok", "of 2500"), status=None)


class Email(Case):
    def ses(self, verified=True, sending=True, production=True):
        self.cloud.responds("sesv2", "get_account", {"SendingEnabled": sending, "ProductionAccessEnabled": production}, region="eu-west-1")
        self.cloud.responds("sesv2", "get_email_identity", {"VerifiedForSendingStatus": verified}, region="eu-west-1")

    def test_none(self):
        self.found(references.email, ("warning", "at most 50 a day", "EmailIdentity"))

    def test_no_identity(self):
        for arn in ("example.se", TOPIC, f"arn:aws:ses:eu-west-1:{ACCOUNT}:configuration-set/a"):
            self.found(references.email, ("stop", arn, "identity/NAME"), EmailIdentity=arn)

    def test_verified(self):
        for sender in ("no-reply@example.se", "Inspelning <no-reply@mail.example.se>"):
            self.ses()
            self.found(references.email, ("ok", "sends for example.se"), EmailIdentity=DOMAIN, EmailFrom=sender)
        self.ses()
        self.found(references.email, ("ok", "no-reply@example.se"), EmailIdentity=ADDRESS)

    def test_an_address_of_another_domain(self):
        for sender in ("", "a@example.com", "a@notexample.se"):
            self.ses()
            self.found(references.email, ("stop", "EmailFrom"), ("ok",), EmailIdentity=DOMAIN, EmailFrom=sender)
        self.ses()
        self.found(references.email, ("stop", "EmailFrom"), ("ok",), EmailIdentity=ADDRESS, EmailFrom="other@example.se")

    def test_not_verified(self):
        self.ses(verified=False)
        self.found(references.email, ("stop", "not verified"), EmailIdentity=ADDRESS)

    def test_missing(self):
        self.cloud.responds("sesv2", "get_account", {"SendingEnabled": True, "ProductionAccessEnabled": True}, region="eu-west-1")
        self.cloud.refuses("sesv2", "get_email_identity", "NotFoundException", region="eu-west-1")
        self.found(references.email, ("stop", "create the identity"), EmailIdentity=ADDRESS)

    def test_sandbox_and_pause(self):
        self.ses(production=False)
        self.found(references.email, ("warning", "sandbox", "production access"), EmailIdentity=ADDRESS)
        self.ses(sending=False)
        self.found(references.email, ("warning", "paused"), EmailIdentity=ADDRESS)


class Portal(Case):
    def test_origins(self):
        for origin, *expected in (
            ("http://localhost:5173", "warning", "PortalUrl"),
            ("https://d1.cloudfront.net", "ok", "d1.cloudfront.net"),
            ("https://d1.cloudfront.net/", "stop", "without a slash"),
            ("https://portal.example/a", "stop", "without a slash"),
            ("portal.example", "stop", "https://"),
            ("http://portal.example", "stop", "HTTPS"),
            ("https://portal.example", "warning", "PortalCertificate"),
        ):
            self.found(references.portal, expected, PortalOrigin=origin)
        self.found(references.portal, ("ok",), PortalOrigin="https://portal.example", PortalCertificate=CERTIFICATE)


class Certificate(Case):
    def certificate(self, status="ISSUED", names=("portal.example",)):
        described = {"Certificate": {"Status": status, "DomainName": names[0], "SubjectAlternativeNames": list(names)}}
        self.cloud.responds("acm", "describe_certificate", described, {"CertificateArn": CERTIFICATE}, "us-east-1")

    def certified(self, *expected, origin="https://portal.example", arn=CERTIFICATE):
        self.found(references.certificate, *expected, PortalOrigin=origin, PortalCertificate=arn)

    def test_none(self):
        self.certified(arn="")

    def test_issued(self):
        self.certificate()
        self.certified(("ok", "portal.example"))
        self.certificate(names=["other.example", "*.portal.example"])
        self.certified(("ok",), origin="https://my.portal.example")

    def test_in_another_region(self):
        for arn in (CERTIFICATE.replace("us-east-1", REGION), "certificate", TOPIC):
            self.certified(("stop", "in us-east-1"), arn=arn)

    def test_pending(self):
        self.certificate(status="PENDING_VALIDATION")
        self.certified(("stop", "PENDING_VALIDATION", "DNS records"))

    def test_for_another_name(self):
        for name in ("other.example", "*.portal.example"):
            self.certificate(names=[name])
            self.certified(("stop", name, "portal.example"))
        self.certificate(names=["*.example"])
        self.certified(("stop", "a.portal.example"), origin="https://a.portal.example")

    def test_missing(self):
        self.cloud.refuses("acm", "describe_certificate", "ResourceNotFoundException", region="us-east-1")
        self.certified(("stop", "no certificate"))


class Alarms(Case):
    def topic(self, confirmed="1", pending="0", **others):
        attributes = {"SubscriptionsConfirmed": confirmed, "SubscriptionsPending": pending, **others}
        self.cloud.responds("sns", "get_topic_attributes", {"Attributes": attributes}, {"TopicArn": TOPIC})

    def test_none(self):
        self.found(references.alarms, ("warning", "nobody", "AlarmTopic"))

    def test_subscribed(self):
        self.topic()
        self.found(references.alarms, ("ok", "1 subscription"), AlarmTopic=TOPIC)

    def test_nobody_is_subscribed(self):
        self.topic(confirmed="0", pending="2")
        self.found(references.alarms, ("warning", "no subscription, and 2", "subscribe"), AlarmTopic=TOPIC)

    def test_a_key_that_cloudwatch_may_not_use(self):
        self.topic(KmsMasterKeyId="alias/aws/sns")
        self.found(references.alarms, ("warning", "key"), AlarmTopic=TOPIC)

    def test_no_topic_of_the_region(self):
        for arn in ("alarms", TOPIC.replace(REGION, "eu-west-1"), CERTIFICATE):
            self.found(references.alarms, ("stop", arn, REGION), AlarmTopic=arn)

    def test_missing(self):
        self.cloud.refuses("sns", "get_topic_attributes", "NotFound")
        self.found(references.alarms, ("stop", "no topic"), AlarmTopic=TOPIC)


class Result(Case):
    """How findings become lines, and the result."""

    def run_with(self, checks, name="inspelning", error=("ValidationError", "Stack with id inspelning does not exist"), **given):
        self.cloud.responds("sts", "get_caller_identity", {"Account": ACCOUNT})
        self.cloud.refuses("cloudformation", "describe_stacks", *error)
        with patch.object(preflight, "CHECKS", checks), printed() as out:
            try:
                preflight.require(self.cloud.client, name, given)
            except RuntimeError as error:
                return out.getvalue(), str(error)
        return out.getvalue(), None

    def test_a_warning_permits_the_deployment(self):
        out, error = self.run_with([("e-mail", references.email)], EmailIdentity="")
        self.assertIsNone(error)
        self.assertIn(f"{ACCOUNT} in {REGION}", out)
        self.assertRegex(out, r"\nwarning +e-mail +Cognito itself .*: give EmailIdentity")

    def test_a_stop_refuses_it_after_all_checks(self):
        out, error = self.run_with([("alarms", references.alarms), ("portal", references.portal)], AlarmTopic="wrong")
        self.assertIn("not ready", error)
        self.assertRegex(out, r"\nstop +alarms .*\nwarning +portal ")

    def test_a_missing_permission_is_a_warning(self):
        out, error = self.run_with([("stack", stack.state)], error=["AccessDenied"])
        self.assertIsNone(error)
        self.assertRegex(out, r"warning +stack +not checked, because DescribeStacks failed with AccessDenied: permit it")

    def test_a_bucket_that_may_not_be_read_is_a_warning(self):
        self.cloud.refuses("s3", "head_bucket", "403")
        self.cloud.responds("sts", "get_caller_identity", {"Account": ACCOUNT})
        with patch.object(preflight, "CHECKS", [("code bucket", stack.code_bucket)]), printed() as out:
            preflight.require(self.cloud.client, "inspelning", {}, "code")
        self.assertRegex(out.getvalue(), r"warning +code bucket +not checked, because HeadBucket failed with 403")

    def test_a_service_that_is_not_reached_is_a_warning(self):
        def unreachable(_):
            raise EndpointConnectionError(endpoint_url="https://transfer.example")
            yield

        out, error = self.run_with([("quota", unreachable)])
        self.assertIsNone(error)
        self.assertRegex(out, r"warning +quota +not checked: .*transfer\.example")

    def test_wrong_parameters_end_the_checks(self):
        out, error = self.run_with([("parameters", stack.parameters), ("requests", limits.throttle)], ApiBurst="many")
        self.assertIn("not ready", error)
        self.assertNotIn("requests ", out)

    def test_a_wrong_name_ends_the_checks(self):
        out, error = self.run_with([("stack", stack.name), ("stack", stack.state)], name="A_b")
        self.assertIn("not ready", error)
        self.assertNotIn("is new", out)

    def test_the_program(self):
        plans = []
        with patch("sys.argv", ["preflight.py", "inspelning", "--bucket", "code", "LogDays=90"]):
            with patch.object(preflight, "require", lambda _, *asked: plans.append(asked)):
                preflight.main()
        self.assertEqual([("inspelning", {"LogDays": "90"}, "code")], plans)
        with patch("sys.argv", ["preflight.py", "inspelning", "LogDays"]), self.assertRaises(SystemExit) as raised:
            preflight.main()
        self.assertIn("NAME=VALUE", raised.exception.code)

    def test_every_check_is_run(self):
        modules = sorted(path.stem for path in TEMPLATE.parent.joinpath("checks").glob("*.py"))
        self.assertEqual(["limits", "names", "plan", "references", "stack"], modules)
        checks = [check for module in (stack, names, limits, references) for check in module.CHECKS]
        self.assertEqual(checks, preflight.CHECKS)
        subjects = ["stack", "stack", "parameters", "code bucket", "table name", "bucket names", "domain name", "log names"]
        subjects += ["concurrency", "requests", "stacks", "tables", "buckets", "SFTP servers", "roles"]
        subjects += ["e-mail", "portal", "certificate", "alarms"]
        self.assertEqual(subjects, [subject for subject, _ in checks])


if __name__ == "__main__":
    unittest.main()
