#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""talk.py CONNECTIONS PORT HOST...: that many connections to redis at each host,
which stay: random values are set and read back, now and then, until a line comes in. Prints
"ready", and at the end, as JSON, of each connection: its port here, requests,
wrong answers, and what has ended it early, or null.
"""
import json
import os
import socket
import sys
import threading

ending = threading.Event()


class Connection:
    def __init__(self, host, port):
        self.sock = socket.create_connection((host, port))
        self.sock.settimeout(120)
        self.file = self.sock.makefile("rb")
        self.port = self.sock.getsockname()[1]
        self.requests = self.wrong = 0
        self.error = None

    def ask(self, *words):
        """One command and its reply, a status or a string."""
        text = b"*%d\r\n" % len(words)
        for word in words:
            text += b"$%d\r\n%s\r\n" % (len(word), word)
        self.sock.sendall(text)
        line = self.file.readline()
        if line[:1] != b"$":
            return line
        return self.file.read(int(line[1:]) + 2)[:-2]

    def run(self):
        key = b"talk%d" % self.port
        try:
            while not ending.is_set():
                value = os.urandom(20_000)
                self.wrong += self.ask(b"SET", key, value) != b"+OK\r\n"
                self.wrong += self.ask(b"GET", key) != value
                self.requests += 2
                ending.wait(0.05)
        except (OSError, ValueError) as error:
            self.error = repr(error)


def main():
    count, port = map(int, sys.argv[1:3])
    connections = [Connection(host, port) for host in sys.argv[3:] for _ in range(count)]
    threads = [threading.Thread(target=c.run) for c in connections]
    for thread in threads:
        thread.start()
    print("ready", flush=True)
    sys.stdin.readline()
    ending.set()
    for thread in threads:
        thread.join()
    print(json.dumps([[c.port, c.requests, c.wrong, c.error] for c in connections]))


if __name__ == "__main__":
    main()
