// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reads captures. A capture may come from anywhere: every length is checked.
 */
#include <string.h>

#include "trace.h"

/* Checks the head. Returns 0, or -1 after a message. */
int trace_open(FILE *f, const char *name)
{
	struct trace_head h;

	if (fread(&h, sizeof(h), 1, f) != 1 || h.magic != TRACE_MAGIC) {
		fprintf(stderr, "trace: %s: not a capture\n", name);
		return -1;
	}
	if (h.version != TRACE_VERSION || h.abi_version != DOM_ABI_VERSION) {
		fprintf(stderr,
			"trace: %s: version %u of contract %u, this program knows %u of %u\n",
			name, h.version, h.abi_version, TRACE_VERSION,
			DOM_ABI_VERSION);
		return -1;
	}
	return 0;
}

static int get(FILE *f, void *to, size_t len)
{
	return !len || fread(to, len, 1, f) == 1 ? 0 : -1;
}

/* Returns 1 with an entry, 0 at the end, -1 after a message. */
int trace_next(FILE *f, struct trace_run *r, const char *name)
{
	long at = ftell(f);

	memset(r, 0, sizeof(*r));
	if (fread(&r->e, 1, sizeof(r->e), f) == 0)
		return 0;
	if (r->e.magic != TRACE_ENTRY_MAGIC || r->e.nr_in > DOM_IN_SLOTS ||
	    r->e.nr_out > DOM_OUT_SLOTS || r->e.before_len > DOM_RECORD_MAX ||
	    r->e.after_len > DOM_RECORD_MAX) {
		fprintf(stderr, "trace: %s: bad entry at byte %ld\n", name, at);
		return -1;
	}
	if (get(f, r->before, r->e.before_len) ||
	    get(f, r->in, r->e.nr_in * sizeof(r->in[0])) ||
	    get(f, r->out, r->e.nr_out * sizeof(r->out[0])) ||
	    get(f, r->after, r->e.after_len)) {
		fprintf(stderr, "trace: %s: cut off in the entry at byte %ld\n",
			name, at);
		return -1;
	}
	return 1;
}
