#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""What becomes of a socket whose stack dies: it goes on, whatever kind it is; or
its program is told, where that was asked for, where the stack dies too often, or
where the administrator keeps it from running.
"""
import errno
import json
import socket
import subprocess
import tempfile
import threading
import time

from hosts import ATMOS, CTL, HERE, NATIVE, PEER, PYTHON, RUN, on, sockets
from ktap import case, main, raises
from live import (SCALE, Load, RawSocket, ctl, good, parameter, update)

HOST = "10.9.0.1"
SOL_ATMOS, ATMOS_SO_DOMAIN_ID, ATMOS_SO_CRASH = 0x41544D, 2, 3
RESUME, REPORT = 0, 1
KILLS = max(int(100 / SCALE), 25)

_ports = iter(range(1000, 2000))


def domain(sock):
    return int.from_bytes(sock.getsockopt(SOL_ATMOS, ATMOS_SO_DOMAIN_ID, 8), "little")


def listen(crash=RESUME):
    """A listening Atmos socket, and its port."""
    sock = RawSocket(socket.SOCK_STREAM).inet
    sock.setsockopt(SOL_ATMOS, ATMOS_SO_CRASH, crash)
    port = next(_ports)
    sock.bind((HOST, port))
    sock.listen(64)
    sock.settimeout(30)
    return sock, port


class Peer:
    """A native client at the other host, told what to do by lines."""

    PROGRAM = """
import socket, sys
sock = socket.create_connection((sys.argv[1], int(sys.argv[2])), 30)
print("connected", flush=True)
for line in sys.stdin:
    try:
        if line == "send\\n":
            sock.sendall(b"x")
            said = "sent"
        else:
            said = repr(sock.recv(100))
    except OSError as error:
        said = str(error.errno)
    print(said, flush=True)
