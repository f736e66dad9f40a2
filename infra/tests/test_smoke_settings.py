"""Tests of the checks of functions, queues, schedules, API, user pool and alarms: each fails when a setting is changed."""

import unittest
from datetime import UTC, datetime, timedelta

from smoke.alarms import Alarms
from smoke.functions import Functions
from smoke.http_api import HttpApi
from smoke.mappings import Mappings
from smoke.queues import Queues
from smoke.report import Skipped
from smoke.schedules import Schedules
from smoke.user_pool import UserPool
from smoke_stack import NAME, Case, Lines, changed
from stubs import ACCOUNT, REGION

TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:alarms"


class OfFunctions(Case):
    def recursion(self, loop):
        report = Lines()
        functions = Functions(self.stack(), report)
        self.cloud.responds("lambda", "get_function_recursion_config", {"RecursiveLoop": loop})
        functions.check_recursion("RetentionWorker")
        return report.text

    def test_recursion(self):
        self.assertIn("pass     inspelning-retention-worker may send messages to itself", self.recursion("Allow"))
        text = self.recursion("Terminate")
        self.assertIn("fail     inspelning-retention-worker may send messages to itself: RecursiveLoop is 'Terminate', not 'Allow'", text)
        self.assertIn("remedy: aws lambda put-function-recursion-config --function-name inspelning-retention-worker", text)

    def test_every_worker_that_asks_for_it_is_checked(self):
        report = Lines(local=True)
        functions = Functions(self.stack(), report)
        functions.names = ["Import", "RetentionWorker", "Delivery", "Reconcile", "Search"]
        functions.configuration = functions.reserved = functions.failure_destination = lambda name: []
        functions.log_groups = lambda: None
        functions.checks()
        self.assertEqual(4, report.text.count("may send messages to itself: only on AWS"))

    def test_concurrency(self):
        functions = Functions(self.stack(ReservedConcurrency="50"), Lines())
        check = lambda: self.assertEqual([], functions.reserved("Upload"))  # noqa: E731
        self.passes(check, ("lambda", "get_function_concurrency", {"ReservedConcurrentExecutions": 50}))
        self.cloud.responds("lambda", "get_function_concurrency", {})
        self.assertEqual(["Upload: ReservedConcurrentExecutions is absent, not '50'"], functions.reserved("Upload"))
        self.cloud.responds("lambda", "get_function_concurrency", {"ReservedConcurrentExecutions": 5})
        self.assertEqual(["Search: ReservedConcurrentExecutions is 5, not absent"], functions.reserved("Search"))

    def test_the_account_s_limit(self):
        check = Functions(self.stack(), Lines()).account_limit
        self.passes(check, ("lambda", "get_account_settings", {"AccountLimit": {"ConcurrentExecutions": 1000}}))
        self.fails("the limit is 10", check, ("lambda", "get_account_settings", {"AccountLimit": {"ConcurrentExecutions": 10}}))

    def test_the_destination_of_failures(self):
        functions = Functions(self.stack(), Lines())
        destination = f"arn:aws:sqs:{REGION}:{ACCOUNT}:inspelning-DeadSchedules"
        for found, wrong in (
            ({"OnFailure": {"Destination": destination}}, []),
            ({}, ["Billing: Destination is absent, not " + repr(destination)]),
        ):
            self.cloud.responds("lambda", "get_function_event_invoke_config", {"DestinationConfig": found})
            self.assertEqual(wrong, functions.failure_destination("Billing"))
        self.assertEqual([], functions.failure_destination("Search"))

    def test_log_groups(self):
        functions = Functions(self.stack(), Lines())
        functions.template.of_type = lambda _: ["UploadLog"]
        name, operation = "/aws/lambda/inspelning-upload", "describe_log_groups"
        other = {"logGroupName": f"{name}-old", "retentionInDays": 30}
        self.passes(functions.log_groups, ("logs", operation, {"logGroups": [other, {"logGroupName": name, "retentionInDays": 30}]}))
        self.fails(
            "retentionInDays is absent, not '30'", functions.log_groups, ("logs", operation, {"logGroups": [{"logGroupName": name}]})
        )
        self.fails("does not exist", functions.log_groups, ("logs", operation, {"logGroups": [other]}))


