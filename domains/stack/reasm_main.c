// SPDX-License-Identifier: GPL-2.0-only
/*
 * The reassembly image: fragments of a whole host.
 *
 * Its table is private memory on purpose: it is lost with a death, and the
 * core then abandons what was stashed.
 */
#include "../rt/rt.h"
#include "engine.h"

#define TABLE_SIZE	(12 * 1024)

static u64 table[TABLE_SIZE / sizeof(u64)];

DOM_MANIFEST("reasm",
	     .image_class = DOM_CLASS_STACK,
	     .record_size = 0,
	     .record_version = STACK_RECORD_VERSION);

void dom_main(const struct dom_in *in, struct dom_out *out)
{
	if (reasm_size() > sizeof(table) ||
	    reasm_run((struct reasm *)table, in, out))
		__builtin_trap();
}
