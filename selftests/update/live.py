# SPDX-License-Identifier: GPL-2.0-only
"""What the programs of the suite share: the module's commands, connections that
move data, and Atmos sockets of their own.
"""
import ctypes
import json
import os
import socket
import subprocess
import time

from hosts import CTL, HERE, Address, Many

SCALE = float(os.environ.get("ATMOS_TEST_SCALE", "1"))
CONNECTIONS = 200
SIZE = max(int(2097152 / SCALE), 65536)
SO_COOKIE = 57
with open("/sys/module/atmos/parameters/family", encoding="ascii") as number:
    FAMILY = int(number.read())


def parameter(name, value):
    with open(f"/sys/module/atmos/parameters/{name}", "w", encoding="ascii") as file:
        file.write(str(value))


def ctl(*args):
    """Status and what is said of it."""
    done = subprocess.run([CTL, "-j", *map(str, args)], capture_output=True, text=True,
                          check=False, timeout=120)
    return done.returncode, json.loads(done.stdout) if done.stdout.strip() else None


def good(*args):
    status, said = ctl(*args)
    assert status == 0, f"{args}: status {status}: {said}"
    return said


def refused(words, status, *args):
    """The command fails with this status, and says why."""
    got, said = ctl(*args)
    assert got == status and words in said["error"]["message"], f"{args}: {got}, {said}"


def update(image, *which, status=0):
    """All sockets, or those named; what the command counts."""
    got, said = ctl("domain", "update", *(which or ["--all"]), "--image", image)
    assert got == status, f"update to {image}: status {got}, not {status}: {said}"
    return said


def images():
    """What domains of sockets run now."""
    return {d["image"] for d in good("domain", "list")} - {"reasm"}


def whole(said):
    """All sockets took the update."""
    assert not said["refused"] and not said["rolled_back"] and not said["failed"], said
    return said["updated"]


class Load:
    """Connections that move data both ways, checked at both ends."""

    def __init__(self, server, client, family=4, connections=CONNECTIONS, size=SIZE):
        address = Address(server[0], family)
        self.connections = connections
        self.port = f":{address.port}"
        self.serves = Many("serve", *server, address, connections, size, "pause")
        self.connects = Many("connect", *client, address, connections, size, "pause")

    def __enter__(self):
        self.serves.__enter__()
        self.connects.__enter__()
        self.connects.wait_for("connected")
        self.serves.wait_for("connected")
        return self

    def __exit__(self, *_):
        self.connects.__exit__()
        self.serves.__exit__()

    def go(self):
        self.connects.say("go")

    def running(self):
        return self.connects.process.poll() is None and self.serves.process.poll() is None

    def exact(self):
        for end in (self.connects, self.serves):
            said = end.result()
            assert said == f"exact {self.connections} of {self.connections}", said


class Here:
    """What runs in the network namespace of the Atmos host."""

    def __enter__(self):
        self.own = os.open("/proc/self/ns/net", os.O_RDONLY)
        self.enter(f"/run/netns/{HERE}")

    @staticmethod
    def enter(path):
        with open(path, "rb") as file:
            subprocess_setns(file.fileno())

    def __exit__(self, *_):
        subprocess_setns(self.own)
        os.close(self.own)


def subprocess_setns(descriptor):
    """setns(), which Python has from 3.12 on only."""
    if ctypes.CDLL(None, use_errno=True).setns(descriptor, 0x40000000):
        raise OSError(ctypes.get_errno(), "setns")


def atmos_socket(kind):
    with Here():
        return socket.socket(FAMILY, kind, 0)


def cookie(sock):
    return int.from_bytes(sock.getsockopt(socket.SOL_SOCKET, SO_COOKIE, 8), "little")


class RawSocket:
    """An Atmos socket by its descriptor: Python does not know the family's addresses."""

    def __init__(self, kind):
        self.sock = atmos_socket(kind)
        self.sock.setsockopt(0x41544D, 1, socket.AF_INET)
        self.inet = socket.socket(socket.AF_INET, kind, 0, fileno=self.sock.detach())
