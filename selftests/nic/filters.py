#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Who gets a frame: addresses, VLANs, RSS, Flow Director, moderation."""
import re
import socket
import struct
import time

import ktap
import nic

V4 = socket.AF_INET
PORT = 7777


def raw(end, frames):
    with end.socket(socket.AF_PACKET, socket.SOCK_RAW) as tap:
        tap.bind((end.dev, 0))
        for frame in frames:
            tap.send(frame)


MARK = b"\x55" * 30
PACKET_OUTGOING = 4


def frame_to(mac, tag=b"", kind=0x88b5):
    """A frame of an experimental type, sixty bytes long."""
    head = bytes.fromhex(mac.replace(":", "")) + bytes.fromhex(nic.here.mac().replace(":", ""))
    return (head + tag + struct.pack("!H", kind)).ljust(60, b"\x55")


def arrived(frame, count=10):
    """How many of the same frames the driver at the other end was given: all that
    come before a last one, which is for everybody."""
    last = frame_to("ff:ff:ff:ff:ff:ff", kind=0x88b6)
    found = 0
    with nic.peer.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3)) as tap:
        tap.bind((nic.peer.dev, 0))
        raw(nic.here, [frame] * count + [last])
        while True:
            data, address = tap.recvfrom(2048)
            if address[2] == PACKET_OUTGOING or MARK not in data:
                continue
            if data[12:14] == last[12:14]:
                return found
            assert data[:6] == frame[:6], data
            found += 1


@ktap.case
def unicast():
    """frames to other addresses stay out, and come in where all are wanted"""
    nic.wait_link()
    assert arrived(frame_to(nic.peer.mac())) == 10
    assert arrived(frame_to("02:00:00:00:00:77")) == 0
    nic.peer.ip("link", "set", nic.peer.dev, "promisc", "on")
    try:
        assert arrived(frame_to("02:00:00:00:00:77")) == 10
    finally:
        nic.peer.ip("link", "set", nic.peer.dev, "promisc", "off")
    assert arrived(frame_to("ff:ff:ff:ff:ff:ff")) == 10


@ktap.case
def more_addresses():
    """further unicast addresses are let in while they are wanted"""
    mac = "02:00:00:00:00:78"
    nic.peer.ip("link", "add", "link", nic.peer.dev, "name", "m0", "address", mac,
                "type", "macvlan")
    try:
        nic.peer.ip("link", "set", "m0", "up")
        assert arrived(frame_to(mac)) == 10
    finally:
        nic.peer.ip("link", "del", "m0")
    assert arrived(frame_to(mac)) == 0


@ktap.case
def multicast():
    """a group's frames come in while it is joined"""
    group = "01:00:5e:11:22:33"
    assert arrived(frame_to(group)) == 0
    nic.peer.ip("maddr", "add", group, "dev", nic.peer.dev)
    try:
        assert arrived(frame_to(group)) == 10
        assert arrived(frame_to("01:00:5e:44:55:66")) == 0
    finally:
        nic.peer.ip("maddr", "del", group, "dev", nic.peer.dev)
    assert arrived(frame_to(group)) == 0
    nic.peer.ip("link", "set", nic.peer.dev, "allmulticast", "on")
    try:
        assert arrived(frame_to(group)) == 10
    finally:
        nic.peer.ip("link", "set", nic.peer.dev, "allmulticast", "off")


@ktap.case
def vlans():
    """frames of VLANs that nobody has stay out"""
    tagged = {n: frame_to(nic.peer.mac(), struct.pack("!HH", 0x8100, n)) for n in (9, 10)}
    assert arrived(tagged[9]) == 0
    nic.peer.ip("link", "add", "link", nic.peer.dev, "name", "v9", "type", "vlan", "id", "9")
    try:
        assert arrived(tagged[9]) == 10
        assert arrived(tagged[10]) == 0
    finally:
        nic.peer.ip("link", "del", "v9")
    assert arrived(tagged[9]) == 0


