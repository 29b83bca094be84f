// SPDX-License-Identifier: GPL-2.0-only
/*
 * Has this kernel Atmos sockets, under which number, and for us? Called before
 * the program is started.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "launch.h"

#define PARAMETER "/sys/module/atmos/parameters/family"

/* What the module says. */
static bool read_family(unsigned int *family, struct reason *reason)
{
	FILE *file = fopen(PARAMETER, "re");
	bool ok;

	if (!file) {
		if (errno == ENOENT && access("/sys/module", F_OK) == 0)
			because(reason, "the kernel module is not loaded");
		else
			because(reason, "%s: %s (see --family)", PARAMETER,
				strerror(errno));
		return false;
	}
	ok = fscanf(file, "%u", family) == 1 && *family;
	fclose(file);
	if (!ok)
		because(reason, "%s has no number", PARAMETER);
	return ok;
}

/*
 * kernel_obstacle - why there are no Atmos sockets, a sentence in @reason; or
 * false, and in *family their number, unless it is given there already
 */
bool kernel_obstacle(unsigned int *family, struct reason *reason)
{
	int type = SOCK_STREAM, fd, value, err;
	socklen_t len = sizeof(value);

	if (!*family && !read_family(family, reason))
		return true;
	if (options.only && !strcmp(options.only, "udp"))
		type = SOCK_DGRAM;
	fd = socket(*family, type | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		if (errno == EAFNOSUPPORT)
			because(reason, "address family %u is not there",
				*family);
		else
			because(reason, "no Atmos socket to be had: %s",
				strerror(errno));
		return true;
	}
	/* Somebody else's family does not know this option. */
	err = getsockopt(fd, SOL_ATMOS, ATMOS_SO_FAMILY, &value, &len);
	if (err)
		because(reason, "address family %u is not that of Atmos",
			*family);
	close(fd);
	return err;
}
