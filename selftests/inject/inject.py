#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Faults in stacks of live connections: what they may do, and what not.

The trials are those of tools/faultinject, 500 unless ATMOS_TEST_SCALE divides
them: one fault each, under traffic on all CPUs, between Atmos and the native
stack.
"""
import os
import subprocess
import tempfile

import summary
from ktap import case, main

TOP = os.environ["ATMOS_TOP"]
SCALE = float(os.environ.get("ATMOS_TEST_SCALE", "1"))
TRIALS = max(int(500 / SCALE), 60)
SEED = 6

# What a command of the administrator does is a death for sure; of all faults,
# about a third is found.
FOUND_PART = 0.15

rows = {}
counts = {}


@case
def made():
    """every trial ends, and so do the connections that no fault was meant for"""
    path = os.path.join(tempfile.mkdtemp(), "results")
    done = subprocess.run(
        [os.path.join(TOP, "build", "tools", "faultinject", "inject"), "--file", path,
         "--trials", str(TRIALS), "--seed", str(SEED)],
        stdout=subprocess.PIPE, text=True)
    print(f"# {done.stdout.strip()}")
    assert done.returncode == 0, f"status {done.returncode}"
    rows.update(summary.read(path, SEED, TRIALS))
    assert len(rows) == TRIALS, f"{len(rows)} of {TRIALS} trials"
    counts.update(summary.count(rows.values()))
    print("# " + ", ".join(f"{value} {key}" for key, value in sorted(counts.items()) if value))


def none(key, **want):
    bad = [row for row in rows.values() if all(row[name] == value for name, value in want.items())
           and key(row)]
    for row in bad:
        print(f"# {row}")
    assert rows and not bad, f"{len(bad)} of {len(rows)}"


@case
def injected():
    """faults are put in and found: all deaths on order, and a part of the others"""
    none(lambda row: not row["deaths"], kind="kill", fired=1)
    assert counts["faults"] > TRIALS / 2, f"only {counts['faults']} faults"
    assert counts["detected"] > FOUND_PART * counts["faults"], f"only {counts['detected']} found"


@case
def kernel():
    """the kernel does not complain"""
    none(lambda row: row["complaints"])


@case
def others():
    """no other connection is touched"""
    none(lambda row: row["touched"])


@case
def controls():
    """connections without a fault are exact, and their domains live"""
    # A starved virtual CPU overruns the budget of whoever is inside.
    none(lambda row: row["stream"] != "exact" or (row["deaths"] and row["cause"] != "budget"),
         fired=0)


@case
def recovered():
    """99 of 100 connections go on exactly after a fault that was found"""
    none(lambda row: row["deaths"] and row["stream"] not in ("exact", "error"), fired=1)
    assert 100 * counts["exact"] >= summary.BAR * counts["detected"], \
        f"{counts['exact']} of {counts['detected']}"


@case
def ends():
    """what was not found ends exactly or with an error, and nearly never stands still"""
    none(lambda row: row["stream"] == "corrupt")
    assert 1000 * counts.get("unseen stalled", 0) <= summary.STALLED * counts["faults"], \
        f"{counts['unseen stalled']} streams stand still"


if __name__ == "__main__":
    main()
