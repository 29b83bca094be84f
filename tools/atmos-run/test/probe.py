#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""probe.py TEST [ARGUMENT...]: an ordinary program, for tests of atmos-run: does
things with sockets and looks whether all is as it must be.  Ends with 0, or with
the traceback of what is not.
"""
import array
import contextlib
import ctypes
import errno
import fcntl
import os
import resource
import select
import signal
import socket
import struct
import subprocess
import sys
import threading

SOL_ATMOS = 0x41544D
ATMOS_SO_FAMILY = 1
SO_PROTOCOL, SO_DOMAIN, SO_ATTACH_FILTER = 38, 39, 26
F_SETSIG, F_GETSIG = 10, 11
INET, INET6 = socket.AF_INET, socket.AF_INET6
TCP, UDP = socket.SOCK_STREAM, socket.SOCK_DGRAM


def turned(sock):
    """Which family an Atmos socket stands in for; 0 if it is none."""
    try:
        return sock.getsockopt(SOL_ATMOS, ATMOS_SO_FAMILY)
    except OSError as error:
        # A level that a native socket does not know.
        assert error.errno in (errno.ENOPROTOOPT, errno.EOPNOTSUPP), error
        return 0


def same(have, want):
    assert have == want, f"{have!r}, not {want!r}"


def fails(number, call, *args):
    try:
        call(*args)
    except OSError as error:
        same(errno.errorcode[error.errno], errno.errorcode[number])
    else:
        raise AssertionError("no error")


def free_port():
    """A port that nobody has, on a socket that is not looked at."""
    with socket.socket(INET, TCP) as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


# ---- without --ports ----


def test_kinds():
    """Each kind is turned, and is what was asked for."""
    for family in (INET, INET6):
        for kind, protocol in ((TCP, 6), (UDP, 17)):
            for asked in (0, protocol):
                with socket.socket(family, kind, asked) as sock:
                    same(turned(sock), family)
                    same(sock.getsockopt(socket.SOL_SOCKET, SO_DOMAIN), family)
                    same(sock.getsockopt(socket.SOL_SOCKET, socket.SO_TYPE), kind)
                    same(sock.getsockopt(socket.SOL_SOCKET, SO_PROTOCOL), protocol)


def test_flags():
    libc = ctypes.CDLL(None, use_errno=True)
    for nonblock in (0, socket.SOCK_NONBLOCK):
        for cloexec in (0, socket.SOCK_CLOEXEC):
            ctypes.set_errno(errno.EDOM)
            fd = libc.socket(INET, TCP | nonblock | cloexec, 0)
            same(ctypes.get_errno(), errno.EDOM)
            same(fcntl.fcntl(fd, fcntl.F_GETFL) & os.O_NONBLOCK, nonblock)
            same(fcntl.fcntl(fd, fcntl.F_GETFD), 1 if cloexec else 0)
            os.close(fd)


def test_others():
    """What is not TCP or UDP is left alone."""
    for args in (
        (socket.AF_UNIX, TCP, 0),
        (socket.AF_UNIX, UDP, 0),
        (socket.AF_NETLINK, socket.SOCK_RAW, 0),
        (INET, TCP, 262),  # multipath TCP
        (INET, UDP, 136),  # UDP-Lite
        (INET, socket.SOCK_RAW, 1),
    ):
        try:
            sock = socket.socket(*args)
        except OSError as error:
            # Not every kernel has all, nor every user the rights.
            assert error.errno in (
                errno.EPROTONOSUPPORT,
                errno.ESOCKTNOSUPPORT,
                errno.ENOPROTOOPT,
                errno.EPERM,
            ), error
            continue
        with sock:
            same(turned(sock), 0)
            same(sock.getsockopt(socket.SOL_SOCKET, SO_DOMAIN), args[0])
    fails(errno.EPROTONOSUPPORT, socket.socket, INET, TCP, 17)
    fails(errno.EINVAL, socket.socket, INET, TCP | 0x40000000, 0)
    one, two = socket.socketpair()
    same((turned(one), turned(two)), (0, 0))
    one.close()
    two.close()


def domain_short(sock):
    """SO_DOMAIN with less room than an int."""
    libc = ctypes.CDLL(None, use_errno=True)
    value = ctypes.create_string_buffer(b"\xff\xff\xff\xff", 4)
    size = ctypes.c_uint(1)
    same(libc.getsockopt(sock.fileno(), 1, SO_DOMAIN, value, ctypes.byref(size)), 0)
    same((size.value, value.raw), (1, bytes([int(sock.family)]) + b"\xff\xff\xff"))


def child_sees(sock):
    """The domain as another program sees it that inherits the socket."""
    code = f"""
