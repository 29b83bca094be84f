// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs behaviour scripts and prints TAP, one case a script.
 *
 *	scripts FILE.pkt ...
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "script.h"

/* "feature/case" of ".../feature/case.pkt" */
static void short_name(const char *path, char *to, size_t size)
{
	const char *p = path + strlen(path);
	u32 slashes = 0;

	while (p > path && (p[-1] != '/' || ++slashes < 2))
		p--;
	snprintf(to, size, "%s", p);
	if (strlen(to) > 4 && !strcmp(to + strlen(to) - 4, ".pkt"))
		to[strlen(to) - 4] = 0;
}

int main(int argc, char **argv)
{
	struct script *s = malloc(sizeof(*s));
	int failed = 0, i;
	char name[200];

	printf("TAP version 13\n1..%d\n", argc - 1);
	for (i = 1; i < argc; i++) {
		long frames = frames_alive;
		bool right = script_run(s, argv[i]);

		if (right && frames != frames_alive) {
			right = false;
			snprintf(s->bad, sizeof(s->bad), "frames were not given back");
		}
		short_name(argv[i], name, sizeof(name));
		printf("%s %d - %s: %s\n", right ? "ok" : "not ok", i, name, s->title);
		if (!right) {
			printf("# %s\n", s->bad);
			failed++;
		}
	}
	free(s);
	return failed != 0;
}
