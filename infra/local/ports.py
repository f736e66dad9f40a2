"""Ports of the loopback interface. As a command it reports busy ports, before a long build."""

import socket
import sys


def free():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def refuse_busy(ports):
    for port in ports:
        if listens(port):
            sys.exit(f"port {port} is busy: stop the process that listens there, or choose others with PORT=, SFTP_PORT= and PORTAL_PORT=")


if __name__ == "__main__":
    refuse_busy(int(port) for port in sys.argv[1:])
