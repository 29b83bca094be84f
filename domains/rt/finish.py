#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Finish a linked image: type, empty data segment, build id.

usage: finish.py ELF

The id is the SHA-1 of what the loader maps (program headers and bytes of
every PT_LOAD, with the id itself zero), so equal code has an equal id wherever
it was built, and symbols or comments do not change it.
"""
import hashlib
import struct
import sys

SECTION = b".atmos.manifest"
MANIFEST_SIZE = 128
ID_OFFSET = 72          # offsetof(struct dom_manifest, build_id)
ID_SIZE = 20
E_TYPE = 16             # offsetof(Elf64_Ehdr, e_type)
ET_DYN = 3
E_PHNUM = 56            # offsetof(Elf64_Ehdr, e_phnum)
PT_LOAD = 1


def manifest_offset(elf):
    """File offset of the manifest section."""
    shoff, = struct.unpack_from("<Q", elf, 40)
    shentsize, shnum, shstrndx = struct.unpack_from("<HHH", elf, 58)

    def section(index):
        return struct.unpack_from("<IIQQQQ", elf, shoff + index * shentsize)

    strtab = section(shstrndx)[4]
    for index in range(shnum):
        name, _, _, _, offset, size = section(index)
        start = strtab + name
        if elf[start:elf.index(b"\0", start)] == SECTION and size == MANIFEST_SIZE:
            return offset
    sys.exit(f"{sys.argv[1]}: no manifest section of {MANIFEST_SIZE} bytes")


def segments(elf):
    """Program headers, as (raw bytes, type, file offset, file size, memory size)."""
    phoff, = struct.unpack_from("<Q", elf, 32)
    phentsize, phnum = struct.unpack_from("<HH", elf, 54)
    for index in range(phnum):
        raw = bytes(elf[phoff + index * phentsize:][:phentsize])
        kind, _, offset, _, _, filesz, memsz, _ = struct.unpack("<IIQQQQQQ", raw)
        yield raw, kind, offset, filesz, memsz


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    with open(sys.argv[1], "r+b") as image:
        elf = bytearray(image.read())

        # ld calls a position-independent image that starts above 0 ET_EXEC.
        struct.pack_into("<H", elf, E_TYPE, ET_DYN)

        # image.lds names the data segment last.
        *_, (_, kind, _, _, memsz) = segments(elf)
        if kind == PT_LOAD and memsz == 0:
            phnum, = struct.unpack_from("<H", elf, E_PHNUM)
            struct.pack_into("<H", elf, E_PHNUM, phnum - 1)

        at = manifest_offset(elf) + ID_OFFSET
        elf[at:at + ID_SIZE] = bytes(ID_SIZE)
        digest = hashlib.sha1()
        for raw, kind, offset, filesz, memsz in segments(elf):
            if kind == PT_LOAD:
                if memsz == 0:
                    sys.exit(f"{sys.argv[1]}: empty segment")
                digest.update(raw)
                digest.update(elf[offset:offset + filesz])
        elf[at:at + ID_SIZE] = digest.digest()

        image.seek(0)
        image.write(elf)


main()
