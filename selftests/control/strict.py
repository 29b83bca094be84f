#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Requests that are wrong are refused, with a reason, and change nothing; who
may not does not; what is right works and is as the spec says.
"""
import ctypes
import os
import struct

from control import (CTRL_A_NAME, CTRL_A_OPS, CTRL_GETFAMILY, CTRL_ID, EBUSY,
                     EEXIST, EINVAL, ENOENT, EOPNOTSUPP, EPERM, ERANGE, F_ACK,
                     F_DUMP, F_REQUEST, Netlink, NlError, TestDevice,
                     as_nobody, attr, parse_attrs)
from ktap import case, main, raises

nl = Netlink()
spec = nl.spec
dev = TestDevice()

# Of a network namespace, not of the machine: what they take depends on its
# devices and sockets, so they are not judged by form alone here.
OF_NAMESPACE = ["socket-get", "steer-get", "steer-attach", "steer-detach"]
# Likewise of sockets; the suite "update" has what they take and refuse.
OF_SOCKETS = ["domain-update", "record-get", "capture-start", "capture-get",
              "capture-stop", "capture-read", "capture-end"]
ALL = [name for name, (_, op) in spec.ops.items()
       if "do" in op or "dump" in op]
REQUESTS = [name for name in ALL if name not in OF_NAMESPACE + OF_SOCKETS]
DUMPS = [name for name in REQUESTS if "dump" in spec.ops[name][1]]
ADMIN = [name for name in REQUESTS
         if "admin-perm" in spec.ops[name][1].get("flags", [])]

# A request of each operation that is right in form.
GOOD = {
    "domain-get": {"id": 1 << 60}, "domain-kill": {"id": 1 << 60},
    "domain-quarantine": {"id": 1 << 60, "quarantined": 1},
    "stats-get": {"domain": 1 << 60}, "fault-get": {"seq": 1 << 60},
    "image-get": {"name": "none"}, "image-load": {"name": "none"},
    "image-unload": {"name": "none"}, "limits-get": {},
    "limits-set": {"domains_max": 1000}, "info-get": {},
}


def refused(number, op, body, **header):
    error = raises(NlError, number, nl.raw, op, body, **header)
    return error


def needed(op):
    """Attributes without which the operation is refused."""
    if op == "limits-set":
        return []
    return spec.ops[op][1].get("do", {}).get("request", {}).get("attributes", [])


@case
def family_tells_the_operations_of_the_spec():
    """the family has the spec's operations, rights and group, no others"""
    reply = nl.transact(CTRL_ID, CTRL_GETFAMILY, F_REQUEST | F_ACK,
                        attr(CTRL_A_NAME, b"atmos\0"))
    ops = {}
    for _, data in parse_attrs(dict(parse_attrs(reply[0][1]))[CTRL_A_OPS]):
        inner = dict(parse_attrs(data))
        ops[struct.unpack("I", inner[1])[0]] = struct.unpack("I", inner[2])[0]
    assert sorted(ops) == sorted(spec.ops[op][0] for op in ALL)
    for op in REQUESTS:
        flags = ops[spec.ops[op][0]]
        assert bool(flags & 1) == (op in ADMIN), f"{op}: admin"
        assert bool(flags & 4) == (op in DUMPS), f"{op}: dump"
    assert list(nl.groups) == ["events"]


@case
def good_forms_are_understood():
    """a request of each operation in good form is not called malformed"""
    assert sorted(GOOD) == sorted(REQUESTS)
    before = nl.ask("limits-get")
    for op, values in GOOD.items():
        try:
            nl.ask(op, **values)
        except NlError as error:
            assert error.errno == ENOENT, f"{op}: {error}"
            assert error.message, f"{op}: says nothing"
    nl.ask("limits-set", domains_max=before["domains-max"])


@case
def missing_attributes_are_named():
    """each attribute that an operation needs is asked for by its number"""
    for op in REQUESTS:
        for name in needed(op):
            rest = {k: v for k, v in GOOD[op].items() if k != name}
            error = refused(EINVAL, op, spec.encode(op, **rest))
            assert error.message, op
            assert error.missing == spec.number(op, name)[0], (op, name)
    error = refused(EINVAL, "limits-set", b"")
    assert error.message


@case
def unknown_attributes_are_refused():
    """attributes that no operation knows are refused where they stand"""
    for op in REQUESTS:
        good = spec.encode(op, **GOOD[op])
        last = max(spec.sets[spec.ops[op][1]["attribute-set"]])
        for number in (0, last + 1, 99, 0x3FFF):
            error = refused(EINVAL, op, good + attr(number, b"\1\0\0\0"))
            assert error.offset == 20 + len(good), (op, number, error.offset)


