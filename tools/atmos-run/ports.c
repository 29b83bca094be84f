// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ranges of ports as --ports takes them: "80,443,8000-8100". The preloaded
 * library reads them again, without asking.
 */
#include <ctype.h>
#include <stdlib.h>

#include "launch.h"

static bool read_port(const char **at, unsigned long *port)
{
	char *end;

	/* strtoul() takes blanks and signs. */
	if (!isdigit((unsigned char)**at))
		return false;
	*port = strtoul(*at, &end, 10);
	*at = end;
	return *port <= 65535;
}

/* ports_valid - are these ranges of ports, none of them upside down? */
bool ports_valid(const char *text)
{
	unsigned long low, high;

	for (;;) {
		if (!read_port(&text, &low))
			return false;
		high = low;
		if (*text == '-') {
			text++;
			if (!read_port(&text, &high) || high < low)
				return false;
		}
		if (!*text)
			return true;
		if (*text++ != ',')
			return false;
	}
}
