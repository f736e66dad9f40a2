"""Prints and checks the monthly bill of an organisation.

    cost.py            prints the assumptions, the bills, the price of each operation, and what would lower the bill
    cost.py --check    compares with tests/prices.golden.json and the tables of docs/operating/costs.md
    cost.py --write    writes tests/prices.golden.json

`infra/bill.py` computes it. Exit status 1 reports an error.
"""

import argparse
import json
import math
import sys
from collections import Counter
from collections.abc import Iterator
from typing import Any

from bill import BULK, ROOT, Bill, Data, longer_calls, share_traced

GOLDEN = ROOT / "tests/prices.golden.json"
DOCUMENT = ROOT / "docs/operating/costs.md"
COUNTED = "USD per million operations, without the function"
WHOLE = "USD per million operations of the first bill, with the functions"
BILLS = "USD per user and month"
TARGET, SHOWN = 0.03, 20
COLUMNS = ("S3", "DynamoDB", "Cognito", "others", "fixed")


def main() -> int:
    parser = argparse.ArgumentParser(description="prints and checks the monthly bill of an organisation")
    parser.add_argument("--check", action="store_true", help="compare with the golden and the document")
    parser.add_argument("--write", action="store_true", help="write the golden")
    arguments, data = parser.parse_args(), Data()
    if arguments.write:
        GOLDEN.write_text(json.dumps(golden(data), indent=2, ensure_ascii=False) + "\n")
    elif arguments.check:
        errors = check(data)
        print("\n".join(errors[:SHOWN]) or f"{len(data.requests)} operations and {len(data.sizes)} bills cost as agreed")
        if errors:
            print(f"{len(errors)} errors. Review them, run `make golden-cost`, and correct the tables of docs/operating/costs.md")
        return 1 if errors else 0
    else:
        report(data)
    return 0


def golden(data: Data) -> dict[str, Any]:
    """The prices of all counted operations, those of the bill's operations, and the bills of all sizes by service."""
    bills = [Bill(data, size) for size in data.sizes]
    return {
        COUNTED: {name: price_of(data, name) for name in sorted(data.requests)},
        WHOLE: {operation["name"]: rounded(usd_of(data, bills[0].once(operation)), 1_000_000, 3) for operation in data.operations},
        BILLS: {bill.size.name: rounded(bill.by("service"), 1 / bill.size.users, 5) for bill in bills},
    }


def price_of(data: Data, operation: str) -> dict[str, Any]:
    """The price by service, and the origin of its write units. Where they are not counted, the price is without them."""
    requests = data.requests[operation]
    usd = usd_of(data, data.billed(requests, data.write_units.get(operation)))
    origin = "counted" if operation in data.write_units else "not counted" if BULK & requests.keys() else "by request"
    return rounded(usd, 1_000_000, 3) | {"write units": origin}


def usd_of(data: Data, quantities: Counter[str]) -> Counter[str]:
    """USD by service."""
    sums: Counter[str] = Counter()
    for price, quantity in quantities.items():
        sums[data.prices[price]["service"]] += data.usd(price, quantity)
    return sums


def rounded(sums: Counter[str], times: float, digits: int) -> dict[str, float]:
    return {name: round(usd * times, digits) for name, usd in sorted(sums.items()) if usd} | {"all": round(sums.total() * times, digits)}


def sizes(data: Data) -> Iterator[str]:
    """A row for each size: USD per user and month by column."""
    for bill in (Bill(data, size) for size in data.sizes):
        sums = dict.fromkeys(COLUMNS, 0.0)
        for line in bill.lines:
            sums["fixed" if line.is_fixed else line.service if line.service in COLUMNS else "others"] += line.usd / bill.size.users
        yield f"| {bill.size.name} | {' | '.join(f'{usd:.4f}' for usd in [*sums.values(), bill.per_user()])} | {bill.total():,.0f} |"


def levers(data: Data) -> Iterator[str]:
    """A row for each lever at the first size: what it saves, and what remains with all levers above."""
    before, changes = Bill(data, data.sizes[0]).per_user(), {}
    for lever in data.levers:
        saved = before - Bill(data, data.sizes[0], lever["set"]).per_user()
        changes |= lever["set"]
        remaining = Bill(data, data.sizes[0], changes).per_user()
        yield f"| {lever['name']} | {lever['change']} | {saved:.4f} | {remaining:.4f} |"


