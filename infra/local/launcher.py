"""Starts MiniStack, the local cloud, with what 1.5.33 needs to behave as AWS does. Run with the project's virtual environment.

Each fix names what it mends. They patch private names, so the version is pinned and a name that is gone stops the start with its name.
"""

import http.server
import importlib
import os
import socket
import socketserver
import sys
import threading
import time
from importlib.metadata import version

PINNED = "1.5.33"


def private(module, *path):
    """The attribute at `path` of a MiniStack module, or an end that says which name is gone."""
    found = importlib.import_module(module)
    for name in path:
        if not hasattr(found, name):
            sys.exit(f"MiniStack {version('ministack')} has no {module}.{'.'.join(path)}: infra/local/launcher.py is made for {PINNED}")
        found = getattr(found, name)
    return found


def answer_at_once():
    """A warm call takes 11 ms and not 90: the Runtime API waits for no Nagle, no delayed acknowledgement and no log line."""
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


def expire_as_aws_does(every):
    """A TTL removal puts a record on the stream, with the service's identity, every `every` seconds."""
    tables, settings, lock = (private("ministack.services.dynamodb", name) for name in ("_tables", "_ttl_settings", "_lock"))
    remove, emit, streams = (
        private("ministack.services.dynamodb", name) for name in ("_remove_item", "_emit_stream_event", "_stream_records")
    )
    account_id, region_id = (private("ministack.core.responses", name) for name in ("_request_account_id", "_request_region"))

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

    def sweep():
        while True:
            time.sleep(every)
            with lock:
                for (account, region, name), setting in list(settings.all_items()):
                    if setting.get("TimeToLiveStatus") == "ENABLED":
                        expire(account, region, name, setting["AttributeName"])

    threading.Thread(target=sweep, daemon=True).start()


if __name__ == "__main__":
    if version("ministack") != PINNED:
        sys.exit(f"MiniStack {version('ministack')} is installed, {PINNED} is needed: remove .venv and run again")
    answer_at_once()
    expire_as_aws_does(float(os.environ.get("TTL_SWEEP_SECONDS", "5")))
    private("ministack.app", "main")()
