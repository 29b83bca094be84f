# SPDX-License-Identifier: GPL-2.0-only
"""What the tests of the control plane share.

Spec and Netlink speak generic netlink by nothing but the family's spec and raw
sockets, so that malformed requests can be made, and so that spec and kernel
are held against each other: a reply with an attribute, type or length that the
spec does not say is a failure. TestDevice makes domains to look at.
"""
import errno
import fcntl
import os
import socket
import struct

import yaml

TOP = os.environ["ATMOS_TOP"]

NLMSG_ERROR, NLMSG_DONE, NLMSG_OVERRUN = 2, 3, 4
F_REQUEST, F_MULTI, F_ACK, F_DUMP_INTR, F_DUMP = 1, 2, 4, 0x10, 0x300
F_CAPPED, F_ACK_TLVS = 0x100, 0x200
SOL_NETLINK = 270
ADD_MEMBERSHIP, EXT_ACK, GET_STRICT_CHK = 1, 11, 12
CTRL_ID, CTRL_GETFAMILY = 16, 3
CTRL_A_FAMILY_ID, CTRL_A_NAME, CTRL_A_OPS, CTRL_A_GROUPS = 1, 2, 6, 7
INTS = {"u8": "B", "u16": "H", "u32": "I", "u64": "Q"}


class NlError(OSError):
    """The kernel refused; message and attr (offset) from the extended ack."""

    def __init__(self, number, message=None, offset=None, missing=None):
        super().__init__(number, message or os.strerror(number))
        self.message = message
        self.offset = offset
        self.missing = missing


def attr(number, data):
    pad = b"\0" * (-len(data) % 4)
    return struct.pack("HH", len(data) + 4, number) + data + pad


def parse_attrs(data):
    """(number, bytes) of each attribute."""
    out = []
    while data:
        assert len(data) >= 4, f"{len(data)} stray bytes"
        length, number = struct.unpack_from("HH", data)
        assert 4 <= length <= len(data), f"attribute {number}: length {length}"
        out.append((number & 0x3FFF, data[4:length]))
        data = data[(length + 3) & ~3:]
    return out


class Spec:
    """uapi/atmos.yaml, with numbers."""

    def __init__(self):
        with open(f"{TOP}/uapi/atmos.yaml", encoding="utf-8") as file:
            tree = yaml.safe_load(file)
        self.name = tree["name"]
        self.ops = {op["name"]: (number, op) for number, op
                    in enumerate(tree["operations"]["list"], 1)}
        self.names = {number: name for name, (number, _) in self.ops.items()}
        self.sets = {s["name"]: dict(enumerate(s["attributes"], 1))
                     for s in tree["attribute-sets"]}
        self.enums = {
            d["name"]: dict(enumerate(
                [e["name"] for e in d["entries"]], d.get("value-start", 0)))
            for d in tree["definitions"] if d["type"] == "enum"}

    def set_of(self, op):
        """The attribute set of an operation's replies, and which may be in."""
        entry = self.ops[op][1]
        if "notify" in entry:
            return self.set_of(entry["notify"])
        part = entry.get("event") or entry.get("do", {}).get("reply", {})
        return entry["attribute-set"], part.get("attributes", [])

    def number(self, op, name):
        attr_set = self.ops[op][1]["attribute-set"]
        for number, entry in self.sets[attr_set].items():
            if entry["name"] == name:
                return number, entry
        raise KeyError(name)

    def encode(self, op, **values):
        out = b""
        for name, value in values.items():
            number, entry = self.number(op, name.replace("_", "-"))
            if entry["type"] in INTS:
                data = struct.pack(INTS[entry["type"]], value)
            else:
                data = value.encode() + b"\0"
            out += attr(number, data)
        return out

    def value(self, entry, data):
        kind = entry["type"]
        if kind in INTS:
            value, = struct.unpack(INTS[kind], data)
            if "enum" in entry:
                return self.enums[entry["enum"]][value]
            return value
        if kind == "flag":
            assert data == b"", entry["name"]
            return True
        if kind == "string":
            assert data.endswith(b"\0") and b"\0" not in data[:-1], data
            return data[:-1].decode()
        assert kind == "binary", kind
        if "exact-len" in entry.get("checks", {}):
            assert len(data) == entry["checks"]["exact-len"]
        return data

    def decode(self, op, data):
        attr_set, allowed = self.set_of(op)
        out = {}
        for number, payload in parse_attrs(data):
            entry = self.sets[attr_set][number]
            name = entry["name"]
            if entry["type"] == "pad":
                continue
            assert name in allowed, f"{op}: the spec has no {name} in a reply"
            value = self.value(entry, payload)
            if entry.get("multi-attr"):
                out.setdefault(name, []).append(value)
            else:
                assert name not in out, f"{op}: {name} twice"
                out[name] = value
        return out