"""

    def __init__(self, port):
        self.process = subprocess.Popen(
            on(PEER, NATIVE, PYTHON, "-c", self.PROGRAM, HOST, port), stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True)
        assert self.process.stdout.readline() == "connected\n"

    def do(self, what):
        self.process.stdin.write(what + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait(30)
        self.process.stdout.close()


class Monitor:
    """Events while the with block runs."""

    def __enter__(self):
        self.process = subprocess.Popen([CTL, "-j", "monitor"], stdout=subprocess.PIPE, text=True)
        time.sleep(0.5)
        return self

    def __exit__(self, *_):
        time.sleep(0.3)
        self.process.terminate()
        self.events = [json.loads(line) for line in self.process.stdout]

    def of(self, name, number):
        return [e for e in self.events if e["event"] == name and e["domain"]["id"] == number]


def connected(crash=RESUME):
    """A listener, its connection, the native end."""
    listener, port = listen(crash)
    peer = Peer(port)
    conn, _ = listener.accept()
    conn.settimeout(30)
    assert peer.do("send") == "sent" and conn.recv(1) == b"x"
    return listener, conn, peer


@case
def reported():
    """ATMOS_SO_CRASH: the program gets ENOTRECOVERABLE, the peer a RST, and there is an event"""
    listener, conn, peer = connected(REPORT)
    assert conn.getsockopt(SOL_ATMOS, ATMOS_SO_CRASH) == REPORT, "not inherited"
    raises(OSError, errno.EINVAL, conn.setsockopt, SOL_ATMOS, ATMOS_SO_CRASH, 2)
    number = domain(conn)
    with peer, Monitor() as monitor:
        good("domain", "kill", number)
        assert peer.do("send") == "sent"
        raises(OSError, errno.ENOTRECOVERABLE, conn.recv, 1)
        said = peer.do("receive")
        assert said == str(errno.ECONNRESET), said
        assert conn.recv(1) == b"", "no end after the error"
        raises(OSError, errno.EPIPE, conn.send, b"x")
    assert monitor.of("domain-given-up", number)
    # The listener goes on.
    good("domain", "kill", domain(listener))
    with Peer(listener.getsockname()[1]) as other:
        conn, _ = listener.accept()
        assert other.do("send") == "sent" and conn.recv(1) == b"x"
        # Without the option the same death is not seen.
        conn.setsockopt(SOL_ATMOS, ATMOS_SO_CRASH, RESUME)
        good("domain", "kill", domain(conn))
        assert other.do("send") == "sent" and conn.recv(1) == b"x"
        conn.sendall(b"y")
        assert other.do("receive") == "b'y'"


@case
def reported_datagrams():
    """ATMOS_SO_CRASH of a UDP socket: told once, and it goes on"""
    sock = RawSocket(socket.SOCK_DGRAM).inet
    sock.setsockopt(SOL_ATMOS, ATMOS_SO_CRASH, REPORT)
    sock.bind((HOST, next(_ports)))
    sock.sendto(b"x", ("10.9.0.2", 9))
    sock.settimeout(0.5)
    try:
        sock.recv(10)
    except OSError as error:
        assert error.errno in (None, errno.ECONNREFUSED), error
    good("domain", "kill", domain(sock))
    deadline = time.monotonic() + 20
    while True:
        assert time.monotonic() < deadline, "not told"
        try:
            sock.sendto(b"y", ("10.9.0.2", 9))
        except OSError as error:
            if error.errno == errno.ENOTRECOVERABLE:
                break
            assert error.errno == errno.ECONNREFUSED, error
        time.sleep(0.05)
    sock.sendto(b"z", ("10.9.0.2", 9))


@case
def launcher():
    """atmos-run --crash: its sockets have the option"""
    ask = ("import socket; print(socket.socket().getsockopt(0x41544d, 3), "
           "socket.socket(type=socket.SOCK_DGRAM).getsockopt(0x41544d, 3))")
    for options, want in ((["--crash", "report"], "1 1\n"), (["--crash", "resume"], "0 0\n"),
                          ([], "0 0\n")):
        done = subprocess.run(
            on(HERE, NATIVE, RUN, "--strict", *options, "--", PYTHON, "-c", ask),
            capture_output=True, text=True, check=False)
        assert done.stdout == want, f"{options}: {done}"
    done = subprocess.run([RUN, "--crash", "maybe", "true"], capture_output=True, text=True,
                          check=False)
    assert done.returncode == 125 and "report or resume" in done.stderr, done


class Doomed:
    """An image that always dies, and no way back from it."""

    def __enter__(self):
        parameter("update_ms", 0)
        return self

    @staticmethod
    def doom(sock):
        ctl("domain", "update", domain(sock), "--image", "stack-crash")

    def __exit__(self, *_):
        parameter("update_ms", 10000)
        parameter("giveup_deaths", 8)


@case
def given_up():
    """a stack that dies too often: ECONNABORTED, a RST for the peer, an event"""
    listener, conn, peer = connected()
    with peer, Doomed() as doomed, Monitor() as monitor:
        doomed.doom(conn)
        raises(OSError, errno.ECONNABORTED, conn.recv, 1)
        said = peer.do("receive")
        assert said == str(errno.ECONNRESET), said
    given = [e for e in monitor.events if e["event"] == "domain-given-up"]
    died = [e for e in monitor.events if e["event"] == "domain-died"]
    assert len(given) == 1 and len(died) == 9, (len(given), len(died))
    # Nobody else.
    with Peer(listener.getsockname()[1]) as other:
        conn, _ = listener.accept()
        assert other.do("send") == "sent" and conn.recv(1) == b"x"


@case
def given_up_listener():
    """a listener, and a UDP socket, whose stack dies too often: ECONNABORTED at once"""
    listener, conn, peer = connected()
    sock = RawSocket(socket.SOCK_DGRAM).inet
    sock.bind((HOST, next(_ports)))
    sock.sendto(b"x", ("10.9.0.2", 9))
    sock.settimeout(30)
    failures = []

    def accept():
        try:
            listener.accept()
        except OSError as error:
            failures.append(error.errno)

    with peer, Doomed() as doomed:
        waiter = threading.Thread(target=accept)
        waiter.start()
        time.sleep(0.3)
        doomed.doom(listener)
        waiter.join(20)
        assert failures == [errno.ECONNABORTED], failures
        raises(OSError, errno.ECONNABORTED, listener.accept)
        doomed.doom(sock)
        deadline = time.monotonic() + 20
        while True:
            assert time.monotonic() < deadline, "UDP goes on"
            try:
                sock.recv(10)
            except OSError as error:
                if error.errno == errno.ECONNABORTED:
                    break
        raises(OSError, errno.ECONNABORTED, sock.recv, 10)
        raises(OSError, errno.ECONNABORTED, sock.sendto, b"x", ("10.9.0.2", 9))
        # What the listener had opened is not touched.
        assert peer.do("send") == "sent" and conn.recv(1) == b"x"
    listener.close()
    sock.close()


@case
def quarantine():
    """quarantine: calls under way and later ones fail at once; then it goes on"""
    listener, conn, peer = connected()
    number = domain(conn)
    failures = []

    def receive():
        try:
            conn.recv(10)
        except OSError as error:
            failures.append(error.errno)

    with peer:
        conn.settimeout(60)
        waiter = threading.Thread(target=receive)
        waiter.start()
        time.sleep(0.3)
        began = time.monotonic()
        good("domain", "quarantine", number)
        waiter.join(20)
        took = time.monotonic() - began
        assert failures == [errno.EHOSTDOWN] and took < 15, (failures, took)
        raises(OSError, errno.EHOSTDOWN, conn.recv, 10)
        raises(OSError, errno.EHOSTDOWN, conn.send, b"x")
        conn.setblocking(False)
        raises(OSError, errno.EHOSTDOWN, conn.recv, 10)
        conn.settimeout(30)
        assert update("stack-v1", number, status=1)["failed"] == 1
        good("domain", "quarantine", number, "off")
        assert peer.do("send") == "sent" and conn.recv(1) == b"x"
        conn.sendall(b"y")
        assert peer.do("receive") == "b'y'"
    good("domain", "quarantine", domain(listener))
    raises(OSError, errno.EHOSTDOWN, listener.accept)
    good("domain", "quarantine", domain(listener), "off")
    with Peer(listener.getsockname()[1]) as other:
        conn, _ = listener.accept()
        assert other.do("send") == "sent" and conn.recv(1) == b"x"
    sock = RawSocket(socket.SOCK_DGRAM).inet
    sock.bind((HOST, next(_ports)))
    sock.sendto(b"x", ("10.9.0.2", 9))
    number = domain(sock)
    good("domain", "quarantine", number)
    sock.settimeout(30)
    deadline = time.monotonic() + 20
    while True:
        assert time.monotonic() < deadline
        try:
            sock.recv(10)
        except OSError as error:
            if error.errno == errno.EHOSTDOWN:
                break
    raises(OSError, errno.EHOSTDOWN, sock.recv, 10)
    good("domain", "quarantine", number, "off")


CONNECT = """
import os, socket, sys
done = 0
while not os.path.exists(sys.argv[3]):
    with socket.create_connection((sys.argv[1], int(sys.argv[2])), 60) as sock:
        sock.sendall(b"%d" % done)
        sock.shutdown(socket.SHUT_WR)
        assert sock.recv(100) == b"%d" % done
        assert sock.recv(100) == b""
    done += 1
