#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Live update of the stacks of sockets.

The images are domains/update/image.mk's: stack-v1 has records of another layout,
stack-refuse takes none, stack-crash dies at once, stack-late now and then. Counts
are for a guest without hardware virtualisation; ATMOS_TEST_SCALE divides them.
"""
import socket
import subprocess
import threading
import time

from hosts import ATMOS, CTL, HERE, NATIVE, PEER, on, run, sockets
from ktap import case, main
from live import (CONNECTIONS, SCALE, SIZE, Here, Load, RawSocket, cookie, ctl, good, images,
                  parameter, refused, update, whole)


def under_load(load):
    """There and back again, as long as data moves."""
    changes = updated = 0
    load.go()
    while load.running() and changes < 20:
        for image in ("stack-v1", "stack"):
            updated += whole(update(image))
            assert images() <= {image}, f"{images()} after an update to {image}"
            changes += 1
        time.sleep(0.2)
    load.exact()
    print(f"# {changes} updates, {updated} stacks changed")
    assert changes >= 4 and updated >= 2 * CONNECTIONS, "too few updates under load"


@case
def load_server():
    """200 connections, listener included, to the older image and back: server Atmos"""
    with Load((HERE, ATMOS), (PEER, NATIVE)) as load:
        under_load(load)


@case
def load_client():
    """the same: client Atmos, IPv6"""
    with Load((PEER, NATIVE), (HERE, ATMOS), 6) as load:
        under_load(load)


@case
def datagrams():
    """a UDP socket answers each datagram, while its stack is changed"""
    server = RawSocket(socket.SOCK_DGRAM).inet
    server.bind(("10.9.0.1", 900))
    server.settimeout(20)
    ended = threading.Event()
    failures = []

    def echo():
        try:
            while not ended.is_set():
                data, where = server.recvfrom(2048)
                server.sendto(data, where)
        except OSError as error:
            failures.append(error)

    ask = """
import os, socket, sys
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sock.connect(("10.9.0.1", 900))
sock.settimeout(20)
for i in range(int(sys.argv[1])):
    data = os.urandom(i % 1400)
    sock.send(data)
    assert sock.recv(2048) == data, i
print("exact")
"""
    thread = threading.Thread(target=echo)
    thread.start()
    count = int(2000 / max(SCALE, 1))
    with subprocess.Popen(on(PEER, NATIVE, "/usr/bin/python3", "-c", ask, count),
                          stdout=subprocess.PIPE, text=True) as peer:
        changes = 0
        while peer.poll() is None:
            for image in ("stack-v1", "stack"):
                whole(update(image))
                changes += 1
        said = peer.stdout.read()
    ended.set()
    with Here(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
        last.sendto(b"", ("10.9.0.1", 900))
    thread.join()
    server.close()
    assert said == "exact\n" and not failures, f"{said} {failures}"
    assert changes >= 2, changes
    print(f"# {changes} updates, {count} datagrams")


@case
def asleep():
    """sleeping connections are converted where they sleep, and go on"""
    parameter("hibernate_ms", 300)
    try:
        with Load((HERE, ATMOS), (PEER, NATIVE), 4, CONNECTIONS, 4096) as load:
            # A timer of theirs may wake them once more.
            deadline = time.monotonic() + 60
            quiet = 0
            while quiet < 10:
                assert time.monotonic() < deadline, "they do not sleep"
                quiet = 0 if images() else quiet + 1
                time.sleep(0.2)
            for image in ("stack-v1", "stack", "stack-v1"):
                assert whole(update(image)) >= CONNECTIONS
            awake = sum("domain" in s for s in sockets() if s["local"].endswith(load.port))
            print(f"# {awake} domains right after the updates")
            assert awake <= CONNECTIONS // 10, "they do not sleep on"
            load.go()
            time.sleep(0.05)
            whole(update("stack"))
            load.exact()
    finally:
        parameter("hibernate_ms", 10000)


@case
def refusal():
    """an image that refuses records: the old one goes on"""
    with Load((HERE, ATMOS), (PEER, NATIVE)) as load:
        load.go()
        said = update("stack-refuse", status=1)
        assert said["refused"] >= CONNECTIONS and not said["updated"] and \
            not said["rolled_back"], said
        assert images() <= {"stack"}, images()
        load.exact()
        with Load((HERE, ATMOS), (PEER, NATIVE), 6, 10, 4096) as new:
            new.go()
            new.exact()


@case
def crash_at_once():
    """an image that dies at once: back to the old one, with its record"""
    with Load((HERE, ATMOS), (PEER, NATIVE)) as load:
        load.go()
        said = update("stack-crash", status=1)
        assert said["rolled_back"] >= CONNECTIONS and not said["updated"], said
        assert images() <= {"stack"}, images()
        load.exact()
        with Load((HERE, ATMOS), (PEER, NATIVE), 6, 10, 4096) as new:
            new.go()
            new.exact()


@case
def crash_later():
    """an image that dies too often soon after: back to the old one, from its record"""
    parameter("update_ms", 120000)
    try:
        with Load((HERE, ATMOS), (PEER, NATIVE), 4, 50, 4 * SIZE) as load:
            load.go()
            update("stack-late", *(word for s in sockets() if "domain" in s
                                   for word in [s["domain"]]))
            back = 0
            while load.running():
                now = [d["image"] for d in good("domain", "list")]
                back = max(back, now.count("stack"))
                time.sleep(0.1)
            load.exact()
        faults = [f for f in good("fault", "list") if f["image"] == "stack-late"]
        print(f"# {len(faults)} of the last deaths are its own, {back} stacks were back at once")
        assert back >= 5 and len(faults) > 8 and \
            all(f["cause"] == "exception" for f in faults), (back, faults[:3])
    finally:
        parameter("update_ms", 500)


@case
def one_socket():
    """one socket by its cookie, its inode, its domain; new ones by the default"""
    listener = RawSocket(socket.SOCK_STREAM).inet
    listener.bind(("10.9.0.1", 901))
    listener.listen(5)
    number = cookie(listener)
    assert whole(update("stack-v1", "--socket", number)) == 1
    assert update("stack-v1", "--socket", number)["unchanged"] == 1
    mine = [s for s in sockets() if s["local"].endswith(":901")]
    assert len(mine) == 1 and mine[0]["cookie"] == number, mine
    assert whole(update("stack", "--inode", mine[0]["inode"])) == 1
    mine = [s for s in sockets() if s["local"].endswith(":901")]
    domain = good("domain", "show", mine[0]["domain"])
    assert domain["image"] == "stack", domain
    build = good("image", "show", "stack-v1")["build_id"]
    assert whole(update(build, mine[0]["domain"])) == 1
    # A connection has its listener's image.
    peer = subprocess.Popen(on(PEER, NATIVE, "/usr/bin/python3", "-c", """
