# SPDX-License-Identifier: GPL-2.0-only
"""What a campaign's result file says."""
import collections
import json
import os
import sys

# In a hundred detected faults, so many connections must go on.
BAR = 99

# In a thousand faults, so many may go unseen and let their own stream stand still
# until its program gives up: a stack whose code is wrong may do just nothing.
STALLED = 10

# Counter of each column of the table, and its title.
COLUMNS = [
    ("faults", "faults"),
    ("detected", "found"),
    ("exact", "exact"),
    ("error", "error"),
    ("neither", "neither"),
    ("unseen exact", "exact"),
    ("unseen error", "error"),
    ("unseen stalled", "stalled"),
    ("unseen corrupt", "corrupt"),
]


def read(path, seed, trials):
    """Trials by number, the last line of each."""
    rows = {}
    if not os.path.exists(path):
        return rows
    with open(path) as file:
        for line in file:
            try:
                row = json.loads(line)
            except ValueError:
                continue    # cut off, when a guest died
            if row.get("seed") == seed and row.get("trial", trials) < trials:
                rows[row["trial"]] = row
    return rows


def count(rows):
    """Counters of some trials."""
    n = collections.Counter()
    for row in rows:
        stream = row["stream"]
        n["machine"] += bool(row.get("machine"))
        n["touched"] += bool(row.get("touched"))
        n["complaints"] += bool(row.get("complaints"))
        if not row["fired"]:
            group = "control" if row["kind"] == "none" else "missed"
            n[group] += 1
            n[group + " bad"] += stream != "exact"
            continue
        n["faults"] += 1
        if not row["deaths"]:
            n["unseen " + stream] += 1
            continue
        n["detected"] += 1
        n[stream if stream in ("exact", "error") else "neither"] += 1
        n["cause " + row["cause"]] += 1
        n["given up"] += bool(row["given_up"])
        n["at once"] += row["entries"] == 0
    return n


def table(rows):
    kinds = collections.defaultdict(list)
    for row in rows.values():
        kinds[row["kind"]].append(row)
    kinds.pop("none", None)
    lines = [(kind, count(kinds[kind])) for kind in sorted(kinds, key=lambda k: -len(kinds[k]))]
    lines.append(("all", count(rows.values())))
    print(f"{'':38}{'found, the stream':^27}{'not found, the stream':^36}")
    print(f"{'fault in':20}" + "".join(f"{title:>9}" for _, title in COLUMNS))
    for kind, n in lines:
        print(f"{kind:20}" + "".join(f"{n[key]:9}" for key, _ in COLUMNS))
    return lines[-1][1]


def percentile(values, part):
    return values[min(len(values) - 1, int(len(values) * part))]


def show(rows, guests):
    """
    Prints the table and the rest. @guests: why guests died. Return: is all as it
    must be?
    """
    if not rows:
        print("no trials")
        return False
    n = table(rows)
    row = next(iter(rows.values()))
    survived = 100 * n["exact"] / n["detected"] if n["detected"] else 100
    ready = sorted(r["ready_ns"] / 1000 for r in rows.values() if r.get("ready_ns"))
    causes = ", ".join(f"{key[6:]} {n[key]}" for key in sorted(n) if key.startswith("cause "))
    print(f"""
seed {row['seed']}, {len(rows)} trials, domains at privilege {row['privilege']}
found by: {causes or 'nothing'}; in the same entry: {n['at once']}
faults found after which the connection went on exactly: {n['exact']} of {n['detected']} \
({survived:.2f} %); domains given up: {n['given up']}
controls without a fault: {n['control']}, of these not exact: {n['control bad']}; \
faults that found no occasion: {n['missed']}, not exact: {n['missed bad']}
trials while another connection was touched: {n['touched']}, while the kernel complained: \
{n['complaints']}; trials that killed the kernel: {n['machine']}; guests that died: {len(guests)}""")
    if ready:
        print(f"from a death to the next entry, microseconds in the emulator: median "
              f"{percentile(ready, .5):.0f}, 99 of 100 below {percentile(ready, .99):.0f}")
    for words in guests:
        print(f"  {words}")
    return survived >= BAR and 1000 * n["unseen stalled"] <= STALLED * n["faults"] and not (
        guests or any(n[key] for key in (
            "machine", "touched", "complaints", "neither", "unseen corrupt", "unseen lost",
            "control bad", "missed bad")))


def main():
    rows = {}
    for path in sys.argv[1:]:
        with open(path) as file:
            rows.update((row["trial"], row) for row in map(json.loads, file))
    return 0 if show(rows, []) else 1


if __name__ == "__main__":
    sys.exit(main())