@case
def attributes_of_replies_are_refused():
    """attributes that only replies have are refused in requests"""
    for op in REQUESTS:
        entry = spec.ops[op][1]
        known = set()
        for sub in ("do", "dump"):
            known.update(entry.get(sub, {}).get("request", {}).get("attributes", []))
        good = spec.encode(op, **GOOD[op])
        for number, item in spec.sets[entry["attribute-set"]].items():
            if item["name"] not in known:
                refused(EINVAL, op, good + attr(number, b"\1" * 8))


@case
def attributes_of_the_other_form_are_refused():
    """what only "do" takes is refused in a dump, and the other way round"""
    for op, name in (("domain-get", "id"), ("stats-get", "domain"),
                     ("fault-get", "seq"), ("image-get", "name")):
        error = refused(EINVAL, op, spec.encode(op, **{name: GOOD[op][name]}),
                        flags=F_REQUEST | F_DUMP)
        assert error.message, op
    error = refused(EINVAL, "fault-get", spec.encode("fault-get", seq=1, domain=1))
    assert error.message


@case
def wrong_lengths_are_refused():
    """numbers of any length but their own are refused"""
    for op, values in GOOD.items():
        for name in values:
            number, entry = spec.number(op, name.replace("_", "-"))
            if entry["type"] == "string":
                continue
            size = int(entry["type"][1:]) // 8
            for length in (0, 1, 2, 3, 4, 7, 8, 9, 16, 400):
                if length != size:
                    refused(EINVAL, op, attr(number, (1).to_bytes(length or 1, "little")[:length]))


@case
def bad_strings_are_refused():
    """names without an end, too long, empty or with a path are refused"""
    number = spec.number("image-load", "name")[0]
    for op in ("image-get", "image-load", "image-unload"):
        refused(EINVAL, op, attr(number, b"echo"))
        refused(EINVAL, op, attr(number, b""))
        refused(EINVAL, op, attr(number, b"x" * 32 + b"\0"))
        refused(EINVAL, op, attr(number, b"x" * 5000 + b"\0"))
    for name in ("", "../echo", "a/b", ".", "a.b", "a b", "\x7f", "%s%n"):
        error = refused(EINVAL, "image-load", attr(number, name.encode() + b"\0"))
        assert error.message
    refused(ENOENT, "image-get", attr(number, b"x" * 31 + b"\0"))


@case
def values_out_of_range_are_refused():
    """values outside the spec's ranges are refused, at the attribute"""
    for op, values in (("domain-get", {"id": 0}), ("stats-get", {"domain": 0}),
                       ("fault-get", {"seq": 0}), ("domain-kill", {"id": 0}),
                       ("domain-quarantine", {"id": 1, "quarantined": 2}),
                       ("domain-quarantine", {"id": 1, "quarantined": 255}),
                       ("limits-set", {"domains_max": 0}),
                       ("limits-set", {"domains_max": (1 << 20) + 1}),
                       ("limits-set", {"pages_max": 15}),
                       ("limits-set", {"pages_max": (1 << 32) + 1})):
        error = refused(ERANGE, op, spec.encode(op, **values))
        assert error.offset is not None, op


@case
def malformed_messages_are_refused():
    """attributes that do not add up, stray bytes and flags are refused"""
    good = spec.encode("domain-get", id=1)
    for bad in (good + b"\1", good + b"\1\2\3", good[:-1], good[:4],
                struct.pack("HH", 3, 1), struct.pack("HH", 0, 1) + b"\0" * 8,
                struct.pack("HH", 13, 1) + b"\1" + b"\0" * 7,
                struct.pack("HH", 0xFFFF, 1) + b"\1" + b"\0" * 7,
                struct.pack("HH", 12, 1 | 0x8000) + b"\1" + b"\0" * 7):
        refused(EINVAL, "domain-get", bad)
    refused(EINVAL, "domain-get", good, reserved=1)
    refused(EINVAL, "limits-get", b"\1")


@case
def truncated_headers_are_refused():
    """messages shorter than their own headers do nothing"""
    for size in (0, 1, 2, 3):
        nl.seq += 1
        nl.sock.send(struct.pack("IHHII", 16 + size, nl.family, F_REQUEST | F_ACK,
                                 nl.seq, 0) + b"\1\1\0\0"[:size])
        raises(NlError, EINVAL, nl.receive)


@case
def unknown_commands_are_refused():
    """commands beyond the spec, and notices as requests, are refused"""
    notices = [spec.ops[op][0] for op in spec.ops if op not in ALL]
    for cmd in [0, max(spec.names) + 1, 100, 255] + notices:
        for flags in (F_REQUEST | F_ACK, F_REQUEST | F_DUMP):
            raises(NlError, EOPNOTSUPP, nl.transact, nl.family, cmd, flags, b"")


