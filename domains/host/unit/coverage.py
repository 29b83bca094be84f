#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Prints the branch coverage of the engine from llvm-cov's summary (JSON)."""
import json
import os
import sys

BAR = 95.0


def main():
    files = json.load(sys.stdin)["data"][0]["files"]
    total = taken = lines = run = 0
    print(f"# {'file':<16} {'branches':>9} {'taken':>7} {'%':>6}   {'lines %':>7}")
    for entry in sorted(files, key=lambda e: e["filename"]):
        branches = entry["summary"]["branches"]
        line = entry["summary"]["lines"]
        total += branches["count"]
        taken += branches["covered"]
        lines += line["count"]
        run += line["covered"]
        percent = 100 * branches["covered"] / max(branches["count"], 1)
        print(f"# {os.path.basename(entry['filename']):<16} {branches['count']:>9} "
              f"{branches['covered']:>7} {percent:>6.1f}   {line['percent']:>7.1f}")
    percent = 100 * taken / max(total, 1)
    good = percent >= BAR
    print(f"# engine: branches {percent:.1f} % ({taken} of {total}), "
          f"lines {100 * run / max(lines, 1):.1f} %")
    print(f"{'ok' if good else 'not ok'} - branch coverage of the engine at least {BAR:.0f} %")
    return 0 if good else 1


sys.exit(main())
