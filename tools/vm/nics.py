# SPDX-License-Identifier: GPL-2.0-only
"""Network cards for a guest.

A SPEC "82599[,KEY[=VALUE]...]" is the model of Intel's card in
tools/nic-model, on a PCI Express port of its own.  Where its cable goes:

  peer=NAME     to the other card with this name, in the same guest
  listen=PORT   to another guest's connect=PORT, on this host's loopback
  connect=PORT
  user          to QEMU's user network, without a way to the outside
  (none)        nowhere

Other keys are properties of the device: sfp=da|sr|none, mac=, lan-id=0|1.
Its identity for QEMU's monitor is nic0, nic1, ... in the order given.  Every
other SPEC is passed to QEMU's -nic as it is.
"""
MODEL = "82599"


def is_model(spec):
    return spec.split(",")[0] == MODEL


def fields(spec):
    pairs = [word.partition("=") for word in spec.split(",")[1:]]
    return {key: value for key, _, value in pairs}


def cable(number, keys, hubs):
    """QEMU's netdev for where the cable goes, or None."""
    chosen = [k for k in ("peer", "listen", "connect", "user") if k in keys]
    if len(chosen) > 1:
        raise ValueError(f"a card has one cable, not {' and '.join(chosen)}")
    if not chosen:
        return None
    kind = chosen[0]
    value = keys.pop(kind)
    if kind == "user":
        return f"user,id=cable{number},restrict=on"
    if not value:
        raise ValueError(f"{kind} wants a value")
    if kind == "peer":
        hub = hubs.setdefault(value, len(hubs))
        return f"hubport,id=cable{number},hubid={hub}"
    if not value.isdigit() or not 0 < int(value) < 65536:
        raise ValueError(f"{kind} wants a port's number")
    return f"socket,id=cable{number},{kind}=127.0.0.1:{value}"


def model_line(number, spec, hubs):
    keys = fields(spec)
    # Guests that are joined must not have the same addresses.
    side = 1 if "listen" in keys else 2 if "connect" in keys else 0
    mac = keys.pop("mac", f"52:54:00:82:{side:02x}:{number + 1:02x}")
    netdev = cable(number, keys, hubs)
    line = ["-device", f"pcie-root-port,id=port{number},chassis={number + 1}"]
    device = f"i82599,id=nic{number},bus=port{number},mac={mac}"
    if netdev:
        line = ["-netdev", netdev] + line
        device += f",netdev=cable{number}"
    for key, value in keys.items():
        device += f",{key}={value}" if value else f",{key}"
    return line + ["-device", device]


def qemu_line(specs):
    """QEMU's arguments for all cards; ValueError says what is wrong."""
    if not specs:
        return ["-nic", "none"]
    line, hubs, number = [], {}, 0
    for spec in specs:
        if is_model(spec):
            line += model_line(number, spec, hubs)
            number += 1
        else:
            line += ["-nic", spec]
    return line
