// SPDX-License-Identifier: GPL-2.0-only
/* atmosctl domain: list, show, stats, kill, quarantine. */
#include <string.h>

#include <netlink/attr.h>

#include "atmosctl.h"
#include "nl.h"
#include "show.h"

static const struct column domain_columns[] = {
	{ "ID", ATMOS_A_DOMAIN_ID, 8 },
	{ "STATUS", ATMOS_A_DOMAIN_STATUS, -11 },
	{ "LEVEL", ATMOS_A_DOMAIN_PRIVILEGE, -6 },
	{ "PAGES", ATMOS_A_DOMAIN_PAGES, 5 },
	{ "RECORD", ATMOS_A_DOMAIN_RECORD_LEN, 6 },
	{ "RESTARTS", ATMOS_A_DOMAIN_RESTARTS, 8 },
	{ "FAULT", ATMOS_A_DOMAIN_LAST_FAULT, 8 },
	{ "CPU", ATMOS_A_DOMAIN_LAST_CPU, 3 },
	{ "IMAGE", ATMOS_A_DOMAIN_IMAGE, -1 },
};

static const struct column stats_columns[] = {
	{ "DOMAIN", ATMOS_A_STATS_DOMAIN, 8 },
	{ "CROSSINGS", ATMOS_A_STATS_CROSSINGS, 12 },
	{ "ENTRIES", ATMOS_A_STATS_ENTRIES, 12 },
	{ "RESTARTS", ATMOS_A_STATS_RESTARTS, 10 },
	{ "RECENT", ATMOS_A_STATS_DEATHS_RECENT, 6 },
	{ "CYCLES", ATMOS_A_STATS_CYCLES, 16 },
};

/* A request about the domain that argv[1] names. */
static struct nl_msg *about(int cmd, int attr, char **argv)
{
	unsigned long long id = parse_number(argv[1], "domain");
	struct nl_msg *msg;

	ctl_open();
	msg = ctl_begin(cmd, false);
	nla_put_u64(msg, attr, id);
	return msg;
}

static int domain_quarantine(int argc, char **argv)
{
	struct nl_msg *msg;
	bool on = true;

	if (argc == 3 && !strcmp(argv[2], "off"))
		on = false;
	else if (argc == 3 && strcmp(argv[2], "on"))
		fail(STATUS_USAGE, "\"%s\" is neither on nor off", argv[2]);
	msg = about(ATMOS_CMD_DOMAIN_QUARANTINE, ATMOS_A_DOMAIN_ID, argv);
	nla_put_u8(msg, ATMOS_A_DOMAIN_QUARANTINED, on);
	ctl_send(msg, &spec_domain, NULL, NULL);
	return STATUS_OK;
}

int do_domain(int argc, char **argv)
{
	const char *command = argc ? argv[0] : "list";

	if (!strcmp(command, "list") && argc <= 1) {
		ctl_open();
		show_all(ctl_begin(ATMOS_CMD_DOMAIN_GET, true), &spec_domain,
			 domain_columns, ARRAY_SIZE(domain_columns));
	} else if (!strcmp(command, "show") && argc == 2) {
		show_one(about(ATMOS_CMD_DOMAIN_GET, ATMOS_A_DOMAIN_ID, argv),
			 &spec_domain);
	} else if (!strcmp(command, "stats") && argc == 1) {
		ctl_open();
		show_all(ctl_begin(ATMOS_CMD_STATS_GET, true), &spec_stats,
			 stats_columns, ARRAY_SIZE(stats_columns));
	} else if (!strcmp(command, "stats") && argc == 2) {
		show_one(about(ATMOS_CMD_STATS_GET, ATMOS_A_STATS_DOMAIN, argv),
			 &spec_stats);
	} else if (!strcmp(command, "kill") && argc == 2) {
		ctl_send(about(ATMOS_CMD_DOMAIN_KILL, ATMOS_A_DOMAIN_ID, argv),
			 &spec_domain, NULL, NULL);
	} else if (!strcmp(command, "quarantine") && (argc == 2 || argc == 3)) {
		return domain_quarantine(argc, argv);
	} else {
		usage("domain { list | show ID | stats [ID] | kill ID | quarantine ID [on|off] }");
	}
	return STATUS_OK;
}
