"""Starts MiniStack 1.5.33, the local cloud, with the fixes that it needs to behave as AWS does.

Run it with the project's virtual environment. Each fix patches private names of the pinned version.
"""

import http.server
import importlib
import json
import os
import re
import socket
import socketserver
import sys
import threading
import time
import traceback
from importlib.metadata import version

PINNED = "1.5.33"


def private(module, *path):
    """The attribute at `path` of a MiniStack module. Exits with the name if it does not exist."""
    found = importlib.import_module(module)
    for name in path:
        if not hasattr(found, name):
            sys.exit(f"MiniStack {version('ministack')} has no {module}.{'.'.join(path)}: infra/local/launcher.py is made for {PINNED}")
        found = getattr(found, name)
    return found


def answer_at_once():
    """Reduces a warm call from 90 ms to 11: no wait for Nagle, delayed ACKs and log lines."""
    setup = socketserver.StreamRequestHandler.setup

    def no_delay(self):
        if self.request.family != socket.AF_UNIX:
            self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        setup(self)

    socketserver.StreamRequestHandler.setup = no_delay
    parse = http.server.BaseHTTPRequestHandler.parse_request

    def quick_acknowledgement(self):
        parsed = parse(self)
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
        return parsed

    http.server.BaseHTTPRequestHandler.parse_request = quick_acknowledgement
    worker = private("ministack.core.lambda_runtime", "ProvidedWorker")
    drain = private("ministack.core.lambda_runtime", "ProvidedWorker", "_drain_stderr_bounded")
    worker._drain_stderr_bounded = lambda self, first_line_wait=0.004, idle_confirm=0.001, hard_cap=0.25: drain(
        self, first_line_wait, idle_confirm, hard_cap
    )


def without_its_reaper():
    """Imports MiniStack's DynamoDB without its TTL thread, which writes no stream records."""
    start, stopped = threading.Thread.start, []

    def start_any_other(thread):
        if thread.name == "dynamodb-ttl-reaper":
            stopped.append(thread)
        else:
            start(thread)

    threading.Thread.start = start_any_other
    try:
        private("ministack.services.dynamodb")
    finally:
        threading.Thread.start = start
    if len(stopped) != 1:
        sys.exit(f"MiniStack started {len(stopped)} reapers of expired items and not 1: infra/local/launcher.py is made for {PINNED}")


def expire_as_aws_does(every):
    """Removes expired items every `every` seconds, with a stream record by the service's identity.

    Runs on the event loop between two requests, so that no request sees a partial removal. If it fails,
    the local cloud ends, because tests would wrongly pass with expired items in the table.
    """
    tables, settings = (private("ministack.services.dynamodb", name) for name in ("_tables", "_ttl_settings"))
    remove, emit, streams = (
        private("ministack.services.dynamodb", name) for name in ("_remove_item", "_emit_stream_event", "_stream_records")
    )
    account_id, region_id = (private("ministack.core.responses", name) for name in ("_request_account_id", "_request_region"))
    private("ministack.app", "_MAIN_LOOP")

    def expire(account, region, name, attribute):
        table, now = tables.get_scoped(account, region, name), time.time()
        if not table:
            return
        dead = [
            (partition, sort, item)
            for partition, items in table["items"].items()
            for sort, item in items.items()
            if "N" in item.get(attribute, {}) and float(item[attribute]["N"]) <= now
        ]
        tokens = account_id.set(account), region_id.set(region)
        try:
            for partition, sort, item in dead:
                remove(table, partition, sort)
                emit(name, "REMOVE", item, None)
                records = streams.get(name)
                if records:
                    records[-1]["userIdentity"] = {"type": "Service", "principalId": "dynamodb.amazonaws.com"}
        finally:
            account_id.reset(tokens[0])
            region_id.reset(tokens[1])

    def expire_all():
        try:
            for (account, region, name), setting in list(settings.all_items()):
                if setting.get("TimeToLiveStatus") == "ENABLED":
                    expire(account, region, name, setting["AttributeName"])
        except Exception:
            traceback.print_exc()
            print("the local cloud ends: it could not remove expired items", file=sys.stderr, flush=True)
            os._exit(1)

    def repeat():
        while True:
            time.sleep(every)
            loop = sys.modules["ministack.app"]._MAIN_LOOP
            if loop is not None:
                loop.call_soon_threadsafe(expire_all)

    threading.Thread(target=repeat, daemon=True).start()