@case
def only_dumps_dump():
    """an operation without a dump refuses to be dumped"""
    for op in REQUESTS:
        if op not in DUMPS:
            refused(EOPNOTSUPP, op, spec.encode(op, **GOOD[op]),
                    flags=F_REQUEST | F_DUMP)


@case
def nobody_may_look_but_not_touch():
    """without CAP_NET_ADMIN, what changes or tells registers is refused"""
    domain = dev.create()

    def child():
        mine = Netlink(spec)
        for op in ADMIN:
            values = dict(GOOD[op])
            if "id" in values:
                values["id"] = domain
            raises(NlError, EPERM, mine.ask, op, **values)
        raises(NlError, EPERM, mine.dump, "fault-get")
        for op in OF_SOCKETS:
            ask = mine.ask if "do" in spec.ops[op][1] else mine.dump
            raises(NlError, EPERM, ask, op)
        assert mine.ask("domain-get", id=domain)["id"] == domain
        assert [d["id"] for d in mine.dump("domain-get")] == [domain]
        assert mine.ask("info-get")["version"]
        assert mine.ask("limits-get")["domains"] == 1
        assert mine.dump("image-get")
        # The test interface is not theirs either.
        try:
            TestDevice()
        except PermissionError:
            return
        raise AssertionError("nobody opened the test interface")

    assert as_nobody(child)
    assert dev.ping(domain)[0] == dev.OK
    dev.destroy(domain)


@case
def capability_in_a_namespace_is_not_enough():
    """root of a user namespace of his own may look and not touch either"""
    domain = dev.create()

    def child():
        libc = ctypes.CDLL(None, use_errno=True)
        # CLONE_NEWUSER alone: the network namespace is still the first one.
        assert libc.unshare(0x10000000) == 0, os.strerror(ctypes.get_errno())
        mine = Netlink(spec)
        raises(NlError, EPERM, mine.ask, "domain-kill", id=domain)
        raises(NlError, EPERM, mine.ask, "image-load", name="none")
        raises(NlError, EPERM, mine.dump, "fault-get")

    assert as_nobody(child)
    assert dev.ping(domain)[0] == dev.OK
    dev.destroy(domain)


@case
def other_network_namespaces_see_no_domains():
    """in another network namespace a user without rights sees no domains"""
    pid = os.fork()
    if not pid:
        status = 1
        try:
            libc = ctypes.CDLL(None)
            assert libc.unshare(0x40000000) == 0
            os.setuid(65534)
            there = Netlink(spec)
            assert there.ask("info-get")["version"]
            raises(NlError, EPERM, there.ask, "limits-get")
            status = 0
        finally:
            os._exit(status)
    assert os.waitpid(pid, 0)[1] == 0


@case
def domains_are_told_as_they_are():
    """a domain's attributes and counters follow what it does"""
    domain = dev.create()
    told = nl.ask("domain-get", id=domain)
    assert told["id"] == domain and told["status"] == "ready"
    assert told["image"] == "echo" and told["restarts"] == 0
    assert "last-fault" not in told and "last-cpu" not in told
    assert told["record-len"] == 64
    assert told["build-id"] == nl.ask("image-get", name="echo")["build-id"]
    for _ in range(3):
        assert dev.ping(domain)[0] == dev.OK
    assert nl.ask("domain-get", id=domain)["last-cpu"] < os.cpu_count()
    stats = nl.ask("stats-get", domain=domain)
    assert stats["domain"] == domain
    assert stats["entries"] == 3 and stats["crossings"] == 3, stats
    assert stats["restarts"] == 0
    dev.destroy(domain)
    error = raises(NlError, ENOENT, nl.ask, "domain-get", id=domain)
    assert error.message and error.offset == 20, (error.message, error.offset)


@case
def kill_ends_one_entry():
    """a killed domain dies once, is restarted, and the report says so"""
    domain, other = dev.create(), dev.create()
    nl.ask("domain-kill", id=domain)
    assert dev.ping(other)[0] == dev.OK
    status, seq = dev.ping(domain)
    assert status == dev.DIED
    fault = nl.ask("fault-get", seq=seq)
    assert fault["cause"] == "killed" and fault["domain"] == domain
    assert fault["image"] == "echo" and "vector" not in fault
    assert dev.ping(domain)[0] == dev.OK
    told = nl.ask("domain-get", id=domain)
    assert told["restarts"] == 1 and told["last-fault"] == seq
    dev.destroy(domain)
    dev.destroy(other)


@case
def quarantine_holds_until_lifted():
    """a quarantined domain is refused and unharmed, until it is let go on"""
    domain = dev.create()
    assert dev.ping(domain)[0] == dev.OK
    nl.ask("domain-quarantine", id=domain, quarantined=1)
    assert nl.ask("domain-get", id=domain)["status"] == "quarantined"
    for _ in range(3):
        assert dev.ping(domain)[0] == dev.REFUSED
    nl.ask("domain-quarantine", id=domain, quarantined=0)
    assert nl.ask("domain-get", id=domain)["status"] == "ready"
    assert dev.ping(domain)[0] == dev.OK
    assert nl.ask("stats-get", domain=domain)["entries"] == 2
    dev.destroy(domain)


