// SPDX-License-Identifier: GPL-2.0-only
/* atmosctl image: list, show, load, unload. */
#include <string.h>

#include <netlink/attr.h>

#include "atmosctl.h"
#include "nl.h"
#include "show.h"

static const struct column image_columns[] = {
	{ "NAME", ATMOS_A_IMAGE_NAME, -24 },
	{ "CLASS", ATMOS_A_IMAGE_CLASS, -6 },
	{ "PAGES", ATMOS_A_IMAGE_PAGES, 5 },
	{ "RECORD", ATMOS_A_IMAGE_RECORD_SIZE, 6 },
	{ "DOMAINS", ATMOS_A_IMAGE_DOMAINS, 7 },
	{ "BUILTIN", ATMOS_A_IMAGE_BUILTIN, -7 },
	{ "SIGNED", ATMOS_A_IMAGE_SIGNED, -6 },
	{ "BUILD-ID", ATMOS_A_IMAGE_BUILD_ID, -1 },
};

static struct nl_msg *about(int cmd, const char *name)
{
	struct nl_msg *msg;

	if (strlen(name) > ATMOS_NAME_MAX)
		fail(STATUS_USAGE,
		     "the name of an image has at most %d characters",
		     ATMOS_NAME_MAX);
	ctl_open();
	msg = ctl_begin(cmd, false);
	nla_put_string(msg, ATMOS_A_IMAGE_NAME, name);
	return msg;
}

int do_image(int argc, char **argv)
{
	const char *command = argc ? argv[0] : "list";

	if (!strcmp(command, "list") && argc <= 1) {
		ctl_open();
		show_all(ctl_begin(ATMOS_CMD_IMAGE_GET, true), &spec_image,
			 image_columns, ARRAY_SIZE(image_columns));
	} else if (!strcmp(command, "show") && argc == 2) {
		show_one(about(ATMOS_CMD_IMAGE_GET, argv[1]), &spec_image);
	} else if (!strcmp(command, "load") && argc == 2) {
		show_one(about(ATMOS_CMD_IMAGE_LOAD, argv[1]), &spec_image);
	} else if (!strcmp(command, "unload") && argc == 2) {
		ctl_send(about(ATMOS_CMD_IMAGE_UNLOAD, argv[1]), &spec_image,
			 NULL, NULL);
	} else {
		usage("image { list | show NAME | load NAME | unload NAME }");
	}
	return STATUS_OK;
}
