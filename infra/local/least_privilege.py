"""Shows that no function may do more than it needs: what its role allows is taken away bit by bit, and a probe of the function has to fail.

    least_privilege.py [FUNCTION…]    of all functions, or of these

It takes away whole statements, and of a statement each action, each resource and each kind of item. A right that is given back has to
restore what failed. Runs in a local cloud that enforces IAM, which CLOUD names.
Ends with 1 if anything goes unnoticed, or fails still with all of its
rights, or if a role could alter an audit event or an activation.
"""

import copy
import fnmatch
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import probes
from botocore.exceptions import ClientError
from probes.door import Door
from probes.recordings import expect_state, silence, take_in, upload

# A condition ForAllValues holds where a request names no key. These always name one.
READ, WRITE = "GetItem BatchGetItem Query", "PutItem UpdateItem DeleteItem BatchWriteItem ConditionCheckItem"
KEYED = {f"dynamodb:{name}" for name in f"{READ} {WRITE}".split()}
# These name a stream, which shows every kind of item; they alter nothing.
OF_A_STREAM = {f"dynamodb:{name}" for name in "DescribeStream GetShardIterator GetRecords ListStreams".split()}
EVENTS = ["demo#audit", "demo#activation"]
MAY_DO_WITH_EVENTS = {"dynamodb:PutItem", "dynamodb:Query"}
# Of Lambda itself: it writes the log and the trace with the function's role. The local cloud does neither with a role.
LAMBDAS_OWN = {"AWSLambdaBasicExecutionRole", "AWSXrayWriteOnlyAccess"}
# SAM adds a policy of this name for a failure destination, which Lambda itself sends to with the function's role.
OF_A_DESTINATION = "SQSPolicy"
# AWS asks for the user of an SFTP server where it is about one; the local cloud asks for the server.
ASKED_FOR_BY_AWS_ALONE = ":user/"
ROW = "{:<10} {:<35} {:<28} {}"


def main():
    door = Door(json.loads(Path(os.environ["CLOUD"]).read_text()))
    begun = time.perf_counter()
    prepare(door)
    roles = {function: Role(door, function) for function in chosen(door, sys.argv[1:])}
    for function in roles:
        complaint = complain(door, probes.of(function))
        if complaint:
            raise RuntimeError(f"nothing was taken away, and yet: {complaint}")
    failures = [failure for role in roles.values() for failure in [*role.failures(), *role.alterations(door)]]
    print(ROW.format("function", "statement", "without", "noticed by"))
    taken = 0
    for role in roles.values():
        for statement, without, left in role.reductions():
            role.put(left)
            complaint = complain(door, probes.of(role.function))
            role.put(role.statements)
            taken += 1
            print(ROW.format(role.function, statement, without, complaint or "NOTHING"), flush=True)
            if not complaint:
                failures.append(f"{role.function} does not need {without} of {statement}")
                continue
            still = complain(door, [complaint.probe])
            if still:
                failures.append(f"{role.function} fails with {without} of {statement} given back, so it shows nothing: {still}")
        complaint = complain(door, probes.of(role.function))
        if complaint:
            failures.append(f"{role.function} fails with all of its rights given back, so it shows nothing: {complaint}")
    print(f"\n{taken} things taken away from {len(roles)} roles in {time.perf_counter() - begun:.0f} s")
    print("\n".join(failures) or "a function failed each time; no role may alter an audit event or an activation")
    return 1 if failures else 0


def chosen(door, named):
    unknown = [function for function in named if function not in door.cloud["functions"]]
    if unknown:
        sys.exit(f"no function is called {unknown[0]}: name some of {', '.join(door.cloud['functions'])}, or none for all of them")
    return named or door.cloud["functions"]


def prepare(door):
    """Stores a recording for the probes to find, and stops what feeds functions: they are probed at their own doors."""
    door.recording = upload(door, silence())
    for function in ("ingest", "index", "expire", "retention-worker", "import", "delivery", "reconcile"):
        mappings = door.aws("lambda").list_event_source_mappings(FunctionName=door.cloud["functions"][function])
        for mapping in mappings["EventSourceMappings"]:
            door.aws("lambda").update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
    take_in(door, door.recording)
    expect_state(door, door.recording, "stored")


class Complaint(NamedTuple):
    """A probe that failed, and why."""

    probe: Callable
    why: str

    def __str__(self):
        return f"{self.probe.__name__.replace('_', ' ')}: {self.why}"