def hold_to_leading_keys():
    """Gives IAM a request's partition keys, so that `dynamodb:LeadingKeys` conditions are checked.

    AWS authorises a transaction by its actions, and does not document whether it checks each item's key
    or all keys of an action. This checks all keys of an action: a role that passes here passes both.
    """
    tables = private("ministack.services.dynamodb", "_tables")
    context_of, enforce = (
        private("ministack.core.iam_actions", "dynamodb_service_context"),
        private("ministack.core.iam_evaluator", "enforce"),
    )
    actions = private("ministack.core.iam_actions", "_DYNAMODB_TRANSACT_ITEM_ACTIONS")
    by_action = "leading keys by action"

    def context_with_keys(body):
        context = context_of(body)
        if context:  # None if the body is not an object
            context[by_action] = leading_keys(tables, actions, json.loads(body or b"{}"))
        return context

    def enforce_with_keys(access_key, action, *rest, service_context=None, **others):
        context = dict(service_context or {})
        keys = context.pop(by_action, {})
        keys = keys.get(action, keys.get("*"))
        if keys:
            context["dynamodb:LeadingKeys"] = sorted(keys)
        return enforce(access_key, action, *rest, service_context=context, **others)

    sys.modules["ministack.core.iam_actions"].dynamodb_service_context = context_with_keys
    sys.modules["ministack.core.iam_evaluator"].enforce = enforce_with_keys


def leading_keys(tables, actions, request):
    """The partition keys in a DynamoDB request, by action, or under `*`."""
    by_action = {}

    def add(action, table, item):
        name = (tables.get(table) or {}).get("pk_name")
        if name in (item or {}):
            by_action.setdefault(action, set()).add(next(iter(item[name].values())))

    for item in request.get("TransactItems", []):
        for member, detail in item.items():
            add(actions.get(member), detail.get("TableName"), detail.get("Key") or detail.get("Item"))
    for table, asked in request.get("RequestItems", {}).items():
        writes = [] if isinstance(asked, dict) else [write for entry in asked for write in entry.values()]
        for key in asked["Keys"] if isinstance(asked, dict) else [write.get("Key") or write.get("Item") for write in writes]:
            add("*", table, key)
    if "KeyConditionExpression" in request:
        for name, value in re.findall(r"([#\w]+)\s*=\s*(:\w+)", request["KeyConditionExpression"]):
            if request.get("ExpressionAttributeNames", {}).get(name, name) == partition(tables, request):
                by_action.setdefault("*", set()).add(next(iter(request["ExpressionAttributeValues"][value].values())))
    else:
        add("*", request.get("TableName"), request.get("Key") or request.get("Item"))
    return by_action


def partition(tables, query):
    """The partition key of the query's table or index."""
    table = tables.get(query.get("TableName")) or {}
    schemas = {index["IndexName"]: index["KeySchema"] for index in table.get("GlobalSecondaryIndexes", [])}
    schema = schemas.get(query.get("IndexName"), table.get("KeySchema", []))
    return next((key["AttributeName"] for key in schema if key["KeyType"] == "HASH"), None)


def name_streams():
    """Gives IAM the stream of a request or iterator; all were denied. ListStreams needs every stream."""
    named, decode = (
        private("ministack.core.iam_actions", "extract_resource_arn"),
        private("ministack.services.dynamodb_streams", "_decode_iterator"),
    )

    def with_streams(service, method, path, headers, body, query, region, account):
        if service != "dynamodbstreams":
            return named(service, method, path, headers, body, query, region, account)
        asked = json.loads(body or b"{}")
        stream = asked.get("StreamArn") or (decode(asked.get("ShardIterator", "")) or {}).get("arn")
        return stream or f"arn:aws:dynamodb:{region}:{account}:table/{asked.get('TableName', '*')}/stream/*"

    sys.modules["ministack.core.iam_actions"].extract_resource_arn = with_streams


