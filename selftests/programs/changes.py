#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""The network changes while data is under way: interfaces, routes, MTU, whole
namespaces. And the module stays while sockets are open.
"""
import contextlib
import json
import subprocess
import time

from hosts import (ATMOS, CTL, HERE, NATIVE, PATIENCE, PEER, PYTHON, RUN, Address, Many,
                   run, sockets)
from ktap import case, main

SIZE = 8 << 20


def ip(host, *args):
    subprocess.run(["ip", "-n", host, *map(str, args)], check=True, timeout=PATIENCE)


def counter(host, device, way):
    """Bytes that a device has sent or received (rx, tx)."""
    said = json.loads(run(host, "ip", "-s", "-j", "link", "show", "dev", device))
    return said[0]["stats64"][way]["bytes"]


def wait(what, true):
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline, f"not seen: {what}"
        time.sleep(0.05)


@contextlib.contextmanager
def slow(number):
    """A veth pair takes a second for 5 MB, so that there is time to change it."""
    ends = [(HERE, f"veth{number}"), (PEER, f"veth{number + 1}")]
    for host, device in ends:
        run(host, "tc", "qdisc", "add", "dev", device, "root", "netem", "rate", "40mbit")
    yield
    for host, device in ends:
        with contextlib.suppress(AssertionError):
            run(host, "tc", "qdisc", "del", "dev", device, "root")


@contextlib.contextmanager
def transfers(server, client, address, connections=4, size=SIZE):
    """Data goes both ways while the with block runs; afterwards all was exact."""
    begun = counter(HERE, "veth0", "rx")
    with slow(0), Many("serve", *server, address, connections, size) as serves, \
            Many("connect", *client, address, connections, size) as connects:
        connects.wait_for("connected")
        wait("data", lambda: counter(HERE, "veth0", "rx") > begun + 100_000)
        yield connects
        assert connects.result() == f"exact {connections} of {connections}"
        assert serves.result() == f"exact {connections} of {connections}"


def under_way(connects):
    """The change did come before the end."""
    assert connects.process.poll() is None, "over too early; SIZE is too small"


def both_ways(change):
    """With Atmos as the server, and as the client."""
    change((HERE, ATMOS), (PEER, NATIVE), HERE)
    change((PEER, NATIVE), (HERE, ATMOS), PEER)


@case
def down_and_up():
    """an interface goes down and comes up again"""
    def change(server, client, place):
        with transfers(server, client, Address(place, 4)) as connects:
            ip(HERE, "link", "set", "veth0", "down")
            under_way(connects)
            time.sleep(1)
            ip(HERE, "link", "set", "veth0", "up")
    both_ways(change)


@case
def mtu():
    """the MTU becomes small, and large again"""
    def change(server, client, place):
        with transfers(server, client, Address(place, 6)) as connects:
            for size in (1300, 9000, 1400, 1500):
                ip(PEER, "link", "set", "veth1", "mtu", size)
                ip(HERE, "link", "set", "veth0", "mtu", size)
                under_way(connects)
                moved = counter(HERE, "veth0", "tx")
                wait("data at the new MTU", lambda moved=moved: connects.process.poll()
                     is not None or counter(HERE, "veth0", "tx") > moved + 50_000)
    both_ways(change)


@contextlib.contextmanager
def second_way():
    """Another veth pair, and addresses that are reached over either."""
    run(HERE, "ip", "link", "add", "veth2", "type", "veth", "peer", "name", "veth3",
        "netns", PEER)
    try:
        for host, device, own in ((HERE, "veth2", 1), (PEER, "veth3", 2)):
            ip(host, "addr", "add", f"10.9.1.{own}/24", "dev", device)
            ip(host, "link", "set", device, "up")
            ip(host, "addr", "add", f"10.9.9.{own}/32", "dev", "lo")
        run(HERE, CTL, "attach", "veth2")
        yield
    finally:
        with contextlib.suppress(AssertionError):
            run(HERE, "ip", "link", "del", "veth2")
        for host, own in ((HERE, 1), (PEER, 2)):
            ip(host, "addr", "del", f"10.9.9.{own}/32", "dev", "lo")


def way_by(number):
    """Both hosts reach each other's address at lo by this veth pair."""
    for host, device, own, other in ((HERE, f"veth{number}", 1, 2),
                                     (PEER, f"veth{number + 1}", 2, 1)):
        ip(host, "route", "replace", f"10.9.9.{other}/32", "via",
           f"10.9.{number // 2}.{other}", "dev", device, "src", f"10.9.9.{own}")


