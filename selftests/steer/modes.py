#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Transfers over veth in each mode of steering, exact to the byte (topo.Pair).

Both ends open, both directions at once, with the offloads of the devices and
without: segments that stay together, checksums that nobody computes.
"""
import socket

import ktap
import topo

SIZE = 1 << 20
OFFLOADS = ("rx", "tx", "sg", "tso", "gso", "gro")


def set_offloads(pair, on):
    for net, dev in ((pair.a, "va"), (pair.b, "vb")):
        for name in OFFLOADS:
            # XDP on one end fixes some on the other.
            net("ethtool", "-K", dev, name, "on" if on else "off", ok=False)


def transfer(mode, family, offloads, atmos_listens):
    with topo.Pair() as pair:
        set_offloads(pair, offloads)
        pair.a.attach("va", mode)
        one, other = pair.joined(family, atmos_listens)
        with one, other:
            topo.exchange(one, other, SIZE)
        frames = pair.a.steered()
        assert frames["frames"] > 10, frames
        assert frames["dropped"] == 0, frames


def make(mode, family, offloads, atmos_listens):
    def function():
        transfer(mode, family, offloads, atmos_listens)
    version = 4 if family == socket.AF_INET else 6
    function.__doc__ = (f"{mode}, IPv{version}, offloads {'on' if offloads else 'off'}, "
                        f"{'native' if atmos_listens else 'Atmos'} connects")
    ktap.case(function)


for the_mode in topo.MODES:
    for the_family in (socket.AF_INET, socket.AF_INET6):
        for the_offloads in (True, False):
            for listens in (True, False):
                make(the_mode, the_family, the_offloads, listens)

ktap.main(topo.EVERY)
