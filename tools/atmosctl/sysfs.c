// SPDX-License-Identifier: GPL-2.0-only
/* What the system says about itself in small files. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sysfs.h"

bool read_line(const char *path, char *text, size_t size)
{
	FILE *file = fopen(path, "re");
	bool ok;

	text[0] = '\0';
	if (!file)
		return false;
	ok = fgets(text, size, file);
	fclose(file);
	text[strcspn(text, "\n")] = '\0';
	return ok;
}

bool has_word(const char *text, const char *word)
{
	size_t len = strlen(word);
	const char *p = text;

	while ((p = strstr(p, word))) {
		if ((p == text || strchr(" \t:", p[-1])) &&
		    (!p[len] || strchr(" \t\n;", p[len])))
			return true;
		p += len;
	}
	return false;
}

bool cpu_flag(const char *flag)
{
	FILE *file = fopen("/proc/cpuinfo", "re");
	bool found = false;
	char *line = NULL;
	size_t size = 0;

	if (!file)
		return false;
	while (getline(&line, &size, file) >= 0) {
		if (strncmp(line, "flags", 5))
			continue;
		found = has_word(line, flag);
		break;
	}
	free(line);
	fclose(file);
	return found;
}