import socket
print(int(socket.socket(fileno={sock.fileno()}).getsockopt(1, {SO_DOMAIN})))
"""
    out = subprocess.run(
        [sys.executable, "-c", code], pass_fds=[sock.fileno()], stdout=subprocess.PIPE, check=True
    )
    return int(out.stdout)


def test_options():
    """Options of SOL_SOCKET reach Atmos, also where the kernel does not ask it."""
    for family in (INET, INET6):
        with socket.socket(family, TCP) as sock:
            same(turned(sock), family)
            for name in (socket.SO_REUSEPORT, socket.SO_REUSEADDR, socket.SO_KEEPALIVE):
                sock.setsockopt(socket.SOL_SOCKET, name, 1)
                same(sock.getsockopt(socket.SOL_SOCKET, name), 1)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            same(sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY), 1)
    with socket.socket(socket.AF_UNIX, TCP) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        same(sock.getsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR), 1)


def test_domain():
    """SO_DOMAIN, however the program has come by the socket."""
    for family in (INET, INET6):
        sock = socket.socket(family, TCP)
        domain_short(sock)
        with contextlib.closing(sock.dup()) as copy:
            same(copy.getsockopt(socket.SOL_SOCKET, SO_DOMAIN), family)
        here, there = socket.socketpair(socket.AF_UNIX, TCP)
        fds = array.array("i", [sock.fileno()])
        here.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, fds)])
        _, data, _, _ = there.recvmsg(1, socket.CMSG_SPACE(4))
        with socket.socket(fileno=struct.unpack("i", data[0][2])[0]) as passed:
            assert passed.fileno() != sock.fileno()
            same(passed.getsockopt(socket.SOL_SOCKET, SO_DOMAIN), family)
        pid = os.fork()
        if pid == 0:
            os._exit(sock.getsockopt(socket.SOL_SOCKET, SO_DOMAIN))
        same(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), family)
        same(child_sees(sock), family)
        sock.close()
        here.close()
        there.close()
    fails(errno.EBADF, sys.modules["_socket"].socket, INET, TCP, 0, 999)


def test_ioctl():
    """Interfaces' ioctls work on any IP socket; others fail as they do."""
    request = struct.pack("16s16x8x", b"lo")
    with socket.socket(INET, UDP) as sock:
        answer = fcntl.ioctl(sock, 0x8915, request)  # SIOCGIFADDR
        same(socket.inet_ntoa(answer[20:24]), "127.0.0.1")
        none = struct.pack("16s16x8x", b"none")
        fails(errno.ENODEV, fcntl.ioctl, sock, 0x8915, none)
        fails(errno.ENOTTY, fcntl.ioctl, sock, 0x5401, bytes(64))  # TCGETS
    with open("/dev/null", "rb") as file:
        fails(errno.ENOTTY, fcntl.ioctl, file, 0x8915, request)


def test_native():
    """Sockets fall back, and work."""
    for family in (INET, INET6):
        with socket.socket(family, TCP) as sock:
            same(turned(sock), 0)
            sock.bind(("", 0))
            sock.listen()
    libc = ctypes.CDLL(None, use_errno=True)
    ctypes.set_errno(errno.EDOM)
    os.close(libc.socket(INET, TCP, 0))
    same(ctypes.get_errno(), errno.EDOM)


def test_refused(number):
    fails(int(number), socket.socket, INET, TCP)


def test_only(which):
    with socket.socket(INET, TCP) as tcp, socket.socket(INET6, UDP) as udp:
        same(bool(turned(tcp)), which == "tcp")
        same(bool(turned(udp)), which == "udp")


def test_full():
    """No descriptors left: the program gets to know, nothing is lost."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (40, 40))
    socks = []
    with contextlib.suppress(OSError):
        while True:
            socks.append(socket.socket(INET, TCP))
    fails(errno.EMFILE, socket.socket, INET, TCP)
    assert all(turned(sock) == INET for sock in socks)


def test_make(count):
    for _ in range(int(count)):
        socket.socket(INET, TCP).close()


def test_stderr_is_data():
    """Standard error's number is a connection: nothing is written to it."""
    os.close(2)
    here, there = socket.socketpair(socket.AF_UNIX, TCP)
    same(here.fileno(), 2)
    socket.socket(INET, TCP).close()
    there.setblocking(False)
    fails(errno.EAGAIN, there.recv, 1)