def hide_missing_keys():
    """Answers 403 instead of 404 for a missing key to a role without ListBucket, as S3 does."""
    buckets, enforce = private("ministack.services.s3", "_buckets"), private("ministack.core.iam_evaluator", "enforce")

    def enforce_and_hide(access_key, action, *rest, resource_arn="*", **others):
        denied = enforce(access_key, action, *rest, resource_arn=resource_arn, **others)
        bucket, _, key = resource_arn.removeprefix("arn:aws:s3:::").partition("/")
        if denied or action != "s3:GetObject" or key in buckets.get(bucket, {}).get("objects", {key}):
            return denied
        return enforce(access_key, "s3:ListBucket", *rest, resource_arn=f"arn:aws:s3:::{bucket}")

    sys.modules["ministack.core.iam_evaluator"].enforce = enforce_and_hide


def allow_batches_by_their_parts():
    """Checks SQS batches as the single action: IAM has no batch actions, MiniStack required one."""
    enforce = private("ministack.core.iam_evaluator", "enforce")

    def enforce_parts(access_key, action, *rest, **others):
        return enforce(access_key, action.removesuffix("Batch") if action.startswith("sqs:") else action, *rest, **others)

    sys.modules["ministack.core.iam_evaluator"].enforce = enforce_parts


def checksum_copies():
    """Returns the checksum that an S3 copy requests; it was missing."""
    buckets, copy = private("ministack.services.s3", "_buckets"), private("ministack.services.s3", "_copy_object")

    def copy_with_checksum(bucket, key, headers):
        algorithm = headers.get("x-amz-checksum-algorithm", "").upper()
        status, answered, body = copy(bucket, key, {**headers, "x-amz-sdk-checksum-algorithm": algorithm} if algorithm else headers)
        if status == 200 and algorithm:
            checksum = buckets[bucket]["objects"][key]["checksums"][algorithm]
            element = f"<Checksum{algorithm}>{checksum}</Checksum{algorithm}></CopyObjectResult>"
            body = body.replace(b"</CopyObjectResult>", element.encode())
        return status, answered, body

    sys.modules["ministack.services.s3"]._copy_object = copy_with_checksum


def hold_sftp_to_its_policies():
    """Limits an SFTP session to what its role and policy both allow, as AWS does; it had no limit.

    CreateUser requires permission to pass the role. Attributes cannot be set, as in AWS by default.
    """
    module = "ministack.services.transfer"
    users, key_of, create = private(module, "_users"), private(module, "_user_key"), private(module, "_create_user")
    caller, enforce = (private("ministack.core.iam_evaluator", name) for name in ("_verified_key", "enforce"))

    def create_with_policy(data):
        asked = {"resource_arn": data.get("Role", "*"), "service_context": {"iam:PassedToService": "transfer.amazonaws.com"}}
        if caller.get() and enforce(caller.get(), "iam:PassRole", "iam", os.environ["AWS_REGION"], **asked):
            return private(module, "_error")("AccessDeniedException", "the role may not be passed", 400)
        answer = create(data)
        if answer[0] == 200:
            users[key_of(data["ServerId"], data["UserName"])]["Policy"] = data.get("Policy")
        return answer

    ensure = private(module, "_ensure_sftp_runtime")

    def ensure_and_hold():
        known = sys.modules[module]._MiniStackSFTPServer
        ensure()
        if known is None:
            hold_sessions(sys.modules[module]._MiniStackSFTPServer)

    sys.modules[module]._create_user = create_with_policy
    sys.modules[module]._ensure_sftp_runtime = ensure_and_hold


