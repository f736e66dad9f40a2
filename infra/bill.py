"""The monthly bill of an organisation, from counted requests, units and bytes. `infra/cost.py` prints and checks it.

The tests count requests, write units and bytes of rows (tests/requests.golden.json, tests/units.golden.json). Memory, alarms and queues
are those of infra/template.yaml. Prices are in infra/prices.json. Everything that nobody has counted is an assumption in
infra/usage.json. Free tiers and volume discounts are left out.

Each operation, and whatever is retained, has quantities by the name of their price. The bill is the sum of quantities times prices.
"""

import json
import math
import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from statistics import NormalDist
from typing import Any, NamedTuple, NoReturn

ROOT = Path(__file__).resolve().parents[1]
GB = 2**30
WRITES, READS = "DynamoDB write units", "DynamoDB read units"
PUT, GET, QUEUE, LOGS = "S3 PUT, COPY, POST, LIST", "S3 GET", "SQS requests", "CloudWatch log ingestion"
# The goldens count both, and AWS bills neither: deletions, and bytes that a function reads in its own region.
FREE = {"S3.DeleteObject", "bytes read"}
# These write any number of items, so the number of requests says nothing about the units.
BULK = {"DynamoDB.BatchWriteItem", "DynamoDB.TransactWriteItems"}
AUTHORIZER, CALLERS = "Authorizer", {"a phone", "the portal", "the switch"}
FIXED = "fixed: "


class Named(dict[str, Any]):
    """Values by name. An unknown name ends the program. `used` has every name that was looked up."""

    def __init__(self, source: str, values: Mapping[str, Any]) -> None:
        super().__init__(values)
        self.source, self.used = source, set[str]()

    def __missing__(self, name: str) -> NoReturn:
        sys.exit(f"{self.source} has no {name!r}: correct infra/usage.json, or restore the name")

    def __getitem__(self, name: str) -> Any:
        self.used.add(name)
        return super().__getitem__(name)

    def with_changes(self, changes: Mapping[str, Any]) -> "Named":
        for name in changes.keys() - self.keys():
            self.__missing__(name)
        changed = Named(self.source, self | changes)
        changed.used = self.used
        return changed


class Line(NamedTuple):
    operation: str
    service: str
    usd: float

    @property
    def is_fixed(self) -> bool:
        return self.operation.startswith(FIXED)


class Size(NamedTuple):
    name: str
    users: int
    calls: int


class Template:
    """The facts of infra/template.yaml that cost money."""

    def __init__(self, text: str) -> None:
        functions = re.findall(r"^  (\w+):\n    Type: AWS::Serverless::Function\n((?: {4}.*\n|\n)+)", text, re.MULTILINE)
        default = re.findall(r"^    MemorySize: (\d+)", text, re.MULTILINE)
        own = {name: re.findall(r"^      MemorySize: (\d+)", body, re.MULTILINE) for name, body in functions}
        self.memory = Named("infra/template.yaml", {name: int((found or default)[0]) for name, found in own.items()})
        # Each metric of an alarm is billed.
        plain = text.count("Type: AWS::CloudWatch::Alarm") - len(re.findall(r"^      Metrics:$", text, re.MULTILINE))
        self.alarm_metrics = plain + text.count("MetricStat:")
        self.custom_metrics = len(set(re.findall(r"MetricNamespace: !Ref AWS::StackName, MetricName: ([\w-]+)", text)))
        self.polled_queues = len(re.findall(r"EventSourceArn: !GetAtt \w+\.Arn", text))


