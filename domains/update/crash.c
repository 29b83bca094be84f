// SPDX-License-Identifier: GPL-2.0-only
/*
 * A stack for a test of the live update: it takes any record, and dies whenever
 * it is entered.
 */
#include "../rt/rt.h"
#include "../abi/record.h"

DOM_MANIFEST("stack-crash",
	     .image_class = DOM_CLASS_STACK,
	     .record_size = DOM_RECORD_MAX,
	     .record_version = STACK_RECORD_VERSION);

void dom_main(const struct dom_in *in, struct dom_out *out)
{
	(void)in;
	(void)out;
	__builtin_trap();
}
