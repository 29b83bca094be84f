# SPDX-License-Identifier: GPL-2.0-only
"""Packets made by hand, and a peer without a stack that sends and sees them.

The peer is 10.1.0.3 and fd01::3 on vb: no address of namespace b, so that b's
own stack stays silent.
"""
import select
import socket
import struct
import time

ETH_P_ALL = 3
PROTO = {socket.AF_INET: 0x0800, socket.AF_INET6: 0x86DD}
PEER = {socket.AF_INET: "10.1.0.3", socket.AF_INET6: "fd01::3"}
FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16
TCP, UDP, ICMP, ICMP6 = 6, 17, 1, 58
HOPOPTS, ROUTING, FRAGMENT, DSTOPTS = 0, 43, 44, 60


def csum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def family_of(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def packed(address):
    return socket.inet_pton(family_of(address), address)


def l4_csum(src, dst, proto, data):
    pseudo = packed(src) + packed(dst)
    pseudo += struct.pack("!LL" if ":" in src else "!HH", *(
        (len(data), proto) if ":" in src else (proto, len(data))))
    return csum(pseudo + data)


def tcp(src, dst, sport, dport, seq, ack, flags, data=b"", options=b"", window=65535,
        doff=None, bad=0):
    """A segment; bad is added to its checksum."""
    options += b"\0" * (-len(options) % 4)
    head = struct.pack("!HHLLBBHHH", sport, dport, seq & 0xFFFFFFFF, ack & 0xFFFFFFFF,
                       (5 + len(options) // 4 if doff is None else doff) << 4, flags,
                       window, 0, 0)
    whole = head + options + data
    check = (l4_csum(src, dst, TCP, whole) + bad) & 0xFFFF
    return whole[:16] + struct.pack("!H", check) + whole[18:]


def udp(src, dst, sport, dport, data=b"", length=None, check=None, bad=0):
    length = 8 + len(data) if length is None else length
    head = struct.pack("!HHHH", sport, dport, length, 0)
    if check is None:
        check = (l4_csum(src, dst, UDP, (head + data)[:length]) + bad) & 0xFFFF or 0xFFFF
    return head[:6] + struct.pack("!H", check) + data


def icmp(src, dst, kind, code, info, quote, bad=0):
    head = struct.pack("!BBHL", kind, code, 0, info)
    if ":" in src:
        check = l4_csum(src, dst, ICMP6, head + quote)
    else:
        check = csum(head + quote)
    return head[:2] + struct.pack("!H", (check + bad) & 0xFFFF) + head[4:] + quote


def ip4(src, dst, proto, data, options=b"", total=None, ident=1, frag=0x4000, ttl=64,
        ihl=None, bad=0):
    options += b"\0" * (-len(options) % 4)
    hlen = 20 + len(options)
    head = struct.pack("!BBHHHBBH4s4s", 0x40 | (hlen // 4 if ihl is None else ihl), 0,
                       hlen + len(data) if total is None else total, ident, frag, ttl,
                       proto, 0, packed(src), packed(dst)) + options
    check = (csum(head) + bad) & 0xFFFF
    return head[:10] + struct.pack("!H", check) + head[12:] + data


def ip6(src, dst, proto, data, extensions=(), plen=None, hops=64):
    """extensions: (header, bytes behind its first, which is the next header)."""
    chain = b""
    following = proto
    for header, body in reversed(extensions):
        chain = bytes([following]) + body + chain
        assert len(chain) % 8 == 0
        following = header
    return struct.pack("!LHBB16s16s", 6 << 28,
                       len(chain + data) if plen is None else plen, following, hops,
                       packed(src), packed(dst)) + chain + data


def ip(src, dst, proto, data, **more):
    return (ip6 if ":" in src else ip4)(src, dst, proto, data, **more)


class Segment:
    """What a TCP segment, or UDP datagram, that came in says."""

    def __init__(self, packet):
        self.packet = packet
        if packet[0] >> 4 == 4:
            off, self.proto = (packet[0] & 15) * 4, packet[9]
            end = struct.unpack_from("!H", packet, 2)[0]
            self.src = socket.inet_ntop(socket.AF_INET, packet[12:16])
            self.dst = socket.inet_ntop(socket.AF_INET, packet[16:20])
        else:
            off, self.proto = 40, packet[6]
            end = 40 + struct.unpack_from("!H", packet, 4)[0]
            self.src = socket.inet_ntop(socket.AF_INET6, packet[8:24])
            self.dst = socket.inet_ntop(socket.AF_INET6, packet[24:40])
        self.len = end
        self.l4 = packet[off:end]
        self.sport = self.dport = self.flags = None
        if self.proto in (TCP, UDP):
            self.sport, self.dport = struct.unpack_from("!HH", self.l4)
        if self.proto == TCP:
            self.seq, self.ack, doff, self.flags, self.window = \
                struct.unpack_from("!LLBBH", self.l4, 4)
            self.data = self.l4[(doff >> 4) * 4:]
        elif self.proto == UDP:
            self.data = self.l4[8:]
        else:
            self.data = self.l4


class Peer:
    """Raw access to vb; tag: in the frames, a VLAN's number."""

    def __init__(self, pair, tag=None):
        self.pair, self.tag = pair, tag
        self.flows = []
        with pair.b.inside():
            self.sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
        self.sock.bind(("vb", ETH_P_ALL))
        self.mac_b = self.sock.getsockname()[4]
        self.mac_a = mac(pair.a, "va")
        pair.a.ip(*(f"neigh replace {address} lladdr {self.mac_b.hex(':')} dev va nud permanent"
                    for address in PEER.values()))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.hang_up()
        self.sock.close()

    def hang_up(self):
        """Ends the connections of all flows: nobody shall wait for the peer."""
        for flow in self.flows:
            flow.send(RST | ACK)
        self.flows = []

    def hush(self):
        """Forgets what came in so far."""
        while select.select([self.sock], [], [], 0)[0]:
            self.sock.recv(1 << 16)

    def send(self, packet, to=None):
        proto = PROTO[socket.AF_INET if packet[0] >> 4 == 4 else socket.AF_INET6]
        frame = (to or self.mac_a) + self.mac_b
        if self.tag is not None:
            frame += struct.pack("!HH", 0x8100, self.tag)
        self.sock.send(frame + struct.pack("!H", proto) + packet)

    def see(self, wanted, seconds=20):
        """The next segment from a that wanted(segment) takes; None in vain."""
        end = time.monotonic() + seconds
        while True:
            left = end - time.monotonic()
            if left <= 0 or not select.select([self.sock], [], [], left)[0]:
                return None
            frame, (_, proto, kind, *_) = self.sock.recvfrom(1 << 16)
            if kind == socket.PACKET_OUTGOING or proto not in PROTO.values():
                continue
            segment = Segment(frame[14:])
            if wanted(segment):
                return segment


def mac(net, dev):
    words = net("ip", "-o", "link", "show", "dev", dev).split()
    return bytes.fromhex(words[words.index("link/ether") + 1].replace(":", ""))


class Flow:
    """A TCP connection of the peer, driven by hand, to a listener in a."""

    def __init__(self, peer, family, port, sport=4000, src=None):
        self.peer, self.family = peer, family
        self.src = src or PEER[family]
        self.dst = peer.pair.ADDRESS[family][0]
        self.sport, self.dport = sport, port
        self.seq, self.ack = 1000, 0
        self.mss = 1460 if family == socket.AF_INET else 1440
        peer.flows.append(self)

    def packet(self, flags, data=b"", **more):
        ip_more = {k[3:]: more.pop(k) for k in list(more) if k.startswith("ip_")}
        segment = tcp(self.src, self.dst, self.sport, self.dport, self.seq, self.ack, flags,
                      data, **more)
        return ip(self.src, self.dst, TCP, segment, **ip_more)

    def send(self, flags, data=b"", **more):
        self.peer.send(self.packet(flags, data, **more))

    def mine(self, segment):
        return (segment.proto, segment.sport, segment.dport, segment.src, segment.dst) == \
            (TCP, self.dport, self.sport, self.dst, self.src)

    def see(self, wanted=lambda s: True, seconds=20):
        return self.peer.see(lambda s: self.mine(s) and wanted(s), seconds)

    def open(self):
        """The handshake."""
        self.send(SYN, options=struct.pack("!BBH", 2, 4, self.mss))
        answer = self.see(lambda s: s.flags == SYN | ACK)
        assert answer, "no answer to SYN"
        assert answer.ack == self.seq + 1
        self.seq += 1
        self.ack = answer.seq + 1
        self.send(ACK)

    def data(self, data, **more):
        """In order, and acknowledged."""
        self.send(ACK | PSH, data, **more)
        self.seq += len(data)
        assert self.see(lambda s: s.flags & ACK and s.ack == self.seq), "not acknowledged"
