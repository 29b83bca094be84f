#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Data over the cable is exact with every offload on and off."""
import re
import socket

import ktap
import nic

V4, V6 = socket.AF_INET, socket.AF_INET6
OFFLOADS = ("rx", "tx", "sg", "tso", "gso", "gro", "lro", "rxvlan", "txvlan", "rxhash",
            "tx-udp-segmentation")
SIZES = (1, 17, 18, 19, 100, 1471, 1472, 1473, 4000, 20000)
UDP_SEGMENT = 103
ERRORS = ("rx_csum_offload_errors", "rx_crc_errors", "rx_length_errors", "rx_errors",
          "rx_missed_errors", "rx_no_dma_resources", "tx_errors", "tx_timeout_count")


def all_traffic(vlan=0):
    """TCP both ways and datagrams, over both families."""
    for family in (V4, V6):
        nic.transfer(family, vlan=vlan)
        nic.datagrams(family, SIZES, vlan)
        nic.datagrams(family, SIZES, vlan, nic.peer, nic.here)


def clean(function):
    """No card counts an error meanwhile."""
    before = [end.stats() for end in nic.ENDS]
    function()
    for end, old in zip(nic.ENDS, before):
        new = end.stats()
        for name in ERRORS:
            assert new[name] == old[name], f"{end.dev}: {name} {new[name] - old[name]}"


def set_all(on):
    for end in nic.ENDS:
        end.features(on, *(OFFLOADS if on else reversed(OFFLOADS)))


@ktap.case
def default():
    """all offloads as the driver sets them"""
    nic.wait_link()
    clean(all_traffic)


@ktap.case
def everything_on():
    """all offloads on"""
    set_all(True)
    clean(all_traffic)


@ktap.case
def everything_off():
    """all offloads off"""
    set_all(False)
    try:
        clean(all_traffic)
    finally:
        set_all(True)


def make(name):
    def function():
        for end in nic.ENDS:
            end.features(False, name)
        try:
            clean(all_traffic)
        finally:
            set_all(True)
    function.__doc__ = f"{name} alone is off"
    ktap.case(function)


for offload in OFFLOADS:
    make(offload)


PACKET_OUTGOING = 4


def longest(end, outgoing, function):
    """The longest frame that leaves this end, or comes in."""
    with end.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3)) as tap:
        tap.setsockopt(socket.SOL_SOCKET, 33, 1 << 24)  # SO_RCVBUFFORCE
        tap.bind((end.dev, 0))
        function()
        tap.setblocking(False)
        most = 0
        try:
            while True:
                data, address = tap.recvfrom(1 << 17)
                if (address[2] == PACKET_OUTGOING) == outgoing:
                    most = max(most, len(data))
        except BlockingIOError:
            return most


@ktap.case
def segmentation():
    """the card cuts what TSO hands it: long at the sender, a frame at the receiver"""
    for end in nic.ENDS:
        end.features(False, "gro", "lro")
    try:
        received = []
        sent = longest(nic.here, True, lambda: received.append(
            longest(nic.peer, False, nic.transfer)))
        assert sent > 1514, sent
        assert received == [1514], received
        for end in nic.ENDS:
            end.features(False, "tso", "gso")
        assert longest(nic.here, True, nic.transfer) == 1514
    finally:
        set_all(True)


@ktap.case
def udp_segmentation():
    """the card cuts a train of UDP datagrams"""
    for family in (V4, V6):
        with nic.peer.socket(family, socket.SOCK_DGRAM) as sink, \
                nic.here.socket(family, socket.SOCK_DGRAM) as tap:
            sink.bind((nic.peer.address(family), 0))
            tap.connect(sink.getsockname()[:2])
            tap.setsockopt(socket.IPPROTO_UDP, UDP_SEGMENT, 1000)
            data = bytes(i % 251 for i in range(10300))
            tap.send(data)
            parts = [sink.recv(65536) for _ in range(11)]
            assert [len(p) for p in parts] == [1000] * 10 + [300], parts
            assert b"".join(parts) == data


@ktap.case
def jumbo():
    """frames of 9,000 bytes, and longer ones than the receiver takes"""
    try:
        for end in nic.ENDS:
            end.ip("link", "set", end.dev, "mtu", "9000")
        nic.wait_link()
        clean(all_traffic)
        nic.here.run("ping", "-c", "1", "-W", "10", "-M", "do", "-s", "8972", "10.82.0.2")
        nic.peer.ip("link", "set", nic.peer.dev, "mtu", "1500")
        nic.wait_link()
        grown = nic.growth(nic.peer, lambda: nic.here.run(
            "ping", "-c", "1", "-W", "1", "-M", "do", "-s", "8972", "10.82.0.2", check=False))
        assert grown.get("rx_long_length_errors", 0) >= 1, grown
    finally:
        for end in nic.ENDS:
            end.ip("link", "set", end.dev, "mtu", "1500")
    nic.wait_link()


@ktap.case
def vlan():
    """a VLAN, with tags put in and taken out by the cards and by the kernel"""
    try:
        for end in nic.ENDS:
            end.ip("link", "add", "link", end.dev, "name", "v5", "type", "vlan", "id", "5")
            end.ip("addr", "add", f"10.82.5.{end.number}/24", "dev", "v5")
            end.ip("addr", "add", f"fd82:5::{end.number}/64", "dev", "v5", "nodad")
            end.ip("link", "set", "v5", "up")
        for on in (True, False):
            for end in nic.ENDS:
                end.features(on, "rxvlan", "txvlan")
            clean(lambda: all_traffic(vlan=5))
    finally:
        for end in nic.ENDS:
            end.run("ip", "link", "del", "v5", check=False)
        set_all(True)


@ktap.case
def flood():
    """a flood of datagrams: what one card sent, the other counted"""
    def send():
        with nic.here.socket(V4, socket.SOCK_DGRAM) as tap:
            for _ in range(5000):
                tap.sendto(b"x" * 18, (nic.peer.address(V4), 9))
    before = [end.stats() for end in nic.ENDS]
    send()
    nic.wait_for(lambda: nic.here.stats()["tx_pkts_nic"] >= before[0]["tx_pkts_nic"] + 5000,
                 "all are sent")
    nic.wait_for(lambda: nic.peer.stats()["rx_pkts_nic"] >= before[1]["rx_pkts_nic"] + 5000,
                 "all are received")
    assert nic.peer.stats()["rx_missed_errors"] == before[1]["rx_missed_errors"]


@ktap.case
def iperf():
    """iperf3, four streams each way"""
    server = nic.subprocess.Popen(["ip", "netns", "exec", "peer", "iperf3", "-s"],
                                  stdout=nic.subprocess.DEVNULL,
                                  stderr=nic.subprocess.DEVNULL)
    try:
        nic.wait_for(lambda: ":5201" in nic.peer.run("ss", "-ltn"), "iperf3 listens")
        for way in ((), ("-R",)):
            said = nic.run("iperf3", "-c", "10.82.0.2", "-n", "8M", "-P", "4", *way)
            assert re.search(r"SUM.*receiver", said), said
    finally:
        server.terminate()
        server.wait()


ktap.main(nic.EVERY)