@case
def faults_are_told_in_full():
    """reports of a page fault and of a contract violation have their facts"""
    address = 0xDEAD000
    domain = dev.create("hostile-read")
    status, seq = dev.ping(domain, 1, address)
    assert status == dev.DIED
    fault = nl.ask("fault-get", seq=seq)
    assert fault["seq"] == seq and fault["domain"] == domain
    assert fault["cause"] == "exception" and fault["vector"] == 14
    assert fault["vector-name"] == "#PF" and fault["address"] == address
    assert fault["rip-in-window"] and fault["symbol"], fault
    assert len(fault["reg"]) == 16 and fault["nr-events"] == 1
    assert fault["event"] == [1] and fault["image"] == "hostile-read"
    assert fault["build-id"] == nl.ask("image-get", name="hostile-read")["build-id"]
    dev.destroy(domain)

    domain = dev.create("hostile-cmd_unknown")
    status, seq = dev.ping(domain, 1)
    assert status == dev.DIED
    fault = nl.ask("fault-get", seq=seq)
    assert fault["cause"] == "contract" and fault["why"], fault
    assert "rip" not in fault and "reg" not in fault
    dev.destroy(domain)
    for name in ("hostile-read", "hostile-cmd_unknown"):
        nl.ask("image-unload", name=name)


@case
def images_come_and_go():
    """load, load again, use, unload: each with its own answer"""
    name = "hostile-ud2"
    told = nl.ask("image-load", name=name)
    assert told["name"] == name and told["class"] == "echo"
    assert told["domains"] == 0 and "builtin" not in told
    assert told == nl.ask("image-get", name=name)
    error = raises(NlError, EEXIST, nl.ask, "image-load", name=name)
    assert error.message and error.offset == 20
    domain = dev.create(name)
    assert nl.ask("image-get", name=name)["domains"] == 1
    error = raises(NlError, EBUSY, nl.ask, "image-unload", name=name)
    assert error.message
    dev.destroy(domain)
    nl.ask("image-unload", name=name)
    raises(NlError, ENOENT, nl.ask, "image-get", name=name)
    raises(NlError, ENOENT, nl.ask, "image-unload", name=name)
    error = raises(NlError, EOPNOTSUPP, nl.ask, "image-unload", name="echo")
    assert error.message
    assert nl.ask("image-get", name="echo")["builtin"]


@case
def limits_hold():
    """one limit changes without the other, and is enforced at once"""
    before = nl.ask("limits-get")
    nl.ask("limits-set", domains_max=2)
    told = nl.ask("limits-get")
    assert told["domains-max"] == 2 and told["pages-max"] == before["pages-max"]
    domains = [dev.create(), dev.create()]
    error = raises(OSError, 28, dev.create)
    assert error
    assert nl.ask("limits-get")["domains"] == 2
    # What is above a new limit stays.
    nl.ask("limits-set", domains_max=1)
    assert all(dev.ping(d)[0] == dev.OK for d in domains)
    nl.ask("limits-set", domains_max=before["domains-max"], pages_max=16)
    raises(OSError, 28, dev.create)
    nl.ask("limits-set", pages_max=before["pages-max"])
    dev.destroy(dev.create())
    for domain in domains:
        dev.destroy(domain)
    assert nl.ask("limits-get") == before


@case
def info_agrees_with_the_module():
    """what the family says of the module is what sysfs says"""
    info = nl.ask("info-get")

    def parameter(name):
        with open(f"/sys/module/atmos/parameters/{name}", encoding="utf-8") as file:
            return file.read().strip()

    with open("/sys/module/atmos/version", encoding="utf-8") as file:
        assert info["version"] == file.read().strip()
    assert info["kernel"] == os.uname().release
    assert info["cpus"] == os.cpu_count()
    assert info["privilege"] == parameter("privilege")
    assert info["budget-us"] == int(parameter("budget_us"))
    assert info.get("test-interface", False) == (parameter("test_interface") == "Y")
    assert info.get("unsigned-images", False) == (parameter("allow_unsigned") == "Y")
    assert info["mitigations"] and info["slots"] > 0
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        flags = file.read().split("flags")[1].split("\n")[0].split()
    assert info.get("pti", False) == ("pti" in flags)
    before = info["crossings"]
    domain = dev.create()
    for _ in range(5):
        dev.ping(domain)
    dev.destroy(domain)
    assert nl.ask("info-get")["crossings"] == before + 5


main()
