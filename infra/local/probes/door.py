"""The local cloud as callers reach it, as its operator does, and as Lambda does."""

import base64
import json
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

import boto3
import main_job
import provision

EVENTS = Path(__file__).resolve().parents[3] / "events"
OPERATOR, CRM = "operator", "crm"


class Door:
    """The local cloud as callers reach it, and as its operator does."""

    def __init__(self, cloud):
        self.cloud, self.tokens, self.count = cloud, {}, 0
        self.session = boto3.session.Session(cloud["access_key"], cloud["secret_key"], region_name=cloud["region"])

    def aws(self, service, credentials=None):
        """The service as root, or with the credentials of an assumed role."""
        if credentials is None:
            return self.session.client(service, endpoint_url=self.cloud["endpoint"])
        keys = [credentials[name] for name in ("AccessKeyId", "SecretAccessKey", "SessionToken")]
        session = boto3.session.Session(*keys, region_name=self.cloud["region"])
        return session.client(service, endpoint_url=self.cloud["endpoint"])

    def fresh(self, name):
        """A name that no probe has used."""
        self.count += 1
        return f"{name}-{self.count}"

    def token(self, who):
        if who not in self.tokens:
            self.tokens[who] = self.sign_in(who)
        return self.tokens[who]

    def sign_in(self, who):
        if who in self.cloud["users"]:
            return main_job.sign_in(self.cloud, who)
        scopes = ["operator"] if who == OPERATOR else [f"{provision.DEMO}:{scope}" for scope in provision.SCOPES]
        scopes = [f"{provision.SERVER}/{scope}" for scope in scopes]
        return provision.application_token(self.cloud, self.cloud["applications"][who], scopes)

    def ask(self, who, request, body=None, status=200, match=None, once=None):
        """Makes a request, as in `GET /v1/me`; answers with the body, or its first line. A list is sent as lines of JSON.

        `match` is the version that it edits, `once` the key under which it has its effect once.
        """
        method, path = request.split(" ")
        content_type, sent = "application/json", json.dumps(body)
        if isinstance(body, list):
            content_type, sent = "application/x-ndjson", "\n".join(map(json.dumps, body))
        headers = {"authorization": f"Bearer {self.token(who)}", "content-type": content_type}
        if match is not None:
            headers["if-match"] = match
        if once is not None:
            headers["idempotency-key"] = once
        answer = fetch(method, self.cloud["api"] + path, headers, None if body is None else sent.encode(), status)
        return json.loads(answer.splitlines()[0]) if answer else None


def fetch(method, url, headers, body=None, status=200):
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body, headers, method=method), timeout=30) as answer:
            found, text = answer.status, answer.read()
    except urllib.error.HTTPError as error:
        found, text = error.code, error.read()
    if found != status:
        path = urllib.parse.urlsplit(url).path
        raise RuntimeError(f"{method} {path[max(path.find('/v1/'), 0) :]} answered {found}, not {status}")
    return text


def event(name):
    """A captured event, for a probe to change and hand over."""
    return json.loads((EVENTS / name).read_text())


def invoke(door, function, event):
    """Hands the function an event at its own door, and answers with what it says."""
    answer = door.aws("lambda").invoke(FunctionName=door.cloud["functions"][function], Payload=json.dumps(event))
    answered = json.loads(answer["Payload"].read())
    if "FunctionError" in answer:
        raise RuntimeError(f"{function} failed: {answered.get('errorMessage', '')[:200]}")
    return answered


def tell(door, function, event):
    """Hands the function an event of which no part may fail."""
    if invoke(door, function, event) != {"batchItemFailures": []}:
        raise RuntimeError(f"{function} did not take its event")


def as_the_poller(door, function, service):
    """The service as Lambda's own poller reaches it, with the function's role; the local cloud's asks no role."""
    role = door.aws("lambda").get_function_configuration(FunctionName=door.cloud["functions"][function])["Role"]
    return door.aws(service, door.aws("sts").assume_role(RoleArn=role, RoleSessionName="poller")["Credentials"])


def take_from(door, function, queue):
    """The work of Lambda's own poller for a function that a queue feeds."""
    queue, url = as_the_poller(door, function, "sqs"), door.cloud[queue]
    door.aws("sqs").send_message(QueueUrl=url, MessageBody="a probe")
    queue.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    for message in queue.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]:
        queue.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])


def follow_the_table(door, function):
    """The work of Lambda's own poller for a function that the table's stream feeds."""
    streams = as_the_poller(door, function, "dynamodbstreams")
    (stream,) = streams.list_streams(TableName=door.cloud["table"])["Streams"]
    shard = streams.describe_stream(StreamArn=stream["StreamArn"])["StreamDescription"]["Shards"][0]["ShardId"]
    named = {"StreamArn": stream["StreamArn"], "ShardId": shard, "ShardIteratorType": "TRIM_HORIZON"}
    streams.get_records(ShardIterator=streams.get_shard_iterator(**named)["ShardIterator"], Limit=1)


def item_of(door, id):
    """The recording's item; none if there is none."""
    key = {"pk": {"S": f"{provision.DEMO}#recording"}, "sk": {"S": id}}
    return door.aws("dynamodb").get_item(TableName=door.cloud["table"], Key=key, ConsistentRead=True).get("Item")


def items(door, partition):
    asked = {"KeyConditionExpression": "pk = :pk", "ExpressionAttributeValues": {":pk": {"S": partition}}}
    pages = door.aws("dynamodb").get_paginator("query").paginate(TableName=door.cloud["table"], **asked)
    return [item for page in pages for item in page["Items"]]


def as_the_stream_has(item):
    """The item as an event of the table's stream shows it."""
    return {name: {kind: encoded(value) for kind, value in of.items()} for name, of in item.items()}


def encoded(value):
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value
