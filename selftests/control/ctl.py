#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""atmosctl: what it prints is right for people and for programs, and its exit
status says what went wrong.
"""
import json
import os
import re
import select
import shutil
import subprocess
import tempfile
import time

from control import TOP, TestDevice, as_nobody
from ktap import case, main

# A copy that anybody may run: the checkout may be below a private directory.
CTL = shutil.copy(f"{TOP}/build/tools/atmosctl", tempfile.mkdtemp())
os.chmod(os.path.dirname(CTL), 0o755)
OK, FAILED, USAGE, NO_MODULE, NOT_FOUND, PERMISSION = range(6)

dev = TestDevice()


def run(*args, status=OK):
    """Standard output and error of a run with this exit status."""
    done = subprocess.run([CTL, *map(str, args)], capture_output=True, text=True,
                          check=False, timeout=60)
    assert done.returncode == status, \
        f"{args}: status {done.returncode}, not {status}: {done.stdout}{done.stderr}"
    return done.stdout, done.stderr


def line_of(child):
    """The next line that a child prints; a failure when none comes."""
    ready, _, _ = select.select([child.stdout], [], [], 30)
    assert ready, "nothing was printed"
    return child.stdout.readline()


def parsed(*args, status=OK):
    """The one JSON document that -j prints; -p must say the same."""
    text, error = run("-j", *args, status=status)
    assert error == "", error
    assert text.count("\n") == 1 and text.endswith("\n"), text
    return json.loads(text)


def refused(status, *args):
    """An error for people and the same one for programs."""
    out, error = run(*args, status=status)
    assert out == "" and error.startswith("atmosctl: "), (out, error)
    message = error[len("atmosctl: "):].rstrip("\n")
    document = parsed(*args, status=status)
    assert document == {"error": {"status": status, "message": message}}, document
    return message


@case
def lists_are_json():
    """-j prints one document, -p the same with line breaks"""
    domain = dev.create()
    for args in (("domain", "list"), ("domain", "show", domain),
                 ("domain", "stats"), ("domain", "stats", domain),
                 ("fault", "list"), ("image", "list"), ("image", "show", "echo"),
                 ("limits", "show"), ("version",)):
        document = parsed(*args)
        pretty = run("-p", *args)[0]
        assert json.loads(pretty) == document, args
        if document:
            assert pretty.count("\n") > 1 and "\n\t" in pretty, pretty
        assert run(*args)[1] == "", args
    document = parsed("domain", "show", domain)
    assert document["id"] == domain and document["status"] == "ready"
    assert re.fullmatch("[0-9a-f]{40}", document["build_id"])
    assert parsed("image", "show", "echo")["builtin"] is True
    assert isinstance(parsed("info")["la57"], bool)
    dev.destroy(domain)
    assert parsed("domain", "list") == []


@case
def tables_have_titles():
    """tables have a line for each object below their titles"""
    domains = [dev.create() for _ in range(3)]
    lines = run("domain", "list")[0].splitlines()
    assert lines[0].split()[:3] == ["ID", "STATUS", "LEVEL"], lines[0]
    assert [int(line.split()[0]) for line in lines[1:]] == domains
    assert all(line == line.rstrip() for line in lines), "blanks at the end"
    lines = run("image", "list")[0].splitlines()
    assert lines[1].split()[0] == "echo"
    for domain in domains:
        dev.destroy(domain)


@case
def faults_read_well():
    """a fault is listed, and shown with registers and the names of events"""
    domain = dev.create("hostile-read")
    status, seq = dev.ping(domain, 1, 0xDEAD000)
    assert status == dev.DIED
    line = run("fault", "list", domain)[0].splitlines()[1]
    assert line.split()[0] == str(seq) and "#PF 0xdead000" in line, line
    text = run("fault", "show", seq)[0]
    assert "exception" in text and re.search(r"^rax [0-9a-f]{16}", text, re.M), text
    document = parsed("fault", "show", seq)
    assert document["event"] == ["PING"] and len(document["reg"]) == 16
    assert document["address"] == "0xdead000" and document["cause"] == "exception"
    assert [f["seq"] for f in parsed("fault", "list", domain)] == [seq]
    dev.destroy(domain)
    run("image", "unload", "hostile-read")


@case
def commands_act():
    """kill, quarantine, load, unload and limits do what they say"""
    domain = dev.create()
    assert run("domain", "kill", domain) == ("", "")
    assert dev.ping(domain)[0] == dev.DIED
    run("domain", "quarantine", domain)
    assert dev.ping(domain)[0] == dev.REFUSED
    run("domain", "quarantine", domain, "off")
    assert dev.ping(domain)[0] == dev.OK
    dev.destroy(domain)
    assert parsed("image", "load", "hostile-ud2")["name"] == "hostile-ud2"
    run("image", "unload", "hostile-ud2")
    before = parsed("limits")
    run("limits", "set", "domains", 7, "pages", 5000)
    after = parsed("limits")
    assert after["domains_max"] == 7 and after["pages_max"] == 5000
    run("limits", "set", "domains", before["domains_max"], "pages", before["pages_max"])


@case
def errors_say_why():
    """errors come in the kernel's words, with their own exit status"""
    assert "no domain" in refused(NOT_FOUND, "domain", "show", 1 << 60)
    assert "no domain" in refused(NOT_FOUND, "domain", "kill", 1 << 60)
    assert "no report" in refused(NOT_FOUND, "fault", "show", 1 << 60)
    assert "no image" in refused(NOT_FOUND, "image", "show", "none")
    assert "no file" in refused(NOT_FOUND, "image", "load", "none")
    assert "digits" in refused(FAILED, "image", "load", "../echo")
    assert "built-in" in refused(FAILED, "image", "unload", "echo")
    refused(FAILED, "limits", "set", "pages", 1)