def test_stderr_is_broken():
    """Nobody reads standard error: no SIGPIPE from us. (A full one: no wait.)"""
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    read, write = os.pipe()
    if os.environ.get("AGAIN"):
        fcntl.fcntl(2, fcntl.F_SETFL, os.O_NONBLOCK)
        with contextlib.suppress(BlockingIOError):
            while True:
                os.write(2, b"x" * 4096)
        fcntl.fcntl(2, fcntl.F_SETFL, 0)
        socket.socket(INET, TCP).close()
        return
    # Once with a pipe without a reader, once with one that is full.
    child = subprocess.Popen(
        [sys.executable, __file__, "make", "1"], stderr=write, preexec_fn=lambda: os.close(read)
    )
    os.close(read)
    os.close(write)
    same(child.wait(), 0)
    read, write = os.pipe()
    env = dict(os.environ, AGAIN="1")
    again = subprocess.run(
        [sys.executable, __file__, "stderr_is_broken"], stderr=write, env=env, timeout=20, check=False
    )
    same(again.returncode, 0)


def test_threads():
    """1,600 sockets of 8 threads, 100 of children, 100 of their programs."""
    threads = [threading.Thread(target=test_make, args=(200,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for _ in range(10):
        pid = os.fork()
        if pid == 0:
            test_make(10)
            # Descriptors are gone, also for the programs that come after.
            os.closerange(3, 4096)
            os.execv(sys.executable, [sys.executable, __file__, "make", "10"])
        same(os.waitpid(pid, 0)[1], 0)


# ---- with --ports ----


def test_bind(port, want):
    for family, kind in ((INET, TCP), (INET6, TCP), (INET, UDP), (INET6, UDP)):
        with socket.socket(family, kind) as sock:
            same(turned(sock), 0)
            address = "127.0.0.1" if family == INET else "::1"
            sock.bind((address, int(port)))
            same(turned(sock), family if want == "turned" else 0)
            same(sock.getsockopt(socket.SOL_SOCKET, SO_DOMAIN), family)
            same(sock.getsockname()[0], address)
            # It has a port, which stays.
            fails(errno.EINVAL, sock.bind, (address, 0))


def test_late_only(port):
    for kind in (TCP, UDP):
        with socket.socket(INET, kind) as sock:
            sock.bind(("127.0.0.1", int(port)))
            same(turned(sock), INET if kind == UDP else 0)


def test_connect(port, want):
    for family, address in ((INET, "127.0.0.1"), (INET6, "::1")):
        with socket.socket(family, UDP) as sock:
            sock.connect((address, int(port)))
            same(turned(sock), family if want == "turned" else 0)
        with socket.socket(family, TCP) as sock:
            fails(errno.ECONNREFUSED, sock.connect, (address, int(port)))
            same(turned(sock), family if want == "turned" else 0)


OPTIONS = (
    (socket.SOL_SOCKET, socket.SO_REUSEADDR, 1),
    (socket.SOL_SOCKET, socket.SO_REUSEPORT, 1),
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    (socket.SOL_SOCKET, socket.SO_RCVBUF, 20000),
    (socket.SOL_SOCKET, socket.SO_SNDBUF, 30000),
    (socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 7)),
    (socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", 3, 0)),
    (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),
    (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 77),
    (socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1),
)


def read_options(sock):
    return [sock.getsockopt(level, name, 16) for level, name, _ in OPTIONS]


def test_replay(port):
    """Options, flags and signals go with the socket."""
    signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    with socket.socket(INET6, TCP) as sock:
        for level, name, value in OPTIONS:
            sock.setsockopt(level, name, value)
        want = read_options(sock)
        sock.setblocking(False)
        sock.set_inheritable(True)
        fcntl.fcntl(sock, fcntl.F_SETOWN, os.getpid())
        fcntl.fcntl(sock, F_SETSIG, signal.SIGUSR1)
        flags = fcntl.fcntl(sock, fcntl.F_GETFL) | os.O_ASYNC
        fcntl.fcntl(sock, fcntl.F_SETFL, flags)
        sock.bind(("::1", int(port)))
        same(turned(sock), INET6)
        same(read_options(sock), want)
        same(fcntl.fcntl(sock, fcntl.F_GETFL), flags)
        same(fcntl.fcntl(sock, fcntl.F_GETFD), 0)
        same(fcntl.fcntl(sock, fcntl.F_GETOWN), os.getpid())
        same(fcntl.fcntl(sock, F_GETSIG), signal.SIGUSR1)
    with socket.socket(INET, TCP) as sock:
        sock.bind(("127.0.0.1", int(port)))
        same(turned(sock), INET)
        same(fcntl.fcntl(sock, fcntl.F_GETFD), 1)


def test_epoll(port):
    """A socket that epoll watches before it has a port."""
    poll, other = select.epoll(), select.epoll()
    listener = socket.socket(INET, TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    poll.register(listener, 0)
    poll.modify(listener, select.EPOLLIN)
    listener.bind(("127.0.0.1", int(port)))
    same(turned(listener), INET)
    listener.listen()
    same(poll.poll(0), [])
    client = socket.socket(INET, TCP)
    client.setblocking(False)
    poll.register(client, select.EPOLLOUT)
    same(client.connect_ex(("127.0.0.1", int(port))), errno.EINPROGRESS)
    same(turned(client), INET)
    seen = {}
    while len(seen) < 2:
        seen.update(poll.poll(10))
    same(seen, {listener.fileno(): select.EPOLLIN, client.fileno(): select.EPOLLOUT})
    # No longer watched when it gets its port: stays so.
    gone = socket.socket(INET, UDP)
    poll.register(gone, select.EPOLLOUT)
    poll.unregister(gone)
    gone.connect(("127.0.0.1", int(port)))
    same(turned(gone), INET)
    fails(errno.ENOENT, poll.unregister, gone)


def test_epoll_twice(port):
    """Watched by two: more than is recorded."""
    poll, other = select.epoll(), select.epoll()
    twice = socket.socket(INET, UDP)
    poll.register(twice, select.EPOLLOUT)
    other.register(twice, select.EPOLLOUT)
    twice.connect(("127.0.0.1", int(port)))
    same(turned(twice), 0)
    same(other.poll(1), [(twice.fileno(), select.EPOLLOUT)])


def filtered(sock):
    accept = ctypes.create_string_buffer(struct.pack("HBBI", 0x06, 0, 0, 0xFFFF))
    program = struct.pack("HxxxxxxP", 1, ctypes.addressof(accept))
    sock.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, program)


def many(sock):
    for value in range(200):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, value & 1)


def big(sock):
    # Larger than a record is.
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, bytes(4) + bytes(996))


def broadcast(sock):
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)


