#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""parent.py TEST LAUNCHER: "atmos-run --stats" as a parent that is not noticed:
signals, the terminal, its death.  Ends with 0, or with what is not as it must be.
"""
import os
import pty
import select
import signal
import subprocess
import sys
import time

LAUNCHER = [sys.argv[2], "--family", "18", "--stats", "--"]

# Tells each signal as it comes; SIGUSR2 is its end.
CHILD = """
import os, signal
def tell(number, frame):
    os.write(1, b"<%d>" % number)
    if number == signal.SIGUSR2:
        os._exit(42)
for number in range(1, 32):
    if number not in (signal.SIGKILL, signal.SIGSTOP, signal.SIGCHLD, signal.SIGTSTP):
        signal.signal(number, tell)
signal.signal(34, tell)
os.write(1, b"ready %d %d." % (os.getppid(), os.getpid()))
while True:
    signal.pause()
"""


def shell(command):
    """What a shell does in a terminal: a process group of its own, in front."""
    pid = os.fork()
    if pid == 0:
        os.setpgid(0, 0)
        signal.signal(signal.SIGTTOU, signal.SIG_IGN)
        os.tcsetpgrp(0, os.getpid())
        signal.signal(signal.SIGTTOU, signal.SIG_DFL)
        os.execv(command[0], command)
    os._exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))


class Program:
    """A program under the launcher, and what it has written so far."""

    def __init__(self, terminal=False):
        self.said = b""
        command = LAUNCHER + [sys.executable, "-c", CHILD]
        if terminal:
            self.started, self.output = pty.fork()
            if self.started == 0:
                shell(command)
        else:
            self.output, write = os.pipe()
            self.started = subprocess.Popen(command, stdout=write, stderr=write).pid
            os.close(write)
        self.wait_for(b".")
        pids = self.said.split(b"ready ")[1].split(b".")[0]
        self.pid, self.child = [int(pid) for pid in pids.split()]
        self.said = b""

    def wait_for(self, text):
        while text not in self.said:
            ready, _, _ = select.select([self.output], [], [], 20)
            assert ready, f"{text} does not come: {self.said}"
            self.said += os.read(self.output, 4096)

    def is_stopped(self, pid):
        with open(f"/proc/{pid}/stat", "rb") as file:
            return file.read().rsplit(b") ", 1)[1][:1] == b"T"

    def end(self):
        os.kill(self.pid, signal.SIGUSR2)
        self.wait_for(b"fell back")
        status = os.waitpid(self.started, 0)[1]
        assert os.waitstatus_to_exitcode(status) == 42, status
        assert b"0 sockets on Atmos" in self.said, self.said


def until(condition, *args):
    for _ in range(2000):
        if condition(*args):
            return
        time.sleep(0.01)
    raise AssertionError(f"{condition} {args} does not come true")


def test_signals():
    """What the launcher gets, the program gets."""
    program = Program()
    for number in (
        signal.SIGTERM,
        signal.SIGINT,
        signal.SIGHUP,
        signal.SIGQUIT,
        signal.SIGUSR1,
        signal.SIGWINCH,
        signal.SIGPIPE,
        signal.SIGCONT,
        34,
    ):
        os.kill(program.pid, number)
        program.wait_for(b"<%d>" % number)
    program.end()


def test_terminal():
    """What the terminal sends, the program gets once, and ^Z stops both."""
    program = Program(terminal=True)
    os.write(program.output, b"\x03")
    program.wait_for(b"<2>")
    os.write(program.output, b"\x1a")
    until(program.is_stopped, program.child)
    until(program.is_stopped, program.pid)
    os.kill(program.pid, signal.SIGCONT)
    program.wait_for(b"<18>")
    program.end()
    assert program.said.count(b"<2>") == 1, program.said


def test_death():
    """Its violent end is the program's."""
    program = Program()
    os.kill(program.pid, signal.SIGKILL)
    until(lambda: not os.path.exists(f"/proc/{program.child}"))
    os.waitpid(program.started, 0)


def test_ignored():
    """What is ignored or blocked around it is so for the program, and works."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
    code = """
import signal
print(signal.getsignal(signal.SIGCHLD) == signal.SIG_IGN,
      signal.getsignal(signal.SIGHUP) == signal.SIG_IGN,
      signal.getsignal(signal.SIGTERM) == signal.SIG_DFL,
      signal.pthread_sigmask(signal.SIG_BLOCK, []) == {signal.SIGUSR1})
"""
    out, write = os.pipe()
    os.posix_spawn(
        LAUNCHER[0],
        LAUNCHER + [sys.executable, "-c", code],
        os.environ,
        file_actions=[(os.POSIX_SPAWN_DUP2, write, 1)],
    )
    os.close(write)
    with os.fdopen(out) as file:
        said = file.read()
    assert said == "True True True True\n", said


globals()["test_" + sys.argv[1]]()
