"""The local cloud: MiniStack with the project's template deployed to it.

    cloud.py up  --state DIR                    does the main job on real speech, then stays up until Ctrl-C
    cloud.py run --state DIR [--fresh] -- CMD   runs CMD with the cloud's settings file in CLOUD, then stops

Writes DIR/cloud.json: endpoints, and the sign-ins of the demo's people and applications.
"""

import argparse
import contextlib
import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import deploy
import main_job
import portal_server
import ports
import provision
from botocore.exceptions import BotoCoreError, ClientError

ROOT = Path(__file__).resolve().parents[2]
REGION = "eu-north-1"
DESCRIPTION = "cloud.json"
TERMINATED, INTERRUPTED = 143, 130


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(TERMINATED))
    signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in a background job
    options = parse()
    state = Path(options.state).resolve()
    server = None
    try:
        lock = hold(state)
        # A state whose start was interrupted is incomplete, and is created again.
        if options.fresh or not (deploy.stamp_in(state).exists() and (state / DESCRIPTION).exists()):
            shutil.rmtree(state, ignore_errors=True)
        state.mkdir(parents=True, exist_ok=True)
        listening = [bound(state, options.port), options.sftp_port or ports.free(), options.portal_port or ports.free()]
        ports.refuse_busy(listening)
        server = start(state, *listening[:2], options.auth, lock)
        cloud = bring_up(server, *listening, state, [portal_server.DEVELOPMENT] if options.mode == "up" else [])
        return stay(cloud, server, state, listening[1]) if options.mode == "up" else run(options.command, state)
    except KeyboardInterrupt:
        print("\nstopping the local cloud, which writes its data", file=sys.stderr, flush=True)
        return 0 if options.mode == "up" else INTERRUPTED
    except (RuntimeError, OSError, BotoCoreError, ClientError) as error:
        print(f"the local cloud stops: {error}", file=sys.stderr)
        return 1
    finally:
        stop(server)


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("mode", choices=["up", "run"])
    parser.add_argument("--state", required=True, help="the folder of the cloud's data")
    parser.add_argument("--port", type=int, help="the port that every service listens on; a free one unless given")
    parser.add_argument("--sftp-port", type=int, help="the port of SFTP; a free one unless given")
    parser.add_argument("--portal-port", type=int, help="the port of the portal; a free one unless given")
    parser.add_argument("--auth", action="store_true", help="enforce IAM: each function with its own role")
    parser.add_argument("--fresh", action="store_true", help="delete the data first")
    end = sys.argv.index("--") if "--" in sys.argv else len(sys.argv)
    options = parser.parse_args(sys.argv[1:end])
    options.command = sys.argv[end + 1 :]
    if options.mode == "run" and not options.command:
        parser.error("run needs a command after --")
    return options


def hold(state):
    """Locks the state for one local cloud, until this process and MiniStack have both ended."""
    state.parent.mkdir(parents=True, exist_ok=True)
    lock = open(state.with_suffix(".lock"), "w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        sys.exit(f"another local cloud uses {state}: stop it, or wait until it has ended")
    return lock


def bound(state, asked):
    """The port to listen on. Queue addresses contain it, so a state requires its first port."""
    if not (state / DESCRIPTION).exists():
        return asked or ports.free()
    port = int(json.loads((state / DESCRIPTION).read_text())["endpoint"].rpartition(":")[2])
    if asked and asked != port:
        sys.exit(f"the data in {state} belongs to port {port}: make run PORT={port}, or remove the folder")
    return port


def start(state, port, sftp_port, auth, lock):
    """Starts MiniStack with a minimal environment, because the functions inherit all of it."""
    environment = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(state),
        "LANG": "C.UTF-8",
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "MINISTACK_REGION": REGION,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "PERSIST_STATE": "1",
        "S3_PERSIST": "1",
        "STATE_DIR": str(state / "state"),
        "S3_DATA_DIR": str(state / "s3"),
        "SFTP_HOST": "127.0.0.1",
        "SFTP_PORT": str(sftp_port),
        "IOT_MTLS_ENABLED": "0",
        "LOG_LEVEL": "WARNING",
        "TTL_SWEEP_SECONDS": "5",
        "AUTH": "true" if auth else "false",
    }
    # Temporary files belong to the state; in the machine's folder, a hundred runs fill the disk.
    scratch = state / "tmp"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir()
    environment["TMPDIR"] = str(scratch)
    launcher = Path(__file__).with_name("launcher.py")
    with open(state / "cloud.log", "ab") as log:
        # Its own session, so that Ctrl-C reaches this process first, which lets it write its state.
        return subprocess.Popen(
            [sys.executable, str(launcher)],
            env=environment,
            cwd=state,
            stdout=log,
            stderr=log,
            start_new_session=True,
            pass_fds=[lock.fileno()],
        )


def bring_up(server, port, sftp_port, portal_port, state, more_origins):
    """Deploys the template and provisions the demo in a healthy MiniStack. Returns the settings."""
    await_health(server, port, state)
    origins = [portal_server.origin(portal_port), *more_origins]
    cloud = deploy.deploy(f"http://127.0.0.1:{port}", REGION, ROOT, state, sftp_port, origins)
    cloud |= provision.demonstration(cloud)
    cloud["portal"] = portal_server.serve(cloud, portal_port)
    cloud["run"] = count(state / "runs")
    described = state / DESCRIPTION
    described.touch(mode=0o600)
    described.write_text(json.dumps(cloud, indent=2))
    return cloud


def count(runs):
    """The number of this run. It survives a killed MiniStack, which loses its own state."""
    run = int(runs.read_text()) + 1 if runs.exists() else 1
    runs.write_text(str(run))
    return run


def await_health(server, port, state):
    for _ in range(300):
        if server.poll() is not None:
            last = (state / "cloud.log").read_text(errors="replace").strip().splitlines()[-1:]
            raise RuntimeError(f"{' '.join(last)} (all of it in {state / 'cloud.log'})")
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/_ministack/health", timeout=1):
                return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"it was not healthy after 30 s; see {state / 'cloud.log'}")


def stay(cloud, server, state, sftp_port):
    try:
        main_job.do(cloud)
    except RuntimeError as error:
        raise RuntimeError(f"the main job failed: {error}") from error
    main_job.say_how_to_go_on(cloud, state / DESCRIPTION, sftp_port)
    server.wait()
    raise RuntimeError(f"it ended by itself; see {state / 'cloud.log'}")


def run(command, state):
    child = subprocess.Popen(command, env={**os.environ, "CLOUD": str(state / DESCRIPTION)}, cwd=ROOT)
    try:
        return child.wait()
    finally:
        if child.poll() is None:
            child.terminate()
            child.wait()


def stop(server):
    """Stops MiniStack and waits while it writes its state. Ignores Ctrl-C and TERM meanwhile."""
    for hurry in (signal.SIGINT, signal.SIGTERM):
        signal.signal(hurry, signal.SIG_IGN)
    if server is None:
        return
    with contextlib.suppress(subprocess.TimeoutExpired):
        server.terminate()
        server.wait(timeout=120)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(server.pid, signal.SIGKILL)  # functions that still run


if __name__ == "__main__":
    sys.exit(main())
