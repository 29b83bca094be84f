#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""The second judge: DPDK's net_ixgbe forwards between both cards, by VFIO."""
import contextlib
import os
import pty
import re
import select
import shutil
import subprocess
import time

import ktap
import nic
import vfio
from vfio import write

PROMPT = b"testpmd> "
PAGES = 128


@contextlib.contextmanager
def huge_pages():
    write("/proc/sys/vm/nr_hugepages", str(PAGES))
    os.makedirs("/dev/hugepages", exist_ok=True)
    nic.run("mount", "-t", "hugetlbfs", "none", "/dev/hugepages")
    try:
        yield
    finally:
        nic.run("umount", "/dev/hugepages")
        write("/proc/sys/vm/nr_hugepages", "0")


class Testpmd:
    """The program, at its prompt."""

    def __init__(self, buses, *options):
        command = ["dpdk-testpmd", "-l", "0,1", "--in-memory"]
        for bus in buses:
            command += ["-a", bus]
        command += ["--", "-i", "--total-num-mbufs=8192", "--nb-cores=1", *options]
        # Without a terminal it holds back what it says.
        self.terminal, theirs = pty.openpty()
        self.process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs)
        os.close(theirs)
        self.prompt()

    def prompt(self):
        said, end = b"", time.monotonic() + nic.WAIT
        while not said.endswith(PROMPT):
            left = end - time.monotonic()
            assert left > 0 and select.select([self.terminal], [], [], left)[0], said
            said += os.read(self.terminal, 65536)
        return said.decode(errors="replace")

    def __call__(self, line):
        os.write(self.terminal, line.encode() + b"\n")
        return self.prompt()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        end = time.monotonic() + nic.WAIT
        with contextlib.suppress(OSError):
            os.write(self.terminal, b"quit\n")
            # What it says must be read, or it waits for that; its end is an error.
            while time.monotonic() < end and select.select([self.terminal], [], [], 1):
                os.read(self.terminal, 65536)
        os.close(self.terminal)
        try:
            self.process.wait(nic.WAIT)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise


def number(said, name):
    return int(re.search(rf"{name}: +(\d+)", said)[1])


def forward(*options, setup=()):
    """What went round: a burst sent first keeps going from card to card."""
    if not shutil.which("dpdk-testpmd"):
        raise ktap.Skip("no dpdk-testpmd")
    with vfio.cards() as buses, huge_pages(), Testpmd(buses, *options) as testpmd:
        for line in setup:
            testpmd(line)
        for port in (0, 1):
            said = testpmd(f"show port info {port}")
            assert "net_ixgbe" in said and "Link status: up" in said, said
        testpmd("start tx_first")
        nic.wait_for(lambda: number(testpmd("show port stats 0"), "RX-packets") > 10000,
                     "10,000 frames")
        said = testpmd("stop").split("Accumulated")[1]
        assert number(said, "RX-total") > 20000, said
        assert number(said, "RX-dropped") == 0 and number(said, "TX-dropped") == 0, said
        # Counters of the cards: nothing was missed, and bytes fit the frames.
        for port in (0, 1):
            said = testpmd(f"show port stats {port}")
            frames, octets = number(said, "RX-packets"), number(said, "RX-bytes")
            assert number(said, "RX-missed") == 0 and number(said, "RX-errors") == 0, said
            assert octets == frames * 64, said
        return testpmd


@ktap.case
def one_queue():
    """frames of 64 bytes go round between the cards, none is lost"""
    forward("--forward-mode=io")


@ktap.case
def simple_paths():
    """the same, with descriptors written one by one and a header to look at"""
    forward("--forward-mode=macswap", "--txrst=1", "--txfreet=1", "--rxfreet=1")


@ktap.case
def more_queues():
    """four queues each, with RSS"""
    forward("--forward-mode=io", "--rxq=4", "--txq=4", "--rss-ip")


ktap.main(nic.EVERY)
