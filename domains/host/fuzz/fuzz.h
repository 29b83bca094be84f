/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reading a fuzzer's input as numbers; zeros beyond its end.
 */
#ifndef _FUZZ_FUZZ_H
#define _FUZZ_FUZZ_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../abi/types.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

struct fuzz {
	const u8 *p;
	size_t left;
};

static inline void fuzz_bytes(struct fuzz *f, void *to, size_t n)
{
	size_t have = n < f->left ? n : f->left;

	memset(to, 0, n);
	if (have)
		memcpy(to, f->p, have);
	f->p += have;
	f->left -= have;
}

static inline u8 fuzz_u8(struct fuzz *f)
{
	u8 v;

	fuzz_bytes(f, &v, 1);
	return v;
}

static inline u16 fuzz_u16(struct fuzz *f)
{
	u16 v;

	fuzz_bytes(f, &v, 2);
	return v;
}

static inline u32 fuzz_u32(struct fuzz *f)
{
	u32 v;

	fuzz_bytes(f, &v, 4);
	return v;
}

/* What must hold. */
#define FUZZ_ASSERT(cond)						\
	do {								\
		if (!(cond)) {						\
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #cond); \
			abort();					\
		}							\
	} while (0)

#endif /* _FUZZ_FUZZ_H */
