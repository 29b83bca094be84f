#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Whatever software writes into the card's registers, the emulator lives, and
after a reset the card works.  The IOMMU keeps the card from all memory."""
import contextlib
import mmap
import os
import random
import re
import struct

import ktap
import nic
import vfio

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


RING, BUFFERS, MEMORY = 128, 0x10000, 1 << 20
TX, RX = 0x6000, 0x1000


def address_in(card, rng):
    """Mostly the card's own memory; sometimes nobody's."""
    if rng.randrange(20):
        return card.iova + BUFFERS + rng.randrange(MEMORY - BUFFERS)
    return rng.getrandbits(64)


def noisy_descriptor(card, rng):
    """A transmit descriptor, right in some of its parts."""
    kind = rng.randrange(4)
    if kind == 0:  # a context: lengths, MSS
        return struct.pack("<IIII", rng.getrandbits(32) & rng.choice((0xffffffff, 0x1ff | 14 << 9)),
                           0, 0x20200000 | rng.getrandbits(13) & ~0x1ff, rng.getrandbits(32))
    length = rng.choice((0, 1, 13, 14, 60, 1500, 9000, 65535))
    command = rng.choice((0, 0x01000000, 0x09000000)) | length
    if kind > 1:   # advanced, at times to be segmented
        command |= 0x20300000 | rng.choice((0, 0x80000000)) | rng.choice((0, 0x40000000))
    else:
        command |= rng.getrandbits(32) & 0x4cff0000
    return struct.pack("<QII", address_in(card, rng), command, rng.getrandbits(32))


def set_ring(card, base, place, length):
    card[base + 0x28] = 0
    card[base], card[base + 4] = place & 0xffffffff, place >> 32
    card[base + 8], card[base + 0x10], card[base + 0x18] = length, 0, 0
    card[base + 0x28] = 0x02000000


@ktap.case
def noisy_descriptors():
    """rings of noise, in loopback: the card gets through them, or stops at bad memory"""
    rng, frames = random.Random(82601), 0
    with vfio.cards() as buses, vfio.Card(buses[1], MEMORY) as card:
        for number in range(200 // nic.EVERY):
            card[CTRL] = CTRL_RESET
            card[0x4240] = rng.choice((0xc03, 0xc07)) | 0x8000
            card[0x4268] = rng.getrandbits(14) << 16
            card[0x5080] = 0x702
            card[0x5818] = rng.getrandbits(32) & ~14 | 1
            card[0x1014] = rng.choice((0, 0x02000002, 0x04000402, 0x0a000401, 0x02000000))
            card[0xea00] = rng.getrandbits(32)
            for at in range(0, RING * 16, 16):
                card.memory[at:at + 16] = noisy_descriptor(card, rng)
                card.memory[0x8000 + at:0x8010 + at] = struct.pack(
                    "<QQ", address_in(card, rng), address_in(card, rng))
            card.memory[BUFFERS:BUFFERS + 4096] = rng.randbytes(4096)
            set_ring(card, RX, card.iova + 0x8000, RING * 16)
            set_ring(card, TX, card.iova, RING * 16)
            card[RX + 0x18] = RING - 1
            card[0x3000] = 1
            card[0x4a80] = 0x81000001
            card[TX + 0x18] = RING - 1
            nic.wait_for(lambda: card[TX + 0x10] == RING - 1 or not card[TX + 0x28] & 0x02000000,
                         f"ring {number} is done")
            frames += card[0x40d0]
        assert frames > 1000 // nic.EVERY, f"{frames} came back"
        card[CTRL] = CTRL_RESET


ktap.main(nic.EVERY)
