// SPDX-License-Identifier: GPL-2.0-only
/*
 * The simulator: seeded connections over a bad link, with deaths on the way.
 *
 *	sim --seeds 500 [--first N]	test; groups of 50 seeds are one case each
 *	sim --seed N [name=value ...]	one seed, told in detail, its plan changed
 *	    [--capture FILE]		and captured for tools/trace
 *	sim --bench			throughput against loss, fairness
 */
#include <stdlib.h>
#include <string.h>

#include "sim.h"

#define GROUP 50

static int one(u64 seed, int argc, char **argv, const char *capture)
{
	struct outcome o;
	struct plan p;
	char bad[400];
	bool right;
	FILE *f = NULL;
	int i;

	plan_draw(&p, seed);
	for (i = 0; i < argc; i++) {
		char *eq = strchr(argv[i], '=');

		if (!eq) {
			fprintf(stderr, "sim: %s: not NAME=VALUE\n", argv[i]);
			return 2;
		}
		*eq = 0;
		if (!plan_set(&p, argv[i], eq + 1)) {
			fprintf(stderr, "sim: %s: no such thing in a plan\n", argv[i]);
			return 2;
		}
	}
	if (capture) {
		f = fopen(capture, "wb");
		if (!f) {
			perror(capture);
			return 2;
		}
	}
	plan_print(&p, stdout);
	right = plan_run(&p, f, &o, bad, sizeof(bad));
	if (f)
		fclose(f);
	printf("# %llu events, %llu runs, %llu deaths, %llu transmissions, %llu again, %.3f s\n",
	       (unsigned long long)o.events, (unsigned long long)o.runs,
	       (unsigned long long)o.deaths, (unsigned long long)o.xmits,
	       (unsigned long long)o.retrans, (double)o.virtual_us / 1e6);
	if (!right)
		printf("not ok 1 - seed %llu: %s\n", (unsigned long long)seed, bad);
	else
		printf("ok 1 - seed %llu\n", (unsigned long long)seed);
	return !right;
}

static int many(u64 first, u64 nr)
{
	u64 seed = first, end = first + nr, deaths = 0, bytes = 0, events = 0;
	u32 group = 0, failed_groups = 0;

	printf("TAP version 13\n1..%llu\n", (unsigned long long)((nr + GROUP - 1) / GROUP));
	while (seed < end) {
		u64 from = seed, failed = 0;

		for (; seed < end && seed < from + GROUP; seed++) {
			struct outcome o;
			struct plan p;
			char bad[400];

			plan_draw(&p, seed);
			if (!plan_run(&p, NULL, &o, bad, sizeof(bad))) {
				failed++;
				printf("# seed %llu: %s (replay: sim --seed %llu)\n",
				       (unsigned long long)seed, bad,
				       (unsigned long long)seed);
			}
			deaths += o.deaths;
			events += o.events;
			bytes += p.out + p.in;
		}
		failed_groups += failed != 0;
		printf("%s %u - seeds %llu to %llu: all bytes exact, ends closed, no timer left\n",
		       failed ? "not ok" : "ok", ++group, (unsigned long long)from,
		       (unsigned long long)seed - 1);
		fflush(stdout);
	}
	printf("# %llu seeds, %llu bytes, %llu events, %llu deaths survived\n",
	       (unsigned long long)nr, (unsigned long long)bytes,
	       (unsigned long long)events, (unsigned long long)deaths);
	return failed_groups != 0;
}

int main(int argc, char **argv)
{
	const char *capture = NULL;
	u64 first = 1, nr = 0;
	int i;

	for (i = 1; i < argc && argv[i][0] == '-'; i++) {
		if (!strcmp(argv[i], "--bench"))
			return bench_main();
		if (i + 1 == argc)
			break;
		if (!strcmp(argv[i], "--seeds"))
			nr = strtoull(argv[++i], NULL, 0);
		else if (!strcmp(argv[i], "--first"))
			first = strtoull(argv[++i], NULL, 0);
		else if (!strcmp(argv[i], "--capture"))
			capture = argv[++i];
		else if (!strcmp(argv[i], "--seed"))
			return one(strtoull(argv[i + 1], NULL, 0), argc - i - 2,
				   argv + i + 2, capture);
		else
			break;
	}
	if (i < argc || !nr) {
		fprintf(stderr, "usage: sim --seeds N [--first N] | [--capture FILE] --seed N [name=value ...] | --bench\n");
		return 2;
	}
	return many(first, nr);
}