@case
def route():
    """the route changes to another interface"""
    def change(server, client, place):
        address = Address(place, 4)
        address.host = "10.9.9.1" if place == HERE else "10.9.9.2"
        way_by(0)
        with transfers(server, client, address) as connects:
            before = counter(HERE, "veth2", "rx"), counter(HERE, "veth2", "tx")
            way_by(2)
            under_way(connects)
            wait("data on the other way", lambda: all(
                counter(HERE, "veth2", way) > was + 500_000
                for way, was in zip(("rx", "tx"), before)))
    with second_way():
        both_ways(change)


@case
def device_deleted():
    """an interface is deleted under traffic: the next one carries on"""
    address = Address(HERE, 4)
    address.host = "10.9.9.1"
    with second_way():
        way_by(2)
        begun = counter(HERE, "veth2", "rx")
        with slow(2), Many("serve", HERE, ATMOS, address, 4, SIZE) as serves, \
                Many("connect", PEER, NATIVE, address, 4, SIZE) as connects:
            wait("data", lambda: counter(HERE, "veth2", "rx") > begun + 100_000)
            run(HERE, "ip", "link", "del", "veth2")
            under_way(connects)
            way_by(0)
            assert connects.result() == "exact 4 of 4"
            assert serves.result() == "exact 4 of 4"


@case
def refuses_to_go():
    """rmmod is refused while sockets are open, and nothing suffers"""
    with transfers((HERE, ATMOS), (PEER, NATIVE), Address(HERE, 4)):
        done = subprocess.run(["rmmod", "atmos"], capture_output=True, check=False)
        assert done.returncode and b"in use" in done.stderr, done


SERVER = """
import socket, sys
listener = socket.create_server(("127.0.0.1", 700))
one = socket.create_connection(("127.0.0.1", 700))
other = listener.accept()[0]
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
udp.bind(("127.0.0.1", 701))
print("open", flush=True)
sys.stdin.readline()
one.sendall(bytes(range(256)) * 100)
got = b""
while len(got) < 25600:
    got += other.recv(65536)
print("exact" if got == bytes(range(256)) * 100 else "wrong", flush=True)
sys.stdin.readline()
"""


@case
def namespace_deleted():
    """a namespace is deleted: its sockets work on, and end with their program"""
    before = len(json.loads(run(HERE, CTL, "-j", "domain", "list")))
    for kill in (False, True):
        subprocess.run(["ip", "netns", "add", "third"], check=True)
        ip("third", "link", "set", "lo", "up")
        run("third", CTL, "attach", "lo")
        with subprocess.Popen(
                ["nsenter", "--net=/run/netns/third", RUN, "--strict", PYTHON, "-c", SERVER],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout.readline() == "open\n"
            subprocess.run(["ip", "netns", "del", "third"], check=True)
            time.sleep(0.5)
            process.stdin.write("\n")
            process.stdin.flush()
            assert process.stdout.readline() == "exact\n"
            if kill:
                process.kill()
        wait("their domains go", lambda: len(json.loads(
            run(HERE, CTL, "-j", "domain", "list"))) <= before)


@case
def nothing_left():
    """at the end only connections in TIME-WAIT are left"""
    wait("the end", lambda: all(s["status"] == "time-wait" for s in sockets()))


main()
