# SPDX-License-Identifier: GPL-2.0-only
"""The cards in the hands of a user program, by VFIO: registers, and memory that
a card sees at the addresses the program chooses."""
import contextlib
import ctypes
import fcntl
import mmap
import os
import re
import struct

import nic

SPACE = 0x20000
TYPE1 = 1
SET_IOMMU, SET_CONTAINER, GET_DEVICE, REGION, MAP = 0x3b66, 0x3b68, 0x3b6a, 0x3b6c, 0x3b71
CONFIG = 7


def write(path, text):
    with open(path, "w") as file:
        file.write(text)


@contextlib.contextmanager
def cards():
    """Both cards for VFIO, then for the kernel's driver again."""
    nic.wait_link()
    buses = [re.search(r"bus-info: (\S+)", end.ethtool("-i"))[1] for end in nic.ENDS]
    nic.run("modprobe", "-r", "ixgbe")
    nic.run("modprobe", "vfio-pci")
    try:
        for bus in buses:
            write(f"/sys/bus/pci/devices/{bus}/driver_override", "vfio-pci")
            write("/sys/bus/pci/drivers_probe", bus)
        yield buses
    finally:
        for bus in buses:
            if os.path.exists(f"/sys/bus/pci/devices/{bus}/driver"):
                write("/sys/bus/pci/drivers/vfio-pci/unbind", bus)
            write(f"/sys/bus/pci/devices/{bus}/driver_override", "\n")
        nic.run(os.path.join(nic.HERE, "pair"), "load")
        nic.wait_link()
        nic.transfer()


class Card:
    """One card: its registers as 32-bit words, its memory as bytes."""

    def __init__(self, bus, size, iova=0x100000):
        group = os.path.basename(os.readlink(f"/sys/bus/pci/devices/{bus}/iommu_group"))
        self.container = os.open("/dev/vfio/vfio", os.O_RDWR)
        self.group = os.open(f"/dev/vfio/{group}", os.O_RDWR)
        fcntl.ioctl(self.group, SET_CONTAINER, struct.pack("i", self.container))
        fcntl.ioctl(self.container, SET_IOMMU, TYPE1)
        self.device = fcntl.ioctl(self.group, GET_DEVICE, ctypes.create_string_buffer(bus.encode()))
        self.memory, self.iova = mmap.mmap(-1, size), iova
        where = ctypes.addressof(ctypes.c_char.from_buffer(self.memory))
        fcntl.ioctl(self.container, MAP, struct.pack("IIQQQ", 32, 3, where, iova, size))
        self.bar = mmap.mmap(self.device, SPACE, offset=self._region(0))
        self.registers = memoryview(self.bar).cast("I")
        self.master(True)

    def _region(self, index):
        said = fcntl.ioctl(self.device, REGION, struct.pack("IIIIQQ", 32, 0, index, 0, 0, 0))
        return struct.unpack("IIIIQQ", said)[5]

    def master(self, on):
        os.pwrite(self.device, struct.pack("H", 6 if on else 2), self._region(CONFIG) + 4)

    def __getitem__(self, address):
        return self.registers[address // 4]

    def __setitem__(self, address, value):
        self.registers[address // 4] = value

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.master(False)
        self.registers.release()
        self.bar.close()
        for fd in (self.device, self.group, self.container):
            os.close(fd)
