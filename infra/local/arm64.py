"""Starts each function that is built for arm64 under emulation, and prints the size of its zip.

A binary passes if it asks the Runtime API for its first event, with its settings in the local cloud that
CLOUD names. Its handling of events is tested on x86_64, from the same sources.
"""

import json
import os
import socket
import sys
from pathlib import Path

import figures

BUILT = Path(__file__).resolve().parents[2] / "target/aarch64-unknown-linux-gnu/release"
EMULATED = ["qemu-aarch64", "-L", "/usr/aarch64-linux-gnu"]


def main():
    cloud = json.loads(Path(os.environ["CLOUD"]).read_text())
    failed = []
    with socket.create_server(("127.0.0.1", 0)) as runtime_api:
        for function, name in cloud["functions"].items():
            try:
                figures.start(runtime_api, [*EMULATED, BUILT / function], figures.settings_of(cloud, name))
                state = "starts"
            except (RuntimeError, TimeoutError) as error:
                state = f"does not start: {error}"
                failed.append(function)
            print(f"{function:<18}{figures.zip_of(BUILT / function):>6.2f} MB  {state}", flush=True)
    sys.exit(f"not started: {', '.join(failed)}" if failed else 0)


if __name__ == "__main__":
    main()
