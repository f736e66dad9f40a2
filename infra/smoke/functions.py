"""The functions and their log groups, compared with the template."""

from .report import Failed, agree, none_of, wrong_in

CONCURRENCY = 100  # AWS leaves this many executions unreserved, so an account with fewer can reserve none
BY_TEMPLATE = "compare it with the template, and deploy with `make deploy`; change by hand what a deployment does not"


class Functions:
    def __init__(self, stack, report):
        self.stack, self.report, self.template = stack, report, stack.template
        self.client = stack.client("lambda")
        self.names = self.template.of_type("AWS::Serverless::Function")

    def checks(self):
        check = self.report.check
        check(
            f"{len(self.names)} functions are active, with the memory and timeouts of the template",
            BY_TEMPLATE,
            lambda: none_of([wrong for name in self.names for wrong in self.configuration(name)]),
        )
        for name in self.names:
            if self.template.get(name, "RecursiveLoop"):
                self.check_recursion(name)
        self.check_concurrency()
        check(
            "a scheduled run that fails three times is sent to the queue of dead schedules",
            "aws lambda put-function-event-invoke-config, with the destination of the template",
            lambda: none_of([wrong for name in self.names for wrong in self.failure_destination(name)]),
            only_on_aws=True,
        )
        check(
            "every log group has the retention of LogDays",
            "aws logs put-retention-policy --log-group-name … --retention-in-days …; logs contain ids, which must not be retained for ever",
            self.log_groups,
        )

    def configuration(self, name):
        found = self.client.get_function_configuration(FunctionName=self.stack.physical(name))
        if found["State"] not in ("Active", "Inactive"):  # inactive: not used for weeks
            return [f"{name} is {found['State']}"]
        wanted = {member: self.template.get(name, member) for member in ("MemorySize", "Timeout", "Runtime", "Architectures")}
        return wrong_in(wanted | {"LastUpdateStatus": "Successful"}, found, name)

    def check_recursion(self, name):
        function = self.stack.physical(name)
        self.report.check(
            f"{function} may send messages to itself",
            f"aws lambda put-function-recursion-config --function-name {function} --recursive-loop Allow; "
            "otherwise Lambda ends its jobs after about 16 messages",
            lambda: agree({"RecursiveLoop": "Allow"}, self.client.get_function_recursion_config(FunctionName=function)),
            only_on_aws=True,
        )

    def check_concurrency(self):
        check = self.report.check
        check(
            "concurrency is reserved as the parameters say",
            "aws lambda put-function-concurrency, or deploy with ReservedConcurrency=…",
            lambda: none_of([wrong for name in self.names for wrong in self.reserved(name)]),
            only_on_aws=True,
        )
        check(
            f"the account permits more than {CONCURRENCY} concurrent executions",
            "ask AWS for a higher limit: Service Quotas, AWS Lambda, Concurrent executions; a new account has about 10",
            self.account_limit,
            only_on_aws=True,
        )

    def reserved(self, name):
        found = self.client.get_function_concurrency(FunctionName=self.stack.physical(name))
        return wrong_in({"ReservedConcurrentExecutions": self.template.get(name, "ReservedConcurrentExecutions")}, found, name)

    def account_limit(self):
        limit = self.client.get_account_settings()["AccountLimit"]["ConcurrentExecutions"]
        if limit <= CONCURRENCY:
            raise Failed(f"the limit is {limit}")

    def failure_destination(self, name):
        wanted = self.template.get(name, "EventInvokeConfig")
        if not wanted:
            return []
        found = self.client.get_function_event_invoke_config(FunctionName=self.stack.physical(name))["DestinationConfig"]
        return wrong_in({"Destination": wanted["DestinationConfig"]["OnFailure"]["Destination"]}, found.get("OnFailure", {}), name)

    def log_groups(self):
        logs, wrong = self.stack.client("logs"), []
        for name in self.template.of_type("AWS::Logs::LogGroup"):
            group = self.stack.physical(name)
            groups = logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]
            found = next((one for one in groups if one["logGroupName"] == group), None)
            wanted = {"retentionInDays": self.template.get(name, "RetentionInDays")}
            wrong += wrong_in(wanted, found, group) if found else [f"{group} does not exist"]
        none_of(wrong)
