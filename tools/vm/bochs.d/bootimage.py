# SPDX-License-Identifier: GPL-2.0-only
"""What Bochs is given to start a kernel: an option ROM (loader.S, the kernel's
real-mode set-up code and its command line) and a memory image (the
decompressed kernel, its relocations, the initramfs).

The decompressor's minute under an instruction-level emulator is saved that
way; its only other work, KASLR, the loader does.
"""
import array
import hashlib
import os
import random
import shutil
import struct
import subprocess
import tempfile

import initramfs

HERE = os.path.dirname(os.path.realpath(__file__))
ROM = 0xd0000
ROM_LIMIT = 0x10000
PAGE = 4096
MIB = 1 << 20
# More than a BIOS touches before our ROM runs; see loader.S.
MARKERS = 4 * MIB
# The loader's SEARCH: spare memory that it wants above the image.
SEARCH = 32 * MIB
# The kernel's virtual room with KASLR (KERNEL_IMAGE_SIZE).
KERNEL_ROOM = 1 << 30
COMMAND_LINE_SIZE = 2048


class BadKernel(Exception):
    """The kernel cannot be started this way."""


class Header:
    """The set-up header of a boot image, by its boot protocol names."""

    def __init__(self, vmlinuz):
        with open(vmlinuz, "rb") as file:
            data = file.read(64 * 1024)
        if data[0x202:0x206] != b"HdrS":
            raise BadKernel(f"{vmlinuz}: no x86 boot image")
        self.setup = bytearray(data[:(data[0x1f1] + 1) * 512])
        self.version, = struct.unpack_from("<H", data, 0x206)
        self.alignment, = struct.unpack_from("<I", data, 0x230)
        self.pref_address, = struct.unpack_from("<Q", data, 0x258)
        self.init_size, = struct.unpack_from("<I", data, 0x260)
        if self.version < 0x20c:
            raise BadKernel(f"{vmlinuz}: boot protocol too old")

    def complete(self, hook, ramdisk, size, line, kaslr):
        """The set-up code as a boot loader leaves it."""
        setup = bytearray(self.setup)
        setup[0x210] = 0xff  # type_of_loader: no number assigned
        setup[0x211] |= 0x80  # loadflags: CAN_USE_HEAP
        if kaslr:
            setup[0x211] |= 0x02  # KASLR_FLAG
        struct.pack_into("<I", setup, 0x214, hook)  # code32_start
        struct.pack_into("<II", setup, 0x218, ramdisk, size)
        struct.pack_into("<H", setup, 0x224, 0xe000 - 0x200)  # heap_end_ptr
        struct.pack_into("<I", setup, 0x228, line)  # cmd_line_ptr
        return setup


def elf_end(elf):
    """Where the ELF file ends and the relocations begin."""
    phoff, shoff = struct.unpack_from("<QQ", elf, 0x20)
    phentsize, phnum, shentsize, shnum = struct.unpack_from("<HHHH", elf, 0x36)
    end = max(phoff + phentsize * phnum, shoff + shentsize * shnum)
    for i in range(shnum):
        kind, = struct.unpack_from("<I", elf, shoff + i * shentsize + 4)
        offset, size = struct.unpack_from("<QQ", elf,
                                          shoff + i * shentsize + 24)
        if kind != 8:  # SHT_NOBITS
            end = max(end, offset + size)
    return end


def relocations(elf):
    """Three lists with a zero before each: 64-bit, inverse 32-bit, 32-bit.

    Kernels without a zero-based per-CPU segment have no inverse ones.
    """
    tail = elf[elf_end(elf):]
    table = array.array("I")
    table.frombytes(tail[len(tail) % 4:])
    zeros = [i for i, value in enumerate(table) if not value]
    if len(zeros) == 2 and not zeros[0]:
        table.insert(zeros[1], 0)
    elif len(zeros) != 3 or zeros[0]:
        raise BadKernel("the kernel's relocations are in an unknown form")
    return table.tobytes()


def lay_out(elf, base):
    """The kernel as it is in memory from base on; its 64-bit entry."""
    memory = bytearray()
    entry, = struct.unpack_from("<Q", elf, 0x18)
    phoff, = struct.unpack_from("<Q", elf, 0x20)
    phentsize, phnum = struct.unpack_from("<HH", elf, 0x36)
    for i in range(phnum):
        kind, _, offset, _, address, size = struct.unpack_from(
            "<IIQQQQ", elf, phoff + i * phentsize)
        if kind != 1:  # PT_LOAD
            continue
        at = address - base
        if at < 0:
            raise BadKernel("a kernel segment is below its address")
        if len(memory) < at + size:
            memory.extend(bytes(at + size - len(memory)))
        memory[at:at + size] = elf[offset:offset + size]
    return memory.rstrip(b"\0"), entry