print(done)
"""


def enough(path):
    """The clients end when this file is there."""
    with open(path, "w", encoding="ascii"):
        pass


@case
def listener_kills():
    """100 kills of a listener while clients connect: no client sees an error"""
    listener, port = listen()
    ended = threading.Event()
    failures = []

    def serve():
        while not ended.is_set():
            try:
                conn, _ = listener.accept()
                with conn:
                    conn.settimeout(60)
                    data = b""
                    while True:
                        part = conn.recv(100)
                        if not part:
                            break
                        data += part
                    conn.sendall(data)
            except TimeoutError:
                pass
            except OSError as error:
                failures.append(error)

    server = threading.Thread(target=serve)
    server.start()
    before = good("info")["faults"]
    end = tempfile.mktemp()
    clients = [subprocess.Popen(on(PEER, NATIVE, PYTHON, "-c", CONNECT, HOST, port, end),
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
               for _ in range(3)]
    kills = 0
    while good("info")["faults"] - before < KILLS and \
            all(client.poll() is None for client in clients):
        good("domain", "kill", domain(listener))
        kills += 1
    enough(end)
    said = [client.stdout.read() for client in clients]
    died = good("info")["faults"] - before
    ended.set()
    listener.settimeout(0.1)
    server.join(40)
    listener.close()
    assert all(text.strip().isdigit() for text in said) and not failures, f"{said} {failures}"
    print(f"# {kills} kills, {died} deaths, {sum(map(int, said))} connections")
    assert died >= KILLS, (kills, died)


ASK = """
import os, socket, sys
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sock.connect((sys.argv[1], int(sys.argv[2])))
sock.settimeout(0.3)
lost = number = 0
while not os.path.exists(sys.argv[3]):
    number += 1
    data = b"%8d" % number + os.urandom(int(sys.argv[4]))
    while True:
        sock.send(data)
        try:
            got = sock.recv(65536)
            while got[:8] != data[:8]:
                got = sock.recv(65536)
        except TimeoutError:
            lost += 1
            continue
        assert got == data, number
        break
