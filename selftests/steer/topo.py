# SPDX-License-Identifier: GPL-2.0-only
"""Networks of namespaces, and sockets in them.

The pair, which most tests have:

    namespace a                         namespace b
    +----------------------+            +----------------------+
    | Atmos sockets        |            | native sockets       |
    | va   10.1.0.1/24     |====veth====| vb   10.1.0.2/24     |
    |      fd01::1/64      |            |      fd01::2/64      |
    +----------------------+            +----------------------+

va is attached (atmosctl attach) in one of the modes. Packets that tests make
themselves leave and come in by raw sockets on vb (raw.py).
"""
import contextlib
import ctypes
import hashlib
import json
import os
import random
import socket
import subprocess
import threading
import time

CTL = f"{os.environ['ATMOS_TOP']}/build/tools/atmosctl"
MODES = ("native", "generic", "tc")
CLONE_NEWNET = 0x40000000
SOL_ATMOS, ATMOS_SO_FAMILY, ATMOS_SO_DOMAIN_ID = 0x41544D, 1, 2
FAMILIES = (socket.AF_INET, socket.AF_INET6)
PATIENCE = 60   # seconds, for what must happen
SHORT = 0.3     # seconds, for what must not
# ATMOS_TEST_SCALE=N: each Nth case, where time is short.
EVERY = max(1, int(float(os.environ.get("ATMOS_TEST_SCALE") or 1)))

libc = ctypes.CDLL(None, use_errno=True)


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


FAMILY = int(read("/sys/module/atmos/parameters/family"))


def check(result):
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


def run(*args, ok=True, text=None):
    """Runs a command and returns what it says."""
    done = subprocess.run([str(a) for a in args], stdout=subprocess.PIPE, text=True, input=text,
                          stderr=subprocess.STDOUT, check=False, timeout=PATIENCE)
    if ok and done.returncode:
        raise AssertionError(f"{' '.join(map(str, args))}: {done.stdout.strip()}")
    return done.stdout


