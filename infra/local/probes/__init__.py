"""Probes of each function: short requests that, together, need everything its role allows. Each may be made again and again.

A probe raises RuntimeError when the answer is not the one it expects. What it works on is put there by it each time, as callers do at the
front door, or as the operator does.
"""

from . import billing, delivery, index, keeping, listening, people, recordings, sweep

CONCERNS = recordings, index, listening, people, billing, keeping, delivery, sweep


def of(function):
    return [probe for concern in CONCERNS for probe in concern.PROBES.get(function, [])]