class Data:
    """Everything that is read from files."""

    def __init__(self) -> None:
        usage, requests, units = load("infra/usage.json"), load("tests/requests.golden.json"), load("tests/units.golden.json")
        counted = Named("tests/units.golden.json", units["write units"])
        self.prices = Named("infra/prices.json", load("infra/prices.json")["prices"])
        self.assumptions: dict[str, dict[str, Any]] = usage["assumptions"]
        self.usage = Named("infra/usage.json", {name: entry["value"] for name, entry in self.assumptions.items()})
        self.requests = Named("tests/requests.golden.json", requests | units["requests"])
        for name in usage["write units"].keys() - self.requests.keys():
            self.requests.__missing__(name)
        self.write_units: dict[str, float] = {name: counted[unit]["all"] for name, unit in usage["write units"].items()}
        self.units = Named("infra/usage.json (units)", usage["units"])
        self.milliseconds = Named("infra/usage.json (milliseconds)", usage["milliseconds"])
        self.row_bytes: int = units["bytes of a call without a note"]["all"]
        self.operations: list[dict[str, Any]] = usage["operations"]
        self.levers: list[dict[str, Any]] = usage["levers"]
        self.sizes = [Size(**size) for size in usage["sizes"]]
        self.template = Template((ROOT / "infra/template.yaml").read_text())

    def usd(self, price: str, quantity: float) -> float:
        return quantity * self.prices[price]["usd"] / self.prices[price]["per"]

    def billed(self, requests: Mapping[str, float], write_units: float | None = None) -> Counter[str]:
        """The quantities that AWS bills for requests, by the name of the price. Counted write units replace those of the requests."""
        quantities: Counter[str] = Counter()
        for request, count in requests.items():
            service, _, action = request.partition(".")
            if request in FREE:
                continue
            if service == "DynamoDB":
                quantities[WRITES] += count * self.units[request].get("write", 0)
                quantities[READS] += count * self.units[request].get("read", 0)
            elif service == "S3":
                quantities[GET if action in {"GetObject", "HeadObject"} else PUT] += count
            elif service == "SQS":
                quantities[QUEUE] += count
            else:
                sys.exit(f"infra/bill.py has no price for {request}")
        if write_units is not None:
            quantities[WRITES] = write_units
        return quantities


def load(path: str) -> dict[str, Any]:
    return json.loads((ROOT / path).read_text())