class OfMappings(Case):
    FOUND = {
        "State": "Enabled",
        "EventSourceArn": f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{NAME}/stream/2026-12-01T00:00:00.000",
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
        "BatchSize": 10,
        "ParallelizationFactor": 10,
        "BisectBatchOnFunctionError": True,
        "MaximumRetryAttempts": 10,
        "DestinationConfig": {"OnSuccess": {}, "OnFailure": {"Destination": f"arn:aws:sqs:{REGION}:{ACCOUNT}:inspelning-IndexDeadLetters"}},
        "FilterCriteria": {"Filters": [{"Pattern": '{"dynamodb": {"Keys": {"pk": {"S": [{"suffix": "#recording"}]}}}}'}]},
    }

    def test_a_mapping(self):
        mappings = Mappings(self.stack(), Lines())
        check = lambda: mappings.compare("IndexFromStream", mappings.stack.physical("IndexFromStream"))  # noqa: E731
        self.passes(check, ("lambda", "get_event_source_mapping", self.FOUND))
        for expected, value, *path in (
            ("it is Disabled", "Disabled", "State"),
            ("does not report failed items", [], "FunctionResponseTypes"),
            ("MaximumRetryAttempts is -1", -1, "MaximumRetryAttempts"),
            ("DestinationConfig is absent", None, "DestinationConfig"),
            ("the filter", None, "FilterCriteria"),
            ("the source", f"arn:aws:sqs:{REGION}:{ACCOUNT}:other", "EventSourceArn"),
        ):
            self.fails(expected, check, ("lambda", "get_event_source_mapping", changed(self.FOUND, value, *path)))

    def test_a_disabled_mapping_has_a_remedy(self):
        report = Lines()
        mappings = Mappings(self.stack(), report)
        mappings.template.of_type = lambda _: ["IndexFromStream"]
        self.cloud.responds("lambda", "get_event_source_mapping", self.FOUND | {"State": "Disabled"})
        mappings.checks()
        self.assertIn("fail     the mapping IndexFromStream is enabled, and reports failed items of a batch: it is Disabled", report.text)
        remedy = f"aws lambda update-event-source-mapping --uuid {mappings.stack.physical('IndexFromStream')} --enabled"
        self.assertIn(f"remedy: {remedy}", report.text)


class OfSchedules(Case):
    def test_a_schedule(self):
        schedules = Schedules(self.stack(), Lines())
        schedules.stack.template.names |= {"Delivery": "inspelning-delivery"}
        wanted = schedules.template.get("DeliveryMornings", "Target")
        found = {"State": "ENABLED", "ScheduleExpression": "cron(5/15 5-7 * * ? *)", "ScheduleExpressionTimezone": "Europe/Stockholm"}
        found |= {"Target": wanted | {"RetryPolicy": {"MaximumRetryAttempts": 10, "MaximumEventAgeInSeconds": 1800}}}
        check = lambda: schedules.compare("DeliveryMornings", "inspelning-delivery")  # noqa: E731
        self.passes(check, ("scheduler", "get_schedule", found))
        self.fails("State is 'DISABLED'", check, ("scheduler", "get_schedule", changed(found, "DISABLED", "State")))
        without = changed(found, None, "Target", "DeadLetterConfig")
        self.fails("the target's DeadLetterConfig is absent", check, ("scheduler", "get_schedule", without))
        check = lambda: schedules.time_zone("DeliveryMornings", "inspelning-delivery")  # noqa: E731
        self.passes(check, ("scheduler", "get_schedule", found))
        utc = changed(found, "UTC", "ScheduleExpressionTimezone")
        self.fails("the time zone is 'UTC', not 'Europe/Stockholm'", check, ("scheduler", "get_schedule", utc))


