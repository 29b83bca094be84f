// SPDX-License-Identifier: GPL-2.0-only
/*
 * The four functions that the compiler calls on its own account.
 *
 * Compiled with -fno-tree-loop-distribute-patterns, or the loops below would
 * become calls of themselves. Words first: domains copy headers of some tens
 * of bytes, for which a string instruction costs more than it saves.
 */
#include "rt.h"

struct word {
	u64 v;
} __attribute__((packed, may_alias));

void *memcpy(void *restrict dst, const void *restrict src, size_t len)
{
	u8 *d = dst;
	const u8 *s = src;

	for (; len >= 8; len -= 8, d += 8, s += 8)
		((struct word *)d)->v = ((const struct word *)s)->v;
	while (len--)
		*d++ = *s++;
	return dst;
}

void *memmove(void *dst, const void *src, size_t len)
{
	u8 *d = dst;
	const u8 *s = src;

	if (d == s)
		return dst;
	if (d < s) {
		/* Each word is read before a later store can reach it. */
		for (; len >= 8; len -= 8, d += 8, s += 8)
			((struct word *)d)->v = ((const struct word *)s)->v;
		while (len--)
			*d++ = *s++;
		return dst;
	}
	for (; len >= 8; len -= 8)
		((struct word *)(d + len - 8))->v =
			((const struct word *)(s + len - 8))->v;
	while (len--)
		d[len] = s[len];
	return dst;
}

void *memset(void *dst, int c, size_t len)
{
	u64 pattern = 0x0101010101010101ull * (u8)c;
	u8 *d = dst;

	for (; len >= 8; len -= 8, d += 8)
		((struct word *)d)->v = pattern;
	while (len--)
		*d++ = (u8)c;
	return dst;
}

int memcmp(const void *a, const void *b, size_t len)
{
	const u8 *x = a;
	const u8 *y = b;

	for (; len >= 8; len -= 8, x += 8, y += 8)
		if (((const struct word *)x)->v != ((const struct word *)y)->v)
			break;
	for (; len; len--, x++, y++)
		if (*x != *y)
			return *x < *y ? -1 : 1;
	return 0;
}