def until(what, condition, patience=PATIENCE):
    """Waits for what must come to be; returns what it gives."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        result = condition()
        if result:
            return result
        time.sleep(0.02)
    raise AssertionError(f"in vain: {what}")


def nothing(sock):
    """Has not received anything, and does not for a while."""
    sock.settimeout(SHORT)
    try:
        data = sock.recv(65536)
    except TimeoutError:
        sock.settimeout(PATIENCE)
        return
    raise AssertionError(f"received {data[:40]!r}")


class Net:
    """A network namespace."""

    def __init__(self, name):
        self.name = name
        run("ip", "netns", "add", name)
        self.ip("link set lo up")

    def __call__(self, *args, ok=True, text=None):
        """Runs a command in it."""
        return run("nsenter", f"--net=/run/netns/{self.name}", *args, ok=ok, text=text)

    def ip(self, *lines):
        """What ip shall do in it."""
        return run("ip", "-n", self.name, "-batch", "-", text="\n".join(lines) + "\n")

    @contextlib.contextmanager
    def inside(self):
        """Of this thread, for what opens sockets."""
        home = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        there = os.open(f"/run/netns/{self.name}", os.O_RDONLY | os.O_CLOEXEC)
        try:
            check(libc.setns(there, CLONE_NEWNET))
            yield
        finally:
            check(libc.setns(home, CLONE_NEWNET))
            os.close(there)
            os.close(home)

    def native(self, family, kind=socket.SOCK_STREAM, proto=0):
        with self.inside():
            sock = socket.socket(family, kind, proto)
        sock.settimeout(PATIENCE)
        return sock

    def atmos(self, family, kind=socket.SOCK_STREAM):
        """Python takes it for a native one, so that it knows the addresses."""
        with self.inside():
            fd = check(libc.socket(FAMILY, kind | socket.SOCK_CLOEXEC, 0))
        sock = socket.socket(family, kind, 0, fileno=fd)
        sock.setsockopt(SOL_ATMOS, ATMOS_SO_FAMILY, int(family))
        sock.settimeout(PATIENCE)
        return sock

    def ctl(self, *args, ok=True):
        return self(CTL, *args, ok=ok)

    def attach(self, dev, mode="auto"):
        self.ctl("attach", dev, "mode", mode)
        for entry in json.loads(self.ctl("-j", "attach", "list")):
            if entry["dev"] == dev:
                assert entry["state"] == "ok", entry
                assert mode in ("auto", entry["mode"]), entry
                return
        raise AssertionError(f"{dev} is not listed")

    def steered(self):
        """The counters of what came in."""
        return json.loads(self.ctl("-j", "attach", "show"))

    def delete(self):
        run("ip", "netns", "del", self.name)


class Pair:
    """The two namespaces; with a mode, va is attached."""

    ADDRESS = {socket.AF_INET: ("10.1.0.1", "10.1.0.2"),
               socket.AF_INET6: ("fd01::1", "fd01::2")}

    def __init__(self, mode=None, name=""):
        self.a, self.b = Net(f"a{name}"), Net(f"b{name}")
        try:
            self.build(mode)
        except BaseException:
            self.__exit__()
            raise

    def build(self, mode):
        run("ip", "link", "add", "va", "netns", self.a.name, "type", "veth",
            "peer", "name", "vb", "netns", self.b.name)
        for net, dev, last in ((self.a, "va", 1), (self.b, "vb", 2)):
            net.ip(f"address add 10.1.0.{last}/24 dev {dev}",
                   f"address add fd01::{last}/64 dev {dev} nodad",
                   f"link set {dev} up")
        if mode:
            self.a.attach("va", mode)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for net in (self.a, self.b):
            net.delete()

    def listen(self, family, atmos=True, port=0):
        """A listener in a (Atmos) or b, and its address."""
        net = self.a if atmos else self.b
        sock = net.atmos(family) if atmos else net.native(family)
        sock.bind((self.ADDRESS[family][0 if atmos else 1], port))
        sock.listen(16)
        return sock

    def connect(self, to, atmos=False):
        """A connection from b (native) or a (Atmos)."""
        family = to.family
        sock = self.a.atmos(family) if atmos else self.b.native(family)
        sock.connect(to.getsockname()[:2])
        return sock

    def joined(self, family, atmos_listens=True):
        """A connection: (Atmos's end, native end)."""
        with self.listen(family, atmos_listens) as listener:
            client = self.connect(listener, not atmos_listens)
            server = listener.accept()[0]
            server.settimeout(PATIENCE)
        assert is_atmos(server if atmos_listens else client)
        return (server, client) if atmos_listens else (client, server)


def is_atmos(sock):
    return sock.getsockopt(socket.SOL_SOCKET, socket.SO_DOMAIN) == FAMILY


def domain_of(sock):
    """The number of the domain that runs a socket's stack."""
    return int.from_bytes(sock.getsockopt(SOL_ATMOS, ATMOS_SO_DOMAIN_ID, 8), "little")


# ---- traffic ----

def noise(size, seed=1):
    return random.Random(seed).randbytes(size)


class Worker(threading.Thread):
    """Runs a function beside; join() raises what it raised."""

    def __init__(self, function, *args):
        super().__init__(daemon=True)
        self.work, self.args = function, args
        self.result = self.error = None
        self.start()

    def run(self):
        try:
            self.result = self.work(*self.args)
        except BaseException as error:  # pylint: disable=broad-except
            self.error = error

    def done(self):
        self.join(2 * PATIENCE)
        assert not self.is_alive(), "still at work"
        if self.error:
            raise self.error
        return self.result


def send_all(sock, data):
    sock.sendall(data)
    sock.shutdown(socket.SHUT_WR)


def hash_all(sock):
    """Bytes up to the end, and their hash."""
    digest, size = hashlib.sha256(), 0
    while True:
        data = sock.recv(1 << 18)
        if not data:
            return size, digest.hexdigest()
        digest.update(data)
        size += len(data)


def exchange(one, other, size, both=True):
    """Sends noise from one to the other, and at the same time back; exact."""
    there, back = noise(size, 1), noise(size if both else 0, 2)
    work = [Worker(send_all, one, there), Worker(send_all, other, back),
            Worker(hash_all, other), Worker(hash_all, one)]
    results = [w.done() for w in work]
    assert results[2] == (len(there), hashlib.sha256(there).hexdigest()), results[2]
    assert results[3] == (len(back), hashlib.sha256(back).hexdigest()), results[3]


def echo_once(one, other, data=b"are you there?"):
    """A few bytes each way."""
    for a, b in ((one, other), (other, one)):
        a.sendall(data)
        got = b""
        while len(got) < len(data):
            more = b.recv(len(data) - len(got))
            assert more, "closed"
            got += more
        assert got == data