def hold_sessions(server):
    """Makes each operation of a session check the S3 permission that it needs."""
    import asyncssh

    def ask(action, also=None):
        def asking(operation):
            def held(self, path, *rest, **named):
                for wanted, place in [(action, path), *([(also, rest[0])] if also else [])]:
                    if not allowed(self, wanted, place):
                        raise asyncssh.SFTPPermissionDenied("access denied")
                return operation(self, path, *rest, **named)

            return held

        return asking

    def hold_open(operation):
        def held(self, path, flags, attributes):
            writes = flags & 0x02
            if not allowed(self, "s3:PutObject" if writes else "s3:GetObject", path):
                raise asyncssh.SFTPPermissionDenied("access denied")
            return operation(self, path, flags, attributes)

        return held

    def hold_listing(operation):
        async def held(self, path):
            if not allowed(self, "s3:ListBucket", path):
                raise asyncssh.SFTPPermissionDenied("access denied")
            async for entry in operation(self, path):
                yield entry

        return held

    def refuse(self, *_):
        raise asyncssh.SFTPOpUnsupported("attributes cannot be set")

    rename = ask("s3:DeleteObject", also="s3:PutObject")
    holds = {
        "open": hold_open,
        "scandir": hold_listing,
        "stat": ask("s3:ListBucket"),
        "remove": ask("s3:DeleteObject"),
        "rmdir": ask("s3:DeleteObject"),
        "mkdir": ask("s3:PutObject"),
        "rename": rename,
        "posix_rename": rename,
    }
    for name, hold in holds.items():
        setattr(server, name, hold(private("ministack.services.transfer", "_MiniStackSFTPServer", name)))
    for name in ("setstat", "fsetstat", "lsetstat"):
        setattr(server, name, refuse)


def allowed(session, action, path):
    """Whether the session's role and policy allow the action at the path."""
    evaluate, context, gather, parse = (
        private("ministack.core.iam_evaluator", name)
        for name in ("evaluate", "EvalContext", "_gather_role_policies", "parse_policy_document")
    )
    bucket, key = session._resolve(path)
    user, lists = session._user, action == "s3:ListBucket"
    asked = context(
        principal_arn=user["Arn"],
        principal_type="AssumedRole",
        principal_account=session._account_id,
        action=action,
        resource_arn=f"arn:aws:s3:::{bucket}" if lists else f"arn:aws:s3:::{bucket}/{key}",
        region=session._region,
        service_context={"s3:prefix": key} if lists else {},
    )
    role = gather(user["Role"].rpartition("/")[2], session._account_id)
    return evaluate(asked, role, [parse(user["Policy"])] if user.get("Policy") else []).decision == "Allow"


def serve_bodies_on_disk():
    """Serves objects whose body is on disk over SFTP; they were empty."""
    find, on_disk = private("ministack.services.transfer", "_sftp_s3_get_object"), private("ministack.services.s3", "_object_disk_path")

    def found(account, bucket, key):
        item = find(account, bucket, key)
        if item is None or item.get("body") is not None:
            return item
        with open(on_disk(bucket, key, account), "rb") as body:
            return {**item, "body": body.read()}

    sys.modules["ministack.services.transfer"]._sftp_s3_get_object = found


def keep_the_time_of_sign_in():
    """Keeps `auth_time`, the time of sign-in, in renewed tokens (OpenID Connect Core 1.0, 12.2)."""
    sign, signed_in = private("ministack.services.cognito", "_signed_jwt"), {}

    def sign_with_time(claims, *rest):
        if "auth_time" in claims:
            claims = claims | {"auth_time": signed_in.setdefault(claims.get("origin_jti"), claims["auth_time"])}
        return sign(claims, *rest)

    sys.modules["ministack.services.cognito"]._signed_jwt = sign_with_time


if __name__ == "__main__":
    if version("ministack") != PINNED:
        sys.exit(f"MiniStack {version('ministack')} is installed, {PINNED} is needed: remove .venv and run again")
    without_its_reaper()
    answer_at_once()
    hold_to_leading_keys()
    name_streams()
    hide_missing_keys()
    keep_the_time_of_sign_in()
    allow_batches_by_their_parts()
    checksum_copies()
    hold_sftp_to_its_policies()
    serve_bodies_on_disk()
    expire_as_aws_does(float(os.environ.get("TTL_SWEEP_SECONDS", "5")))
    private("ministack.app", "main")()
