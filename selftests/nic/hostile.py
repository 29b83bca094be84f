#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Whatever software writes into the card's registers, the emulator lives, and
after a reset the card works.  The IOMMU keeps the card from all memory."""
import contextlib
import mmap
import os
import random
import re

import ktap
import nic

SPACE = 0x20000
ROUNDS = 4000 // nic.EVERY
CTRL, CTRL_RESET = 0, 0x04000008
# Receive and transmit rings, filters, Flow Director: where software's numbers matter most.
BUSY = ((0x1000, 0x2000), (0x2100, 0x2240), (0x6000, 0x8000), (0x800, 0xb00), (0x4a80, 0x4a90),
        (0x5000, 0x5d00), (0x3000, 0x3300), (0x4240, 0x42b0), (0xee00, 0xee80), (0x10010, 0x10020),
        (0x20, 0x30), (0x2f00, 0x2f04))


def path_of(end):
    return "/sys/bus/pci/devices/" + re.search(r"bus-info: (\S+)", end.ethtool("-i"))[1]


def write(path, text):
    with open(path, "w") as file:
        file.write(text)


@contextlib.contextmanager
def registers():
    """The peer's registers, while no driver has the card; then the driver again."""
    nic.wait_link()
    path = path_of(nic.peer)
    bus = os.path.basename(path)
    write("/sys/bus/pci/drivers/ixgbe/unbind", bus)
    write(f"{path}/enable", "1")
    # Bus mastering, as a driver would switch it on.
    nic.run("setpci", "-s", bus, "COMMAND=0006")
    fd = os.open(f"{path}/resource0", os.O_RDWR | os.O_SYNC)
    space = mmap.mmap(fd, SPACE)
    try:
        yield memoryview(space).cast("I")
    finally:
        os.close(fd)
        nic.run("setpci", "-s", bus, "COMMAND=0002")
        write(f"{path}/enable", "0")
        nic.run("modprobe", "-r", "ixgbe")
        nic.run(os.path.join(nic.HERE, "pair"), "load")
        nic.wait_link()
        nic.transfer()


def noise(space, rng, addresses):
    for _ in range(ROUNDS):
        address = addresses(rng) & ~3
        value = rng.choice((0, 1, 0xffffffff, rng.getrandbits(32), 1 << rng.randrange(32)))
        if address == CTRL:
            value &= ~4
        space[address // 4] = value
        if rng.randrange(4) == 0:
            space[(addresses(rng) & ~3) // 4]  # pylint: disable=pointless-statement


def everywhere(rng):
    return rng.randrange(SPACE)


def busy(rng):
    return rng.randrange(*rng.choice(BUSY))


@ktap.case
def random_registers():
    """random values in all registers"""
    with registers() as space:
        noise(space, random.Random(82599), everywhere)
        space[CTRL // 4] = CTRL_RESET
        assert space[8 // 4] != 0xffffffff


@ktap.case
def random_engine():
    """random values where rings and filters are set up, engines running"""
    with registers() as space:
        rng = random.Random(82600)
        for _ in range(4):
            space[CTRL // 4] = CTRL_RESET
            space[0x4a80 // 4] |= 1
            space[0x3000 // 4] = 1
            for queue in range(4):
                space[(0x6028 + queue * 0x40) // 4] = 0x02000000
                space[(0x1028 + queue * 0x40) // 4] = 0x02000000
            noise(space, rng, busy)
        space[CTRL // 4] = CTRL_RESET


@ktap.case
def odd_rings():
    """rings whose head, tail and length do not fit each other"""
    with registers() as space:
        space[0x4a80 // 4] |= 1
        for length, head, tail in ((0, 0, 5), (128, 9, 3), (128, 3, 9), (128, 8, 8), (128, 0xffff, 0),
                                   (0xfff80, 0, 0xffff), (0xfff80, 0xffff, 0xfffe), (128, 0, 8)):
            for base in (0x6000, 0x1000):
                space[(base + 0x28) // 4] = 0
                space[base // 4] = 0xfffff000
                space[(base + 4) // 4] = 0xffffffff
                space[(base + 8) // 4] = length
                space[(base + 0x10) // 4] = head
                space[(base + 0x28) // 4] = 0x02000000
                space[(base + 0x18) // 4] = tail
        nic.here.run("ping", "-f", "-c", "20", "-W", "1", "10.82.0.2", check=False)
        space[CTRL // 4] = CTRL_RESET


@ktap.case
def descriptors():
    """descriptors of noise, in memory that is the card's own"""
    # The table of MSI-X vectors and the registers are where a card may not write.
    path = path_of(nic.peer)
    with open(f"{path}/resource") as file:
        bar = int(file.readline().split()[0], 16)
    with registers() as space:
        space[0x4a80 // 4] |= 1
        for offset in (0, 0x6000, 0x1000, 0x5400):
            address = bar + offset
            for base in (0x6000, 0x1000):
                space[(base + 0x28) // 4] = 0
                space[base // 4] = address & 0xffffff80
                space[(base + 4) // 4] = address >> 32
                space[(base + 8) // 4] = 4096
                space[(base + 0x10) // 4] = 0
                space[(base + 0x28) // 4] = 0x02000000
                space[(base + 0x18) // 4] = 255
        space[CTRL // 4] = CTRL_RESET


ktap.main(nic.EVERY)
