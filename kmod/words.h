/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Copying and clearing the short pieces of a mailbox, which consist of words:
 * in place, and eight bytes a step, where memcpy() and memset() are calls that
 * go byte by byte on CPUs with fast string instructions.
 */
#ifndef _ATMOS_WORDS_H
#define _ATMOS_WORDS_H

#include <linux/types.h>

/* Headers are a multiple of four bytes long, records of eight; the rest is for all others. */
static __always_inline void atmos_copy_words(void *to, const void *from, u32 bytes)
{
	unsigned long words = bytes / 8;

	asm volatile("rep movsq" : "+D" (to), "+S" (from), "+c" (words) : : "memory");
	if (bytes & 4) {
		*(u32 *)to = *(const u32 *)from;
		to += 4;
		from += 4;
	}
	for (bytes &= 3; bytes; bytes--)
		*(u8 *)to++ = *(const u8 *)from++;
}

static __always_inline void atmos_zero_words(void *to, u32 bytes)
{
	unsigned long words = bytes / 8;

	asm volatile("rep stosq" : "+D" (to), "+c" (words) : "a" (0) : "memory");
}

#endif /* _ATMOS_WORDS_H */
