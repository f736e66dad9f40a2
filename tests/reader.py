"""Reads an export independently of its code, as finance might: prints the sums of its lines and the hashes of its files as JSON."""

import csv
import hashlib
import json
import sys
from collections import defaultdict
from decimal import Decimal
from pathlib import Path


def main(folder):
    control = json.loads((folder / "control.json").read_text("utf-8"))
    separator = control["separator"]
    sums = defaultdict(lambda: [0, 0, Decimal("0.00")])
    corrections, lines, organisations, unpriced = [0, 0, Decimal("0.00")], 0, set(), 0
    with open(folder / "lines.csv", encoding="utf-8-sig", newline="") as text:
        for row in csv.DictReader(text, delimiter=separator, strict=True):
            amount = Decimal(row["amount"].replace(",", ".") if separator == ";" else row["amount"])
            for total in [sums[row["rule"]], *([corrections] if row["corrects"] else [])]:
                total[0] += 1
                total[1] += int(row["quantity"])
                total[2] += amount
            lines += 1
            unpriced += row["price"] == ""
            organisations.add(row["organisation"])
    rows = [json.loads(line) for line in (folder / "lines.jsonl").read_text("utf-8").splitlines()]
    hashes = {str(path.relative_to(folder)): sha256(path) for path in folder.rglob("*") if path.is_file() and path.name != "control.json"}
    listed = dict(reversed(line.split("  ")) for line in (folder / "SHA256SUMS").read_text("utf-8").splitlines())
    shown = {
        "sums": {rule: shown_sum(total) for rule, total in sums.items()},
        "corrections": shown_sum(corrections),
        "lines": lines,
        "unpriced": unpriced,
        "organisations": len(organisations),
        "total": str(sum((total[2] for total in sums.values()), Decimal("0.00"))),
        "jsonTotal": str(sum((Decimal(row["amount"]) for row in rows), Decimal("0.00"))),
        "jsonLines": len(rows),
        "hashes": hashes,
        "listed": listed,
    }
    print(json.dumps(shown))


def shown_sum(total):
    return {"lines": total[0], "quantity": total[1], "amount": str(total[2])}


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
