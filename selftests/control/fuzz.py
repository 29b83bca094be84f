#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Seeded random requests: each gets an answer or an error, none does harm.

ATMOS_TEST_SEED (default 1) and ATMOS_FUZZ_COUNT (default 4000) in the
environment. A failure names the request's number, which with the seed makes it
again.
"""
import os
import random
import struct

from control import (F_ACK, F_DUMP, F_REQUEST, Netlink, NlError, TestDevice, attr)
from ktap import case, main

SEED = int(os.environ.get("ATMOS_TEST_SEED", "1"))
COUNT = int(os.environ.get("ATMOS_FUZZ_COUNT", "4000"))

NUMBERS = [0, 1, 2, 3, 255, 256, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF,
           1 << 32, (1 << 63) - 1, 1 << 63, (1 << 64) - 1]
NAMES = [b"echo\0", b"echo", b"\0", b"hostile-ud2\0", b"hostile-read\0",
         b"../../etc/passwd\0", b"x" * 31 + b"\0", b"x" * 64 + b"\0", b"%n\0"]


class Requests:
    """The stream that a seed gives."""

    def __init__(self, spec, domains):
        self.rng = random.Random(SEED)
        self.spec = spec
        self.domains = domains

    def payload(self):
        rng = self.rng
        kind = rng.randrange(6)
        if kind == 0:
            return rng.randbytes(rng.choice([0, 1, 2, 4, 7, 8, 9, 20, 200, 3000]))
        if kind == 1:
            return rng.choice(NAMES)
        if kind == 2:
            return struct.pack("Q", rng.choice(self.domains))
        size = rng.choice([1, 2, 4, 8])
        value = rng.choice(NUMBERS) & ((1 << 8 * size) - 1)
        return value.to_bytes(size, "little")

    def almost_good(self):
        """A request as the spec has it, sometimes with a byte changed."""
        rng = self.rng
        op = rng.choice([name for name, (_, op) in self.spec.ops.items()
                         if "do" in op])
        sub = rng.choice(["do", "dump"])
        entry = self.spec.ops[op][1]
        names = entry.get(sub, {}).get("request", {}).get("attributes", [])
        body = b""
        for name in names:
            number, item = self.spec.number(op, name)
            if item["type"] == "string":
                body += attr(number, rng.choice(NAMES))
            elif item["type"] == "flag":
                body += attr(number, b"") if rng.randrange(2) else b""
            elif item["type"] == "binary":
                body += attr(number, rng.randbytes(rng.choice([0, 19, 20, 21])))
            else:
                size = int(item["type"][1:]) // 8
                value = rng.choice([1, rng.choice(self.domains), rng.choice(NUMBERS)])
                body += attr(number, (value & ((1 << 8 * size) - 1)).to_bytes(size, "little"))
        if body and rng.randrange(3) == 0:
            at = rng.randrange(len(body))
            body = body[:at] + bytes([rng.randrange(256)]) + body[at + 1:]
        flags = F_REQUEST | (F_DUMP if sub == "dump" else F_ACK)
        return self.spec.ops[op][0], flags | F_ACK, body, 1, 0

    def body(self):
        rng = self.rng
        out = b"".join(attr(rng.choice([1, 2, 3, 4, 12, rng.randrange(0x10000)]),
                            self.payload())
                       for _ in range(rng.choice([0, 1, 1, 1, 2, 2, 3, 10])))
        if rng.randrange(3) == 0 and out:
            out = bytearray(out)
            for _ in range(rng.randrange(1, 5)):
                out[rng.randrange(len(out))] = rng.randrange(256)
        if rng.randrange(8) == 0:
            out = out[:rng.randrange(len(out) + 1)]
        return bytes(out)

    def next(self):
        rng = self.rng
        if rng.randrange(2):
            return self.almost_good()
        cmd = rng.choice([rng.randrange(1, 20), rng.randrange(256)])
        flags = rng.choice([F_REQUEST | F_ACK, F_REQUEST | F_DUMP,
                            F_REQUEST | F_ACK | rng.randrange(0x10000) & ~2])
        return (cmd, flags | F_ACK, self.body(), rng.choice([0, 1, 1, 1, 255]),
                rng.choice([0, 0, 0, rng.randrange(0x10000)]))


@case
def random_requests_do_no_harm():
    """random requests are answered, and everything works afterwards"""
    nl, dev = Netlink(), TestDevice()
    domains = [dev.create() for _ in range(5)]
    before = nl.ask("limits-get")
    requests = Requests(nl.spec, domains)
    answered = refused = 0
    for number in range(COUNT):
        cmd, flags, body, version, reserved = requests.next()
        try:
            nl.transact(nl.family, cmd, flags, body, version=version,
                        reserved=reserved)
            answered += 1
        except NlError:
            refused += 1
        except Exception as error:
            raise AssertionError(f"seed {SEED}, request {number}") from error
    print(f"# seed {SEED}: {answered} answered, {refused} refused")
    # Else the stream would only ever see the first check.
    assert min(answered, refused) > COUNT // 20

    nl.ask("limits-set", domains_max=before["domains-max"],
           pages_max=before["pages-max"])
    assert [d["id"] for d in nl.dump("domain-get")] == domains
    for domain in domains:
        if nl.ask("domain-get", id=domain)["status"] == "quarantined":
            nl.ask("domain-quarantine", id=domain, quarantined=0)
        # A kill that hit home costs one entry.
        if dev.ping(domain)[0] == dev.DIED:
            assert dev.ping(domain)[0] == dev.OK
    for image in nl.dump("image-get"):
        if not image.get("builtin"):
            nl.ask("image-unload", name=image["name"])
    dev.close()
    assert nl.ask("limits-get")["domains"] == 0


@case
def random_messages_do_no_harm():
    """random bytes as whole messages are survived"""
    nl = Netlink()
    rng = random.Random(SEED + 1)
    for _ in range(COUNT // 4):
        size = rng.choice([0, 1, 3, 4, 5, 8, 20, 100])
        length = rng.choice([16 + size, 16 + size, 0, 15, 16, 17, 0xFFFFFFFF])
        nl.sock.send(struct.pack("IHHII", length, nl.family,
                                 rng.randrange(0x10000) & ~4, 1, 0) +
                     rng.randbytes(size))
        nl.sock.setblocking(False)
        try:
            while nl.sock.recv(1 << 17):
                pass
        except (BlockingIOError, OSError):
            pass
        nl.sock.setblocking(True)
    nl.sock.settimeout(30)
    nl.close()
    nl = Netlink()
    assert nl.ask("info-get")["version"]


main()
