# SPDX-License-Identifier: GPL-2.0-only
"""Cases that are run in each mode of steering, on one pair for each mode.

With ATMOS_STEER_ONLY="tc:order" in the environment only those whose mode and
function fit; either may be empty.
"""
import os

import ktap
import raw
import topo

_cases = []


class Stage:
    """The pair of the mode that is being tested; after a failure a new one."""

    def __init__(self):
        self.mode = self.pair = self.peer = None

    def enter(self, mode):
        if self.mode != mode:
            self.leave()
            self.pair = topo.Pair(mode)
            self.pair.a("ethtool", "-K", "va", "tso", "off", "gso", "off")
            self.peer = raw.Peer(self.pair)
            self.mode = mode
        return self.pair, self.peer

    def leave(self):
        if self.mode:
            self.mode = None
            self.peer.__exit__()
            self.pair.__exit__()


_stage = Stage()


def in_modes(function):
    """A case for each mode: called with the pair and the peer."""
    _cases.append(function)
    return function


def current():
    """The mode that is being tested."""
    return _stage.mode


def run(function, mode):
    pair, peer = _stage.enter(mode)
    try:
        function(pair, peer)
        peer.hang_up()
        peer.hush()
    except ktap.Skip:
        raise
    except BaseException:
        _stage.leave()
        raise


def make(function, mode):
    def one():
        run(function, mode)
    one.__doc__ = f"{mode}: {function.__doc__}"
    ktap.case(one)


def leave():
    """the namespaces go"""
    _stage.leave()


def main():
    mode_wanted, _, name = os.environ.get("ATMOS_STEER_ONLY", ":").partition(":")
    chosen = [(function, mode) for mode in topo.MODES for function in _cases
              if mode_wanted in ("", mode) and name in ("", function.__name__)]
    for function, mode in chosen[::topo.EVERY]:
        make(function, mode)
    ktap.case(leave)
    ktap.main()
