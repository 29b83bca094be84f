// SPDX-License-Identifier: GPL-2.0-only
/*
 * The program's environment: LD_PRELOAD, and what the library is told. Called
 * before the program is started.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "launch.h"

#define LIBRARY "atmos-run.so"

/* The loader takes these for ends of a name in LD_PRELOAD, and knows no quotes. */
#define SEPARATORS ": \t\n"

static void set(const char *name, const char *value)
{
	if (value ? setenv(name, value, 1) : unsetenv(name))
		fail(STATUS_FAILED, "%s: %s", name, strerror(errno));
}

/* The library is beside the launcher (build tree), or in ../lib/atmos. */
static const char *library(void)
{
	static const char *const places[] = { "", "../lib/atmos/" };
	static char path[PATH_MAX + 64];
	char self[PATH_MAX], *real;
	ssize_t len;
	size_t i;

	len = readlink("/proc/self/exe", self, sizeof(self) - 1);
	if (len < 0)
		fail(STATUS_FAILED, "/proc/self/exe: %s", strerror(errno));
	self[len] = 0;
	*strrchr(self, '/') = 0;
	for (i = 0; i < ARRAY_SIZE(places); i++) {
		snprintf(path, sizeof(path), "%s/%s" LIBRARY, self, places[i]);
		real = realpath(path, NULL);
		if (!real)
			continue;
		if (strpbrk(real, SEPARATORS))
			fail(STATUS_FAILED,
			     "%s: the loader cannot take a path with blanks or colons",
			     real);
		snprintf(path, sizeof(path), "%s", real);
		free(real);
		return path;
	}
	fail(STATUS_FAILED, LIBRARY " is neither in %s nor in %s/../lib/atmos",
	     self, self);
}

static bool in_list(const char *list, const char *name)
{
	size_t len;

	for (; *list; list += len) {
		list += strspn(list, SEPARATORS);
		len = strcspn(list, SEPARATORS);
		if (len && len == strlen(name) && !memcmp(list, name, len))
			return true;
	}
	return false;
}

/* Appends the library: others that are there keep their place. */
static void preload(void)
{
	const char *list = getenv("LD_PRELOAD"), *path = library();
	char *longer;

	if (list && in_list(list, path))
		return;
	if (!list || !*list) {
		set("LD_PRELOAD", path);
		return;
	}
	if (asprintf(&longer, "%s:%s", list, path) < 0)
		fail(STATUS_FAILED, "out of memory");
	set("LD_PRELOAD", longer);
	free(longer);
}

/* env_native - for a program that is not to have Atmos sockets */
void env_native(void)
{
	static const char *const names[] = {
		RUN_ENV_FAMILY,	 RUN_ENV_ONLY,	RUN_ENV_PORTS, RUN_ENV_STRICT,
		RUN_ENV_VERBOSE, RUN_ENV_STATS, RUN_ENV_CRASH,
	};
	size_t i;

	/* From an atmos-run around this one: its library is at rest then. */
	for (i = 0; i < ARRAY_SIZE(names); i++)
		set(names[i], NULL);
}

/* env_atmos - for a program that is to have Atmos sockets */
void env_atmos(unsigned int family)
{
	char number[16];

	env_native();
	snprintf(number, sizeof(number), "%u", family);
	set(RUN_ENV_FAMILY, number);
	set(RUN_ENV_ONLY, options.only);
	set(RUN_ENV_PORTS, options.ports);
	set(RUN_ENV_STRICT, options.strict ? "1" : NULL);
	set(RUN_ENV_VERBOSE, options.verbose ? "1" : NULL);
	set(RUN_ENV_CRASH, options.report ? "1" : NULL);
	preload();
	if (options.verbose)
		say("address family %u, LD_PRELOAD=%s", family,
		    getenv("LD_PRELOAD"));
}
