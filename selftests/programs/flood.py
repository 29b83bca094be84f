#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""A flood of SYNs from addresses that never answer: connections go on, and new
ones get in.
"""
import subprocess

from hosts import ATMOS, HERE, NATIVE, PEER, Address, Many, on, run, sockets
from ktap import case, main

# More than the listener's backlog (4096) has room for: the rest gets cookies.
ENOUGH = 20_000


def counts(port):
    """Connections at the port, by state."""
    out = {}
    for sock in sockets():
        if sock["local"].endswith(f":{port}") and "remote" in sock:
            out[sock["status"]] = out.get(sock["status"], 0) + 1
    return out


@case
def flood():
    """SYN flood: 20 connections go on, 200 new ones get in, all exact"""
    address = Address(HERE, 4)
    # Answers to the flood go to the peer, which knows none of those addresses.
    run(HERE, "ip", "route", "replace", "10.66.0.0/16", "via", "10.9.0.2")
    with Many("serve", HERE, ATMOS, address, 220, 1 << 15, "pause") as serves, \
            Many("connect", PEER, NATIVE, address, 20, 1 << 15, "pause") as old:
        old.wait_for("connected")
        with subprocess.Popen(on(PEER, NATIVE, "./flood", "10.66.0.0", address.host,
                                 address.port), stdout=subprocess.PIPE, text=True) as flooder:
            try:
                while int(flooder.stdout.readline()) < ENOUGH:
                    pass
                serves_new(address)
                print("#", counts(address.port))
                old.say("go")
                assert old.result() == "exact 20 of 20"
                assert flooder.poll() is None
            finally:
                flooder.terminate()
            print("#", flooder.stdout.read().split()[-1], "SYNs")
        serves.wait_for("connected")
        assert serves.result() == "exact 220 of 220"


def serves_new(address):
    for _ in range(4):
        with Many("connect", PEER, NATIVE, address, 50, 1 << 15) as new:
            assert new.result() == "exact 50 of 50"


@case
def after():
    """afterwards half-open connections go, and new ones get in"""
    address = Address(HERE, 4)
    with Many("serve", HERE, ATMOS, address, 20, 1 << 15) as serves:
        subprocess.run(on(PEER, NATIVE, "./flood", "10.66.0.0", address.host, address.port,
                          10_000), check=True, stdout=subprocess.DEVNULL)
        with Many("connect", PEER, NATIVE, address, 20, 1 << 15) as new:
            assert new.result() == "exact 20 of 20"
        assert serves.result() == "exact 20 of 20"


main()
