# SPDX-License-Identifier: GPL-2.0-only
"""The guest's initramfs: busybox, the modules that reach the host's file
system, our init and agent.  Made once for each kernel and content, kept in
the cache; what differs from run to run is a second archive behind it (the
kernel unpacks concatenated archives one after the other).
"""
import fcntl
import gzip
import hashlib
import lzma
import os
import shutil
import stat
import subprocess
import tempfile

HERE = os.path.dirname(os.path.realpath(__file__))
BUSYBOX = "/bin/busybox"

# What the guest's root needs; their dependencies come from modules.dep.
MODULES = ["virtio_pci", "virtio_console", "9pnet_virtio", "9p", "overlay"]
DIRECTORIES = ["bin", "dev", "proc", "sys", "lower", "upper", "root", "whole",
               "modules", "atmos"]


def cache_dir():
    """The same place that tools/setup/lib.sh takes."""
    if os.environ.get("ATMOS_CACHE"):
        return os.environ["ATMOS_CACHE"]
    if os.geteuid() == 0:
        return "/var/cache/atmos"
    home = os.environ.get("XDG_CACHE_HOME", os.path.expanduser("~/.cache"))
    return os.path.join(home, "atmos")


def newc(entries):
    """A cpio archive (newc) of (name, mode, content) triples."""
    out = bytearray()

    def pad():
        out.extend(b"\0" * (-len(out) % 4))

    for ino, (name, mode, data) in enumerate(
            list(entries) + [("TRAILER!!!", 0, b"")], 1):
        raw = name.encode() + b"\0"
        nlink = 2 if stat.S_ISDIR(mode) else 1
        fields = (ino, mode, 0, 0, nlink, 0, len(data), 0, 0, 0, 0,
                  len(raw), 0)
        out.extend(b"070701" + b"".join(b"%08X" % f for f in fields))
        out.extend(raw)
        pad()
        out.extend(data)
        pad()
    return bytes(out)


def module_closure(moddir, names=MODULES):
    """Paths of the modules and what they need, in the order of loading."""
    deps = {}
    with open(os.path.join(moddir, "modules.dep")) as dep:
        for line in dep:
            path, _, needs = line.strip().partition(":")
            deps[path] = needs.split()
    by_name = {os.path.basename(p).split(".ko")[0].replace("-", "_"): p
               for p in deps}
    builtin = set()
    with open(os.path.join(moddir, "modules.builtin")) as listing:
        for line in listing:
            name = os.path.basename(line.strip())
            builtin.add(name.split(".ko")[0].replace("-", "_"))
    order = []

    def add(path):
        for need in deps[path]:
            add(need)
        if path not in order:
            order.append(path)

    for name in names:
        if name in by_name:
            add(by_name[name])
        elif name not in builtin:
            raise FileNotFoundError(f"no module {name} in {moddir}")
    return order


def module_data(path):
    with open(path, "rb") as file:
        data = file.read()
    if path.endswith(".xz"):
        return lzma.decompress(data)
    if path.endswith(".gz"):
        return gzip.decompress(data)
    if path.endswith(".zst"):
        return subprocess.run(["zstd", "-dc"], input=data, check=True,
                              stdout=subprocess.PIPE).stdout
    return data


def read(path):
    with open(path, "rb") as file:
        return file.read()


def agent():
    """The agent's program, built when its source is new."""
    source = os.path.join(HERE, "agent.c")
    flags = ["-static", "-O2", "-Wall", "-Wextra"]
    key = hashlib.sha256(read(source) + " ".join(flags).encode()).hexdigest()
    path = os.path.join(cache_dir(), "vm", "agent-" + key[:16])

    def build(target):
        subprocess.run(["gcc", *flags, "-o", target, source], check=True)

    return cached(path, build)


def cached(path, build):
    """path, which build(temporary) makes where it is missing: all or nothing,
    by one process at a time."""
    if os.path.exists(path):
        return path
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path + ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not os.path.exists(path):
            part = path + ".part"
            try:
                build(part)
                os.rename(part, path)
            finally:
                if os.path.exists(part):
                    os.unlink(part)
    return path


def base(moddir, release):
    """Path of the archive that all guests of this kernel share."""
    order = module_closure(moddir)
    program = agent()
    digest = hashlib.sha256()
    init = os.path.join(HERE, "init")
    for path in (init, program, BUSYBOX, os.path.realpath(__file__)):
        digest.update(read(path))
    for path in order:
        info = os.stat(os.path.join(moddir, path))
        digest.update(f"{path} {info.st_size} {info.st_mtime_ns}".encode())
    path = os.path.join(cache_dir(), "vm",
                        f"initramfs-{release}-{digest.hexdigest()[:16]}")

    def build(target):
        entries = [(d, stat.S_IFDIR | 0o755, b"") for d in DIRECTORIES]
        entries += [("bin/busybox", stat.S_IFREG | 0o755, read(BUSYBOX)),
                    ("init", stat.S_IFREG | 0o755, read(init)),
                    ("agent", stat.S_IFREG | 0o755, read(program))]
        applets = subprocess.run([BUSYBOX, "--list"], check=True, text=True,
                                 stdout=subprocess.PIPE).stdout.split()
        entries += [("bin/" + a, stat.S_IFLNK | 0o777, b"busybox")
                    for a in applets if a != "busybox"]
        names = []
        for module in order:
            names.append(os.path.basename(module).split(".ko")[0] + ".ko")
            entries.append(("modules/" + names[-1], stat.S_IFREG | 0o644,
                            module_data(os.path.join(moddir, module))))
        entries.append(("modules/order", stat.S_IFREG | 0o644,
                        "".join(n + "\n" for n in names).encode()))
        with open(target, "wb") as out:
            out.write(newc(entries))

    return cached(path, build)


def compose(shared, files, target):
    """Writes target: the shared archive, then atmos/NAME for each of files."""
    with open(target, "wb") as out:
        with open(shared, "rb") as first:
            shutil.copyfileobj(first, out)
        out.write(b"\0" * (-out.tell() % 512))
        out.write(newc(("atmos/" + name, stat.S_IFREG | 0o644, data)
                       for name, data in files.items()))


def workdir():
    """A directory for one run's temporary files."""
    return tempfile.mkdtemp(prefix="atmos-vm-")