@case
def usage_is_checked():
    """command lines that make no sense are told from refusals"""
    for args in (("nothing",), ("d",), ("domain", "nothing"), ("domain", "show"),
                 ("domain", "show", "x"), ("domain", "show", "-1"),
                 ("domain", "show", "0"), ("domain", "show", "1", "2"),
                 ("domain", "show", str(1 << 64)), ("fault", "show"),
                 ("domain", "quarantine", "1", "maybe"), ("image", "load"),
                 ("image", "load", "x" * 32), ("limits", "set"),
                 ("limits", "set", "domains"), ("limits", "set", "x", "1"),
                 ("limits", "set", "domains", str(1 << 40)),
                 ("info", "x"), ("version", "x"), ("doctor", "x"),
                 ("monitor", "x"), ("monitor", "count", "x")):
        refused(USAGE, *args)
    run(status=USAGE)
    run("--nothing", status=USAGE)
    assert "domain" in run("help")[0] and "domain" in run("--help")[0]
    assert run("lim", "show") == run("limits", "show")


@case
def nobody_is_told_so():
    """without the right, the exit status says so"""
    domain = dev.create()

    def child():
        for args in (("domain", "kill", domain), ("fault", "list"),
                     ("image", "load", "hostile-ud2"), ("limits", "set", "domains", 5)):
            assert "CAP_NET_ADMIN" in refused(PERMISSION, *args), args
        assert parsed("domain", "list")[0]["id"] == domain
        run("doctor")

    assert as_nobody(child)
    dev.destroy(domain)


@case
def monitor_tells_at_once():
    """monitor prints each event as it comes, as lines or as JSON"""
    for option in ([], ["-j"]):
        with subprocess.Popen([CTL, *option, "monitor", "count", "2"],
                              stdout=subprocess.PIPE, text=True) as child:
            try:
                time.sleep(1)
                domain = dev.create()
                first = line_of(child)
                assert child.poll() is None, "it ended after one event"
                dev.destroy(domain)
                second = line_of(child)
                assert child.wait(timeout=30) == OK
            finally:
                child.kill()
        for line, event in ((first, "domain-created"), (second, "domain-destroyed")):
            if option:
                document = json.loads(line)
                assert document["event"] == event
                assert document["domain"]["id"] == domain
            else:
                assert line.split()[:2] == [event, str(domain)], line


@case
def monitor_ends_on_a_signal():
    """monitor ends in good order when told to"""
    with subprocess.Popen([CTL, "monitor"], stdout=subprocess.PIPE) as child:
        try:
            time.sleep(1)
            child.terminate()
            assert child.wait(timeout=30) == OK
        finally:
            child.kill()


@case
def doctor_finds_the_machine_fit():
    """doctor sees the module, the family and the machine, and no trouble"""
    document = parsed("doctor")
    assert document["bad"] == 0, document
    checks = {c["name"]: c for c in document["checks"]}
    assert checks["kernel"]["text"] == os.uname().release
    assert checks["module"]["verdict"] == "ok"
    assert "budget_us=" in checks["module"]["text"]
    assert checks["control"]["verdict"] == "ok"
    assert checks["test interface"]["verdict"] == "note"
    assert checks["nx"]["verdict"] == checks["fsgsbase"]["verdict"] == "ok"
    known = os.listdir("/sys/devices/system/cpu/vulnerabilities")
    assert set(known) <= set(checks), set(known) - set(checks)
    total = document["ok"] + document["note"] + document["bad"]
    assert total == len(document["checks"])
    assert run("doctor")[0].splitlines()[-1].endswith("0 bad")


@case
def output_that_cannot_be_written_is_an_error():
    """a full device is told, not ignored"""
    with open("/dev/full", "w", encoding="utf-8") as full:
        done = subprocess.run([CTL, "info"], stdout=full, stderr=subprocess.PIPE,
                              text=True, check=False)
    assert done.returncode == FAILED and "write" in done.stderr, done


@case
def without_the_module():
    """without the module each command says so, and doctor still works"""
    dev.close()
    subprocess.run(["rmmod", "atmos"], check=True)
    try:
        for args in (("domain", "list"), ("fault", "list"), ("image", "list"),
                     ("limits", "show"), ("info",), ("monitor",)):
            assert "not loaded" in refused(NO_MODULE, *args)
        assert "module" not in parsed("version")
        checks = {c["name"]: c for c in parsed("doctor")["checks"]}
        assert checks["module"]["verdict"] == "note"
        assert "not loaded" in checks["module"]["text"]
        assert "control" not in checks
    finally:
        subprocess.run(["./module", "start"], check=True)
    assert parsed("version")["module"]


main()
