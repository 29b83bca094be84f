# SPDX-License-Identifier: GPL-2.0-only
"""The two hosts of the suite (see network), and programs on them.

A stack is "atmos" or "native". Atmos is on the host "here" only; whether a
program really is on the stack that it should be on is looked up for servers
(the listener is in "atmosctl socket list", or in ss), and told by atmos-run for
clients.
"""
import hashlib
import json
import os
import re
import subprocess
import tempfile
import time

TOP = os.environ["ATMOS_TOP"]
CTL = f"{TOP}/build/tools/atmosctl"
RUN = f"{TOP}/build/tools/atmos-run"
PYTHON = "/usr/bin/python3"
ATMOS, NATIVE = "atmos", "native"
HERE, PEER = "here", "peer"
PATIENCE = 120

ADDRESSES = {
    "lo": {4: "127.0.0.1", 6: "::1"},
    HERE: {4: "10.9.0.1", 6: "fd09::1"},
    PEER: {4: "10.9.0.2", 6: "fd09::2"},
}

# Programs of a suite one after the other: what is left of one is at other ports.
_ports = iter(range(2000 + os.getpid() % 100 * 300, 32000))


class Address:
    """Where a server is: a port that nobody has had before."""

    def __init__(self, place, family):
        self.host = ADDRESSES[place][family]
        self.port = next(_ports)
        self.family = family
        self.bracketed = f"[{self.host}]" if family == 6 else self.host
        self.pair = f"{self.bracketed}:{self.port}"

    def url(self, path, scheme="http"):
        return f"{scheme}://{self.pair}/{path}"


def on(host, stack, *args, stats=False):
    """The command that runs another one on this host and stack."""
    command = ["nsenter", f"--net=/run/netns/{host}", "--"]
    if stack == ATMOS:
        assert host == HERE
        command += [RUN, "--strict", *(["--stats"] if stats else []), "--"]
    return command + [str(arg) for arg in args]


def run(host, *args, **more):
    """What a native command prints; it must succeed."""
    done = subprocess.run(on(host, NATIVE, *args), capture_output=True,
                          check=False, timeout=PATIENCE, **more)
    assert done.returncode == 0, \
        f"{args}: status {done.returncode}: {done.stdout!r} {done.stderr!r}"
    return done.stdout


def sockets():
    """All Atmos sockets of this host, as atmosctl tells them."""
    return json.loads(run(HERE, CTL, "-j", "socket", "list"))


def listens(host, stack, port, udp=False):
    """Does this stack of the host have a socket that waits at the port?"""
    if stack == ATMOS:
        return any(s["protocol"] == ("udp" if udp else "tcp") and
                   "remote" not in s and s["local"].endswith(f":{port}")
                   for s in sockets())
    kind = "-Hlun" if udp else "-Hltn"
    return bool(run(host, "ss", kind, f"sport = :{port}").strip())


class Server:
    """A program that is there while the with block runs."""

    def __init__(self, host, stack, port, *args, udp=False, ends=False, **more):
        """ends: it ends by itself, with success, after its client."""
        self.host, self.stack, self.port, self.udp = host, stack, port, udp
        self.command, self.more, self.ends = args, more, ends
        self.log = tempfile.TemporaryFile()
        self.process = None

    def said(self):
        self.log.seek(0)
        return self.log.read().decode(errors="replace")

    def wait_ready(self):
        deadline = time.monotonic() + PATIENCE
        while not listens(self.host, self.stack, self.port, self.udp):
            assert self.process.poll() is None, \
                f"{self.command} ended: {self.process.returncode}"
            assert time.monotonic() < deadline, f"{self.command} does not listen"
            time.sleep(0.05)
        other = NATIVE if self.stack == ATMOS else ATMOS
        # Atmos keeps others from a UDP port by a native socket.
        assert self.host != HERE or (self.udp and other == NATIVE) or \
            not listens(self.host, other, self.port, self.udp), "on both stacks"

    def stop(self):
        if not self.ends and self.process.poll() is None:
            self.process.terminate()
        try:
            return self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise

    def __enter__(self):
        self.process = subprocess.Popen(
            on(self.host, self.stack, *self.command), stdin=subprocess.DEVNULL,
            stdout=self.log, stderr=subprocess.STDOUT, **self.more)
        try:
            self.wait_ready()
        except BaseException:
            self.process.kill()
            self.process.wait()
            print("\n".join("# " + line for line in self.said().splitlines()))
            raise
        return self

    def __exit__(self, kind, *_):
        if kind:
            self.ends = False
        status = self.stop()
        if kind:
            print("\n".join("# " + line for line in self.said().splitlines()))
        elif self.ends:
            assert status == 0, f"{self.command}: {status}: {self.said()}"


def client(host, stack, *args, data=None, least=1, **more):
    """What a program prints; it must succeed. On Atmos: with sockets there."""
    done = subprocess.run(on(host, stack, *args, stats=True), input=data,
                          stdin=subprocess.DEVNULL if data is None else None,
                          capture_output=True, check=False, timeout=PATIENCE,
                          **more)
    said = done.stderr.decode(errors="replace")
    assert done.returncode == 0, \
        f"{args}: status {done.returncode}: {done.stdout[-2000:]!r} {said}"
    if stack == ATMOS:
        turned, fallen = map(int, re.search(
            r"atmos-run: (\d+) sockets on Atmos .*, (\d+) fell back", said).groups())
        assert turned >= least and not fallen, said
    return done.stdout


class Many:
    """The program many (many.c), while the with block runs."""

    def __init__(self, role, host, stack, address, *args):
        with open("/sys/module/atmos/parameters/family", encoding="ascii") as file:
            family = file.read().strip() if stack == ATMOS else NATIVE
        self.role = role
        self.command = on(host, NATIVE, "./many", role, family, address.host,
                          address.port, *args)
        self.process = None

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        if self.role == "serve":
            self.wait_for("listening")
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    def say(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def wait_for(self, wanted):
        """It gives up by itself when nothing happens any more."""
        line = self.process.stdout.readline().strip()
        assert line == wanted, f"{self.role}: {line} {self.process.stdout.read()}"

    def result(self):
        """Its last line."""
        said = self.process.stdout.read().strip()
        status = self.process.wait(PATIENCE)
        assert status == 0, f"{self.role}: status {status}: {said}"
        return said.splitlines()[-1]


def digest(data):
    return hashlib.sha256(data).hexdigest()


def same(got, want):
    """Bytes, compared without printing them."""
    assert digest(got) == digest(want), \
        f"{len(got)} bytes {digest(got)}, not {len(want)} {digest(want)}"


def data_file(size):
    """A new file of random bytes: its path and them."""
    data = os.urandom(size)
    with tempfile.NamedTemporaryFile(delete=False) as file:
        file.write(data)
    os.chmod(file.name, 0o644)
    return file.name, data
