"""The local cloud: MiniStack with the project's template deployed to it.

    cloud.py up  --state DIR                    stays up until Ctrl-C
    cloud.py run --state DIR [--fresh] -- CMD   runs CMD with CLOUD naming what is up, then stops

Writes DIR/cloud.json: where everything is, and the sign-ins of the demonstration.
"""

import argparse
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import deploy
import provision

ROOT = Path(__file__).resolve().parents[2]
REGION = "eu-north-1"


def main():
    options = parse()
    state = Path(options.state).resolve()
    if options.fresh:
        shutil.rmtree(state, ignore_errors=True)
    state.mkdir(parents=True, exist_ok=True)
    ports = [options.port or free_port(), options.sftp_port or free_port()]
    for port in ports:
        refuse_busy(port)
    server = start(state, *ports, options.auth)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        await_health(server, ports[0], state)
        cloud = deploy.deploy(f"http://127.0.0.1:{ports[0]}", REGION, ROOT, state)
        cloud["users"] = provision.demonstration(cloud)
        described = state / "cloud.json"
        described.write_text(json.dumps(cloud, indent=2))
        described.chmod(0o600)
        if options.deed == "up":
            print(f"the local cloud is up: {cloud['api']} (described in {described})", flush=True)
            return server.wait()
        return subprocess.run(options.command, env={**os.environ, "CLOUD": str(described)}, cwd=ROOT).returncode
    except KeyboardInterrupt:
        return 0
    except (RuntimeError, OSError) as error:
        print(f"the local cloud did not come up: {error}", file=sys.stderr)
        return 1
    finally:
        stop(server)


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("deed", choices=["up", "run"])
    parser.add_argument("--state", required=True, help="the folder that keeps the cloud's data")
    parser.add_argument("--port", type=int, help="the port that every service listens on; a free one unless given")
    parser.add_argument("--sftp-port", type=int, help="the port of SFTP; a free one unless given")
    parser.add_argument("--auth", action="store_true", help="enforce IAM: each function with its own role")
    parser.add_argument("--fresh", action="store_true", help="begin with nothing")
    end = sys.argv.index("--") if "--" in sys.argv else len(sys.argv)
    options = parser.parse_args(sys.argv[1:end])
    options.command = sys.argv[end + 1 :]
    return options


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def refuse_busy(port):
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", port)) == 0:
            sys.exit(f"port {port} is busy: stop what listens there, or choose another with PORT=… make run")


def start(state, port, sftp_port, auth):
    """Starts MiniStack with an environment of its own: all of it reaches the functions."""
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
    log = open(state / "cloud.log", "ab")
    launcher = Path(__file__).with_name("launcher.py")
    # A session of its own: Ctrl-C reaches us first, and we stop it so that it writes its state.
    return subprocess.Popen([sys.executable, str(launcher)], env=environment, cwd=state, stdout=log, stderr=log, start_new_session=True)


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


def stop(server):
    """Ends MiniStack and waits: its state is written only then."""
    if server.poll() is None:
        server.terminate()
        try:
            server.wait(timeout=60)
        except subprocess.TimeoutExpired:
            server.kill()


if __name__ == "__main__":
    sys.exit(main())
