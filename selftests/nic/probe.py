#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""The driver finds the card, and the card passes the driver's own tests."""
import re

import ktap
import nic


@ktap.case
def link():
    """both cards have a link at ten gigabits, with flow control"""
    nic.wait_link()
    for end in nic.ENDS:
        said = end.ethtool("--show-pause")
        assert re.search(r"RX:\s+on", said) and re.search(r"TX:\s+on", said), said
        said = end.run("ethtool", end.dev)
        assert "Speed: 10000Mb/s" in said and "Duplex: Full" in said, said
        assert "Direct Attach Copper" in said, said


@ktap.case
def kernel_log():
    """the driver has no complaint"""
    said = nic.run("dmesg")
    lines = [line for line in said.splitlines() if "ixgbe" in line]
    assert any("Intel(R) 10 Gigabit Network Connection" in line for line in lines), lines
    for line in lines:
        assert not re.search("(?i)error|fail|warn|timeout|timed out|unsupported", line), line


@ktap.case
def iommu():
    """the cards are behind the IOMMU"""
    for end in nic.ENDS:
        bus = re.search(r"bus-info: (\S+)", end.ethtool("-i"))[1]
        nic.run("test", "-e", f"/sys/bus/pci/devices/{bus}/iommu_group")


@ktap.case
def queries():
    """ethtool reads what drivers tell of such a card"""
    for option, want in (("-i", "driver: ixgbe"), ("-l", "Combined:"), ("-g", "RX:"),
                         ("-c", "rx-usecs:"), ("-k", "tcp-segmentation-offload: on"),
                         ("-x", "RSS hash key"), ("-S", "fdir_match"),
                         ("-T", "hardware-receive"), ("-a", "Pause parameters")):
        said = nic.here.ethtool(option)
        assert want in said, f"{option}: {said}"
    said = nic.here.ethtool("-d")
    assert re.search(r"0x042A4: LINKS.*\s0x7", said), said[:2000]


@ktap.case
def module():
    """the cage's module says what it is, and its checksums hold"""
    data = bytes.fromhex(re.sub(r"0x\w+:|\s", "", nic.here.ethtool(
        "-m", "hex", "on", "offset", "0", "length", "128").split("------")[-1]))
    assert len(data) == 128 and data[0] == 3, data
    assert sum(data[:63]) & 255 == data[63], data
    assert sum(data[64:95]) & 255 == data[95], data


def words(end, offset, length):
    said = end.ethtool("-e", "raw", "off", "offset", str(offset), "length", str(length))
    return bytes.fromhex("".join(re.findall(r"^0x\w+:\s+(.*)$", said, re.M)).replace(" ", ""))


@ktap.case
def eeprom_read():
    """the EEPROM holds the address"""
    data = words(nic.here, 0, 512)
    at = (data[0x16] | data[0x17] << 8) * 2
    mac = words(nic.here, at + 2, 6)
    assert mac.hex(":") == nic.here.mac(), mac.hex(":")


@ktap.case
def eeprom_write():
    """the EEPROM's pins: a word is written, read, and written back"""
    offset = 0x1f00
    old = words(nic.here, offset, 2)
    for value in (0xa5, 0x3c, old[0]):
        nic.here.ethtool("-E", "magic", "0x10fb8086", "offset", str(offset), "length", "1",
                         "value", hex(value))
        assert words(nic.here, offset, 2) == bytes([value, old[1]]), hex(value)


@ktap.case
def self_test():
    """registers, EEPROM, interrupt, loopback and link pass ethtool's test"""
    for end in nic.ENDS:
        said = end.ethtool("-t", "offline")
        results = re.findall(r"test +\(o.*\)\s+(\d+)", said)
        assert "PASS" in said and results == ["0"] * 5, said
        nic.wait_link()
    nic.transfer()


@ktap.case
def identify():
    """the light blinks on demand"""
    nic.here.ethtool("-p", "1")


ktap.main(nic.EVERY)
