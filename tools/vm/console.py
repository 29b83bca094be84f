# SPDX-License-Identifier: GPL-2.0-only
"""Reads a guest's console: what in it says that the kernel is unwell."""
import re

# Ends the guest: nothing it says afterwards counts.
FATAL = re.compile(rb"Kernel panic - not syncing|Oops: |"
                   rb"general protection fault|double fault|"
                   rb"atmos-init: failed|atmos-agent: ")

# The guest may go on, but the run has failed.
COMPLAINT = re.compile(
    rb"\bWARNING: |\bBUG: |"
    rb"INFO: task .* blocked for more than|"
    rb"INFO: (possible|inconsistent|suspicious|HARDIRQ|SOFTIRQ|lockdep)|"
    rb"rcu: INFO: |detected stalls? on CPUs|self-detected stall|"
    rb"soft lockup|hard LOCKUP|NMI watchdog: Watchdog detected|"
    rb"unregister_netdevice: waiting for|"
    rb"refcount_t: |list_(add|del) corruption|UBSAN: |"
    rb"Internal error|kmemleak: [0-9]+ new|"
    rb"Objects remaining in|bad page state|nobody cared|"
    rb"scheduling while atomic|sleeping function called from|"
    rb"unregister_netdev.* usage count")

# Said by a healthy guest under emulation.
HARMLESS = re.compile(rb"WARNING: (Spectre|unexpected IO-APIC)")

STAMP = re.compile(rb"^\[ *[0-9.]+\] ")


class Console:
    """The log so far, and the first line in it that means trouble."""

    def __init__(self, path, allow):
        self.log = open(path, "wb", buffering=0)
        self.allow = [re.compile(a.encode()) for a in allow]
        self.rest = b""
        self.fatal = None
        self.complaint = None

    def feed(self, data):
        self.log.write(data)
        lines = (self.rest + data).split(b"\n")
        self.rest = lines.pop()
        for line in lines:
            self.judge(line.strip())

    def judge(self, line):
        if HARMLESS.search(line) or any(a.search(line) for a in self.allow):
            return
        if not self.fatal and FATAL.search(line):
            self.fatal = STAMP.sub(b"", line)
        if not self.complaint and COMPLAINT.search(line):
            self.complaint = STAMP.sub(b"", line)

    def close(self):
        if self.rest:
            self.feed(b"\n")
        self.log.close()


def tail(path, lines):
    """The last lines of a log, printable."""
    with open(path, "rb") as log:
        text = log.read().decode("utf-8", "replace").replace("\r", "")
    return "\n".join(text.rstrip("\n").split("\n")[-lines:])
