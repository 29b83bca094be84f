# SPDX-License-Identifier: GPL-2.0-only
"""The initramfs of a guest under Bochs, which cannot see the host's files:
busybox, our init and the agent, kernel modules, and the files that the caller
names, with the shared libraries that they need.
"""
import os
import stat
import subprocess

import initramfs

HERE = os.path.dirname(os.path.realpath(__file__))
DIRECTORIES = ["bin", "sbin", "usr/bin", "usr/sbin", "dev", "proc", "sys",
               "tmp", "run", "root", "etc", "modules", "atmos"]
DYNAMIC = b"\x7fELF"


class Archive:
    """Collects what goes into a cpio archive."""

    def __init__(self):
        self.entries = {}

    def directory(self, path):
        path = path.strip("/")
        if path and path not in self.entries:
            self.directory(os.path.dirname(path))
            self.entries[path] = (stat.S_IFDIR | 0o755, b"")

    def put(self, path, mode, data):
        path = os.path.normpath(path).strip("/")
        self.directory(os.path.dirname(path))
        self.entries[path] = (mode, data)

    def pack(self):
        return initramfs.newc((name, *what)
                              for name, what in self.entries.items())


def libraries(path):
    """The shared objects that a dynamic program needs, its loader too."""
    done = subprocess.run(["ldd", path], stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, text=True)
    found = []
    for line in done.stdout.splitlines():
        if "not found" in line:
            raise FileNotFoundError(f"{path}: {line.strip()}")
        for word in line.split():
            if word.startswith("/"):
                found.append(word)
                break
    return found


def interpreted(data):
    """Whether an ELF file names a program interpreter."""
    if data[:5] != DYNAMIC + b"\x02":
        return False
    offset = int.from_bytes(data[0x20:0x28], "little")
    size = int.from_bytes(data[0x36:0x38], "little")
    count = int.from_bytes(data[0x38:0x3a], "little")
    return any(data[offset + i * size:][:4] == b"\x03\0\0\0"  # PT_INTERP
               for i in range(count))


def add_file(archive, host, guest):
    """One file or a whole directory, links followed."""
    if os.path.isdir(host):
        archive.directory(guest)
        for name in sorted(os.listdir(host)):
            add_file(archive, os.path.join(host, name),
                     os.path.join(guest, name))
        return
    mode = stat.S_IMODE(os.stat(host).st_mode)
    data = initramfs.read(host)
    archive.put(guest, stat.S_IFREG | mode, data)
    if interpreted(data):
        for library in libraries(host):
            archive.put(library, stat.S_IFREG | 0o755,
                        initramfs.read(library))


def build(files, modules, moddir, guest):
    """The archive's bytes.  files: (path here, path there); modules: names;
    guest: what the agent reads, by name."""
    archive = Archive()
    for path in DIRECTORIES:
        archive.directory(path)
    executable = stat.S_IFREG | 0o755
    archive.put("bin/busybox", executable, initramfs.read(initramfs.BUSYBOX))
    applets = subprocess.run([initramfs.BUSYBOX, "--list"], check=True,
                             text=True, stdout=subprocess.PIPE).stdout
    for name in applets.split():
        if name != "busybox":
            archive.put("bin/" + name, stat.S_IFLNK | 0o777, b"busybox")
    archive.put("init", executable,
                initramfs.read(os.path.join(HERE, "init")))
    archive.put("agent", executable, initramfs.read(initramfs.agent()))
    order = []
    for path in initramfs.module_closure(moddir, modules):
        order.append(os.path.basename(path).split(".ko")[0] + ".ko")
        archive.put("modules/" + order[-1], stat.S_IFREG | 0o644,
                    initramfs.module_data(os.path.join(moddir, path)))
    archive.put("modules/order", stat.S_IFREG | 0o644,
                "".join(name + "\n" for name in order).encode())
    for name, data in guest.items():
        archive.put("atmos/" + name, stat.S_IFREG | 0o644, data)
    archive.directory(os.fsdecode(guest["cwd"]))
    for host, there in files:
        add_file(archive, host, there)
    return archive.pack()