class Netlink:
    """A socket of the family."""

    def __init__(self, spec=None, rcvbuf=None, room=1 << 17):
        self.spec = spec or Spec()
        # The kernel cuts dumps to what their reader has offered room for.
        self.room = room
        self.sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 16)
        if rcvbuf:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, rcvbuf)
        self.sock.setsockopt(SOL_NETLINK, EXT_ACK, 1)
        self.sock.setsockopt(SOL_NETLINK, GET_STRICT_CHK, 1)
        self.sock.bind((0, 0))
        self.sock.settimeout(30)
        self.seq = 0
        self.interrupted = False
        self.family, self.groups = self.resolve()

    def close(self):
        self.sock.close()

    def resolve(self):
        replies = self.transact(
            CTRL_ID, CTRL_GETFAMILY, F_REQUEST | F_ACK,
            attr(CTRL_A_NAME, self.spec.name.encode() + b"\0"))
        attrs = dict(parse_attrs(replies[0][1]))
        groups = {}
        for _, group in parse_attrs(attrs.get(CTRL_A_GROUPS, b"")):
            inner = dict(parse_attrs(group))
            groups[inner[1].rstrip(b"\0").decode()] = struct.unpack("I", inner[2])[0]
        return struct.unpack("H", attrs[CTRL_A_FAMILY_ID])[0], groups

    def send(self, kind, cmd, flags, body, version=1, reserved=0):
        self.seq += 1
        payload = struct.pack("BBH", cmd, version, reserved) + body
        self.sock.send(struct.pack("IHHII", 16 + len(payload), kind, flags,
                                   self.seq, 0) + payload)

    def error(self, number, flags, data, offset):
        tlvs = {}
        if flags & F_ACK_TLVS:
            tlvs = dict(parse_attrs(data[offset:]))
        if number:
            message = tlvs.get(1)
            raise NlError(
                -number, message.rstrip(b"\0").decode() if message else None,
                struct.unpack("I", tlvs[2])[0] if 2 in tlvs else None,
                struct.unpack("I", tlvs[5])[0] if 5 in tlvs else None)

    def receive(self):
        """(cmd, attribute bytes) of each message until the answer ends."""
        out = []
        while True:
            data = self.sock.recv(self.room)
            while data:
                length, kind, flags, seq, _ = struct.unpack_from("IHHII", data)
                message, data = data[16:length], data[(length + 3) & ~3:]
                if seq != self.seq:
                    continue
                if flags & F_DUMP_INTR:
                    self.interrupted = True
                if kind == NLMSG_ERROR:
                    number, size = struct.unpack_from("iI", message)
                    self.error(number, flags, message,
                               20 if flags & F_CAPPED else 4 + ((size + 3) & ~3))
                    return out
                if kind == NLMSG_DONE:
                    self.error(struct.unpack_from("i", message)[0], flags,
                               message, 4)
                    return out
                assert kind != NLMSG_OVERRUN
                out.append((message[0], message[4:]))

    def transact(self, kind, cmd, flags, body, **header):
        self.send(kind, cmd, flags, body, **header)
        return self.receive()

    def raw(self, op, body, flags=F_REQUEST | F_ACK, **header):
        """A request with these bytes as its attributes."""
        return self.transact(self.family, self.spec.ops[op][0], flags, body,
                             **header)

    def ask(self, op, **values):
        """The reply to "do", decoded; None where there is none."""
        replies = self.raw(op, self.spec.encode(op, **values))
        assert len(replies) <= 1, replies
        return self.spec.decode(op, replies[0][1]) if replies else None

    def dump(self, op, **values):
        self.interrupted = False
        replies = self.raw(op, self.spec.encode(op, **values),
                           F_REQUEST | F_DUMP)
        return [self.spec.decode(op, data) for _, data in replies]

    def listen(self, group="events"):
        self.sock.setsockopt(SOL_NETLINK, ADD_MEMBERSHIP, self.groups[group])

    def notice(self, timeout=30):
        """(name, attributes) of the next notice; None when none comes."""
        self.sock.settimeout(timeout)
        try:
            data = self.sock.recv(1 << 16)
        except TimeoutError:
            return None
        length, kind = struct.unpack_from("IH", data)
        assert kind == self.family, kind
        name = self.spec.names[data[16]]
        return name, self.spec.decode(name, data[20:length])


