# SPDX-License-Identifier: GPL-2.0-only
"""Rules of the firewall in namespace a of topo.Pair, by nft."""
import contextlib
import json


@contextlib.contextmanager
def rules(pair, hook, *lines, kind="filter", policy="accept"):
    """Rules in namespace a for as long as it lasts."""
    pair.a("nft", "-f", "-", text=(
        f"table inet steer {{ chain c {{ type {kind} hook {hook} priority 0; policy {policy};\n" +
        "\n".join(lines) + "\n}\n}\n"))
    try:
        yield
    finally:
        pair.a("nft", "delete", "table", "inet", "steer")


def counted(pair):
    """Packets that the rules with counters have seen, in their order."""
    out = []
    for entry in json.loads(pair.a("nft", "-j", "list", "table", "inet", "steer"))["nftables"]:
        for part in entry.get("rule", {}).get("expr", ()):
            if "counter" in part:
                out.append(part["counter"]["packets"])
    return out
