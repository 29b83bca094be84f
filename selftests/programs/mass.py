#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Many connections at once: over a bad network, and idle.

The counts below are for a guest without hardware virtualisation. They are
divided by ATMOS_TEST_SCALE: with 0.0625 each of a thousand connections moves
1 MiB each way.
"""
import os
import re
import time

from hosts import ATMOS, HERE, NATIVE, PEER, Address, Many, run, sockets
from ktap import case, main

SCALE = float(os.environ.get("ATMOS_TEST_SCALE", "1"))
NETEM = "delay 2ms 1ms loss 1% duplicate 1% reorder 25% 50% limit 10000".split()


class BadNetwork:
    """netem at both ends of the veth pair."""

    ends = [(HERE, "veth0"), (PEER, "veth1")]

    def __enter__(self):
        for host, device in self.ends:
            run(host, "tc", "qdisc", "add", "dev", device, "root", "netem", *NETEM)
        return self

    def __exit__(self, *_):
        for host, device in self.ends:
            said = run(host, "tc", "-s", "qdisc", "show", "dev", device).decode()
            print("#", device, re.search(r"Sent.*", said).group())
            run(host, "tc", "qdisc", "del", "dev", device, "root")


def bad_network(server, client, family):
    connections, size = 1000, max(int((1 << 16) / SCALE), 4096)
    address = Address(server[0], family)
    with BadNetwork(), Many("serve", *server, address, connections, size) as serves:
        with Many("connect", *client, address, connections, size) as connects:
            assert connects.result() == f"exact {connections} of {connections}"
        assert serves.result() == f"exact {connections} of {connections}"


@case
def bad_network_server():
    """1,000 connections, loss, reorder, duplicates: server Atmos, client native"""
    bad_network((HERE, ATMOS), (PEER, NATIVE), 4)


@case
def bad_network_client():
    """1,000 connections, loss, reorder, duplicates: server native, client Atmos"""
    bad_network((PEER, NATIVE), (HERE, ATMOS), 6)


def meminfo(name):
    with open("/proc/meminfo", encoding="utf-8") as file:
        return int(re.search(rf"^{name}: *(\d+)", file.read(), re.M).group(1))


def parameter(name, value):
    """Sets a parameter of the module; what it was."""
    path = f"/sys/module/atmos/parameters/{name}"
    with open(path, encoding="ascii") as file:
        before = file.read().strip()
    with open(path, "w", encoding="ascii") as file:
        file.write(str(value))
    return before


@case
def idle():
    """20,000 idle connections: they need no domain, and go on"""
    connections = int(20000 / max(SCALE, 1))
    address = Address(HERE, 4)
    before = parameter("hibernate_ms", 500)
    free = meminfo("MemAvailable")
    try:
        with Many("serve", HERE, ATMOS, address, connections, 64,
                  "pause") as serves, \
                Many("connect", PEER, NATIVE, address, connections, 64, "pause") as connects:
            connects.wait_for("connected")
            serves.wait_for("connected")
            awake = wait_asleep(address, connections)
            print(f"# {connections} connections, {awake} of them with a domain; "
                  f"{free - meminfo('MemAvailable')} KiB for both ends")
            connects.say("go")
            assert connects.result() == f"exact {connections} of {connections}"
            assert serves.result() == f"exact {connections} of {connections}"
    finally:
        parameter("hibernate_ms", before)


def wait_asleep(address, connections):
    """How many still have a domain, once most have none."""
    deadline = time.monotonic() + 120
    while True:
        mine = [s for s in sockets() if s["local"].endswith(f":{address.port}")
                and "remote" in s]
        assert len(mine) == connections, f"{len(mine)} of {connections} in the list"
        awake = sum("domain" in s for s in mine)
        if awake * 100 < connections or time.monotonic() > deadline:
            assert awake * 100 < connections, f"{awake} are awake"
            return awake
        time.sleep(1)


main()
