#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Real programs: an Atmos server and a native client, a native server and an
Atmos client, both on Atmos; over lo, and to a native peer.
"""
import os

import served
from hosts import ATMOS, HERE, NATIVE, PEER, Address
from ktap import case, main

# ATMOS_TEST_ONLY: names of programs, for work on one of them.
ONLY = os.environ.get("ATMOS_TEST_ONLY", "").split()


def add(program, place, hosts, stacks, family):
    def test():
        program(served.Way(hosts, stacks, Address(place, family)))

    where = "lo" if place == "lo" else "veth"
    test.__doc__ = f"{program.__doc__}; server {stacks[0]}, client {stacks[1]}, " \
        f"IPv{family}, {where}"
    case(test)


for one in served.LOCAL:
    if ONLY and one.__name__ not in ONLY:
        continue
    for family in (4, 6):
        for pair in ((ATMOS, NATIVE), (NATIVE, ATMOS), (ATMOS, ATMOS)):
            add(one, "lo", (HERE, HERE), pair, family)
        if one in served.REMOTE:
            add(one, HERE, (HERE, PEER), (ATMOS, NATIVE), family)
            add(one, PEER, (PEER, HERE), (NATIVE, ATMOS), family)
main()
