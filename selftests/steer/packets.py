#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""What the wire may bring, in each mode of steering (topo.Pair, raw.Peer).

What is unusual but right must arrive; what is broken, spoofed or for somebody
else must not, and must harm nothing.
"""
import socket
import struct

import raw
import stage
import topo
from raw import ACK, PSH, RST, SYN
from stage import in_modes
from topo import FAMILIES

# What does not come is waited for that long; a later packet proves it more.


def opened(pair, peer, family, sport=4000):
    """A connection by hand: (flow, Atmos's socket)."""
    with pair.listen(family) as listener:
        flow = raw.Flow(peer, family, listener.getsockname()[1], sport)
        flow.open()
        sock = listener.accept()[0]
    sock.settimeout(topo.PATIENCE)
    return flow, sock


def bound(pair, family, address=None, port=0):
    """An Atmos UDP socket in a, and its port."""
    sock = pair.a.atmos(family, socket.SOCK_DGRAM)
    sock.bind((pair.ADDRESS[family][0] if address is None else address, port))
    return sock, sock.getsockname()[1]


@in_modes
def by_hand(pair, peer):
    """a connection by hand, data both ways, RST ends it"""
    for family in FAMILIES:
        flow, sock = opened(pair, peer, family)
        with sock:
            flow.data(b"hello")
            assert sock.recv(100) == b"hello"
            sock.send(b"good bye")
            seen = flow.see(lambda s: s.data)
            assert seen.data == b"good bye", seen.data
            flow.ack += len(seen.data)
            flow.send(ACK)
            flow.send(RST | ACK)
            try:
                data = sock.recv(100)
            except ConnectionResetError:
                continue
            raise AssertionError(f"received {data!r}")


@in_modes
def bad_checksums(pair, peer):
    """segments and datagrams with a wrong checksum do not arrive"""
    for family in FAMILIES:
        flow, sock = opened(pair, peer, family)
        before = pair.a.steered()["checksum_errors"]
        with sock:
            flow.send(ACK | PSH, b"wrong", bad=1)
            assert not flow.see(lambda s: s.ack > flow.seq, topo.SHORT)
            flow.data(b"right")
            assert sock.recv(100) == b"right"
        sock, port = bound(pair, family)
        src, dst = raw.PEER[family], pair.ADDRESS[family][0]
        with sock:
            for data, bad in ((b"wrong", 1), (b"right", 0)):
                peer.send(raw.ip(src, dst, raw.UDP, raw.udp(src, dst, 7, port, data, bad=bad)))
            assert sock.recv(100) == b"right"
            topo.nothing(sock)
        assert pair.a.steered()["checksum_errors"] == before + 2, pair.a.steered()


@in_modes
def no_checksum(pair, peer):
    """UDP without a checksum arrives by IPv4 only"""
    for family in FAMILIES:
        sock, port = bound(pair, family)
        src, dst = raw.PEER[family], pair.ADDRESS[family][0]
        with sock:
            peer.send(raw.ip(src, dst, raw.UDP, raw.udp(src, dst, 7, port, b"none", check=0)))
            peer.send(raw.ip(src, dst, raw.UDP, raw.udp(src, dst, 7, port, b"last")))
            if family == socket.AF_INET:
                assert sock.recv(100) == b"none"
            assert sock.recv(100) == b"last"


@in_modes
def bad_ip(pair, peer):
    """broken IP headers are for nobody"""
    flow, sock = opened(pair, peer, socket.AF_INET)
    with sock:
        for more in ({"ip_bad": 1}, {"ip_total": 1000}, {"ip_total": 30}, {"ip_total": 10},
                     {"doff": 15}, {"doff": 4}):
            flow.send(ACK | PSH, b"wrong", **more)
        # What comes back are acknowledgements at most.
        assert not flow.see(lambda s: s.ack > flow.seq or s.flags & RST, topo.SHORT)
        flow.data(b"right")
        assert sock.recv(100) == b"right"
    flow, sock = opened(pair, peer, socket.AF_INET6)
    with sock:
        for more in ({"ip_plen": 1000}, {"ip_plen": 10}, {"doff": 15}, {"doff": 4}):
            flow.send(ACK | PSH, b"wrong", **more)
        assert not flow.see(lambda s: s.ack > flow.seq or s.flags & RST, topo.SHORT)
        flow.data(b"right")
        assert sock.recv(100) == b"right"


@in_modes
def udp_lengths(pair, peer):
    """UDP's length counts: longer is broken, shorter cuts"""
    for family in FAMILIES:
        sock, port = bound(pair, family)
        src, dst = raw.PEER[family], pair.ADDRESS[family][0]
        with sock:
            for length in (100, 7, 0, 12, 8):
                peer.send(raw.ip(src, dst, raw.UDP,
                                 raw.udp(src, dst, 7, port, b"datagram", length=length)))
            assert sock.recv(100) == b"data"
            assert sock.recv(100) == b""
            topo.nothing(sock)


@in_modes
def padding(pair, peer):
    """bytes of the link behind a packet are no part of it"""
    for family in FAMILIES:
        flow, sock = opened(pair, peer, family)
        with sock:
            peer.send(flow.packet(ACK | PSH, b"data") + b"rubbish")
            flow.seq += 4
            flow.data(b"more")
            assert sock.recv(4, socket.MSG_WAITALL) == b"data"
            assert sock.recv(100) == b"more"


@in_modes
def options(pair, peer):
    """IPv4 options are skipped, but source routes drop the packet"""
    flow, sock = opened(pair, peer, socket.AF_INET)
    with sock:
        flow.data(b"router alert", ip_options=bytes([148, 4, 0, 0]))
        flow.data(b"record route", ip_options=bytes([7, 39, 4] + [0] * 36 + [0]))
        for kind in (131, 137):
            flow.send(ACK | PSH, b"source route", ip_options=bytes([kind, 7, 8, 10, 1, 0, 9, 0]))
        assert not flow.see(lambda s: s.ack > flow.seq, topo.SHORT)
        flow.data(b".")
        assert sock.recv(100) == b"router alertrecord route."


@in_modes
def extensions(pair, peer):
    """IPv6 extension headers are skipped, in TCP and UDP"""
    pad = bytes([0, 1, 4, 0, 0, 0, 0])
    chains = {
        "none": (),
        "hop-by-hop": ((raw.HOPOPTS, pad),),
        "destination": ((raw.DSTOPTS, pad),),
        "routing": ((raw.ROUTING, bytes([0, 4, 0, 0, 0, 0, 0])),),
        "atomic fragment": ((raw.FRAGMENT, bytes([0, 0, 0, 0, 0, 0, 9])),),
        "long": ((raw.DSTOPTS, bytes([3, 1, 28]) + bytes(28)),),
        "all": ((raw.HOPOPTS, pad), (raw.DSTOPTS, pad),
                (raw.ROUTING, bytes([0, 4, 0, 0, 0, 0, 0])), (raw.DSTOPTS, pad)),
    }
    family = socket.AF_INET6
    src, dst = raw.PEER[family], pair.ADDRESS[family][0]
    flow, sock = opened(pair, peer, family)
    datagrams, port = bound(pair, family)
    with sock, datagrams:
        for name, chain in chains.items():
            flow.data(name.encode(), ip_extensions=chain)
            assert sock.recv(100) == name.encode()
            peer.send(raw.ip6(src, dst, raw.UDP, raw.udp(src, dst, 7, port, name.encode()),
                              extensions=chain))
            assert datagrams.recv(100) == name.encode()
        # On its way still: nobody's.
        flow.send(ACK | PSH, b"wrong", ip_extensions=((raw.ROUTING, bytes([0, 4, 1, 0, 0, 0, 0])),))
        assert not flow.see(lambda s: s.ack > flow.seq, topo.SHORT)
        flow.data(b"right")
        assert sock.recv(100) == b"right"


@in_modes
def spoofed(pair, peer):
    """source addresses that cannot be are for nobody"""
    wrong = {socket.AF_INET: ("127.0.0.1", "10.1.0.1", "255.255.255.255", "224.0.0.1"),
             socket.AF_INET6: ("::1", "ff02::1", "::ffff:10.1.0.2")}
    for family in FAMILIES:
        dst = pair.ADDRESS[family][0]
        sock, port = bound(pair, family)
        with sock, pair.listen(family) as listener:
            for src in wrong[family]:
                peer.send(raw.ip(src, dst, raw.UDP, raw.udp(src, dst, 7, port, src.encode())))
                flow = raw.Flow(peer, family, listener.getsockname()[1], src=src)
                flow.send(SYN)
            topo.nothing(sock)
            assert not peer.see(lambda s: s.proto == raw.TCP and s.flags & SYN, topo.SHORT)
            src = raw.PEER[family]
            peer.send(raw.ip(src, dst, raw.UDP, raw.udp(src, dst, 7, port, b"right")))
            assert sock.recv(100) == b"right"


@in_modes
def reverse_path(pair, peer):
    """with rp_filter sources that are routed elsewhere are dropped"""
    pair.a("ip", "link", "add", "other", "type", "dummy")
    pair.a("ip", "address", "add", "10.9.0.1/24", "dev", "other")
    pair.a("ip", "link", "set", "other", "up")
    sock, port = bound(pair, socket.AF_INET)
    src, dst = "10.9.0.7", pair.ADDRESS[socket.AF_INET][0]
    packet = raw.ip(src, dst, raw.UDP, raw.udp(src, dst, 7, port, b"elsewhere"))
    with sock:
        for value, arrives in ((0, True), (1, False), (2, True)):
            for name in ("all", "va"):
                pair.a("sysctl", "-qw", f"net.ipv4.conf.{name}.rp_filter={value}")
            peer.send(packet)
            if arrives:
                assert sock.recv(100) == b"elsewhere"
            else:
                topo.nothing(sock)
    for name in ("all", "va"):
        pair.a("sysctl", "-qw", f"net.ipv4.conf.{name}.rp_filter=0")
    pair.a("ip", "link", "del", "other")


@in_modes
def elsewhere(pair, peer):
    """frames for another station, and packets for another host, are not ours"""
    for family in FAMILIES:
        sock, port = bound(pair, family, "0.0.0.0" if family == socket.AF_INET else "::")
        src, dst = raw.PEER[family], pair.ADDRESS[family][0]
        good = raw.ip(src, dst, raw.UDP, raw.udp(src, dst, 7, port, b"mine"))
        other = "10.1.0.77" if family == socket.AF_INET else "fd01::77"
        with sock:
            peer.send(good, to=bytes.fromhex("02fe00000001"))
            peer.send(raw.ip(src, other, raw.UDP, raw.udp(src, other, 7, port, b"other's")))
            topo.nothing(sock)
            peer.send(good)
            assert sock.recv(100) == b"mine"


@in_modes
def unreachable(pair, peer):
    """ICMP errors about a connected UDP socket reach it, about others do not"""
    for family in FAMILIES:
        src, dst = raw.PEER[family], pair.ADDRESS[family][0]
        kind, code, proto = (3, 3, raw.ICMP) if family == socket.AF_INET else (1, 4, raw.ICMP6)
        sock, port = bound(pair, family)
        with sock:
            sock.connect((src, 9))
            sock.send(b"anybody?")
            seen = peer.see(lambda s: s.proto == raw.UDP and s.dport == 9)
            assert seen and seen.data == b"anybody?", seen
            # Another datagram than ours, a wrong checksum, cut too short.
            for quote, bad in ((raw.ip(dst, src, raw.UDP, raw.udp(dst, src, port, 10)), 0),
                               (seen.packet, 1), (seen.packet[:22], 0)):
                peer.send(raw.ip(src, dst, proto, raw.icmp(src, dst, kind, code, 0, quote, bad)))
            topo.nothing(sock)
            peer.send(raw.ip(src, dst, proto, raw.icmp(src, dst, kind, code, 0, seen.packet)))
            try:
                sock.recv(100)
            except ConnectionRefusedError:
                continue
            raise AssertionError("no error")


@in_modes
def too_big(pair, peer):
    """ICMP that says how large packets may be makes a connection's smaller"""
    for family in FAMILIES:
        flow, sock = opened(pair, peer, family)
        src, dst = raw.PEER[family], pair.ADDRESS[family][0]
        v4 = family == socket.AF_INET
        size = 1000 if v4 else 1280

        def complain(quote, mtu, v4=v4, src=src, dst=dst):
            if v4:
                peer.send(raw.ip(src, dst, raw.ICMP, raw.icmp(src, dst, 3, 4, mtu, quote[:28])))
            else:
                peer.send(raw.ip(src, dst, raw.ICMP6, raw.icmp(src, dst, 2, 0, mtu,
                                                               quote[:1000])))

        with sock:
            sock.send(bytes(4000))
            seen = flow.see(lambda s: s.data)
            assert seen.len > size, f"{seen.len} bytes are not large"
            # About a segment that was never sent: not believed (RFC 5927).
            forged = bytearray(seen.packet)
            at = 24 if v4 else 44
            forged[at:at + 4] = struct.pack("!L", (seen.seq + (1 << 30)) & 0xFFFFFFFF)
            complain(bytes(forged), size)
            again = flow.see(lambda s, seen=seen: s.seq == seen.seq)
            assert again and again.len > size, "believed a forged one"
            complain(again.packet, size)
            again = flow.see(lambda s, seen=seen: s.seq == seen.seq and s.len <= size)
            assert again and again.data, "not sent again in small pieces"
            flow.ack = seen.seq + len(again.data)
            flow.send(ACK)
            last = flow.see(lambda s, flow=flow: s.seq == flow.ack)
            assert last and last.len <= size, last and last.len


stage.main()
