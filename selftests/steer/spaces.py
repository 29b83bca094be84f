#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Namespaces and ports: what is Atmos's and what is the native stack's.

Two pairs of topo.Pair with the same addresses do not know each other; ports are
one space for both stacks; namespaces go with sockets open.
"""
import errno
import json
import os
import socket
import struct
import subprocess
import sys

import ktap
import topo
from topo import FAMILIES

KINDS = (socket.SOCK_STREAM, socket.SOCK_DGRAM)


def refused(number, function, *args):
    ktap.raises(OSError, number, function, *args)


@ktap.case
def same_addresses():
    """two namespaces with the same addresses and ports do not mix"""
    with topo.Pair("tc", "1") as one, topo.Pair("native", "2") as two:
        for family in FAMILIES:
            joined = []
            for pair in (one, two):
                with pair.listen(family, port=7777) as listener:
                    client = pair.b.native(family)
                    client.bind((pair.ADDRESS[family][1], 8888))
                    client.connect(listener.getsockname()[:2])
                    joined.append((listener.accept()[0], client))
            for number, (server, client) in enumerate(joined):
                topo.echo_once(server, client, b"number %d" % number)
            work = [topo.Worker(topo.exchange, *ends, 300000) for ends in joined]
            for worker in work:
                worker.done()
            for ends in joined:
                for sock in ends:
                    sock.close()


@ktap.case
def one_space_of_ports():
    """a port that one stack has is refused to the other, both ways, until closed"""
    with topo.Pair("tc") as pair:
        for kind in KINDS:
            for family in FAMILIES:
                for address in (pair.ADDRESS[family][0], ""):
                    makers = (pair.a.atmos, pair.a.native)
                    for first, second in (makers, makers[::-1]):
                        with first(family, kind) as holder:
                            holder.bind((address, 7000))
                            if kind == socket.SOCK_STREAM:
                                holder.listen()
                            with second(family, kind) as other:
                                refused(errno.EADDRINUSE, other.bind,
                                        (pair.ADDRESS[family][0], 7000))
                                other.bind((address, 7001))
                        with second(family, kind) as other:
                            other.bind((address, 7000))


@ktap.case
def other_kind_of_port():
    """UDP's port does not take TCP's, nor one namespace another's"""
    with topo.Pair("tc") as pair:
        with pair.a.atmos(socket.AF_INET, socket.SOCK_DGRAM) as sock, \
                pair.a.native(socket.AF_INET) as other, \
                pair.b.atmos(socket.AF_INET, socket.SOCK_DGRAM) as third:
            sock.bind(("", 7000))
            other.bind(("", 7000))
            third.bind(("", 7000))


@ktap.case
def beside_each_other():
    """native and Atmos servers beside each other, at their ports, in each mode"""
    for mode in topo.MODES:
        with topo.Pair(mode) as pair:
            for family in FAMILIES:
                with pair.listen(family) as listener, pair.a.native(family) as native:
                    native.bind((pair.ADDRESS[family][0], 0))
                    native.listen()
                    for server in (listener, native):
                        with pair.connect(server) as client, server.accept()[0] as end:
                            end.settimeout(topo.PATIENCE)
                            topo.exchange(client, end, 100000)


@ktap.case
def atmos_to_atmos():
    """Atmos at both ends, each in its namespace, in each mode"""
    for mode in topo.MODES:
        with topo.Pair(mode) as pair:
            pair.b.attach("vb", mode)
            for family in FAMILIES:
                with pair.listen(family) as listener:
                    client = pair.b.atmos(family)
                    client.connect(listener.getsockname()[:2])
                    server = listener.accept()[0]
                server.settimeout(topo.PATIENCE)
                with client, server:
                    topo.exchange(client, server, 300000)


@ktap.case
def deleted():
    """namespaces that are deleted with sockets open go when those do"""
    for mode in topo.MODES:
        pair = topo.Pair(mode)
        socks = []
        for family in FAMILIES:
            socks += [*pair.joined(family), pair.listen(family), pair.a.atmos(family),
                      pair.a.atmos(family, socket.SOCK_DGRAM)]
            socks[-1].bind((pair.ADDRESS[family][0], 0))
        pair.a.delete()
        topo.echo_once(socks[0], socks[1])      # the sockets keep it
        pair.b.delete()
        for sock in socks:
            sock.close()


@ktap.case
def cable_cut():
    """the interface goes for good: sockets end, steering too"""
    for mode in topo.MODES:
        with topo.Pair(mode) as pair:
            one, other = pair.joined(socket.AF_INET)
            with one, other:
                topo.echo_once(one, other)
                pair.b.ip("link del vb")
                topo.until("nothing is attached", lambda pair=pair: json.loads(
                    pair.a.ctl("-j", "attach", "list")) == [])
                topo.until("atmos0 goes", lambda pair=pair: "atmos0" not in
                           pair.a("ip", "link", "show"))
                one.send(b"nowhere")
                one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


@ktap.case
def killed():
    """a program that is killed leaves no socket and no domain behind"""
    with topo.Pair("tc") as pair:
        code = ("import sys, time, socket; sys.path.insert(0, '.'); import topo; "
                "net = object.__new__(topo.Net); net.name = 'a'; "
                "s = [net.atmos(socket.AF_INET, k) for k in "
                "(socket.SOCK_STREAM, socket.SOCK_DGRAM) * 4]; "
                "[x.bind(('10.1.0.1', 0)) for x in s]; [x.listen() for x in s[::2]]; "
                "print('ready', flush=True); time.sleep(1000)")
        with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE,
                              cwd=os.path.dirname(os.path.abspath(__file__))) as process:
            assert process.stdout.readline() == b"ready\n"
            assert len(json.loads(pair.a.ctl("-j", "socket", "list"))) == 8
            process.kill()
        topo.until("sockets go", lambda: json.loads(pair.a.ctl("-j", "socket", "list")) == [])
        topo.until("domains go", lambda: json.loads(pair.a.ctl("-j", "domain", "list")) == [])


ktap.main(topo.EVERY)
