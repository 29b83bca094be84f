#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""The firewall's rules hold for Atmos's packets, in and out, in each mode
(topo.Pair), and tcpdump sees them.
"""
import signal
import socket
import subprocess

import stage
import topo
from firewall import counted, rules
from stage import in_modes
from topo import FAMILIES

BRIEF = 1.5     # seconds, for what must not happen


def fails(error, function, *args):
    try:
        result = function(*args)
    except error:
        return
    raise AssertionError(f"no {error.__name__}, but {result!r}")


def udp_pair(pair, family):
    """Connected to each other: (Atmos, native)."""
    one, other = pair.a.atmos(family, socket.SOCK_DGRAM), pair.b.native(family, socket.SOCK_DGRAM)
    one.bind((pair.ADDRESS[family][0], 0))
    other.bind((pair.ADDRESS[family][1], 0))
    one.connect(other.getsockname()[:2])
    other.connect(one.getsockname()[:2])
    return one, other


@in_modes
def syn_dropped(pair, _):
    """a dropped SYN opens nothing; without the rule it does"""
    for family in FAMILIES:
        with pair.listen(family) as listener:
            port = listener.getsockname()[1]
            with rules(pair, "input", f"tcp dport {port} tcp flags syn counter drop"):
                client = pair.b.native(family)
                with client:
                    client.settimeout(BRIEF)
                    fails(TimeoutError, client.connect, listener.getsockname()[:2])
                assert counted(pair)[0] > 0
                listener.settimeout(0)
                fails(BlockingIOError, listener.accept)
            listener.settimeout(topo.PATIENCE)
            with pair.connect(listener) as client:
                with listener.accept()[0] as server:
                    topo.echo_once(client, server)


@in_modes
def rejected(pair, _):
    """a rejected SYN, or datagram, is refused"""
    for family in FAMILIES:
        with pair.listen(family) as listener:
            port = listener.getsockname()[1]
            with rules(pair, "input", f"tcp dport {port} reject with tcp reset"):
                with pair.b.native(family) as client:
                    fails(ConnectionRefusedError, client.connect, listener.getsockname()[:2])
        one, other = udp_pair(pair, family)
        with one, other:
            port = one.getsockname()[1]
            with rules(pair, "input", f"udp dport {port} reject"):
                other.send(b"in")
                fails(ConnectionRefusedError, other.recv, 10)


@in_modes
def established(pair, _):
    """packets of a connection dropped for a while come late, in and out"""
    for family in FAMILIES:
        one, other = pair.joined(family)
        port = one.getsockname()[1]
        with one, other:
            topo.echo_once(one, other)
            for hook, rule, sender, receiver in (
                    ("prerouting", f"tcp dport {port} counter drop", other, one),
                    ("input", f"tcp dport {port} counter drop", other, one),
                    ("output", f"tcp sport {port} counter drop", one, other),
                    ("postrouting", f"tcp sport {port} counter drop", one, other)):
                with rules(pair, hook, rule):
                    sender.send(b"late")
                    receiver.settimeout(BRIEF)
                    fails(TimeoutError, receiver.recv, 10)
                    assert counted(pair)[0] > 0, hook
                receiver.settimeout(topo.PATIENCE)
                assert receiver.recv(10) == b"late", hook
            topo.echo_once(one, other)


@in_modes
def datagrams(pair, _):
    """datagrams are dropped in; out the sender is told, as by the native stack"""
    for family in FAMILIES:
        one, other = udp_pair(pair, family)
        port = one.getsockname()[1]
        with one, other:
            for hook in ("prerouting", "input"):
                with rules(pair, hook, f"udp dport {port} counter drop"):
                    other.send(b"in")
                    one.settimeout(0.3)
                    fails(TimeoutError, one.recv, 10)
                    assert counted(pair) == [1], hook
            with rules(pair, "output", f"udp sport {port} counter drop"):
                fails(PermissionError, one.send, b"out")
            one.settimeout(topo.PATIENCE)
            both_ways(one, other)


def both_ways(one, other):
    for a, b in ((one, other), (other, one)):
        a.send(b"datagram")
        assert b.recv(100) == b"datagram"


@in_modes
def stateful(pair, _):
    """a stateful firewall lets Atmos's connections out, and answers and errors in"""
    count = "counter accept"
    for family in FAMILIES:
        with pair.listen(family) as closed:
            port = closed.getsockname()[1]
            with rules(pair, "input", f"ct state established {count}", f"ct state related {count}",
                       "icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept",
                       policy="drop"):
                one, other = pair.joined(family, atmos_listens=False)
                with one, other:
                    topo.exchange(one, other, 100000)
                assert counted(pair)[0] > 10, counted(pair)
                with pair.b.native(family) as client:
                    client.settimeout(BRIEF)
                    fails(TimeoutError, client.connect, (pair.ADDRESS[family][0], port))
                with pair.a.atmos(family, socket.SOCK_DGRAM) as sock:
                    sock.connect((pair.ADDRESS[family][1], 9))
                    sock.send(b"anybody?")
                    fails(ConnectionRefusedError, sock.recv, 10)
                assert counted(pair)[1] > 0, counted(pair)


@in_modes
def translated(pair, _):
    """what is translated to an Atmos port is refused: it was not steered"""
    with pair.listen(socket.AF_INET) as listener:
        port = listener.getsockname()[1]
        with rules(pair, "prerouting", f"tcp dport 81 counter dnat ip to 10.1.0.1:{port}",
                   kind="nat"):
            with pair.b.native(socket.AF_INET) as client:
                fails(ConnectionRefusedError, client.connect, ("10.1.0.1", 81))
            assert counted(pair) == [1]


@in_modes
def taps(pair, _):
    """tcpdump on atmos0 sees both directions"""
    for family in FAMILIES:
        one, other = pair.joined(family)
        with one, other:
            port = one.getsockname()[1]
            dump = subprocess.Popen(
                ["nsenter", f"--net=/run/netns/{pair.a.name}", "tcpdump", "-i", "atmos0", "-nn",
                 "-l", "-v", "tcp", "port", str(port)], stdout=subprocess.PIPE,
                stderr=subprocess.PIPE, text=True)
            try:
                line = dump.stderr.readline()
                while line and "listening on" not in line:
                    line = dump.stderr.readline()
                assert line, "tcpdump does not listen"
                topo.echo_once(one, other)
                topo.echo_once(one, other)
                topo.Worker(seen_both, dump.stdout, port).done()
            finally:
                dump.send_signal(signal.SIGTERM)
                dump.wait(topo.PATIENCE)


def seen_both(stdout, port):
    """Reads on until packets with data of both directions have been shown."""
    there = back = False
    for line in stdout:
        if "length 14" not in line:
            continue
        there |= f".{port} > " in line
        back |= f".{port}: " in line
        if there and back:
            return
    raise AssertionError("tcpdump ended")


stage.main()
