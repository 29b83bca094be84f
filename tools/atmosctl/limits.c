// SPDX-License-Identifier: GPL-2.0-only
/* atmosctl limits: show, set; atmosctl info. */
#include <limits.h>
#include <string.h>

#include <netlink/attr.h>

#include "atmosctl.h"
#include "nl.h"
#include "show.h"

#define LIMITS_USAGE "limits { show | set { domains N | pages N } ... }"

static void limits_set(int argc, char **argv)
{
	unsigned long long domains = 0, pages = 0;
	struct nl_msg *msg;
	int i;

	for (i = 0; i + 1 < argc; i += 2) {
		if (!strcmp(argv[i], "domains"))
			domains = parse_number(argv[i + 1], "limit of domains");
		else if (!strcmp(argv[i], "pages"))
			pages = parse_number(argv[i + 1], "limit of pages");
		else
			usage(LIMITS_USAGE);
	}
	if (!argc || argc % 2)
		usage(LIMITS_USAGE);
	if (domains > UINT_MAX)
		fail(STATUS_USAGE, "%llu domains are too many", domains);
	ctl_open();
	msg = ctl_begin(ATMOS_CMD_LIMITS_SET, false);
	if (domains)
		nla_put_u32(msg, ATMOS_A_LIMITS_DOMAINS_MAX, domains);
	if (pages)
		nla_put_u64(msg, ATMOS_A_LIMITS_PAGES_MAX, pages);
	ctl_send(msg, &spec_limits, NULL, NULL);
}

int do_limits(int argc, char **argv)
{
	const char *command = argc ? argv[0] : "show";

	if (!strcmp(command, "show") && argc <= 1) {
		ctl_open();
		show_one(ctl_begin(ATMOS_CMD_LIMITS_GET, false), &spec_limits);
	} else if (!strcmp(command, "set")) {
		limits_set(argc - 1, argv + 1);
	} else {
		usage(LIMITS_USAGE);
	}
	return STATUS_OK;
}

int do_info(int argc, char **argv)
{
	(void)argv;
	if (argc)
		usage("info");
	ctl_open();
	show_one(ctl_begin(ATMOS_CMD_INFO_GET, false), &spec_info);
	return STATUS_OK;
}
