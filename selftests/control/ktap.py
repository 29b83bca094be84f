# SPDX-License-Identifier: GPL-2.0-only
"""Test cases as functions, reported in KTAP.

A case is a function marked @case; its first line of documentation says what it
shows. It fails by raising (assert, say), and is skipped by raising Skip.
"""
import sys
import traceback

_cases = []


class Skip(Exception):
    """Raised with the reason."""


def case(function):
    _cases.append(function)
    return function


def main(every=1):
    """Runs all cases, or each that comes every so many."""
    failed = 0
    cases = _cases[::every]
    print("TAP version 13")
    print(f"1..{len(cases)}")
    for number, function in enumerate(cases, 1):
        name = f"{number} {function.__doc__.splitlines()[0]}"
        try:
            function()
            print(f"ok {name}")
        except Skip as why:
            print(f"ok {name} # SKIP {why}")
        except Exception:  # pylint: disable=broad-except
            failed += 1
            for line in traceback.format_exc().splitlines():
                print(f"# {line}")
            print(f"not ok {name}")
        sys.stdout.flush()
    sys.exit(1 if failed else 0)


def raises(error, number, function, *args, **kwargs):
    """The error that the call raises; another errno, or none, is a failure."""
    try:
        result = function(*args, **kwargs)
    except error as raised:
        assert raised.errno == number, f"{raised}, not errno {number}"
        return raised
    raise AssertionError(f"no error, but {result!r}")
