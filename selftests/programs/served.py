# SPDX-License-Identifier: GPL-2.0-only
"""The programs: each function starts a server, lets a client get and give data,
and compares all of it. A test passes the hosts, stacks and the address.
"""
import json
import os
import re
import shutil
import tempfile

from hosts import PYTHON, Server, client, data_file, run, same

SIZE = 3_000_000


class Way:
    """How server and client are reached."""

    def __init__(self, hosts, stacks, address):
        self.server_host, self.client_host = hosts
        self.server_stack, self.client_stack = stacks
        self.address = address

    def serve(self, *args, **more):
        return Server(self.server_host, self.server_stack, self.address.port,
                      *args, **more)

    def ask(self, *args, **more):
        return client(self.client_host, self.client_stack, *args, **more)


def web(files, size=SIZE):
    """A directory with files of random bytes, size in all, and those by name."""
    root = tempfile.mkdtemp()
    os.chmod(root, 0o777)
    contents = {}
    for number in range(files):
        path, data = data_file(size // files)
        shutil.move(path, f"{root}/{number}")
        contents[str(number)] = data
    return root, contents


NGINX = """
user root;
daemon off;
worker_processes 2;
pid {root}/nginx.pid;
error_log stderr warn;
events {{ worker_connections 512; }}
http {{
    access_log off;
    sendfile {sendfile};
    client_body_temp_path {root}/body;
    client_max_body_size 100m;
    {paths}
    server {{
        listen {pair} {options};
        root {root};
        location /up/ {{ dav_methods PUT; create_full_put_path on; }}
    }}
}}
"""


def nginx_conf(pair, root, options, sendfile):
    """Path of a configuration that writes nothing outside of root."""
    paths = " ".join(f"{kind}_temp_path {root}/{kind};" for kind in
                     ("proxy", "fastcgi", "uwsgi", "scgi"))
    with open(f"{root}/nginx.conf", "w", encoding="utf-8") as file:
        file.write(NGINX.format(root=root, pair=pair, options=options,
                                sendfile=sendfile, paths=paths))
    return file.name


def nginx(way, options="", sendfile="on"):
    """nginx, curl: one file, eight at once, and one to the server"""
    root, files = web(8)
    conf = nginx_conf(way.address.pair, root, options, sendfile)
    with way.serve("nginx", "-p", root, "-e", "stderr", "-c", conf):
        same(way.ask("curl", "-gsSf", way.address.url("0")), files["0"])
        got = tempfile.mkdtemp()
        wanted = [word for name in files for word in
                  (way.address.url(name), "-o", f"{got}/{name}")]
        way.ask("curl", "-gsSf", "--parallel", "--parallel-immediate", *wanted)
        for name, data in files.items():
            with open(f"{got}/{name}", "rb") as file:
                same(file.read(), data)
        path, data = data_file(SIZE)
        way.ask("curl", "-gsSf", "-T", path, way.address.url("up/file"))
        with open(f"{root}/up/file", "rb") as file:
            same(file.read(), data)


def nginx_reuseport(way):
    """nginx with a listener for each worker (SO_REUSEPORT), curl"""
    nginx(way, options="reuseport so_keepalive=on", sendfile="off")


def redis(way):
    """redis: large values, pipelined ones, the benchmark"""
    host, port = way.address.host, way.address.port
    root = tempfile.mkdtemp()
    value = os.urandom(SIZE)
    with way.serve("redis-server", "--bind", host, "--port", port, "--dir", root,
                   "--save", "", "--daemonize", "no", "--protected-mode", "no"):
        cli = ["redis-cli", "-h", host, "-p", port]
        assert way.ask(*cli, "-x", "SET", "big", data=value) == b"OK\n"
        got = way.ask(*cli, "GET", "big")
        assert got[-1:] == b"\n"
        same(got[:-1], value)
        lines = b"".join(b"SET k%d v%d\r\n" % (i, i * i) for i in range(2000))
        said = way.ask(*cli, "--pipe", data=lines)
        assert b"errors: 0, replies: 2000" in said, said
        said = way.ask(*cli, "MGET", "k0", "k1999", "k77")
        assert said.split() == [b"v0", b"v3996001", b"v5929"], said
        said = way.ask("redis-benchmark", "-h", host, "-p", port, "-q", "-n", 1000,
                       "-c", 20, "-P", 4, "-t", "set,get,incr,lpush", least=20)
        assert len(re.findall(rb"requests per second", said)) == 4, said


def iperf(way):
    """iperf3: TCP each way, UDP; what one side has sent, the other got"""
    address = way.address
    for options in (["-n", "8M"], ["-n", "8M", "-R"], ["-n", "4M", "-P", "4"],
                    ["-u", "-n", "1M", "-b", "20M"]):
        with way.serve("iperf3", "-s", "-1", "-B", address.host, "-p", address.port,
                       ends=True):
            said = json.loads(way.ask("iperf3", "-c", address.host, "-p", address.port,
                                      "-J", *options, least=2))
        end = said["end"]
        if "-u" in options:
            assert end["sum"]["packets"] > 0 and \
                end["sum"]["lost_packets"] < end["sum"]["packets"] / 2, end["sum"]
        else:
            sent, got = end["sum_sent"]["bytes"], end["sum_received"]["bytes"]
            assert sent >= int(options[1][:-1]) << 20 and 0 < got <= sent, end
        address.port += 10000


FETCH = """
import sys, urllib.request
sys.stdout.buffer.write(urllib.request.urlopen(sys.argv[1]).read())
"""


def python(way):
    """python: http.server, urllib and curl"""
    root, files = web(2)
    address = way.address
    with way.serve(PYTHON, "-m", "http.server", "--bind", address.host,
                   "--directory", root, address.port):
        for name, data in files.items():
            same(way.ask(PYTHON, "-c", FETCH, address.url(name)), data)
        same(way.ask("curl", "-gsSf", address.url("1")), files["1"])


def openssl(way):
    """openssl: s_server, s_client, and curl over TLS"""
    root, files = web(1)
    address = way.address
    run(way.server_host, "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
        "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=test",
        "-keyout", f"{root}/key", "-out", f"{root}/cert")
    with way.serve("openssl", "s_server", "-accept", address.pair, "-WWW", "-quiet",
                   "-key", f"{root}/key", "-cert", f"{root}/cert", cwd=root):
        got = way.ask("openssl", "s_client", "-connect", address.pair, "-quiet",
                      "-ign_eof", data=b"GET /0 HTTP/1.0\r\n\r\n")
        same(got.split(b"\r\n\r\n", 1)[1], files["0"])
        same(way.ask("curl", "-gksSf", address.url("0", "https")), files["0"])


SSHD = """
ListenAddress {pair}
HostKey {root}/key
PidFile none
AuthorizedKeysFile {root}/key.pub
StrictModes no
UsePAM no
PermitRootLogin yes
PrintMotd no
Subsystem sftp internal-sftp
"""


def ssh(way):
    """ssh, sshd: data through a remote command, and scp"""
    root = tempfile.mkdtemp()
    address = way.address
    os.makedirs("/run/sshd", exist_ok=True)
    run(way.server_host, "ssh-keygen", "-q", "-t", "ed25519", "-N", "",
        "-f", f"{root}/key")
    with open(f"{root}/config", "w", encoding="utf-8") as file:
        file.write(SSHD.format(root=root, pair=address.pair))
    options = ["-F", "none", "-i", f"{root}/key", "-o", "StrictHostKeyChecking=no",
               "-o", f"UserKnownHostsFile={root}/known", "-o", "BatchMode=yes",
               "-o", "LogLevel=ERROR", "-o", "KexAlgorithms=curve25519-sha256",
               "-o", "Ciphers=aes128-ctr", "-o", "MACs=hmac-sha2-256"]
    value = os.urandom(SIZE // 3)
    with way.serve("/usr/sbin/sshd", "-D", "-e", "-f", f"{root}/config"):
        got = way.ask("ssh", *options, "-p", address.port, f"root@{address.host}",
                      "cat", data=value)
        same(got, value)
        with open(f"{root}/up", "wb") as file:
            file.write(value)
        # Scp starts ssh, which does what is counted.
        way.ask("scp", *options, "-P", address.port, f"{root}/up",
                f"root@{address.bracketed}:{root}/down")
        with open(f"{root}/down", "rb") as file:
            same(file.read(), value)


DATAGRAMS = """
import socket, sys
kind, _, _, _, to = socket.getaddrinfo(*sys.argv[1:3], type=socket.SOCK_DGRAM)[0]
data = sys.stdin.buffer.read()
with socket.socket(kind, socket.SOCK_DGRAM) as sock:
    sock.connect(to)
    sock.settimeout(60)
    for size in (1, 2, 500, 1000, 1472):
        sock.send(data[:size])
        assert sock.recv(65536) == data[:size], size
    for at in range(0, len(data), 1000):
        sock.send(data[at:at + 1000])
        sys.stdout.buffer.write(sock.recv(65536))
"""


def socat(way):
    """socat: an echo of a stream, and of datagrams"""
    address, version = way.address, way.address.family
    value = os.urandom(SIZE)
    with way.serve("socat", f"TCP{version}-LISTEN:{address.port},bind="
                   f"{address.bracketed},fork,reuseaddr,reuseport", "EXEC:cat"):
        same(way.ask("socat", "-t", 60, "-", f"TCP{version}:{address.pair}",
                     data=value), value)
    with way.serve("socat", f"UDP{version}-LISTEN:{address.port},bind="
                   f"{address.bracketed}", "PIPE", udp=True):
        same(way.ask(PYTHON, "-c", DATAGRAMS, address.host, address.port,
                     data=value[:20_000]), value[:20_000])


LOCAL = [nginx, nginx_reuseport, redis, iperf, python, openssl, ssh, socat]
REMOTE = [nginx, redis, iperf, ssh]
