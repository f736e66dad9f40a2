"""The smoke test of a deployed stack, for the first minutes after a deployment.

Each module checks one part of the service. A check is a line of the report: pass, fail with a remedy, or skipped with a reason.
"""