class OfQueues(Case):
    def test_dead_letters(self):
        queues = Queues(self.stack(), Lines())
        self.assertEqual(8, len(queues.dead))
        empty = {"ApproximateNumberOfMessages": "0", "ApproximateNumberOfMessagesNotVisible": "0"}
        check = lambda: queues.expect_empty("DeadLetters")  # noqa: E731
        self.passes(check, ("sqs", "get_queue_attributes", {"Attributes": empty}))
        hidden = empty | {"ApproximateNumberOfMessagesNotVisible": "2"}
        self.fails("the number of messages is 2, not 0", check, ("sqs", "get_queue_attributes", {"Attributes": hidden}))

    def test_settings(self):
        queues = Queues(self.stack(), Lines())
        redrive = f'{{"deadLetterTargetArn": "arn:aws:sqs:{REGION}:{ACCOUNT}:inspelning-DeadLetters", "maxReceiveCount": 5}}'
        found = {"VisibilityTimeout": "720", "MessageRetentionPeriod": "1209600", "SqsManagedSseEnabled": "true", "RedrivePolicy": redrive}
        self.cloud.responds("sqs", "get_queue_attributes", {"Attributes": found})
        self.assertEqual([], queues.compare("Queue"))
        self.cloud.responds("sqs", "get_queue_attributes", {"Attributes": found | {"VisibilityTimeout": "30"}})
        self.assertEqual(["Queue: VisibilityTimeout is '30', not '720'"], queues.compare("Queue"))
        self.cloud.responds("sqs", "get_queue_attributes", {"Attributes": changed(found, None, "RedrivePolicy")})
        self.assertIn("Queue: RedrivePolicy is absent", queues.compare("Queue")[0])


class OfTheApi(Case):
    def test_routes(self):
        api = HttpApi(self.stack(), Lines())
        names = ["RouteMe", "RouteMarks"]
        routes = [{"RouteKey": "GET /v1/me", "AuthorizationType": "CUSTOM"}, {"RouteKey": "GET /v1/marks", "AuthorizationType": "CUSTOM"}]
        check = lambda: api.routes(names)  # noqa: E731
        self.passes(check, ("apigatewayv2", "get_routes", {"Items": routes}))
        self.fails(
            "GET /v1/me has no authorizer",
            check,
            ("apigatewayv2", "get_routes", {"Items": changed(routes, "NONE", 0, "AuthorizationType")}),
        )
        self.fails("GET /v1/marks is missing", check, ("apigatewayv2", "get_routes", {"Items": routes[:1]}))
        extra = [*routes, {"RouteKey": "$default", "AuthorizationType": "CUSTOM"}]
        self.fails("default is not in the template", check, ("apigatewayv2", "get_routes", {"Items": extra}))

    def test_throttle(self):
        api = HttpApi(self.stack(ApiRequestsPerSecond="1000000"), Lines())
        found = {"StageName": "$default", "DefaultRouteSettings": {"ThrottlingRateLimit": 1000000.0, "ThrottlingBurstLimit": 2000}}
        self.passes(api.throttle, ("apigatewayv2", "get_stage", found))
        without = changed(found, {}, "DefaultRouteSettings")
        self.fails("ThrottlingRateLimit is absent", api.throttle, ("apigatewayv2", "get_stage", without))

    def test_cors(self):
        api = HttpApi(self.stack(PortalOrigin="https://minasidor.example"), Lines())
        wanted = api.template.get("Api", "CorsConfiguration")
        found = {"Name": NAME, "RouteSelectionExpression": "", "ProtocolType": "HTTP", "CorsConfiguration": wanted}
        self.passes(api.cors, ("apigatewayv2", "get_api", found))
        anyone = changed(found, ["*"], "CorsConfiguration", "AllowOrigins")
        self.fails("AllowOrigins is", api.cors, ("apigatewayv2", "get_api", anyone))


