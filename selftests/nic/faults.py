#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""The model's errors on demand are errors, and the driver gets over them."""
import os
import socket
import time

import ktap
import nic

monitor = nic.Monitor()


@ktap.case
def interrupts():
    """dropped interrupts: the driver's watchdog finds the frames"""
    nic.wait_link()
    with nic.Load() as load:
        load.more()
        monitor.set(1, "drop-interrupts", 4)
        nic.wait_for(lambda: monitor.get(1, "drop-interrupts") == "0", "they were dropped")
        load.more()


@ktap.case
def no_interrupts():
    """without any interrupt nothing comes in, with them it does"""
    with nic.peer.socket(socket.AF_INET, socket.SOCK_DGRAM) as sink, \
            nic.here.socket(socket.AF_INET, socket.SOCK_DGRAM) as tap:
        sink.bind((nic.peer.address(socket.AF_INET), 0))
        tap.connect(sink.getsockname())
        tap.send(b"one")
        assert sink.recv(10) == b"one"
        monitor.set(1, "drop-interrupts", (1 << 32) - 1)
        try:
            tap.send(b"two")
            sink.settimeout(0.3)
            # Those that the driver causes itself, every two seconds, are lost, too.
            for _ in range(10):
                try:
                    raise AssertionError(sink.recv(10))
                except TimeoutError:
                    pass
        finally:
            monitor.set(1, "drop-interrupts", 0)
        # The driver asks for one every two seconds.
        sink.settimeout(nic.WAIT)
        assert sink.recv(10) == b"two"


@ktap.case
def stuck_transmit():
    """a transmit ring that stands still for a second, then goes on"""
    with nic.Load() as load:
        load.more()
        for queue in (1, 2):
            monitor.set(0, "stuck-tx", queue)
            time.sleep(1)
            monitor.set(0, "stuck-tx", 0)
        load.more()


@ktap.case
def stuck_receive():
    """a receive ring that stands still holds up its partner by pause frames"""
    with nic.Load() as load:
        load.more()
        before = nic.peer.stats()
        monitor.set(1, "stuck-rx", 1)
        time.sleep(1)
        monitor.set(1, "stuck-rx", 2)
        time.sleep(1)
        monitor.set(1, "stuck-rx", 0)
        load.more()
        after = nic.peer.stats()
    assert after["rx_missed_errors"] == before["rx_missed_errors"], "a pause was not kept"


@ktap.case
def bad_writeback():
    """receive descriptors with error bits: the driver throws the frames away"""
    monitor.set(1, "bad-writeback-kind", 1)
    with nic.Load() as load:
        load.more()
        monitor.set(1, "bad-writebacks", 20)
        nic.wait_for(lambda: monitor.get(1, "bad-writebacks") == "0", "they were written")
        load.more()


@ktap.case
def flap():
    """the link goes and comes back by itself"""
    with nic.Load() as load:
        load.more()
        monitor.set(0, "link-flap", 2000)
        nic.wait_for(lambda: not nic.here.has_link(), "the link is gone")
        nic.wait_link()
        load.more()


@ktap.case
def cable():
    """the cable is drawn and put back"""
    monitor.command("set_link nic0 off")
    nic.wait_for(lambda: not nic.here.has_link(), "the link is gone")
    monitor.command("set_link nic0 on")
    nic.wait_link()
    nic.transfer()


@ktap.case
def removed():
    """a card that is suddenly gone: the driver says so, and finds it again"""
    monitor.set(1, "removed", "true")
    nic.wait_for(lambda: "Adapter removed" in nic.run("dmesg"), "the driver notices")
    monitor.set(1, "removed", "false")
    nic.run("modprobe", "-r", "ixgbe")
    nic.run(os.path.join(nic.HERE, "pair"), "load")
    nic.wait_link()
    nic.transfer()


ktap.main(nic.EVERY)
