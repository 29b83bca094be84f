// SPDX-License-Identifier: GPL-2.0-only
/*
 * The stack image: TCP connections, listeners and UDP sockets.
 *
 * Called by the runtime once an entry. A record or configuration that the
 * engine refuses ends in a fault, which is how a domain says no. That a record
 * of another version is refused costs nothing else: only then is it looked for
 * the question to convert it.
 */
#include "../rt/rt.h"
#include "engine.h"

#ifndef STACK_NAME
#define STACK_NAME	"stack"
#endif

DOM_MANIFEST(STACK_NAME,
	     .image_class = DOM_CLASS_STACK,
	     .record_size = DOM_RECORD_MAX,
	     .record_version = STACK_RECORD_VERSION);

void dom_main(const struct dom_in *in, struct dom_out *out)
{
	if (stack_run(in, out) && stack_convert(in, out))
		__builtin_trap();
}
