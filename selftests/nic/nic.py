# SPDX-License-Identifier: GPL-2.0-only
"""Two ends of a cable: commands, counters, sockets and transfers on either.

The namespace "peer" has eth1, ours has eth0 (see pair). QEMU's monitor, where
faults are caused, is behind a port of the guest.
"""
import contextlib
import ctypes
import errno
import glob
import hashlib
import os
import random
import re
import socket
import subprocess
import threading
import time

WAIT = 60
# Every case, or one of so many.
EVERY = int(os.environ.get("ATMOS_TEST_SCALE", "1"))
HERE = os.path.dirname(os.path.abspath(__file__))
CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)


def run(*command, check=True, net=None):
    """What the command says; its failure is ours unless told otherwise."""
    if net:
        command = ("ip", "netns", "exec", net) + command
    done = subprocess.run(command, stdout=subprocess.PIPE, timeout=3 * WAIT,
                          stderr=subprocess.STDOUT, text=True)
    if check:
        assert not done.returncode, f"{' '.join(command)}: {done.stdout}"
    return done.stdout


def wait_for(condition, what, seconds=WAIT):
    """Polls until the condition holds, and returns what it returned."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < end, f"not within {seconds} s: {what}"
        time.sleep(0.05)


@contextlib.contextmanager
def inside(net):
    """This thread in another network namespace; sockets made there stay there."""
    if not net:
        yield
        return
    with open("/proc/thread-self/ns/net") as home, open(f"/run/netns/{net}") as there:
        assert not _libc.setns(there.fileno(), CLONE_NEWNET)
        try:
            yield
        finally:
            assert not _libc.setns(home.fileno(), CLONE_NEWNET)


class End:
    """One card, its namespace and addresses."""

    def __init__(self, dev, net, number):
        self.dev, self.net, self.number = dev, net, number

    def run(self, *command, check=True):
        return run(*command, check=check, net=self.net)

    def ip(self, *words):
        return self.run("ip", *words)

    def ethtool(self, option, *words, check=True):
        return self.run("ethtool", option, self.dev, *words, check=check)

    def address(self, family, vlan=0):
        if family == socket.AF_INET:
            return f"10.82.{vlan}.{self.number}"
        return f"fd82:{vlan}::{self.number}" if vlan else f"fd82::{self.number}"

    def socket(self, family, kind, *more):
        with inside(self.net):
            made = socket.socket(family, kind, *more)
        made.settimeout(WAIT)
        return made

    def stats(self):
        return {m[1]: int(m[2]) for m in
                re.finditer(r"^ *(\S+): (\d+)$", self.ethtool("-S"), re.M)}

    def mac(self):
        words = self.ip("-o", "link", "show", self.dev).split()
        return words[words.index("link/ether") + 1]

    def features(self, on, *names):
        words = [word for name in names for word in (name, "on" if on else "off")]
        self.ethtool("-K", *words)

    def has_link(self):
        return "LOWER_UP" in self.ip("link", "show", self.dev)


here = End("eth0", None, 1)
peer = End("eth1", "peer", 2)
ENDS = (here, peer)


def wait_link():
    for end in ENDS:
        wait_for(end.has_link, f"{end.dev} has a link")


def growth(end, function):
    """Counters that grew while the function ran."""
    before = end.stats()
    function()
    time.sleep(0.1)
    after = end.stats()
    return {name: value - before.get(name, 0) for name, value in after.items()
            if value != before.get(name, 0)}


def connected(sock, target):
    """The socket, connected; None where there is no way at this moment."""
    try:
        sock.connect(target)
        return sock
    except OSError as error:
        sock.close()
        if error.errno not in (errno.EHOSTUNREACH, errno.ENETUNREACH):
            raise
        return None


def joined(family, vlan=0, listener=peer, caller=here):
    """A TCP connection across the cable."""
    with listener.socket(family, socket.SOCK_STREAM) as server:
        server.bind((listener.address(family, vlan), 0))
        server.listen(1)
        target = (listener.address(family, vlan), server.getsockname()[1])
        client = wait_for(lambda: connected(caller.socket(family, socket.SOCK_STREAM), target),
                          "a connection")
        accepted = server.accept()[0]
        accepted.settimeout(WAIT)
        return client, accepted


def _send(sock, data):
    sock.sendall(data)
    sock.shutdown(socket.SHUT_WR)


def _receive(sock, into):
    digest, size = hashlib.sha256(), 0
    while True:
        data = sock.recv(1 << 18)
        if not data:
            break
        digest.update(data)
        size += len(data)
    into.append((size, digest.hexdigest()))


def exchange(one, other, size, seed=1):
    """Both directions at once, and both exact to the byte."""
    made = [random.Random(f"{seed} {i}").randbytes(size) for i in range(2)]
    got = [[], []]
    threads = [threading.Thread(target=_send, args=(one, made[0])),
               threading.Thread(target=_send, args=(other, made[1])),
               threading.Thread(target=_receive, args=(other, got[0])),
               threading.Thread(target=_receive, args=(one, got[1]))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(2 * WAIT)
        assert not thread.is_alive(), "the transfer hangs"
    for sent, received in zip(made, got):
        assert received == [(size, hashlib.sha256(sent).hexdigest())], \
            f"{received}, not {size} bytes as sent"


def transfer(family=socket.AF_INET, size=1 << 20, vlan=0):
    one, other = joined(family, vlan)
    with one, other:
        exchange(one, other, size)


def datagrams(family, sizes, vlan=0, source=here, target=peer):
    """Each arrives as it was sent."""
    with target.socket(family, socket.SOCK_DGRAM) as sink, \
            source.socket(family, socket.SOCK_DGRAM) as tap:
        sink.bind((target.address(family, vlan), 0))
        tap.connect(sink.getsockname()[:2])
        for size in sizes:
            data = random.Random(size).randbytes(size)
            tap.send(data)
            assert sink.recv(65536) == data, f"a datagram of {size} bytes"


class Load:
    """Transfers in the background, one after the other, while something happens
    to the cards: each must be exact, and none may hang."""

    def __init__(self, size=1 << 22):
        self.size, self.count, self.error, self.over = size, 0, None, False
        self.thread = threading.Thread(target=self._run)

    def _run(self):
        try:
            while not self.over:
                transfer(size=self.size)
                self.count += 1
        except Exception as error:  # pylint: disable=broad-except
            self.error = error

    def __enter__(self):
        self.thread.start()
        return self

    def more(self):
        """Waits for another transfer that began after now."""
        goal = self.count + 2
        wait_for(lambda: self.error or self.count >= goal, "the load goes on", 3 * WAIT)

    def __exit__(self, *_):
        self.over = True
        self.thread.join(3 * WAIT)
        assert not self.thread.is_alive(), "the load hangs"
        if self.error:
            raise self.error


class Monitor:
    """QEMU's, through the guest's port of this name."""

    def __init__(self):
        for name in glob.glob("/sys/class/virtio-ports/*/name"):
            with open(name) as file:
                if file.read().strip() == "monitor":
                    port = os.path.basename(os.path.dirname(name))
                    self.fd = os.open(f"/dev/{port}", os.O_RDWR)
                    return
        raise RuntimeError("no port to QEMU's monitor")

    def command(self, line):
        os.write(self.fd, line.encode() + b"\n")
        said = b""
        # The prompt comes at the start and after each command.
        while not said.rstrip().endswith(b"(qemu)") or line.encode() not in said:
            said += os.read(self.fd, 4096)
        return said.decode(errors="replace")

    def set(self, card, name, value):
        said = self.command(f"qom-set /machine/peripheral/nic{card} {name} {value}")
        assert "Error" not in said, said

    def get(self, card, name):
        said = self.command(f"qom-get /machine/peripheral/nic{card} {name}")
        return re.search(r"^(\d+|true|false)\s*$", said, re.M)[1]
