"""Probes of each function: short requests that, together, need everything its role allows. Each may be made again and again.

A probe raises RuntimeError when the answer is not the one it expects. It creates its own data each time, as callers do at the
front door, or as the operator does.
"""

from . import billing, budget, completeness, delivery, index, keeping, listening, people, reconcile, recordings

CONCERNS = recordings, index, listening, people, billing, keeping, delivery, reconcile, completeness, budget


def of(function):
    return [probe for concern in CONCERNS for probe in concern.PROBES.get(function, [])]
