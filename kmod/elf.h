/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The image loader's parser: pure functions over the bytes of a file.
 *
 * It also compiles on the host, where it is fuzzed (see elf.c).
 */
#ifndef _ATMOS_ELF_H
#define _ATMOS_ELF_H

#include "../domains/abi/abi.h"

#ifdef __KERNEL__
#include <linux/elf.h>
#else
#include <elf.h>
#endif

#define ATMOS_ELF_SEGMENTS	8
#define ATMOS_ELF_SIZE_MAX	(4u << 20)

struct atmos_elf_segment {
	u32 offset;		/* in the file */
	u32 file_size;
	u32 start;		/* in the window, page-aligned */
	u32 mem_size;
	bool write;
	bool exec;
};

/**
 * struct atmos_elf - what a checked file says
 * @data: the file
 * @size: its bytes
 * @nr_segments: of @segment
 * @segment: what is loaded, in ascending order of start
 * @entry: window offset, in an executable segment
 * @rela: file offset of the relocations
 * @nr_rela: how many
 * @symtab: file offset of the symbols
 * @nr_sym: how many, 0 if there are none
 * @strtab: file offset of their names
 * @strtab_size: bytes of those
 * @manifest: validated copy
 */
struct atmos_elf {
	const u8 *data;
	size_t size;
	u32 nr_segments;
	struct atmos_elf_segment segment[ATMOS_ELF_SEGMENTS];
	u32 entry;
	u32 rela;
	u32 nr_rela;
	u32 symtab;
	u32 nr_sym;
	u32 strtab;
	u32 strtab_size;
	struct dom_manifest manifest;
};

int atmos_elf_check(const void *data, size_t size, struct atmos_elf *elf, const char **why);
int atmos_elf_rela(const struct atmos_elf *elf, u32 index, u32 *where, u64 *addend);
int atmos_elf_symbol(const struct atmos_elf *elf, u32 index, u32 *start, u32 *size,
		     const char **name);

#endif /* _ATMOS_ELF_H */
