// SPDX-License-Identifier: GPL-2.0-only
/*
 * A stack for a test of the live update: its records have a version of their
 * own, and it converts none.
 */
#include "../rt/rt.h"
#include "../abi/record.h"

DOM_MANIFEST("stack-refuse",
	     .image_class = DOM_CLASS_STACK,
	     .record_size = DOM_RECORD_MAX,
	     .record_version = STACK_RECORD_VERSION + 1);

void dom_main(const struct dom_in *in, struct dom_out *out)
{
	(void)in;
	(void)out;
}