def complain(door, asked):
    """The complaint of the first probe that fails; none if all succeed."""
    for probe in asked:
        try:
            probe(door)
        except (RuntimeError, ClientError) as error:
            return Complaint(probe, f"{error.operation_name} is denied" if isinstance(error, ClientError) else str(error))
    return None


class Role:
    """The role of one function."""

    def __init__(self, door, function):
        self.iam, self.function = door.aws("iam"), function
        self.arn = door.aws("lambda").get_function_configuration(FunctionName=door.cloud["functions"][function])["Role"]
        self.name = self.arn.rpartition("/")[2]
        policies = self.iam.list_role_policies(RoleName=self.name)["PolicyNames"]
        self.policies = [policy for policy in policies if not policy.endswith(OF_A_DESTINATION)]
        self.attached = {policy["PolicyName"] for policy in self.iam.list_attached_role_policies(RoleName=self.name)["AttachedPolicies"]}
        self.statements = self.read(self.policies[0])["Statement"] if self.policies else []

    def read(self, policy):
        document = self.iam.get_role_policy(RoleName=self.name, PolicyName=policy)["PolicyDocument"]
        return json.loads(document) if isinstance(document, str) else document

    def put(self, statements):
        document = json.dumps({"Version": "2012-10-17", "Statement": statements})
        self.iam.put_role_policy(RoleName=self.name, PolicyName=self.policies[0], PolicyDocument=document)

    def reductions(self):
        """The rights that can be taken away: the statement's name, what, and the statements that are left."""
        for place, statement in enumerate(self.statements):
            before, after = self.statements[:place], self.statements[place + 1 :]
            yield statement["Sid"], "all of it", before + after
            for what, less in lessened(statement):
                yield statement["Sid"], what, [*before, less, *after]

    def failures(self):
        """Rights that no role may have, whatever the probes say."""
        if len(self.policies) > 1 or self.attached != LAMBDAS_OWN:
            yield f"{self.function} has policies beside its own: {self.policies}, {sorted(self.attached)}"
        for statement in self.statements:
            named = f"{self.function} {statement['Sid']}"
            actions = {action for action in listed(statement["Action"]) if action.startswith(("dynamodb:", "*"))} - OF_A_STREAM
            if actions - KEYED:
                yield f"{named}: {sorted(actions - KEYED)} need not name a key"
            for event in EVENTS:
                if reaches(statement, event) and actions - MAY_DO_WITH_EVENTS:
                    yield f"{named}: {sorted(actions - MAY_DO_WITH_EVENTS)} reaches {event}"

    def alterations(self, door):
        """Which events the role can alter when it tries."""
        credentials = door.aws("sts").assume_role(RoleArn=self.arn, RoleSessionName="alteration")["Credentials"]
        table = door.aws("dynamodb", credentials)
        for event in EVENTS:
            named = {"TableName": door.cloud["table"], "Key": {"pk": {"S": event}, "sk": {"S": "0"}}}
            for attempt in (table.update_item, table.delete_item):
                try:
                    attempt(**named)
                except ClientError as error:
                    if error.response["Error"]["Code"] == "AccessDeniedException":
                        continue
                yield f"{self.function} was let {attempt.__name__} at {event}"


def reaches(statement, key):
    """Whether the statement's conditions let a request through that names the partition key."""
    conditions = statement.get("Condition", {})
    like = conditions.get("ForAllValues:StringLike", {}).get("dynamodb:LeadingKeys", ["*"])
    unlike = conditions.get("ForAllValues:StringNotLike", {}).get("dynamodb:LeadingKeys", [])
    return any(fnmatch.fnmatchcase(key, kind) for kind in listed(like)) and not any(
        fnmatch.fnmatchcase(key, kind) for kind in listed(unlike)
    )


def lessened(statement):
    """The statement without each of its actions, each of its resources, and each of the kinds of item that it reaches."""
    for member in ("Action", "Resource"):
        several = listed(statement[member])
        for one in several if len(several) > 1 else []:
            if ASKED_FOR_BY_AWS_ALONE not in one:
                yield one, statement | {member: [other for other in several if other != one]}
    for operator, keys in statement.get("Condition", {}).items():
        if "Not" in operator:
            continue  # less of it permits more
        kinds = listed(keys.get("dynamodb:LeadingKeys", []))
        for kind in kinds if len(kinds) > 1 else []:
            less = copy.deepcopy(statement)
            less["Condition"][operator]["dynamodb:LeadingKeys"] = [other for other in kinds if other != kind]
            yield kind, less


def listed(value):
    return value if isinstance(value, list) else [value]


if __name__ == "__main__":
    sys.exit(main())
