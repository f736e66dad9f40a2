"""Runs the tests that docs/cases.md names for each case: cases.py NEXTEST COMMAND...

COMMAND is the local cloud in which NEXTEST runs.
"""

import re
import subprocess
import sys
from pathlib import Path

DOCUMENT = Path(__file__).resolve().parents[1] / "docs/cases.md"


def rows():
    """The rows with their tests, in order."""
    for line in DOCUMENT.read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("| ") and len(cells) == 3 and cells[0] not in ("row", "---"):
            yield cells[0], re.findall(r"`([a-z_:]+)`", cells[2])


def listed(command):
    """The names of all tests."""
    output = subprocess.run([*command, "--message-format", "oneline"], capture_output=True, text=True, check=True).stdout
    return [line.split()[-1] for line in output.splitlines() if line.strip()]


def main(nextest, cloud):
    command = nextest.split()
    place = command.index("run")
    existing = listed([*command[:place], "list", *command[place + 1 :]])
    unknown = [test for _, tests in rows() for test in tests if not any(test in name for name in existing)]
    if unknown:
        sys.exit(f"docs/cases.md names tests that do not exist: {', '.join(unknown)}")
    wanted = {test for _, tests in rows() for test in tests}
    chosen = " | ".join(f"test({test})" for test in sorted(wanted))
    ran = subprocess.run([*cloud, *command, "--no-fail-fast", "--success-output", "final", "-E", chosen], check=False)
    gaps = [row for row, tests in rows() if not tests]
    print(f"{len(list(rows()))} rows, {len(wanted)} tests; without a test: {', '.join(gaps) or 'none'}")
    sys.exit(ran.returncode)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