SPOILERS = {"filter": filtered, "many": many, "big": big, "refused": broadcast}


def test_spoilt(how, port, number="0"):
    """An option that cannot be had again: native, or refused with an errno."""
    with socket.socket(INET, UDP) as sock:
        SPOILERS[how](sock)
        if int(number):
            fails(int(number), sock.bind, ("127.0.0.1", int(port)))
            same(sock.getsockname(), ("0.0.0.0", 0))
        else:
            sock.bind(("127.0.0.1", int(port)))
            same(sock.getsockname(), ("127.0.0.1", int(port)))
        same(turned(sock), 0)
    # The next one with this number has a record of its own.
    with socket.socket(INET, UDP) as sock:
        sock.bind(("127.0.0.1", int(port)))
        same(turned(sock), INET)


def test_unknown(port):
    """Sockets without a record stay native, also under a number that had one."""
    sock = socket.socket(INET, UDP)
    copy = sock.dup()
    copy.bind(("127.0.0.1", int(port)))
    same(turned(copy), 0)
    old = socket.socket(INET, UDP)
    old.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    fresh = socket.socket(INET, UDP)
    os.dup2(fresh.fileno(), old.fileno())
    old.connect(("127.0.0.1", int(port)))
    same(turned(old), 0)


def test_high(port):
    """Numbers beyond what is recorded."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 20000), hard))
    files = [os.open("/dev/null", os.O_RDONLY) for _ in range(16384)]
    with socket.socket(INET, UDP) as sock:
        assert sock.fileno() >= 16384
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        sock.bind(("127.0.0.1", int(port)))
        same(turned(sock), 0)
    for file in files:
        os.close(file)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_both(port):
    """bind() outside the ranges decides; so does connect() after a failure."""
    with socket.socket(INET, TCP) as sock:
        sock.bind(("127.0.0.1", 0))
        fails(errno.ECONNREFUSED, sock.connect, ("127.0.0.1", int(port)))
        same(turned(sock), 0)
    with socket.socket(INET, UDP) as sock:
        # Neither bound nor connected: not decided, so native.
        sock.sendto(b"", ("127.0.0.1", int(port)))
        same(turned(sock), 0)
    with socket.socket(INET, UDP) as sock:
        # Nonsense is the kernel's affair.
        libc = ctypes.CDLL(None, use_errno=True)
        same(libc.bind(sock.fileno(), None, 16), -1)
        same(ctypes.get_errno(), errno.EFAULT)
        same(libc.connect(sock.fileno(), b"\2\0\0\0", 4), -1)
        same(ctypes.get_errno(), errno.EINVAL)
        same(libc.bind(-1, struct.pack("=HH12x", 2, socket.htons(int(port))), 16), -1)
        same(ctypes.get_errno(), errno.EBADF)


def main():
    if sys.argv[1] == "port":
        print(free_port())
    else:
        globals()["test_" + sys.argv[1]](*sys.argv[2:])


main()
