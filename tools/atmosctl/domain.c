// SPDX-License-Identifier: GPL-2.0-only
/* atmosctl domain: list, show, stats, kill, quarantine, update. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <netlink/attr.h>

#include "atmosctl.h"
#include "json.h"
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

/* All of them, also where one is gone meanwhile; one alone says why it cannot. */
static int domain_kill(int argc, char **argv)
{
	int i, missing = 0;

	if (argc == 2) {
		ctl_send(about(ATMOS_CMD_DOMAIN_KILL, ATMOS_A_DOMAIN_ID, argv),
			 &spec_domain, NULL, NULL);
		return STATUS_OK;
	}
	ctl_open();
	for (i = 1; i < argc; i++) {
		unsigned long long id = parse_number(argv[i], "domain");
		struct nl_msg *msg = ctl_begin(ATMOS_CMD_DOMAIN_KILL, false);
		char why[128];
		int err;

		nla_put_u64(msg, ATMOS_A_DOMAIN_ID, id);
		err = ctl_ask(msg, &spec_domain, NULL, NULL, why, sizeof(why));
		if (err == -EPERM || err == -EACCES)
			fail(STATUS_PERMISSION, "%s", why);
		missing += err != 0;
	}
	if (missing)
		fail(STATUS_NOT_FOUND, "%d of %d domains are not there",
		     missing, argc - 1);
	return STATUS_OK;
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

static int hex_digit(char c)
{
	return c >= '0' && c <= '9'   ? c - '0'
	       : c >= 'a' && c <= 'f' ? c - 'a' + 10
				      : -1;
}

/* Forty digits are a build id, all else is a name. */
static void put_image(struct nl_msg *msg, const char *text)
{
	unsigned char id[20];
	size_t i;

	for (i = 0; i < 2 * sizeof(id) && hex_digit(text[i]) >= 0; i++)
		id[i / 2] = id[i / 2] << 4 | hex_digit(text[i]);
	if (i == 2 * sizeof(id) && !text[i]) {
		nla_put(msg, ATMOS_A_UPDATE_BUILD_ID, sizeof(id), id);
		return;
	}
	if (strlen(text) > ATMOS_NAME_MAX)
		fail(STATUS_USAGE,
		     "the name of an image has at most %d characters",
		     ATMOS_NAME_MAX);
	nla_put_string(msg, ATMOS_A_UPDATE_IMAGE, text);
}

struct update {
	unsigned long long updated, unchanged, refused, rolled_back, failed;
};

static void add_update(const struct reply *reply, void *arg)
{
	struct update *sum = arg;

	sum->updated += reply_number(reply, ATMOS_A_UPDATE_UPDATED);
	sum->unchanged += reply_number(reply, ATMOS_A_UPDATE_UNCHANGED);
	sum->refused += reply_number(reply, ATMOS_A_UPDATE_REFUSED);
	sum->rolled_back += reply_number(reply, ATMOS_A_UPDATE_ROLLED_BACK);
	sum->failed += reply_number(reply, ATMOS_A_UPDATE_FAILED);
}

static void update(const char *image, int flag, int attr,
		   unsigned long long number, struct update *sum)
{
	struct nl_msg *msg = ctl_begin(ATMOS_CMD_DOMAIN_UPDATE, false);

	put_image(msg, image);
	if (flag)
		nla_put_flag(msg, flag);
	if (attr)
		nla_put_u64(msg, attr, number);
	ctl_send(msg, &spec_update, add_update, sum);
}

static int show_update(const struct update *sum)
{
	if (options.json) {
		json_begin(NULL, '{');
		json_number("updated", sum->updated);
		json_number("unchanged", sum->unchanged);
		json_number("refused", sum->refused);
		json_number("rolled-back", sum->rolled_back);
		json_number("failed", sum->failed);
		json_end('}');
	} else {
		printf("%llu updated, %llu unchanged, %llu refused, %llu rolled back, %llu failed\n",
		       sum->updated, sum->unchanged, sum->refused,
		       sum->rolled_back, sum->failed);
	}
	return sum->refused || sum->rolled_back || sum->failed ? STATUS_FAILED
							       : STATUS_OK;
}

#define UPDATE_USAGE                                                                  \
	"domain update { --all | --default | [--socket COOKIE | --inode N | ID]... }" \
	" --image { NAME | BUILD-ID }"

/* Options may come in any order, so the image is looked for first. */
static int domain_update(int argc, char **argv)
{
	const char *image = NULL;
	struct update sum = {};
	int i, nr = 0;

	for (i = 1; i < argc; i++)
		if (!strcmp(argv[i], "--image") && i + 1 < argc)
			image = argv[i + 1];
	if (!image || argc < 4)
		usage(UPDATE_USAGE);
	ctl_open();
	for (i = 1; i < argc; i++) {
		int flag = 0, attr = ATMOS_A_UPDATE_DOMAIN;
		const char *what = "domain";

		if (!strcmp(argv[i], "--image")) {
			i++;
			continue;
		}
		if (!strcmp(argv[i], "--all") ||
		    !strcmp(argv[i], "--default")) {
			flag = argv[i][2] == 'a' ? ATMOS_A_UPDATE_ALL
						 : ATMOS_A_UPDATE_DEFAULT;
			update(image, flag, 0, 0, &sum);
			nr++;
			continue;
		}
		if (!strcmp(argv[i], "--socket") ||
		    !strcmp(argv[i], "--inode")) {
			attr = argv[i][2] == 's' ? ATMOS_A_UPDATE_SOCKET
						 : ATMOS_A_UPDATE_INODE;
			what = argv[i] + 2;
			if (++i == argc)
				usage(UPDATE_USAGE);
		}
		update(image, 0, attr, parse_number(argv[i], what), &sum);
		nr++;
	}
	if (!nr)
		usage(UPDATE_USAGE);
	return show_update(&sum);
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
	} else if (!strcmp(command, "kill") && argc >= 2) {
		return domain_kill(argc, argv);
	} else if (!strcmp(command, "quarantine") && (argc == 2 || argc == 3)) {
		return domain_quarantine(argc, argv);
	} else if (!strcmp(command, "update")) {
		return domain_update(argc, argv);
	} else {
		usage("domain { list | show ID | stats [ID] | kill ID... | quarantine ID [on|off] | update ... }");
	}
	return STATUS_OK;
}
