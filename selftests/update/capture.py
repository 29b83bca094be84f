#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""What the administrator sees of a stack: its record, and captures of its entries,
which atmos-trace runs again on the host's build of the engine.
"""
import json
import os
import socket
import subprocess
import tempfile
import time

from hosts import ATMOS, CTL, HERE, NATIVE, PEER, PYTHON, TOP, on, sockets
from ktap import case, main
from live import Load, RawSocket, cookie, ctl, good, parameter, refused, update, whole

TRACE = f"{TOP}/build/tools/atmos-trace"
HOST = "10.9.0.1"
EXCHANGE = """
import socket
for number in range(20):
    with socket.create_connection(("10.9.0.1", {}), 60) as sock:
        sock.sendall(b"x" * 5000)
        assert sock.recv(1) == b"y"
"""


def trace(*args):
    done = subprocess.run([TRACE, *args], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{args}: {done.returncode} {done.stdout[-2000:]} {done.stderr}"
    return done.stdout


def written(number):
    """A capture as a file: its path. The capture ends."""
    path = tempfile.mktemp()
    good("capture", "write", number, path)
    good("capture", "end", number)
    return path


def runs(path):
    """Replays it; how many runs there are."""
    said = trace("replay", path)
    assert "all the same" in said, said
    return int(said.split()[0])


@case
def replay():
    """listener, connection and UDP socket are captured, shown and replayed, byte for byte"""
    listener = RawSocket(socket.SOCK_STREAM).inet
    listener.bind((HOST, 700))
    listener.listen(50)
    number = cookie(listener)
    first = good("capture", "start", "--socket", number)["id"]
    refused("captured already", 1, "capture", "start", "--socket", number)
    peer = subprocess.Popen(on(PEER, NATIVE, PYTHON, "-c", EXCHANGE.format(700)))
    connection = None
    for _ in range(20):
        conn, _ = listener.accept()
        got = conn.recv(10)
        if connection is None:
            connection = good("capture", "start", "--socket", cookie(conn))["id"]
        while len(got) < 5000:
            got += conn.recv(5000)
        conn.sendall(b"y")
        conn.close()
    assert peer.wait(60) == 0
    listened, moved = written(first), written(connection)
    shown = trace("show", "-r", listened)
    assert "OPENED" in shown and "RX" in shown and "listener:" in shown, shown[:2000]
    shown = trace("show", moved)
    assert "DELIVER" in shown or "ACKED" in shown, shown[:2000]
    print(f"# {runs(listened)} runs of the listener, {runs(moved)} of the connection")
    assert runs(listened) >= 20 and runs(moved) >= 2
    listener.close()

    sock = RawSocket(socket.SOCK_DGRAM).inet
    sock.bind((HOST, 701))
    number = good("capture", "start", "--socket", cookie(sock))["id"]
    for _ in range(5):
        sock.sendto(b"x" * 100, ("10.9.0.2", 9))
    shown = trace("show", written(number))
    assert "SENDTO" in shown and "XMIT" in shown, shown


@case
def bounded():
    """a capture under load keeps to its memory, and the newest entries"""
    with Load((HERE, ATMOS), (PEER, NATIVE), 4, 10, 1 << 20) as load:
        mine = [s for s in sockets() if s["local"].endswith(load.port)
                and s["status"] == "established"]
        numbers = [good("capture", "start", s["domain"], "size", 32768)["id"] for s in mine[:3]]
        load.go()
        load.exact()
    # The sockets are gone, the captures are not.
    for number in numbers:
        said = [c for c in good("capture", "list") if c["id"] == number][0]
        assert 0 < said["bytes"] <= 32768 and said["lost"] > 0 and said["entries"], said
        path = written(number)
        assert os.path.getsize(path) == 16 + said["bytes"], (os.path.getsize(path), said)
        assert runs(path) == said["entries"]


@case
def on_death():
    """a capture that stops with the stack's death ends with the entry that died"""
    with Load((HERE, ATMOS), (PEER, NATIVE), 4, 4, 4 << 20) as load:
        mine = [s for s in sockets() if s["local"].endswith(load.port)
                and s["status"] == "established"]
        number = good("capture", "start", mine[0]["domain"], "on-death")["id"]
        load.go()
        deadline = time.monotonic() + 60
        while True:
            said = [c for c in good("capture", "list") if c["id"] == number][0]
            if said["stopped"]:
                break
            assert time.monotonic() < deadline, "not stopped"
            ctl("domain", "kill", mine[0]["domain"])
        load.exact()
    shown = trace("show", written(number))
    heads = [line for line in shown.splitlines() if " instance " in line]
    assert heads[-1].endswith(" died") and not any("died" in head for head in heads[:-1]), heads[-3:]