class Bill:
    """The bill of one organisation for one month. `changes` replace assumptions."""

    def __init__(self, data: Data, size: Size, changes: Mapping[str, Any] | None = None) -> None:
        self.data, self.size, self.usage = data, size, data.usage.with_changes(changes or {})
        usage, days = self.usage, self.usage["days a month"]
        self.calls = size.users * size.calls * usage["working days a month"]
        self.stored = self.calls * usage["retention, days"] / days
        self.delivered = self.calls * usage["share of organisations with SFTP"]
        self.audio_bytes = usage["minutes of a call"] * 60 * usage["kbit/s of audio"] * 1000 / 8
        self.stack_users = max(size.users, usage["users on the stack"])
        per = {"call": self.calls, "user": size.users, "day": days, "delivered call": self.delivered}
        self.per = Named("infra/bill.py", per | {"1,000 stored recordings a night": self.stored / 1000 * days})
        self.traced = self.shares_traced()
        self.lines = list(self.all_lines())

    def all_lines(self) -> Iterator[Line]:
        for operation in self.data.operations:
            yield from self.priced(operation["name"], self.once(operation), self.count(operation))
        for name, quantities in (self.retained() | self.of_people()).items():
            yield from self.priced(name, quantities)
        for name, quantities in self.fixed().items():
            yield from self.priced(FIXED + name, quantities, self.size.users / self.stack_users)

    def priced(self, operation: str, quantities: Mapping[str, float], times: float = 1) -> Iterator[Line]:
        for price, quantity in quantities.items():
            yield Line(operation, self.data.prices[price]["service"], self.data.usd(price, quantity * times))

    def value(self, of: float | str) -> float:
        """A number, or the assumption of that name."""
        return self.usage[of] if isinstance(of, str) else of

    def count(self, operation: Mapping[str, Any]) -> float:
        return self.per[operation["per"]] * self.value(operation.get("times", 1))

    def once(self, operation: Mapping[str, Any]) -> Counter[str]:
        """The quantities of one operation, with its function and the functions that it starts."""
        requests: Counter[str] = Counter(self.data.requests[operation["requests"]] if "requests" in operation else {})
        requests.update({request: self.value(count) for request, count in operation.get("also", {}).items()})
        write = self.value(operation["write"]) if "write" in operation else self.data.write_units.get(operation.get("requests", ""))
        if write is None and BULK & requests.keys():
            sys.exit(f"infra/usage.json: {operation['name']!r} needs `write`, because units.golden.json does not count its write units")
        quantities = self.data.billed(requests, write)
        if "read" in operation:
            quantities[READS] = self.value(operation["read"])
        if "function" in operation:
            waiting = sum(count * self.data.milliseconds[request] for request, count in requests.items() if request != "bytes read")
            quantities.update(self.computed(operation["function"], waiting))
        for function, times in self.started(operation).items():
            quantities.update(self.invoked(function, times))
            if function == AUTHORIZER:
                quantities.update(self.computed(function, 0, times))
        quantities.update(self.delivered_by(operation))
        return quantities

    def started(self, operation: Mapping[str, Any]) -> dict[str, float]:
        """The invocations of each function for one operation. Without a trigger, the operation is a part of an invocation."""
        function, trigger = operation.get("function"), operation.get("trigger")
        if trigger in CALLERS:
            return {function: 1, AUTHORIZER: self.usage[f"authorizer invocations for a request of {trigger}"]}
        if trigger in {"queue", "stream"}:
            return {function: 1 / self.usage[f"records in an invocation of {function}"]}
        return {}

    def invoked(self, function: str, times: float) -> Counter[str]:
        logged = times * self.usage["log bytes of an invocation"] / GB
        return Counter({"Lambda requests": times, "X-Ray traces": times * self.traced[function], LOGS: logged})

    def computed(self, function: str, waiting: float, times: float = 1) -> dict[str, float]:
        """The time of a function: waiting for AWS, and its own on the part of a core that comes with its memory."""
        memory = self.data.template.memory[function] * self.usage["memory, of the template's"]
        own = self.usage["own milliseconds of an operation"] * self.usage["memory of a whole core, MB"] / memory
        gb_seconds = times * memory / 1024 * (waiting + own) / 1000
        logged = times * self.usage["log bytes of an operation"] / GB
        return {f"Lambda GB-seconds, {self.usage['Lambda architecture']}": gb_seconds, LOGS: logged}

    def delivered_by(self, operation: Mapping[str, Any]) -> dict[str, float]:
        """The requests that bring the work to the function: through the API, or by receiving and deleting messages."""
        trigger = operation.get("trigger")
        if trigger == "queue":
            return {QUEUE: 2 * self.started(operation)[operation["function"]]}
        if trigger in CALLERS:
            requests = 1 + self.usage[f"preflights for a request of {trigger}"]
            return {"API Gateway requests": requests, LOGS: requests * self.usage["log bytes of an API request"] / GB}
        return {}

    def shares_traced(self) -> dict[str, float]:
        """The share of each function's invocations that is traced. Those of the whole stack are spread over the working hours."""
        invocations: Counter[str] = Counter()
        for operation in self.data.operations:
            invocations.update({name: times * self.count(operation) for name, times in self.started(operation).items()})
        seconds = self.usage["working days a month"] * self.usage["working hours a day"] * 3600
        stack = self.stack_users / self.size.users
        return {name: self.usage["tracing"] * share_traced(number * stack / seconds) for name, number in invocations.items()}

    def retained(self) -> dict[str, dict[str, float]]:
        usage, days = self.usage, self.usage["days a month"]
        added = usage["bytes DynamoDB adds to a row"]
        reported = self.calls * usage["days that reported calls are retained"] / days
        requests = sum(self.count(operation) for operation in self.data.operations if operation.get("trigger") in CALLERS)
        events = (requests + self.calls) * usage["months that audit events are retained"]  # a removal leaves a receipt
        return {
            "retain the audio": self.audio(),
            "retain the recordings' rows": table(self.stored * (self.data.row_bytes + added), usage["indexes of a stored recording"]),
            "retain reported calls": table(reported * (usage["bytes of a reported call"] + added), 1),
            "retain the audit log": table(events * (usage["bytes of an audit event"] + added), 0),
        }

    def audio(self) -> dict[str, float]:
        """The storage of audio. Objects of the smallest size or more may move to Glacier Instant Retrieval after some days."""
        usage = self.usage
        seconds = usage["smallest object that moves, bytes"] * 8 / 1000 / usage["kbit/s of audio"]
        objects, audio = longer_calls(seconds, usage["minutes of a call"] * 60, usage["calls under 90 s"])
        moves, total = usage["objects move to Glacier Instant Retrieval"], self.stored * self.audio_bytes / GB
        moved = moves * total * audio * (1 - usage["days before they move"] / usage["retention, days"])
        return {
            "S3 Standard storage": total - moved,
            "S3 Glacier Instant Retrieval storage": moved,
            "S3 Glacier Instant Retrieval transitions": moves * self.calls * objects,
        }

    def of_people(self) -> dict[str, dict[str, float]]:
        usage, users, moved = self.usage, self.size.users, self.usage["objects move to Glacier Instant Retrieval"]
        transfers = users * usage["calls played by a user, a month"] * usage["transfers of played audio"]
        played, delivered = transfers * self.audio_bytes / GB, self.delivered * self.audio_bytes / GB
        visits = users * usage["first visits to the portal, a user and month"]
        return {
            "send audio to listeners": {
                GET: transfers * (1 - moved),
                "S3 Glacier Instant Retrieval GET": transfers * moved,
                "S3 Glacier Instant Retrieval retrieval": played * moved,
                "Transfer to the internet": played,
            },
            "send days by SFTP": {
                "S3 Standard storage": delivered * usage["days in a delivery folder"] / usage["days a month"],
                GET: self.delivered,
                "Transfer Family data": delivered,
                "Transfer to the internet": delivered,
            },
            "sign in": {f"Cognito active users, {usage['Cognito plan']}": users * usage["share of users that sign in"]},
            "load the portal": {
                "CloudFront data": visits * usage["bytes of a first visit"] / GB,
                "CloudFront requests": visits * usage["files of a first visit"],
            },
        }

    def fixed(self) -> dict[str, dict[str, float]]:
        """The costs of a stack that nobody uses."""
        usage, template, hours = self.usage, self.data.template, self.usage["hours a month"]
        return {
            "SFTP server": {"Transfer Family endpoint": hours * usage["SFTP servers"]},
            "alarms and metrics": {"CloudWatch alarms": template.alarm_metrics, "CloudWatch metrics": template.custom_metrics},
            "polling of queues": {QUEUE: template.polled_queues * usage["pollers of an idle queue"] * hours * 3600 / 20},
            "schedules": {"EventBridge": usage["invocations by schedules, a month"]},
            "the table's key": {"KMS requests": hours * usage["KMS requests an hour"]},
            "the operator's client": {
                "Cognito application clients": usage["application clients of the operator"],
                "Cognito application tokens": usage["application tokens, a month"],
            },
        }

    def total(self) -> float:
        return sum(line.usd for line in self.lines)

    def per_user(self) -> float:
        return self.total() / self.size.users

    def by(self, attribute: str) -> Counter[str]:
        """USD by `service` or `operation`."""
        sums: Counter[str] = Counter()
        for line in self.lines:
            sums[getattr(line, attribute)] += line.usd
        return sums


def share_traced(rate: float) -> float:
    """The share of invocations that Lambda traces: the first in a second, and 5 % of the others. They come at random, `rate` per second."""
    first = 1 - math.exp(-rate)
    return (first + 0.05 * (rate - first)) / rate if rate else 0


def longer_calls(seconds: float, mean: float, under_90: float) -> tuple[float, float]:
    """The shares of calls, and of their audio, that last at least `seconds`. Lengths are log-normal, with this mean."""
    z = NormalDist().inv_cdf(under_90)
    sigma = z + math.sqrt(z * z + 2 * math.log(mean / 90))
    deviation = math.log(seconds / 90) / sigma + z
    return 1 - NormalDist().cdf(deviation), 1 - NormalDist().cdf(deviation - sigma)


def table(size: float, indexes: float) -> dict[str, float]:
    """The storage of rows in the table and its indexes. Point-in-time recovery is billed for the table only."""
    return {"DynamoDB storage": size / GB * (1 + indexes), "DynamoDB point-in-time recovery": size / GB}
