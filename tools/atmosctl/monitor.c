// SPDX-License-Identifier: GPL-2.0-only
/* atmosctl monitor: what happens to domains and images, as it happens. */
#include <stdio.h>
#include <string.h>

#include "atmosctl.h"
#include "json.h"
#include "nl.h"
#include "show.h"

static void print_death(const struct reply *reply)
{
	printf("domain-died       %llu %s %s %s fault %llu\n",
	       (unsigned long long)reply_number(reply, ATMOS_A_FAULT_DOMAIN),
	       reply_string(reply, ATMOS_A_FAULT_IMAGE),
	       reply_enum(reply, ATMOS_A_FAULT_CAUSE),
	       reply_string(reply, ATMOS_A_FAULT_VECTOR_NAME),
	       (unsigned long long)reply_number(reply, ATMOS_A_FAULT_SEQ));
}

static void print_notice(unsigned int cmd, const struct reply *reply)
{
	const char *name = spec_notices[cmd].name;

	if (options.json) {
		json_begin(NULL, '{');
		json_string("event", name);
		if (reply->set == &spec_fault)
			show_json("fault", reply);
		else if (reply->set == &spec_image)
			show_json("image", reply);
		else
			show_json("domain", reply);
		json_end('}');
	} else if (reply->set == &spec_fault) {
		print_death(reply);
	} else if (reply->set == &spec_image) {
		printf("%-17s %s\n", name,
		       reply_string(reply, ATMOS_A_IMAGE_NAME));
	} else {
		printf("%-17s %llu %s %s\n", name,
		       (unsigned long long)reply_number(reply,
							ATMOS_A_DOMAIN_ID),
		       reply_string(reply, ATMOS_A_DOMAIN_IMAGE),
		       reply_enum(reply, ATMOS_A_DOMAIN_STATUS));
	}
	/* Whoever reads a pipe wants it now. */
	fflush(stdout);
}

int do_monitor(int argc, char **argv)
{
	unsigned long nr = 0;

	if (argc == 2 && !strcmp(argv[0], "count"))
		nr = parse_number(argv[1], "count");
	else if (argc)
		usage("monitor [count N]");
	ctl_open();
	ctl_listen(nr, print_notice);
	return STATUS_OK;
}
