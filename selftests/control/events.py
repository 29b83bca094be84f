#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Notices: what happens to domains and images is told to who listens."""
import errno

from control import Netlink, TestDevice, as_nobody
from ktap import case, main

spec = Netlink().spec
admin = Netlink(spec)


def listener(rcvbuf=None):
    nl = Netlink(spec, rcvbuf)
    nl.listen()
    return nl


def expect(nl, notice, **values):
    got = nl.notice()
    assert got, f"no {notice}"
    assert got[0] == notice, f"{got} instead of {notice}"
    for key, value in values.items():
        assert got[1][key.replace("_", "-")] == value, f"{key}: {got}"
    return got[1]


def set_giveup(deaths):
    with open("/sys/module/atmos/parameters/giveup_deaths", "w",
              encoding="utf-8") as file:
        file.write(str(deaths))


@case
def a_life_is_told():
    """creation, death, restart, quarantine and end of a domain, in order"""
    nl, dev = listener(), TestDevice()
    domain = dev.create()
    expect(nl, "domain-created-ntf", id=domain, status="ready", image="echo")
    admin.ask("domain-kill", id=domain)
    seq = dev.ping(domain)[1]
    expect(nl, "domain-died-ntf", domain=domain, seq=seq, cause="killed")
    expect(nl, "domain-restarted-ntf", id=domain, restarts=1)
    admin.ask("domain-quarantine", id=domain, quarantined=1)
    expect(nl, "domain-quarantined-ntf", id=domain, status="quarantined")
    admin.ask("domain-quarantine", id=domain, quarantined=0)
    expect(nl, "domain-quarantined-ntf", id=domain, status="ready")
    dev.destroy(domain)
    expect(nl, "domain-destroyed-ntf", id=domain, status="ending")
    dev.close()
    nl.close()


@case
def giving_up_is_told():
    """a domain that dies too often is given up, refused, and that is told"""
    dev = TestDevice()
    domain = dev.create("hostile-ud2")
    nl = listener()
    set_giveup(2)
    try:
        for count in (1, 2):
            assert dev.ping(domain, 1)[0] == dev.DIED
            expect(nl, "domain-died-ntf", domain=domain, vector=6)
            expect(nl, "domain-restarted-ntf", id=domain, restarts=count)
        assert dev.ping(domain, 1)[0] == dev.DIED
        expect(nl, "domain-died-ntf", domain=domain)
        expect(nl, "domain-given-up-ntf", id=domain, status="given-up")
        assert dev.ping(domain)[0] == dev.REFUSED
    finally:
        set_giveup(0)
    # Nothing but the end is left to it.
    try:
        admin.ask("domain-quarantine", id=domain, quarantined=0)
        raise AssertionError("a domain that was given up was let go on")
    except OSError as error:
        assert error.errno == errno.EINVAL and error.message
    dev.destroy(domain)
    expect(nl, "domain-destroyed-ntf", id=domain)
    admin.ask("image-unload", name="hostile-ud2")
    dev.close()
    nl.close()


@case
def images_are_told():
    """loading and unloading an image"""
    nl = listener()
    admin.ask("image-load", name="hostile-cli")
    expect(nl, "image-loaded-ntf", name="hostile-cli", domains=0)
    admin.ask("image-unload", name="hostile-cli")
    expect(nl, "image-unloaded-ntf", name="hostile-cli")
    nl.close()


@case
def nobody_hears_without_registers():
    """who has no right hears of a death, but not where or with what"""
    dev = TestDevice()
    domain = dev.create("hostile-read")

    def child():
        nl = listener()
        pid_status = dev.ping(domain, 1, 0xDEAD000)
        assert pid_status[0] == dev.DIED
        told = expect(nl, "domain-died-ntf", domain=domain, vector=14)
        assert not {"rip", "address", "reg", "symbol"} & set(told), told

    assert as_nobody(child)
    dev.close()
    admin.ask("image-unload", name="hostile-read")


@case
def slow_listeners_harm_nobody():
    """a listener that never reads loses notices and holds up nothing"""
    slow = listener(rcvbuf=1)
    dev = TestDevice()
    domain = dev.create("hostile-ud2")
    for _ in range(200):
        assert dev.ping(domain, 1)[0] == dev.DIED
    assert dev.ping(domain)[0] == dev.OK
    lost = False
    try:
        while slow.notice(timeout=0.2):
            pass
    except OSError as error:
        lost = error.errno == errno.ENOBUFS
    assert lost, "nothing was lost: the test shows nothing"
    dev.close()
    admin.ask("image-unload", name="hostile-ud2")
    slow.close()


main()
