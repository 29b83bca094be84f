#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Fragments, in each mode of steering (topo.Pair, raw.Peer): put together by the
reassembly domain, and nothing is made that was not sent.
"""
import json
import random
import socket
import struct

import raw
import stage
import topo
from firewall import counted, rules
from stage import in_modes
from topo import FAMILIES


class Sender:
    """Sends datagrams in fragments to an Atmos socket."""

    # What one leaves unfinished is no part of what the next one sends.
    last_id = 100

    @property
    def id(self):
        return Sender.last_id

    @id.setter
    def id(self, number):
        Sender.last_id = number

    def __init__(self, pair, peer, family, src=None):
        self.peer, self.family = peer, family
        self.src, self.dst = src or raw.PEER[family], pair.ADDRESS[family][0]
        self.sock = pair.a.atmos(family, socket.SOCK_DGRAM)
        self.sock.bind((self.dst, 0))
        self.port = self.sock.getsockname()[1]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()

    def cut(self, data, size=512, src=None, ident=None, extensions=(), inner=b"", proto=None,
            ecn=()):
        """The fragments of a datagram, size bytes each."""
        src = src or self.src
        self.id += 1
        ident = self.id if ident is None else ident
        part = inner + raw.udp(src, self.dst, 7, self.port, data)
        return self.cut_part(part, size, src, ident, extensions, proto or raw.UDP, ecn)

    def cut_part(self, part, size, src, ident, extensions=(), proto=raw.UDP, ecn=()):
        out = []
        for number, at in enumerate(range(0, len(part), size)):
            piece, more = part[at:at + size], at + size < len(part)
            if self.family == socket.AF_INET:
                packet = raw.ip4(src, self.dst, proto, piece, ident=ident,
                                 frag=at // 8 | (0x2000 if more else 0))
                if number in ecn:
                    packet = packet[:1] + b"\3" + packet[2:10] + bytes(2) + packet[12:]
                    packet = packet[:10] + struct.pack("!H", raw.csum(packet[:20])) + packet[12:]
            else:
                packet = raw.ip6(src, self.dst, proto, piece, extensions=(
                    *extensions, (raw.FRAGMENT, struct.pack("!BHL", 0, at | more, ident))))
            out.append(packet)
        return out

    def send(self, packets):
        for packet in packets:
            self.peer.send(packet)

    def works(self):
        """What is whole arrives."""
        data = topo.noise(3000, self.id)
        self.send(self.cut(data))
        assert self.sock.recv(65536) == data


def reasm(pair):
    """The domains that reassemble."""
    return [d for d in json.loads(pair.a.ctl("-j", "domain", "list")) if d["image"] == "reasm"]


@in_modes
def datagrams(pair, _):
    """large datagrams arrive, both ways, of all sizes"""
    for family in FAMILIES:
        one = pair.a.atmos(family, socket.SOCK_DGRAM)
        other = pair.b.native(family, socket.SOCK_DGRAM)
        with one, other:
            one.bind((pair.ADDRESS[family][0], 0))
            other.bind((pair.ADDRESS[family][1], 0))
            for sock in (one, other):
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
            for size in (1472, 1473, 3000, 20000, 65507 if family == socket.AF_INET else 65527):
                data = topo.noise(size, size)
                for sender, receiver in ((other, one), (one, other)):
                    sender.sendto(data, receiver.getsockname()[:2])
                    assert receiver.recv(65536) == data, (size, sender is one)
    assert len(reasm(pair)) == 1


@in_modes
def order(pair, peer):
    """the first comes first; the others in any order, and more than once"""
    for family in FAMILIES:
        with Sender(pair, peer, family) as sender:
            data = topo.noise(5000, 1)
            for seed in range(5):
                first, *rest = sender.cut(data)
                rest += rest[::2]
                random.Random(seed).shuffle(rest)

                sender.send([first, *rest])
                assert sender.sock.recv(65536) == data
            sender.send(sender.cut(data)[:-1])
            topo.nothing(sender.sock)
            sender.works()


@in_modes
def interleaved(pair, peer):
    """datagrams of two senders with one identification do not mix"""
    others = {socket.AF_INET: "10.1.0.4", socket.AF_INET6: "fd01::4"}
    for family in FAMILIES:
        with Sender(pair, peer, family) as sender:
            one, two = topo.noise(2000, 1), topo.noise(2000, 2)
            mixed = zip(sender.cut(one, ident=77), sender.cut(two, src=others[family], ident=77),
                        sender.cut(one[::-1], ident=78))
            for packets in mixed:
                sender.send(packets)
            got = [sender.sock.recv(65536) for _ in range(3)]
            assert sorted(got) == sorted([one, two, one[::-1]])


@in_modes
def wrong(pair, peer):
    """overlaps, ends that contradict each other, sums that are wrong: nothing comes"""
    for family in FAMILIES:
        with Sender(pair, peer, family) as sender:
            data = topo.noise(2000, 3)
            a, b, c, d = sender.cut(data, size=504)
            forged = sender.cut(data[8:] + data[:8], size=496, ident=sender.id)
            # Another's bytes within ours are late; the first ones count.
            sender.send([a, b, forged[1], c, d])
            assert sender.sock.recv(65536) == data
            # Across an end of ours: an attack, the datagram is given up.
            a, b, c, d = sender.cut(data, size=504)
            forged = sender.cut(data[8:] + data[:8], size=496, ident=sender.id)
            sender.send([a, b, forged[2], c, d])
            topo.nothing(sender.sock)
            # Two ends.
            short = sender.cut(data[:1200], size=504, ident=sender.id + 1)
            full = sender.cut(data, size=504, ident=sender.id)
            sender.send([full[0], short[-1], *full[1:]])
            topo.nothing(sender.sock)
            # A part of another datagram in the place of ours: the checksum tells.
            before = pair.a.steered()["checksum_errors"]
            other = sender.cut(data[::-1], size=504, ident=sender.id + 1)
            mine = sender.cut(data, size=504, ident=sender.id)
            sender.send([mine[0], other[1], *mine[2:]])
            topo.nothing(sender.sock)
            assert pair.a.steered()["checksum_errors"] == before + 1
            # Pieces that do not fit in a datagram.
            if family == socket.AF_INET:
                sender.id += 1
                sender.send([raw.ip4(sender.src, sender.dst, raw.UDP, bytes(512), ident=sender.id,
                                     frag=0x1fff)])
            sender.works()


@in_modes
def extensions(pair, peer):
    """IPv6: headers before and behind the fragment header"""
    pad = bytes([0, 1, 4, 0, 0, 0, 0])
    data = topo.noise(3000, 4)
    with Sender(pair, peer, socket.AF_INET6) as sender:
        for before, inner in (((), True), (((raw.HOPOPTS, pad),), False),
                              (((raw.HOPOPTS, pad), (raw.DSTOPTS, pad)), True)):
            sender.send(sender.cut(data, extensions=before,
                                   inner=bytes([raw.UDP]) + pad if inner else b"",
                                   proto=raw.DSTOPTS if inner else raw.UDP))
            assert sender.sock.recv(65536) == data
        # Fragments of fragments are nobody's.
        sender.id += 1
        inner = sender.cut(data, size=4000)[0]
        inner = bytes([raw.UDP]) + struct.pack("!BHL", 0, 1, 5) + inner[48:]
        sender.send(sender.cut_part(inner, 512, sender.src, sender.id, proto=raw.FRAGMENT))
        topo.nothing(sender.sock)
        sender.works()


@in_modes
def congestion(pair, peer):
    """a mark of congestion on any fragment is on the datagram"""
    with Sender(pair, peer, socket.AF_INET) as sender:
        sender.sock.setsockopt(socket.IPPROTO_IP, socket.IP_RECVTOS, 1)
        data = topo.noise(2000, 5)
        for marked in ((), (0,), (2,)):
            sender.send(sender.cut(data, ecn=marked))
            got, ancillary, *_ = sender.sock.recvmsg(65536, 100)
            assert got == data
            tos = [a[2][0] for a in ancillary if a[:2] == (socket.IPPROTO_IP, socket.IP_TOS)]
            assert tos == [3 if marked else 0], (marked, tos)


@in_modes
def firewall(pair, peer):
    """rules see the datagram, once, and may drop it"""
    for family in FAMILIES:
        with Sender(pair, peer, family) as sender:
            with rules(pair, "input", f"udp dport {sender.port} counter accept"):
                sender.works()
                assert counted(pair) == [1]
            with rules(pair, "prerouting", f"udp dport {sender.port} counter drop"):
                sender.send(sender.cut(bytes(3000)))
                topo.nothing(sender.sock)
                assert counted(pair) == [1]
            sender.works()


@in_modes
def stream(pair, peer):
    """segments of TCP in fragments"""
    for family in FAMILIES:
        with Sender(pair, peer, family) as sender, pair.listen(family) as listener:
            flow = raw.Flow(peer, family, listener.getsockname()[1])
            flow.open()
            data = topo.noise(1000, 6)
            with listener.accept()[0] as sock:
                sock.settimeout(topo.PATIENCE)
                segment = raw.tcp(flow.src, flow.dst, flow.sport, flow.dport, flow.seq, flow.ack,
                                  raw.ACK | raw.PSH, data)
                sender.id += 1
                sender.send(sender.cut_part(segment, 256, flow.src, sender.id, proto=raw.TCP))
                flow.seq += len(data)
                assert flow.see(lambda s, flow=flow: s.ack == flow.seq)
                assert sock.recv(2000) == data


@in_modes
def flood(pair, peer):
    """datagrams without end take bounded memory, and what is whole arrives"""
    for family in FAMILIES:
        with Sender(pair, peer, family) as sender:
            for n in range(100):
                sender.send(sender.cut(bytes(1400))[:2])
                if n % 20 == 0:
                    sender.works()
            # Many small pieces, of which each takes a page.
            for _ in range(12):
                sender.send(sender.cut(bytes(4000), size=8)[:-1])
            sender.works()
    assert len(reasm(pair)) == 1


@in_modes
def killed(pair, peer):
    """the domain dies: what it had begun is lost, what comes next is not"""
    with Sender(pair, peer, socket.AF_INET) as sender:
        sender.works()
        data = topo.noise(2000, 7)
        for _ in range(5):
            first, *rest = sender.cut(data)
            sender.send([first])
            pair.a.ctl("domain", "kill", str(reasm(pair)[0]["id"]))
            # It dies at its next entry, and what that brought is lost, too.
            sender.send(sender.cut(data))
            sender.send(rest)
            sender.sock.settimeout(topo.SHORT)
            try:
                assert sender.sock.recv(65536) == data
            except TimeoutError:
                pass
            sender.sock.settimeout(topo.PATIENCE)
            sender.works()


@in_modes
def given_back(pair, peer):
    """half a datagram is thrown away in time, and the domain given back"""
    if stage.current() != "tc":
        return      # a minute and more
    with Sender(pair, peer, socket.AF_INET) as sender:
        sender.works()
        sender.send(sender.cut(bytes(1400))[:2])
        assert len(reasm(pair)) == 1
        # What cases before have left waits longer: RFC 8200 4.5, 60 s.
        topo.until("the domain is given back", lambda: not reasm(pair),
                   3 * topo.PATIENCE)
        sender.works()


stage.main()
