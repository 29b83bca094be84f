// SPDX-License-Identifier: GPL-2.0-only
/*
 * The image loader's parser (kmod/elf.c) under any file: what it accepts must
 * be safe to load, by checks written apart from its own.
 */
#include "../../../kmod/elf.h"
#include "fuzz.h"

static void check_segments(const struct atmos_elf *elf)
{
	u64 end = DOM_IMAGE_START;
	u32 i;

	FUZZ_ASSERT(elf->nr_segments <= ATMOS_ELF_SEGMENTS);
	for (i = 0; i < elf->nr_segments; i++) {
		const struct atmos_elf_segment *s = &elf->segment[i];

		FUZZ_ASSERT((u64)s->offset + s->file_size <= elf->size);
		FUZZ_ASSERT(s->file_size <= s->mem_size);
		FUZZ_ASSERT(s->start % DOM_PAGE_SIZE == 0 && s->start >= end);
		end = (u64)s->start + s->mem_size;
		FUZZ_ASSERT(end <= DOM_IMAGE_END);
		FUZZ_ASSERT(!(s->write && s->exec));
	}
}

static bool exec_at(const struct atmos_elf *elf, u64 where, u32 len, bool exec)
{
	u32 i;

	for (i = 0; i < elf->nr_segments; i++) {
		const struct atmos_elf_segment *s = &elf->segment[i];

		if (where >= s->start && where + len <= (u64)s->start + s->mem_size)
			return s->exec == exec;
	}
	return false;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct atmos_elf elf;
	const char *why = NULL, *name;
	u32 i, where, start, len;
	u8 *copy = malloc(size ? size : 1);	/* ASan sees its ends */
	u64 addend;

	memcpy(copy, data, size);
	if (atmos_elf_check(copy, size, &elf, &why)) {
		FUZZ_ASSERT(why);
		free(copy);
		return 0;
	}
	check_segments(&elf);
	FUZZ_ASSERT(exec_at(&elf, elf.entry, 1, true));
	for (i = 0; i < elf.nr_rela; i++) {
		FUZZ_ASSERT(!atmos_elf_rela(&elf, i, &where, &addend));
		FUZZ_ASSERT(exec_at(&elf, where, 8, false));
		FUZZ_ASSERT(addend <= DOM_WINDOW_SIZE);
	}
	for (i = 0; i < elf.nr_sym; i++)
		if (!atmos_elf_symbol(&elf, i, &start, &len, &name))
			FUZZ_ASSERT(strlen(name) && start + (u64)len <= DOM_IMAGE_END);
	free(copy);
	return 0;
}
