#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Datagrams to many, tagged frames, paths that become narrow, other programs.

Broadcast and multicast are told apart by what a socket has joined; frames with
VLAN tags come in by the VLAN's interface. In each mode (topo.Pair).
"""
import ctypes
import socket
import struct

import ktap
import raw
import stage
import topo
from stage import in_modes
from topo import FAMILIES

GROUP = {socket.AF_INET: "239.1.2.3", socket.AF_INET6: "ff05::1:2:3"}


def bound(net, family, atmos, address="", port=0, reuse=False):
    sock = (net.atmos if atmos else net.native)(family, socket.SOCK_DGRAM)
    if reuse:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind((address, port))
    return sock


def join(sock, family, net, dev, leave=False):
    with net.inside():
        index = socket.if_nametoindex(dev)
    if family == socket.AF_INET:
        sock.setsockopt(socket.IPPROTO_IP,
                        socket.IP_DROP_MEMBERSHIP if leave else socket.IP_ADD_MEMBERSHIP,
                        socket.inet_aton(GROUP[family]) + bytes(4) + struct.pack("i", index))
    else:
        sock.setsockopt(socket.IPPROTO_IPV6,
                        socket.IPV6_LEAVE_GROUP if leave else socket.IPV6_JOIN_GROUP,
                        socket.inet_pton(family, GROUP[family]) + struct.pack("i", index))


def group_sender(net, family, atmos, dev):
    """A socket that sends to groups by an interface."""
    sock = bound(net, family, atmos)
    with net.inside():
        index = socket.if_nametoindex(dev)
    if family == socket.AF_INET:
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, bytes(8) +
                        struct.pack("i", index))
    else:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, struct.pack("i", index))
    return sock


@in_modes
def broadcast(pair, _):
    """broadcasts arrive at all sockets of the port, and go out where allowed"""
    with bound(pair.a, socket.AF_INET, True, reuse=True) as one:
        port = one.getsockname()[1]
        with bound(pair.a, socket.AF_INET, True, port=port, reuse=True) as two, \
                bound(pair.b, socket.AF_INET, False) as sender:
            sender.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
            sender.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"vb")
            for address in ("10.1.0.255", "255.255.255.255"):
                sender.sendto(address.encode(), (address, port))
                for sock in (one, two):
                    assert sock.recv(100) == address.encode()
            topo.nothing(one)
            # To one of both when it is not to many.
            sender.sendto(b"to one", ("10.1.0.1", port))
            got = 0
            for sock in (one, two):
                sock.settimeout(topo.SHORT)
                try:
                    got += sock.recv(100) == b"to one"
                except TimeoutError:
                    pass
            assert got == 1
    with bound(pair.a, socket.AF_INET, True) as sender, \
            bound(pair.b, socket.AF_INET, False) as receiver:
        to = ("10.1.0.255", receiver.getsockname()[1])
        ktap.raises(OSError, 13, sender.sendto, b"no", to)
        sender.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        sender.sendto(b"yes", to)
        assert receiver.recv(100) == b"yes"


@in_modes
def multicast_in(pair, _):
    """a group's datagrams arrive from joining until leaving"""
    for family in FAMILIES:
        with bound(pair.a, family, True) as sock, \
                group_sender(pair.b, family, False, "vb") as sender:
            to = (GROUP[family], sock.getsockname()[1])
            sender.sendto(b"early", to)
            topo.nothing(sock)
            join(sock, family, pair.a, "va")
            sender.sendto(b"joined", to)
            assert sock.recv(100) == b"joined"
            join(sock, family, pair.a, "va", leave=True)
            sender.sendto(b"late", to)
            topo.nothing(sock)


@in_modes
def multicast_out(pair, _):
    """datagrams to a group go out"""
    for family in FAMILIES:
        with bound(pair.b, family, False) as receiver, \
                group_sender(pair.a, family, True, "va") as sender:
            join(receiver, family, pair.b, "vb")
            sender.sendto(b"to the group", (GROUP[family], receiver.getsockname()[1]))
            assert receiver.recv(100) == b"to the group"


@in_modes
def tagged(pair, peer):
    """frames with a VLAN's tag come in by its interface, others' do not"""
    if stage.current() == "native":
        # XDP in the driver sees no tag that a card has taken off.
        pair.b("ethtool", "-K", "vb", "txvlan", "off")
    for net, dev, last in ((pair.a, "va", 1), (pair.b, "vb", 2)):
        net.ip(f"link add link {dev} name {dev}.10 type vlan id 10",
               f"address add 10.10.0.{last}/24 dev {dev}.10",
               f"address add fd10::{last}/64 dev {dev}.10 nodad",
               f"link set {dev}.10 up")
    for family in FAMILIES:
        mine, others = ("10.10.0.1", "10.1.0.1") if family == socket.AF_INET else \
            ("fd10::1", "fd01::1")
        with pair.a.atmos(family) as listener:
            listener.bind((mine, 0))
            listener.listen()
            with pair.b.native(family) as client:
                client.connect(listener.getsockname()[:2])
                with listener.accept()[0] as server:
                    server.settimeout(topo.PATIENCE)
                    topo.exchange(client, server, 200000)
        with bound(pair.a, family, True) as sock:
            port = sock.getsockname()[1]
            src = raw.PEER[family]
            packet = raw.ip(src, others, raw.UDP, raw.udp(src, others, 7, port, b"tagged"))
            # A VLAN that is not here, and one that is: Linux's hosts take that.
            with raw.Peer(pair, tag=99) as stranger:
                stranger.send(packet)
            topo.nothing(sock)
            with raw.Peer(pair, tag=0) as priority:
                priority.send(packet)
            assert sock.recv(100) == b"tagged"
            peer.send(packet)
            assert sock.recv(100) == b"tagged"
    pair.a.ip("link del va.10")
    pair.b.ip("link del vb.10")


