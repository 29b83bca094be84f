#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Dumps stay right while what they list comes and goes, and however little
room their reader has.
"""
import os
import signal
import time

from control import F_DUMP, F_REQUEST, Netlink, NlError, TestDevice
from ktap import case, main

ROUNDS = 6
STABLE = 300

nl = Netlink(room=8192)
spec = nl.spec


class Churn:
    """A child that runs the function again and again until the block ends."""

    def __init__(self, function):
        self.pid = os.fork()
        if not self.pid:
            status = 1
            try:
                stop = []
                signal.signal(signal.SIGTERM, lambda *_: stop.append(1))
                device, sock = TestDevice(), Netlink(spec)
                while not stop:
                    function(device, sock)
                status = 0
            finally:
                os._exit(status)

    def __enter__(self):
        # So that there is churn from the first dump on.
        time.sleep(0.3)
        return self

    def __exit__(self, *_):
        os.kill(self.pid, signal.SIGTERM)
        assert os.waitpid(self.pid, 0)[1] == 0, "the churning child failed"


def check_ids(ids, stable):
    assert ids == sorted(set(ids)), "twice, or out of order"
    missing = set(stable) - set(ids)
    assert not missing, f"missing: {sorted(missing)[:10]}"


@case
def domains_under_churn():
    """a domain that lives through a dump is in it exactly once"""
    dev = TestDevice()
    stable = [dev.create() for _ in range(STABLE)]

    def churn(device, _):
        fresh = [device.create() for _ in range(10)]
        for domain in fresh:
            device.destroy(domain)

    with Churn(churn):
        for _ in range(ROUNDS):
            check_ids([d["id"] for d in nl.dump("domain-get")], stable)
            check_ids([d["domain"] for d in nl.dump("stats-get")], stable)
    ids = [d["id"] for d in nl.dump("domain-get")]
    assert ids == stable
    dev.close()
    assert nl.dump("domain-get") == []


@case
def holes_are_stepped_over():
    """domains that went between two parts of a dump do not break it"""
    dev = TestDevice()
    stable = [dev.create() for _ in range(STABLE)]
    gone = stable[1::2]
    # The kernel fills one buffer; the rest waits until it is read.
    nl.send(nl.family, spec.ops["domain-get"][0], F_REQUEST | F_DUMP, b"")
    for domain in gone:
        dev.destroy(domain)
    ids = [spec.decode("domain-get", data)["id"] for _, data in nl.receive()]
    check_ids(ids, stable[::2])
    assert len(ids) < STABLE, "the dump was over before the domains went"
    dev.close()


@case
def faults_under_churn():
    """reports that are kept are told once and in order while new ones come"""
    dev = TestDevice()
    domain = dev.create("hostile-ud2")

    def churn(device, _):
        mine = device.create("hostile-ud2")
        for _ in range(20):
            device.ping(mine, 1)
        device.destroy(mine)

    seqs = [dev.ping(domain, 1)[1] for _ in range(50)]
    check_ids([f["seq"] for f in nl.dump("fault-get")], seqs)
    only = nl.dump("fault-get", domain=domain)
    assert [f["seq"] for f in only] == seqs
    assert {f["domain"] for f in only} == {domain}
    with Churn(churn):
        for _ in range(ROUNDS):
            last = nl.ask("info-get")["faults"]
            told = [f["seq"] for f in nl.dump("fault-get")]
            assert told == sorted(set(told))
            # The ring goes on turning, but nothing newer than the end is lost,
            # unless a starved dump was lapped by the whole ring.
            if nl.ask("info-get")["faults"] - last < 256:
                assert told and told[-1] >= last
    dev.close()
    nl.ask("image-unload", name="hostile-ud2")


@case
def images_under_churn():
    """a dump of images is complete, or says that it was interrupted"""
    names = sorted(n[:-4] for n in os.listdir(os.environ["ATMOS_IMAGES"] + "/atmos")
                   if n.startswith("hostile-"))
    stable, moving = names[:120], names[120:125]
    for name in stable:
        nl.ask("image-load", name=name)

    def churn(_, sock):
        for name in moving:
            sock.ask("image-load", name=name)
        for name in moving:
            sock.ask("image-unload", name=name)

    complete = interrupted = 0
    with Churn(churn):
        while complete + interrupted < 4 * ROUNDS:
            told = [i["name"] for i in nl.dump("image-get")]
            if nl.interrupted:
                interrupted += 1
                continue
            complete += 1
            assert len(told) == len(set(told)), "twice"
            assert set(stable) <= set(told), "missing, and not interrupted"
    print(f"# {complete} dumps complete, {interrupted} interrupted")
    for name in moving:
        try:
            nl.ask("image-unload", name=name)
        except NlError:
            pass
    told = [i["name"] for i in nl.dump("image-get")]
    assert not nl.interrupted
    assert sorted(told) == sorted(stable + ["echo", "stack", "reasm"]), told
    for name in stable:
        nl.ask("image-unload", name=name)


@case
def a_changed_list_is_told():
    """a list that changed between two parts of a dump is marked as such"""
    names = sorted(n[:-4] for n in os.listdir(os.environ["ATMOS_IMAGES"] + "/atmos")
                   if n.startswith("hostile-"))[:100]
    for name in names:
        nl.ask("image-load", name=name)
    other = Netlink(spec)
    for op, change in (("image-unload", names[0]), ("image-load", names[0]), (None, None)):
        nl.interrupted = False
        nl.send(nl.family, spec.ops["image-get"][0], F_REQUEST | F_DUMP, b"")
        if op:
            other.ask(op, name=change)
        nl.receive()
        assert nl.interrupted == bool(op), op
    for name in names:
        nl.ask("image-unload", name=name)


@case
def abandoned_dumps_leave_nothing():
    """a reader that goes away in the middle holds nothing back"""
    dev = TestDevice()
    for _ in range(STABLE):
        dev.create()
    for _ in range(20):
        reader = Netlink(spec, room=4096)
        reader.send(reader.family, spec.ops["domain-get"][0], F_REQUEST | F_DUMP, b"")
        reader.sock.recv(reader.room)
        reader.close()
    dev.close()
    assert nl.dump("domain-get") == []
    assert nl.ask("limits-get")["domains"] == 0


main()