import socket
s = socket.create_connection(("10.9.0.1", 901))
s.sendall(b"x" * 1000)
assert s.recv(1) == b"y"
"""))
    connection, _ = listener.accept()
    assert connection.recv(1000)
    assert images() == {"stack-v1"}, images()
    connection.sendall(b"y")
    assert peer.wait(20) == 0
    connection.close()
    listener.close()
    update("stack-v1", "--default")
    other = RawSocket(socket.SOCK_STREAM).inet
    other.bind(("10.9.0.1", 902))
    other.listen(5)
    mine = [s for s in sockets() if s["local"].endswith(":902")]
    assert good("domain", "show", mine[0]["domain"])["image"] == "stack-v1"
    other.close()
    update("stack")


@case
def errors():
    """names, classes, rights and numbers that are wrong: clear errors"""
    refused("no image of this name", 4, "domain", "update", "--all", "--image", "nothing")
    refused("no image of this name or build id", 4, "domain", "update", "--all", "--image",
            "0" * 40)
    for image in ("echo", "reasm"):
        refused("not one of a socket's stack", 1, "domain", "update", "--all", "--image", image)
    refused("no such socket", 4, "domain", "update", 999999, "--image", "stack")
    refused("no such socket", 4, "domain", "update", "--socket", 999999999, "--image", "stack")
    refused("no such socket", 4, "domain", "update", "--inode", 999999999, "--image", "stack")
    refused("usage", 2, "domain", "update", "--image", "stack")
    refused("usage", 2, "domain", "update", "--all")
    refused("at most", 2, "domain", "update", "--all", "--image", "x" * 32)
    done = subprocess.run(["setpriv", "--reuid=65534", "--clear-groups", "--bounding-set=-all",
                           "--inh-caps=-all", CTL, "domain", "update", "--all", "--image",
                           "stack"], capture_output=True, text=True, check=False)
    assert done.returncode == 5, done
    status = run(HERE, "sh", "-c", f"{CTL} domain update --all --image nothing; echo $?",
                 stdin=subprocess.DEVNULL)
    assert status.strip() == b"4", status


@case
def unload():
    """an image is unloaded when no socket runs it and none may go back to it"""
    refused("built-in", 1, "image", "unload", "stack")
    parameter("update_ms", 3000)
    listener = RawSocket(socket.SOCK_STREAM).inet
    listener.bind(("10.9.0.1", 903))
    listener.listen(5)
    number = cookie(listener)
    whole(update("stack-v1", "--socket", number))
    refused("sockets or domains run this image", 1, "image", "unload", "stack-v1")
    whole(update("stack", "--socket", number))
    refused("may go back", 1, "image", "unload", "stack-v1")
    deadline = time.monotonic() + 60
    while ctl("image", "unload", "stack-v1")[0]:
        assert time.monotonic() < deadline, "stack-v1 cannot be unloaded"
        time.sleep(0.5)
    refused("no image", 4, "domain", "update", "--all", "--image", "stack-v1")
    listener.close()


for name in ("stack-v1", "stack-late", "stack-refuse", "stack-crash"):
    good("image", "load", name)
main()
