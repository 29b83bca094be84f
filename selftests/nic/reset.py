#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""The cards are reset, reconfigured and lose their driver under load."""
import os
import re

import ktap
import nic

ROUNDS = 3


@ktap.case
def restart():
    """ethtool -r under load"""
    nic.wait_link()
    with nic.Load() as load:
        for _ in range(ROUNDS):
            nic.here.ethtool("-r")
            nic.wait_link()
            nic.peer.ethtool("-r")
            nic.wait_link()
            load.more()


@ktap.case
def down_and_up():
    """the interfaces go down and up under load"""
    with nic.Load() as load:
        for end in nic.ENDS * ROUNDS:
            end.ip("link", "set", end.dev, "down")
            end.ip("link", "set", end.dev, "up")
            nic.wait_link()
            load.more()


@ktap.case
def self_test():
    """ethtool's offline test under load"""
    with nic.Load() as load:
        said = nic.here.ethtool("-t", "offline")
        nic.wait_link()
        load.more()
    assert "PASS" in said, said


@ktap.case
def reconfigured():
    """queues, rings and offloads change under load"""
    with nic.Load() as load:
        for number in (1, 2):
            nic.here.ethtool("-L", "combined", str(number))
            nic.wait_link()
            nic.peer.ethtool("-G", "rx", str(128 * number), "tx", str(128 * number))
            nic.wait_link()
            for end in nic.ENDS:
                end.features(number == 2, "tso", "rxvlan", "lro")
            nic.wait_link()
            load.more()
    for end in nic.ENDS:
        end.ethtool("-G", "rx", "512", "tx", "512")
    nic.wait_link()


@ktap.case
def unloaded():
    """the driver is removed under load, and the cards work for the next one"""
    here = os.path.dirname(os.path.abspath(__file__))
    for _ in range(2):
        # Frames in both directions until there is no card any more.
        flood = [nic.subprocess.Popen(command, stdout=nic.subprocess.DEVNULL,
                                      stderr=nic.subprocess.DEVNULL)
                 for command in (["ping", "-f", "-s", "1400", "10.82.0.2"],
                                 ["ip", "netns", "exec", "peer", "ping", "-f", "10.82.0.1"])]
        try:
            nic.wait_for(lambda: nic.peer.stats()["rx_packets"] > 500, "the flood")
            nic.run("modprobe", "-r", "ixgbe")
        finally:
            for one in flood:
                one.kill()
                one.wait()
        assert not os.path.exists("/sys/class/net/eth0")
        nic.run(f"{here}/pair", "load")
        nic.wait_link()
        nic.transfer()


def power_state(end):
    bus = re.search(r"bus-info: (\S+)", end.ethtool("-i"))[1]
    return f"/sys/bus/pci/devices/{bus}"


@ktap.case
def function_reset():
    """the PCI function is removed and found again"""
    path = power_state(nic.peer)
    with open(f"{path}/remove", "w") as file:
        file.write("1")
    nic.wait_for(lambda: "eth1" not in nic.peer.ip("-o", "link"), "the card is gone")
    with open("/sys/bus/pci/rescan", "w") as file:
        file.write("1")
    nic.run("modprobe", "-r", "ixgbe")
    here = os.path.dirname(os.path.abspath(__file__))
    nic.run(f"{here}/pair", "load")
    nic.wait_link()
    nic.transfer()


ktap.main(nic.EVERY)