def check(data: Data) -> list[str]:
    errors = differences(json.loads(GOLDEN.read_text()), golden(data))
    document = DOCUMENT.read_text().splitlines()
    errors += [f"docs/operating/costs.md lacks this row: {row}" for row in [*sizes(data), *levers(data)] if row not in document]
    errors += [f"infra/prices.json: nothing uses {name!r}" for name in data.prices.keys() - data.prices.used]
    errors += [f"infra/usage.json: nothing uses {name!r}" for name in data.usage.keys() - data.usage.used]
    return errors + contradictions(data)


def differences(before: dict[str, Any], after: dict[str, Any], path: str = "") -> list[str]:
    errors = []
    for name in sorted(before.keys() | after.keys()):
        old, new = before.get(name), after.get(name)
        if isinstance(old, dict) and isinstance(new, dict):
            errors += differences(old, new, f"{path}{name}: ")
        elif old != new:
            errors.append(f"tests/prices.golden.json: {path}{name}: {old}, but {new} is computed")
    return errors


def contradictions(data: Data) -> list[str]:
    """Sums that have to agree, and figures that are known from elsewhere."""
    bill = Bill(data, data.sizes[0])
    short = 1 - longer_calls(300, bill.usage["minutes of a call"] * 60, bill.usage["calls under 90 s"])[0]
    wrong = {
        "the services' sum differs from the bill": not math.isclose(bill.by("service").total(), bill.total()),
        "the operations' sum differs from the bill": not math.isclose(bill.by("operation").total(), bill.total()),
        "a line costs less than nothing": min(line.usd for line in bill.lines) < 0,
        "the lengths of calls are not as published, over 80 % under 5 minutes": not 0.8 < short < 0.9,
        "a rare invocation is not traced": not math.isclose(share_traced(1e-6), 1, rel_tol=1e-5),
        "of many invocations, not 5 % are traced": not math.isclose(share_traced(1e6), 0.05, rel_tol=1e-4),
    }
    return [f"infra/bill.py: {error}" for error, is_wrong in wrong.items() if is_wrong]


def report(data: Data) -> None:
    bill = Bill(data, data.sizes[0])
    print("Assumptions (infra/usage.json)")
    for name, entry in data.assumptions.items():
        print(f"  {name:<52}{entry['value']!s:>12}  {entry['source']}")
    for verified, meaning in (("other", "Prices of another region, or without a region"), ("no", "Prices without a source")):
        print(f"\n{meaning}: {'; '.join(name for name, price in data.prices.items() if price['verified'] == verified)}")
    for attribute in ("service", "operation"):
        print(f"\n{bill.size.name}, by {attribute}: USD a month, and per user")
        for name, usd in bill.by(attribute).most_common():
            print(f"  {name:<36}{usd:>12,.2f}{usd / bill.size.users:>12.5f}")
    fixed = sum(line.usd for line in bill.lines if line.is_fixed)
    print(f"\nFixed costs of a stack, USD a month: {fixed * bill.stack_users / bill.size.users:,.2f}")
    print(f"\n| USD per user and month | {' | '.join(COLUMNS)} | all | USD a month |", *sizes(data), sep="\n")
    print("\n| lever, at the first size | change | saves, USD per user and month | with those above |", *levers(data), sep="\n")
    for title in (COUNTED, WHOLE):
        print(f"\n{title}")
        for name, price in golden(data)[title].items():
            print(f"  {name:<46}{price['all']:>10.2f}{'  and writes' if price.get('write units') == 'not counted' else ''}")
    per_user = bill.per_user()
    verdict = "met" if per_user <= TARGET else f"missed by {per_user - TARGET:.4f}"
    print(f"\nThe target of USD {TARGET} per user and month is {verdict}: {per_user:.4f}, of which fixed {fixed / bill.size.users:.4f}")


if __name__ == "__main__":
    sys.exit(main())