def _ioc(direction, number, size):
    return direction << 30 | size << 16 | 0xB7 << 8 | number


class TestDevice:
    """/dev/atmos-test (uapi/linux/atmos_test.h)."""

    CREATE, ENTER, FORGET = (_ioc(3, 1, 48), _ioc(3, 3, 56), _ioc(1, 10, 48))
    DESTROY = _ioc(1, 2, 8)
    OK, DIED, REFUSED = 0, 1, 2

    def __init__(self):
        self.file = open("/dev/atmos-test", "rb", buffering=0)

    def close(self):
        """Ends the domains, too."""
        self.file.close()

    def create(self, image="echo"):
        arg = bytearray(struct.pack("32sIIQ", image.encode(), 0, 0, 0))
        fcntl.ioctl(self.file, self.CREATE, arg)
        return struct.unpack_from("Q", arg, 40)[0]

    def destroy(self, domain):
        fcntl.ioctl(self.file, self.DESTROY, struct.pack("Q", domain))

    def forget(self, image):
        fcntl.ioctl(self.file, self.FORGET,
                    struct.pack("32sIIQ", image.encode(), 0, 0, 0))

    def ping(self, domain, a=0, b=0):
        """(status, fault) of an entry with one PING."""
        import ctypes
        event = ctypes.create_string_buffer(
            struct.pack("HHI7Q", 1, 0, 0, 1, a, b, 0, 0, 0, 0), 64)
        reply = ctypes.create_string_buffer(47 * 64)
        arg = bytearray(struct.pack(
            "QQQIIIIQQ", domain, ctypes.addressof(event),
            ctypes.addressof(reply), 1, 47, 0, 0, 0, 0))
        fcntl.ioctl(self.file, self.ENTER, arg)
        status, fault = struct.unpack_from("=IQ", arg, 36)
        return status, fault


def as_nobody(function):
    """Runs the function in a child without rights; True if it did not raise."""
    pid = os.fork()
    if not pid:
        status = 1
        try:
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)
            function()
            status = 0
        except BaseException:  # pylint: disable=broad-except
            import traceback
            traceback.print_exc()
        finally:
            os._exit(status)
    return os.waitpid(pid, 0)[1] == 0


def attempt(function, *args, **kwargs):
    """errno of a call, 0 when it worked."""
    try:
        function(*args, **kwargs)
        return 0
    except OSError as error:
        return error.errno


ENOENT, EPERM, EINVAL = errno.ENOENT, errno.EPERM, errno.EINVAL
EBUSY, EEXIST, ERANGE = errno.EBUSY, errno.EEXIST, errno.ERANGE
EOPNOTSUPP = errno.EOPNOTSUPP