class OfThePool(Case):
    def test_the_portal_s_client(self):
        pool = UserPool(self.stack(), Lines())
        members = (
            "AllowedOAuthFlows",
            "AllowedOAuthScopes",
            "ReadAttributes",
            "WriteAttributes",
            "ExplicitAuthFlows",
            "EnableTokenRevocation",
        )
        client = {member: pool.template.get("PoolClient", member) for member in (*members, "CallbackURLs", "LogoutURLs")}
        found, operation = {"UserPoolClient": client}, "describe_user_pool_client"
        self.passes(pool.portal_client, ("cognito-idp", operation, found))
        for value, member in (
            (["email", "custom:organisation"], "WriteAttributes"),
            (["openid", "email"], "AllowedOAuthScopes"),
            (["implicit", "code"], "AllowedOAuthFlows"),
            (["https://elsewhere.example/"], "CallbackURLs"),
        ):
            self.fails(f"{member} is", pool.portal_client, ("cognito-idp", operation, changed(found, value, "UserPoolClient", member)))

    def test_the_pool(self):
        pool = UserPool(self.stack(), Lines())
        found = {"AdminCreateUserConfig": {"AllowAdminCreateUserOnly": True, "UnusedAccountValidityDays": 7}, "UserPoolTier": "LITE"}
        found |= {
            "UsernameConfiguration": {"CaseSensitive": False},
            "Policies": {"PasswordPolicy": {"MinimumLength": 12, "RequireNumbers": False}},
        }
        self.passes(pool.pool, ("cognito-idp", "describe_user_pool", {"UserPool": found}))
        anyone = changed(found, False, "AdminCreateUserConfig", "AllowAdminCreateUserOnly")
        self.fails("AllowAdminCreateUserOnly is False", pool.pool, ("cognito-idp", "describe_user_pool", {"UserPool": anyone}))


class OfAlarms(Case):
    def alarms(self, **parameters):
        alarms = Alarms(self.stack(**parameters), Lines())
        alarms.names = {"inspelning-index-behind", "inspelning-billing-asleep"}
        return alarms

    def described(self, **changes):
        common = {"StateValue": "OK", "ActionsEnabled": True, "AlarmActions": [TOPIC]} | changes
        return {"MetricAlarms": [{"AlarmName": f"inspelning-{name}", **common} for name in ("index-behind", "billing-asleep", "unknown")]}

    def test_existence_and_actions(self):
        alarms = self.alarms(AlarmTopic=TOPIC)
        self.passes(alarms.compare, ("cloudwatch", "describe_alarms", self.described()))
        missing = {"MetricAlarms": self.described()["MetricAlarms"][1:]}
        self.fails("inspelning-index-behind does not exist", alarms.compare, ("cloudwatch", "describe_alarms", missing))
        for expected, changes in (("has the actions", {"AlarmActions": []}), ("are disabled", {"ActionsEnabled": False})):
            self.fails(expected, alarms.compare, ("cloudwatch", "describe_alarms", self.described(**changes)))

    def test_states(self):
        alarms = self.alarms()
        self.passes(alarms.states, ("cloudwatch", "describe_alarms", self.described()))
        alarming = ("cloudwatch", "describe_alarms", self.described(StateValue="ALARM"))
        self.fails("inspelning-index-behind is in ALARM; inspelning-billing-asleep is in ALARM", alarms.states, alarming)
        alarms.stack.described["CreationTime"] = datetime.now(UTC) - timedelta(hours=2)
        self.fails("^inspelning-index-behind is in ALARM$", alarms.states, alarming)

    def test_the_topic(self):
        alarms = self.alarms(AlarmTopic=TOPIC)
        confirmed = {"Subscriptions": [{"SubscriptionArn": f"{TOPIC}:1"}]}
        self.passes(alarms.subscriptions, ("sns", "list_subscriptions_by_topic", confirmed))
        pending = {"Subscriptions": [{"SubscriptionArn": "PendingConfirmation"}]}
        self.fails("it has none", alarms.subscriptions, ("sns", "list_subscriptions_by_topic", pending))
        with self.assertRaises(Skipped):
            self.alarms().subscriptions()


if __name__ == "__main__":
    unittest.main()