class Image:
    """One kernel, ready to be put into memory; made once, then cached."""

    def __init__(self, directory):
        self.header = Header(os.path.join(directory, "vmlinuz"))
        vmlinux = os.path.realpath(os.path.join(directory, "vmlinux"))
        info = os.stat(vmlinux)
        key = f"{vmlinux} {info.st_size} {info.st_mtime_ns}".encode()
        key += initramfs.read(os.path.realpath(__file__))
        self.path = initramfs.cached(
            os.path.join(initramfs.cache_dir(), "vm", "bochs-kernel-" +
                         hashlib.sha256(key).hexdigest()[:16]),
            lambda target: self.make(vmlinux, target))
        with open(self.path, "rb") as file:
            self.entry, self.relocs_end = struct.unpack(
                "<QQ", file.read(PAGE)[8:24])

    def make(self, vmlinux, target):
        """Markers, kernel, relocations; notes for us in the first marker."""
        elf = initramfs.read(vmlinux)
        base = self.header.pref_address
        memory, entry = lay_out(elf, base)
        table = relocations(elf)
        # What the kernel needs beyond its file (bss, early heap) stays free.
        at = MARKERS + max(self.header.init_size, len(memory))
        at += -at % PAGE
        with open(target, "wb") as out:
            for offset in range(0, MARKERS, PAGE):
                out.seek(offset)
                left = (MARKERS - offset) // PAGE - 1
                out.write(b"mark" + struct.pack("<I", left))
            out.seek(8)
            out.write(struct.pack("<QQ", entry,
                                  base - MARKERS + at + len(table)))
            out.seek(MARKERS)
            out.write(memory)
            out.seek(at)
            out.write(table)
            end = at + len(table)
            out.truncate(end + -end % PAGE)

    def slots(self):
        """How many places KASLR has."""
        room = KERNEL_ROOM - self.header.pref_address - self.header.init_size
        return room // self.header.alignment + 1

    def compose(self, archive, line, slot, directory):
        """Writes rom and memory into directory for one run.

        archive: the initramfs; line: the kernel's command line; slot: where
        KASLR puts the kernel, None for no KASLR.  Returns the address that
        memory is loaded at and the first one above all that is needed.
        """
        base = self.header.pref_address
        memory = os.path.join(directory, "memory")
        shutil.copyfile(self.path, memory)
        with open(memory, "r+b") as out:
            out.seek(0, os.SEEK_END)
            ramdisk = base - MARKERS + out.tell()
            out.write(archive)
            # Whole mebibytes: more than any block of Bochs's memory.
            end = ramdisk + len(archive) + 4
            end += -end % MIB
            out.seek(end - base + MARKERS - 4)
            out.write(b"tmos")
        line = line.encode() + b"\0"
        if len(line) > COMMAND_LINE_SIZE:
            raise BadKernel("the kernel's command line is too long")
        code, symbols = loader()
        rom = bytearray(code)
        rom += bytes(-len(rom) % 16)
        setup_at = len(rom)
        rom += self.header.complete(ROM + symbols["hook"], ramdisk,
                                    len(archive), 0x1e000, slot is not None)
        line_at = len(rom)
        rom += line
        struct.pack_into("<QQQIIHHHH", rom, symbols["parameters"],
                         (slot or 0) * self.header.alignment,
                         self.relocs_end - 4, self.entry, base, end,
                         setup_at, line_at - setup_at, line_at, len(line))
        rom += bytes(-(len(rom) + 1) % 2048 + 1)
        if len(rom) > ROM_LIMIT:
            raise BadKernel("the kernel's set-up code is too long")
        rom[2] = len(rom) // 512
        rom[-1] = -sum(rom) & 0xff
        with open(os.path.join(directory, "rom"), "wb") as out:
            out.write(rom)
        return base - MARKERS, end + SEARCH


def loader():
    """The assembled ROM code and its symbols; built when its source is new."""
    source = os.path.join(HERE, "loader.S")
    key = hashlib.sha256(initramfs.read(source)).hexdigest()[:16]
    path = os.path.join(initramfs.cache_dir(), "vm", "bochs-loader-" + key)

    def build(target):
        with tempfile.TemporaryDirectory() as temp:
            obj = os.path.join(temp, "loader.o")
            elf = os.path.join(temp, "loader.elf")
            subprocess.run(["gcc", "-c", f"-DROM={ROM}", "-DROM_BLOCKS=0",
                            "-o", obj, source], check=True)
            subprocess.run(["ld", "-Ttext=0", "-e", "0", "-o", elf, obj],
                           check=True)
            subprocess.run(["objcopy", "-O", "binary", elf, target],
                           check=True)
            names = subprocess.run(["nm", elf], check=True, text=True,
                                   stdout=subprocess.PIPE).stdout
        places = {line.split()[2]: int(line.split()[0], 16)
                  for line in names.splitlines()}
        with open(target, "ab") as out:
            out.write(struct.pack("<II", places["hook"],
                                  places["parameters"]))

    code = initramfs.read(initramfs.cached(path, build))
    hook, parameters = struct.unpack("<II", code[-8:])
    return code[:-8], {"hook": hook, "parameters": parameters}


def random_slot(image):
    return random.SystemRandom().randrange(image.slots())