@case
def records():
    """records: listed, shown field by field, exported; also those of sleepers and older ones"""
    parameter("hibernate_ms", 300)
    try:
        with Load((HERE, ATMOS), (PEER, NATIVE), 4, 5, 4096) as load:
            listing = None
            deadline = time.monotonic() + 60
            while listing is None or any("domain" in r for r in listing):
                assert time.monotonic() < deadline, "they do not sleep"
                time.sleep(0.5)
                done = subprocess.run(on(HERE, NATIVE, CTL, "-j", "record", "list"),
                                      capture_output=True, check=True)
                listing = [r for r in json.loads(done.stdout)
                           if r["local"].endswith(load.port)]
            assert len(listing) == 6 and all(r["version"] == 2 for r in listing), listing
            mine = [s for s in sockets() if s["local"].endswith(load.port)]
            one = [s for s in mine if s["status"] == "established"][0]
            shown = good("record", "show", "--inode", one["inode"])
            assert shown["kind"] == 1 and shown["state"] == 1 and shown["rcv_nxt"] == 9 and \
                shown["snd_una"] == 9 and shown["remote"] == one["remote"], shown
            listener = [s for s in mine if "remote" not in s][0]
            shown = good("record", "show", "--inode", listener["inode"])
            assert shown["kind"] == 2 and shown["opened"] == 5, shown
            path = tempfile.mktemp()
            good("record", "export", "--inode", one["inode"], path)
            with open(path, "rb") as file:
                data = file.read()
            assert data[0] == 2 and data[4] == 1 and len(data) >= 200, len(data)
            whole(update("stack-v1", "--inode", one["inode"]))
            shown = good("record", "show", "--inode", one["inode"])
            assert shown["version"] == 1 and shown["rcv_nxt"] == 9 and "cwnd" not in shown, shown
            load.go()
            load.exact()
    finally:
        parameter("hibernate_ms", 10000)


@case
def errors():
    """wrong numbers, sizes and rights: clear errors"""
    refused("no such socket", 4, "record", "show", 999999)
    refused("no such socket", 4, "capture", "start", 999999)
    refused("no capture has this number", 4, "capture", "stop", 999999)
    refused("no capture has this number", 4, "capture", "end", 999999)
    refused("usage", 2, "record", "show")
    refused("usage", 2, "capture", "start")
    sock = RawSocket(socket.SOCK_STREAM).inet
    sock.bind((HOST, 702))
    sock.listen(5)
    number = cookie(sock)
    status, said = ctl("capture", "start", "--socket", number, "size", 5)
    assert status == 1, said
    for words in (["record", "list"], ["record", "show", "--socket", number],
                  ["capture", "list"], ["capture", "start", "--socket", number]):
        done = subprocess.run(["setpriv", "--reuid=65534", "--clear-groups",
                               "--bounding-set=-all", "--inh-caps=-all", CTL,
                               *map(str, words)], capture_output=True, text=True, check=False)
        assert done.returncode == 5, f"{words}: {done}"
    capture = good("capture", "start", "--socket", number)["id"]
    sock.close()
    assert [c for c in good("capture", "list") if c["id"] == capture][0]["stopped"]
    good("capture", "end", capture)


ctl("image", "load", "stack-v1")
main()