print(number, lost)
"""


def datagrams(size, kill):
    """A UDP socket that echoes, while kill() is called: lost datagrams and deaths."""
    server = RawSocket(socket.SOCK_DGRAM).inet
    port = next(_ports)
    server.bind((HOST, port))
    server.settimeout(1)
    ended = threading.Event()
    failures = []

    def echo():
        while not ended.is_set():
            try:
                data, where = server.recvfrom(65536)
                server.sendto(data, where)
            except TimeoutError:
                pass
            except OSError as error:
                failures.append(error)

    thread = threading.Thread(target=echo)
    thread.start()
    before = good("info")["faults"]
    kills, end = 0, tempfile.mktemp()
    with subprocess.Popen(on(PEER, NATIVE, PYTHON, "-c", ASK, HOST, port, end, size),
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as peer:
        while good("info")["faults"] - before < KILLS and peer.poll() is None:
            kills += kill(server)
        enough(end)
        said = peer.stdout.read().split()
    died = good("info")["faults"] - before
    ended.set()
    thread.join()
    server.close()
    assert len(said) == 2 and said[0].isdigit() and not failures, f"{said} {failures}"
    print(f"# {kills} kills, {died} deaths, {said[0]} datagrams, {said[1]} asked again")
    assert died >= KILLS, died


def kill_all(numbers):
    """How many of them were there to be killed."""
    numbers = [n for n in numbers if n]
    if numbers:
        subprocess.run([CTL, "domain", "kill", *map(str, numbers)], capture_output=True,
                       check=False)
    return len(numbers)


@case
def datagram_kills():
    """kills of a UDP socket's stack: each datagram is answered, some at the second time"""
    datagrams(1000, lambda server: kill_all([domain(server)]))


@case
def reassembly_kills():
    """kills of the reassembly domain: large datagrams are put together all the same"""
    datagrams(5000, lambda server: kill_all(
        [d["id"] for d in good("domain", "list") if d["image"] == "reasm"]))


@case
def storm():
    """stacks that die whenever they are entered, never given up: others go on"""
    parameter("giveup_deaths", 0)
    stale = [connected() for _ in range(20)]
    with Doomed() as doomed, Load((HERE, ATMOS), (PEER, NATIVE), 4, 20, 262144) as load:
        for _, conn, _ in stale:
            doomed.doom(conn)
        time.sleep(1)
        before, began = good("info")["faults"], time.monotonic()
        time.sleep(3)
        rate = (good("info")["faults"] - before) / (time.monotonic() - began)
        print(f"# {rate:.0f} deaths a second of 20 stacks that always die")
        assert 20 < rate < 20 * 10, rate
        load.go()
        load.exact()
        parameter("giveup_deaths", 1)
        for _, conn, _ in stale:
            raises(OSError, errno.ECONNABORTED, conn.recv, 1)
    for listener, conn, peer in stale:
        with peer:
            conn.close()
            listener.close()


@case
def thousands_of_kills():
    """thousands of kills a second: data goes on, exact"""
    with Load((HERE, ATMOS), (PEER, NATIVE), 4, 20, max(int(8388608 / SCALE), 262144)) as load:
        load.go()
        kills, began = 0, time.monotonic()
        before = good("info")["faults"]
        while load.running():
            ids = [s["domain"] for s in sockets() if "domain" in s]
            kills += kill_all(ids * 200)
        took = time.monotonic() - began
        load.exact()
        died = good("info")["faults"] - before
    print(f"# {kills} kills in {took:.1f} s, {died} deaths")
    assert kills >= 1000 and died >= 50, (kills, died)


for name in ("stack-v1", "stack-crash"):
    ctl("image", "load", name)
# Who is idle keeps the domain that is to be killed.
parameter("hibernate_ms", 0)
try:
    main()
finally:
    parameter("hibernate_ms", 10000)