def toeplitz(key, data):
    """As Microsoft defined it: the key slides, a set bit takes its window in."""
    window, result = int.from_bytes(key, "big"), 0
    bits = len(key) * 8
    for number in range(len(data) * 8):
        if data[number // 8] >> (7 - number % 8) & 1:
            result ^= window >> (bits - 32 - number) & 0xffffffff
    return result


def rss_table(end):
    said = end.ethtool("-x")
    table = [int(word) for line in re.findall(r"^ +\d+: +(.*)$", said, re.M)
             for word in line.split()]
    key = re.search(r"((?:[0-9a-f]{2}:){39}[0-9a-f]{2})", said)[1]
    return table, bytes.fromhex(key.replace(":", ""))


def queues(grown):
    return [int(m[1]) for m in (re.fullmatch(r"rx_queue_(\d+)_packets", name) for name in grown)
            if m]


def datagrams(source, after):
    """Eight datagrams from this port; what grew at the peer when after(sink) is over."""
    with nic.peer.socket(V4, socket.SOCK_DGRAM) as sink, \
            nic.here.socket(V4, socket.SOCK_DGRAM) as tap:
        sink.bind((nic.peer.address(V4), PORT))
        tap.bind((nic.here.address(V4), source))
        before = nic.peer.stats()
        for _ in range(8):
            tap.sendto(b"where?", (nic.peer.address(V4), PORT))
        after(sink, before)
        return {name: value - before.get(name, 0) for name, value in nic.peer.stats().items()}


def queue_of(source):
    """The peer's queue that datagrams from this port come in at."""
    grown = datagrams(source, lambda sink, _: [sink.recv(100) for _ in range(8)])
    busy = [q for q in queues(grown) if grown[f"rx_queue_{q}_packets"] >= 8]
    assert len(busy) == 1, grown
    return busy[0]


def dropped(source):
    """The card drops datagrams from this port: a filter matches, nothing comes."""
    def after(sink, before):
        nic.wait_for(lambda: nic.peer.stats()["fdir_match"] >= before["fdir_match"] + 8, "a match")
        sink.setblocking(False)
        try:
            raise AssertionError(sink.recv(100))
        except BlockingIOError:
            pass
    datagrams(source, after)


@ktap.case
def rss():
    """a flow's queue is the one that its Toeplitz hash names"""
    # Filters of Flow Director would go first; with ntuple there are none.
    nic.peer.features(True, "ntuple")
    nic.wait_link()
    nic.peer.ethtool("-N", "rx-flow-hash", "udp4", "sdfn")
    table, key = rss_table(nic.peer)
    assert len(table) == 128 and set(table) == {0, 1}, table
    seen = set()
    for source in range(20000, 20012):
        data = socket.inet_aton(nic.here.address(V4)) + socket.inet_aton(nic.peer.address(V4))
        want = table[toeplitz(key, data + struct.pack("!HH", source, PORT)) & 127]
        got = queue_of(source)
        assert got == want, f"port {source}: queue {got}, not {want}"
        seen.add(got)
    assert seen == {0, 1}, seen


@ktap.case
def perfect_filters():
    """a filter of Flow Director puts a flow where it says, or nowhere"""
    try:
        for queue in (0, 1, 0):
            nic.peer.ethtool("-N", "flow-type", "udp4", "src-ip", nic.here.address(V4),
                             "dst-ip", nic.peer.address(V4), "src-port", "21000", "dst-port",
                             str(PORT), "action", str(queue), "loc", "5")
            before = nic.peer.stats()["fdir_match"]
            assert queue_of(21000) == queue
            nic.wait_for(lambda: nic.peer.stats()["fdir_match"] >= before + 8, "filter matches")
        nic.peer.ethtool("-N", "flow-type", "udp4", "src-ip", nic.here.address(V4),
                         "dst-ip", nic.peer.address(V4), "src-port", "21000", "dst-port",
                         str(PORT), "action", "-1", "loc", "5")
        dropped(21000)
        queue_of(21001)
        nic.peer.ethtool("-N", "delete", "5")
        queue_of(21000)
    finally:
        nic.peer.features(False, "ntuple")
        nic.wait_link()


@ktap.case
def signature_filters():
    """a connection's answers come in where it sends, by the driver's filters"""
    grown = nic.growth(nic.here, lambda: nic.transfer(size=1 << 21))
    assert grown.get("fdir_match", 0) > 20, grown


@ktap.case
def channels():
    """one queue and two"""
    for number in (1, 2):
        for end in nic.ENDS:
            end.ethtool("-L", "combined", str(number))
        nic.wait_link()
        grown = nic.growth(nic.peer, nic.transfer)
        assert grown.get("rx_queue_0_packets", 0) + grown.get("rx_queue_1_packets", 0) > 100
        assert number == 2 or "rx_queue_1_packets" not in grown, grown


@ktap.case
def rings():
    """rings of 64 and of 4,096 descriptors"""
    for number in (64, 4096, 512):
        for end in nic.ENDS:
            end.ethtool("-G", "rx", str(number), "tx", str(number))
        nic.wait_link()
        nic.transfer(size=1 << 21)


def interrupts():
    with open("/proc/interrupts") as file:
        return sum(int(n) for line in file if "eth1-TxRx" in line
                   for n in line.split()[1:3])


@ktap.case
def moderation():
    """interrupts keep the distance that is asked for"""
    nic.peer.ethtool("-C", "rx-usecs", "800")
    try:
        with nic.here.socket(V4, socket.SOCK_DGRAM) as tap:
            tap.bind((nic.here.address(V4), 0))
            began, before = time.monotonic(), interrupts()
            for _ in range(3000):
                tap.sendto(b"x", (nic.peer.address(V4), PORT))
            took, count = time.monotonic() - began, interrupts() - before
        # Two vectors; the software that looks after queues adds a few.
        most = 2 * took / 0.0008 + 20
        assert 0 < count <= most, f"{count} in {took} s, at most {most}"
    finally:
        nic.peer.ethtool("-C", "rx-usecs", "1")


ktap.main(nic.EVERY)
