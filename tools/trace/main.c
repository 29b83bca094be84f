// SPDX-License-Identifier: GPL-2.0-only
/*
 * atmos-trace: looks into a capture of the engine's runs, and runs them again.
 *
 *	atmos-trace show [-r] [-i ID] FILE	text; -r: with records
 *	atmos-trace replay [-v] FILE		every run again, on this engine
 *
 * A replay compares commands and record with those captured and tells the
 * first difference, so a failure in the field is a test on the host. Exit
 * status: 0 all the same, 1 a difference, 2 the file or its use is wrong.
 */
#include <stdlib.h>
#include <string.h>

#include "../../domains/stack/engine.h"
#include "trace.h"

static int usage(void)
{
	fprintf(stderr,
		"usage: atmos-trace show [-r] [-i ID] FILE | replay [-v] FILE\n");
	return 2;
}

static int show(FILE *f, const char *name, bool record, long long id)
{
	struct trace_run r;
	u64 first = 0;
	int ret;

	while ((ret = trace_next(f, &r, name)) > 0) {
		if (!first)
			first = r.e.now_us;
		if (id < 0 || (u64)id == r.e.id)
			show_run(&r, first, record);
	}
	return ret ? 2 : 0;
}

static bool again(const struct trace_run *r, struct dom_in *in,
		  struct dom_out *out)
{
	bool refused;

	memset(in, 0, sizeof(*in));
	memset(out, 0, sizeof(*out));
	in->abi_version = DOM_ABI_VERSION;
	in->nr_slots = r->e.nr_in;
	in->now_us = r->e.now_us;
	in->domain_id = r->e.id;
	in->record_len = r->e.before_len ? DOM_RECORD_MAX : 0;
	memcpy(in->config, r->e.config, sizeof(in->config));
	memcpy(in->slot, r->in, r->e.nr_in * sizeof(in->slot[0]));
	memcpy(out->record, r->before, sizeof(out->record));
	refused = stack_run(in, out) != 0;
	/* Of a run that died there is nothing to compare with: it has to run through. */
	if (r->e.flags & TRACE_DIED && !r->e.nr_out && !r->e.after_len)
		return true;
	if (refused != !!(r->e.flags & TRACE_REFUSED))
		return false;
	return out->nr_slots == r->e.nr_out && out->flags == r->e.out_flags &&
	       !memcmp(out->record, r->after, sizeof(out->record)) &&
	       !memcmp(out->slot, r->out, r->e.nr_out * sizeof(out->slot[0]));
}

static void differs(const struct trace_run *r, const struct dom_out *out,
		    u64 nr)
{
	struct trace_run now = *r;
	u32 i;

	printf("run %llu differs; captured:\n", (unsigned long long)nr);
	show_run(r, 0, true);
	now.e.nr_out = out->nr_slots;
	now.e.out_flags = out->flags;
	memcpy(now.out, out->slot, sizeof(now.out));
	memcpy(now.after, out->record, sizeof(now.after));
	printf("now:\n");
	show_run(&now, 0, true);
	for (i = 0; i < DOM_RECORD_MAX; i++) {
		if (r->after[i] != now.after[i]) {
			printf("records differ from byte %u on\n", i);
			break;
		}
	}
}

static int replay(FILE *f, const char *name, bool verbose)
{
	static struct dom_in in;
	static struct dom_out out;
	u64 nr = 0, skipped = 0, died = 0, first = 0;
	struct trace_run r;
	int ret;

	while ((ret = trace_next(f, &r, name)) > 0) {
		const struct stack_config *cfg = (const void *)r.e.config;

		nr++;
		if (!first)
			first = r.e.now_us;
		if (verbose)
			show_run(&r, first, true);
		if (cfg->kind == STACK_REASM) {
			skipped++; /* its memory is not in the capture */
			continue;
		}
		died += !!(r.e.flags & TRACE_DIED);
		if (!again(&r, &in, &out)) {
			differs(&r, &out, nr);
			return 1;
		}
	}
	if (ret)
		return 2;
	printf("%llu runs, all the same (%llu of reassembly left out)\n",
	       (unsigned long long)nr, (unsigned long long)skipped);
	if (died)
		printf("%llu of them had died, and ran through here\n",
		       (unsigned long long)died);
	return 0;
}

int main(int argc, char **argv)
{
	bool record = false, verbose = false;
	long long id = -1;
	const char *verb = argc > 1 ? argv[1] : "";
	FILE *f;
	int i, ret;

	for (i = 2; i < argc && argv[i][0] == '-'; i++) {
		if (!strcmp(argv[i], "-r"))
			record = true;
		else if (!strcmp(argv[i], "-v"))
			verbose = true;
		else if (!strcmp(argv[i], "-i") && i + 1 < argc)
			id = strtoll(argv[++i], NULL, 0);
		else
			return usage();
	}
	if (i + 1 != argc || (strcmp(verb, "show") && strcmp(verb, "replay")))
		return usage();
	f = fopen(argv[i], "rb");
	if (!f) {
		perror(argv[i]);
		return 2;
	}
	ret = trace_open(f, argv[i])  ? 2
	      : !strcmp(verb, "show") ? show(f, argv[i], record, id)
				      : replay(f, argv[i], verbose);
	fclose(f);
	return ret;
}