@in_modes
def narrow_path(pair, _):
    """behind a router the path is narrower: transfers go on in smaller packets"""
    router = topo.Net("r")
    try:
        topo.run("ip", "link", "add", "ra", "netns", "r", "type", "veth",
                 "peer", "name", "vr", "netns", pair.b.name)
        # b's end is as wide as the router's is not: so the router must complain.
        router.ip("address add 10.3.0.1/24 dev ra", "address add fd03::1/64 dev ra nodad",
                  "link set ra up")
        pair.b.ip("address add 10.3.0.2/24 dev vr", "address add fd03::2/64 dev vr nodad",
                  "link set vr mtu 1300 up")
        pair.b("sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1")
        pair.a.ip("route add 10.3.0.0/24 via 10.1.0.2", "route add fd03::/64 via fd01::2")
        router.ip("route add default via 10.3.0.2", "route add default via fd03::2")
        for family in FAMILIES:
            there = "10.3.0.1" if family == socket.AF_INET else "fd03::1"
            with router.native(family) as listener:
                listener.bind((there, 0))
                listener.listen()
                with pair.a.atmos(family) as client:
                    client.connect(listener.getsockname()[:2])
                    with listener.accept()[0] as server:
                        server.settimeout(topo.PATIENCE)
                        topo.exchange(client, server, 300000, both=False)
            with router.native(family, socket.SOCK_DGRAM) as receiver, \
                    pair.a.atmos(family, socket.SOCK_DGRAM) as sender:
                receiver.bind((there, 0))
                sender.connect(receiver.getsockname()[:2])
                # Told once that it is too big; then it is cut to pieces, or refused.
                sender.send(bytes(1400))
                sender.settimeout(topo.SHORT)
                try:
                    sender.recv(1)
                except (TimeoutError, OSError):
                    pass
                sender.send(bytes(1000))
                assert len(receiver.recv(2000)) in (1000, 1400)
    finally:
        pair.b("sysctl", "-qw", "net.ipv4.ip_forward=0", "net.ipv6.conf.all.forwarding=0")
        pair.a.ip("route del 10.3.0.0/24", "route del fd03::/64")
        pair.b.ip("link del vr")
        router.delete()


# ---- other XDP programs ----

XDP_PASS_OBJECT = "/usr/lib/x86_64-linux-gnu/bpf/xdpfilt_alw_all.o"


def refusal(function, *args):
    """What it says that does not succeed."""
    try:
        function(*args)
    except AssertionError as said:
        return str(said)
    raise AssertionError("not refused")


@in_modes
def shared(pair, _):
    """another XDP program behind the dispatcher stays, and gets its frames"""
    mode = stage.current()
    if mode == "tc":
        return
    lib = ctypes.CDLL("libxdp.so.1", use_errno=True)
    lib.xdp_program__open_file.restype = ctypes.c_void_p
    lib.xdp_program__attach.argtypes = lib.xdp_program__detach.argtypes = (
        ctypes.c_void_p, ctypes.c_int, ctypes.c_int, ctypes.c_uint)
    pair.a.ctl("detach", "va")
    other = lib.xdp_program__open_file(XDP_PASS_OBJECT.encode(), b"xdp", None)
    assert other and ctypes.c_long(other).value > 0
    number = {"native": 1, "generic": 2}[mode]
    with pair.a.inside():
        index = socket.if_nametoindex("va")
        if lib.xdp_program__attach(other, index, number, 0) < 0:
            pair.a.attach("va", mode)
            raise ktap.Skip("libxdp's dispatcher does not work with this kernel")
    try:
        pair.a.attach("va", mode)
        before = pair.a.steered()["frames"]
        one, end = pair.joined(socket.AF_INET)
        with one, end:
            topo.exchange(one, end, 100000)
        assert pair.a.steered()["frames"] > before + 10
        pair.a.ctl("detach", "va")
        assert "xdp" in pair.a("ip", "link", "show", "dev", "va"), "the other one has gone"
    finally:
        with pair.a.inside():
            gone = lib.xdp_program__detach(other, index, number, 0)
    assert gone == 0, gone
    pair.a.attach("va", mode)


@in_modes
def no_bpffs(pair, _):
    """without a BPF file system, as in "ip netns exec", the program is alone"""
    mode = stage.current()
    pair.a.ctl("detach", "va")
    inside = ("ip", "netns", "exec", pair.a.name, topo.CTL)
    topo.run(*inside, "attach", "va", "mode", mode)
    try:
        one, end = pair.joined(socket.AF_INET)
        with one, end:
            topo.exchange(one, end, 100000)
    finally:
        topo.run(*inside, "detach", "va")
    pair.a.attach("va", mode)


@in_modes
def not_shared(pair, _):
    """beside an XDP program that shares with nobody only tc is taken"""
    mode = stage.current()
    pair.a.ctl("detach", "va")
    pair.a("ip", "link", "set", "dev", "va", "xdpgeneric", "obj", XDP_PASS_OBJECT, "sec", "xdp")
    try:
        if mode != "tc":
            said = refusal(pair.a.ctl, "attach", "va", "mode", mode)
            assert "shares with nobody" in said, said
        pair.a.attach("va", "tc")
        one, end = pair.joined(socket.AF_INET)
        with one, end:
            topo.echo_once(one, end)
        pair.a.ctl("detach", "va")
        assert "xdp" in pair.a("ip", "link", "show", "dev", "va"), "the other one has gone"
    finally:
        pair.a("ip", "link", "set", "dev", "va", "xdpgeneric", "off")
    pair.a.attach("va", mode)


stage.main()
