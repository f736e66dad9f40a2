"""The report: one line for each check, with a remedy if it failed."""

import signal
import threading
import time

PASS, FAIL, SKIPPED = "pass", "fail", "skipped"
ONLY_ON_AWS = "only on AWS"


class Failed(Exception):
    """A check found something other than expected."""


class Skipped(Exception):
    """A check does not apply here."""


class Stopped(Exception):
    """A check failed that the rest of its section needs."""


STOP = threading.Event()  # set by Ctrl-C


def stop_on_signals():
    """Lets Ctrl-C and TERM stop between two checks, so that nothing is created without being registered for the clean-up."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: STOP.set())


def ignore_signals():
    """Lets the clean-up finish."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    STOP.clear()


def stop_if_interrupted():
    if STOP.is_set():
        raise KeyboardInterrupt


class Report:
    def __init__(self, local, write=print):
        self.local, self.write = local, write
        self.counts = {PASS: 0, FAIL: 0, SKIPPED: 0}

    def section(self, title, *checks, needs=True):
        """Runs the checks of a section, until one fails that the others need. Returns whether all of them ran.

        `needs` is the result of an earlier section that this one needs.
        """
        self.write(f"\n{title}")
        if not needs:
            self.line(SKIPPED, "this section", "it needs an earlier one")
            return False
        try:
            for check in checks:
                check()
        except Stopped as failure:
            self.line(SKIPPED, "the rest of this section", f"it needs this check: {failure}")
            return False
        return True

    def check(self, name, remedy, action, only_on_aws=False, required=False):
        """Runs a check, and returns its result; None if it fails or is skipped. A required one that fails raises Stopped."""
        stop_if_interrupted()
        if only_on_aws and self.local:
            return self.line(SKIPPED, name, ONLY_ON_AWS)
        try:
            result = action()
        except Skipped as reason:
            self.line(SKIPPED, name, str(reason))
            if required:
                raise Stopped(name) from reason
            return None
        except Exception as error:
            stop_if_interrupted()  # Ctrl-C has also reached the program that the check ran
            self.line(FAIL, name, described(error), remedy)
            if required:
                raise Stopped(name) from error
            return None
        self.line(PASS, name)
        return result

    def line(self, status, name, detail=None, remedy=None):
        self.counts[status] += 1
        self.write(f"  {status:<8} {name}{f': {detail}' if detail else ''}")
        if remedy:
            self.write(f"           remedy: {remedy}")

    def summary(self):
        return ", ".join(f"{count} {status if status == SKIPPED else status + 'ed'}" for status, count in self.counts.items())

    @property
    def failed(self):
        return self.counts[FAIL] > 0


class Cleanup:
    """Everything that has to be removed again, the latest first."""

    def __init__(self):
        self.actions = []

    def add(self, name, remedy, action):
        self.actions.append((name, remedy, action))

    def run(self, report):
        """Removes everything. A removal that fails is a failed check, and does not keep the others from being done."""
        if not self.actions:
            return
        report.write("\nClean-up")
        while self.actions:
            report.check(*self.actions.pop())


def described(error):
    """The error in one line."""
    kind = "" if isinstance(error, Failed) else f"{type(error).__name__}: "
    return " ".join(f"{kind}{error}".split())[:600]


def expect(expected, actual, what):
    """Raises Failed if a value is not the expected one."""
    if actual != expected:
        raise Failed(f"{what} is {shown(actual)}, not {shown(expected)}")


def agree(expected, actual, of=""):
    """Raises Failed with every member that is not as expected. Numbers may be written as texts, as parameters are."""
    wrong = [
        f"{of}{name} is {shown(actual.get(name))}, not {shown(value)}"
        for name, value in expected.items()
        if not same(value, actual.get(name))
    ]
    none_of(wrong)


def wrong_in(wanted, found, name):
    """The members that differ, each with the name."""
    try:
        agree(wanted, found, f"{name}: ")
    except Failed as failure:
        return [str(failure)]
    return []


def none_of(wrong):
    """Raises Failed if the list names anything wrong."""
    if wrong:
        raise Failed("; ".join(wrong))


def same(expected, actual):
    """Whether two values are equal, however numbers and truth values are written. AWS may add members to a structure."""
    if isinstance(expected, dict) and isinstance(actual, dict):
        return all(same(value, actual.get(name)) for name, value in expected.items())
    if isinstance(expected, list) and isinstance(actual, list):
        return len(expected) == len(actual) and all(map(same, expected, actual))
    return plain(expected) == plain(actual)


def plain(value):
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if value is None else str(value)


def shown(value):
    return "absent" if value is None else repr(value) if isinstance(value, str) else str(value)


def until(seconds, action, pause=0.5):
    """Repeats the action until it returns a result. Raises Failed with the last reason that it gave."""
    end = time.monotonic() + seconds
    while True:
        try:
            return action()
        except Failed as reason:
            if time.monotonic() > end:
                raise Failed(f"after {seconds} s: {reason}") from reason
        STOP.wait(pause)
        stop_if_interrupted()


def ordered(value):
    """A list in order, because the order of such settings has no meaning."""
    return sorted(value) if isinstance(value, list) else value
