#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Interfaces, addresses, routes and MTUs change under live connections, in each
mode (topo.Pair), and steering begins and ends.
"""
import errno
import json
import socket
import threading

import stage
import topo
from stage import in_modes
from topo import FAMILIES


def fails(error, function, *args):
    try:
        result = function(*args)
    except error as raised:
        return raised
    raise AssertionError(f"no {error.__name__}, but {result!r}")


def packets(net, dev):
    """How many have come in by an interface."""
    return json.loads(net("ip", "-j", "-s", "link", "show", dev))[0]["stats64"]["rx"]["packets"]


def late(sender, receiver):
    """What is sent now arrives only later; returns a function that says so."""
    sender.send(b"late")
    receiver.settimeout(0.5)
    fails(TimeoutError, receiver.recv, 10)
    receiver.settimeout(topo.PATIENCE)

    def arrived():
        assert receiver.recv(10) == b"late"
    return arrived


@in_modes
def down_and_up(pair, _):
    """connections live through an interface that is down for a while"""
    pair.a("sysctl", "-qw", "net.ipv6.conf.va.keep_addr_on_down=1")
    for family in FAMILIES:
        for from_atmos in (True, False):
            one, other = pair.joined(family)
            with one, other:
                topo.echo_once(one, other)
                pair.a.ip("link set va down")
                arrived = late(*(one, other) if from_atmos else (other, one))
                pair.a.ip("link set va up")
                arrived()
                topo.echo_once(one, other)


@in_modes
def address(pair, _):
    """an address is removed and comes back"""
    for family in FAMILIES:
        words = "10.1.0.1/24 dev va" if family == socket.AF_INET else "fd01::1/64 dev va nodad"
        one, other = pair.joined(family)
        with one, other:
            topo.echo_once(one, other)
            pair.a.ip(f"address del {words.replace(' nodad', '')}")
            arrived = late(other, one)
            pair.a.ip(f"address add {words}")
            arrived()
            topo.echo_once(one, other)


@in_modes
def mtu(pair, _):
    """the MTU changes to and fro under a transfer, exact all the same"""
    for family in FAMILIES:
        one, other = pair.joined(family)
        stop = threading.Event()

        def change(stop=stop):
            sizes = (1280, 1500, 1400, 1300)
            n = 0
            while not stop.wait(0.2):
                for net, dev in ((pair.a, "va"), (pair.b, "vb")):
                    net.ip(f"link set {dev} mtu {sizes[n % len(sizes)]}")
                n += 1
            return n

        with one, other:
            worker = topo.Worker(change)
            try:
                for _ in range(4):
                    topo.echo_once(one, other)
                topo.exchange(one, other, 1 << 20)
            finally:
                stop.set()
                for net, dev in ((pair.a, "va"), (pair.b, "vb")):
                    net.ip(f"link set {dev} mtu 1500")
            worker.done()


@in_modes
def twice(pair, _):
    """attaching again is refused, in any mode, and changes nothing"""
    one, other = pair.joined(socket.AF_INET)
    with one, other:
        before = pair.a.ctl("-j", "attach", "list")
        for mode in topo.MODES:
            said = fails(AssertionError, pair.a.ctl, "attach", "va", "mode", mode)
            assert "already" in str(said) or "program" in str(said), said
        assert pair.a.ctl("-j", "attach", "list") == before
        topo.echo_once(one, other)


@in_modes
def enslaved(pair, _):
    """an interface that becomes a bridge's port is steered no more, until it is none"""
    mode = stage.current()
    pair.a.ip("link add bridge type bridge", "link set va master bridge")
    topo.until("va is attached no more",
               lambda: json.loads(pair.a.ctl("-j", "attach", "list")) == [])
    said = fails(AssertionError, pair.a.ctl, "attach", "va", "mode", mode)
    assert "port of another" in str(said), said
    pair.a.ip("link set va nomaster", "link del bridge")
    topo.until("atmos0 goes", lambda: "atmos0" not in pair.a("ip", "link", "show"))
    pair.a.attach("va", mode)
    one, other = pair.joined(socket.AF_INET)
    with one, other:
        topo.echo_once(one, other)


@in_modes
def no_device(pair, _):
    """there is no such interface; or it is not attached"""
    for words in (("attach", "nowhere"), ("detach", "nowhere"), ("detach", "lo"),
                  ("attach", "atmos0")):
        fails(AssertionError, pair.a.ctl, *words)


@in_modes
def detached(pair, _):
    """without steering a peer that sends is reset; the end here learns it later"""
    mode = stage.current()
    for family in FAMILIES:
        one, other = pair.joined(family)
        with one, other:
            topo.echo_once(one, other)
            pair.a.ctl("detach", "va")
            assert "atmos0" not in pair.a("ip", "link", "show")
            other.send(b"anybody?")
            fails(ConnectionResetError, other.recv, 10)
            pair.a.attach("va", mode)
            one.send(b"still there?")
            fails(ConnectionResetError, one.recv, 10)
        with pair.listen(family) as listener, pair.connect(listener) as client:
            with listener.accept()[0] as server:
                topo.echo_once(client, server)


@in_modes
def bound_before(pair, _):
    """listeners that were there before steering get their connections"""
    mode = stage.current()
    pair.a.ctl("detach", "va")
    for family in FAMILIES:
        with pair.listen(family) as listener:
            with pair.b.native(family) as client:
                client.settimeout(0.5)
                error = fails(OSError, client.connect, listener.getsockname()[:2])
                assert isinstance(error, TimeoutError) or error.errno == errno.ECONNREFUSED
            pair.a.attach("va", mode)
            with pair.connect(listener) as client, listener.accept()[0] as server:
                topo.echo_once(client, server)
        pair.a.ctl("detach", "va")
    pair.a.attach("va", mode)


@in_modes
def other_route(pair, _):
    """a connection goes on by another interface when routes change"""
    mode = stage.current()
    topo.run("ip", "link", "add", "wa", "netns", pair.a.name, "type", "veth",
             "peer", "name", "wb", "netns", pair.b.name)
    try:
        for net, dev, last in ((pair.a, "wa", 1), (pair.b, "wb", 2)):
            net.ip(f"address add 10.2.0.{last}/24 dev {dev}",
                   f"address add fd02::{last}/64 dev {dev} nodad",
                   f"link set {dev} up")
            for name in ("all", dev):
                net("sysctl", "-qw", f"net.ipv4.conf.{name}.rp_filter=2")
        pair.a.attach("wa", mode)
        for family in FAMILIES:
            v6 = family == socket.AF_INET6
            one, other = pair.joined(family)
            with one, other:
                topo.echo_once(one, other)
                # Peer's address, and ours as they see it, by the other cable.
                change = ((pair.a, "fd01::2/128 via fd02::2", pair.b, "fd01::1/128 via fd02::1")
                          if v6 else
                          (pair.a, "10.1.0.2/32 via 10.2.0.2", pair.b, "10.1.0.1/32 via 10.2.0.1"))
                for net, route in (change[:2], change[2:]):
                    net.ip(f"route add {route}")
                topo.echo_once(one, other)
                seen = packets(pair.a, "wa")
                topo.exchange(one, other, 100000)
                assert packets(pair.a, "wa") > seen + 10, "not by the other one"
                for net, route in (change[:2], change[2:]):
                    net.ip(f"route del {route}")
    finally:
        pair.a.ip("link del wa")
    # It took its place among the attached with it.
    topo.until("wa is attached no more",
               lambda: '"wa"' not in pair.a.ctl("-j", "attach", "list"))


stage.main()
