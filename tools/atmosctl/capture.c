// SPDX-License-Identifier: GPL-2.0-only
/*
 * atmosctl capture: what goes into and comes out of a socket's stack, for
 * atmos-trace: start, list, stop, write, end.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <netlink/attr.h>

#include "../../domains/abi/trace_format.h"
#include "atmosctl.h"
#include "nl.h"
#include "show.h"

static const struct column capture_columns[] = {
	{ "ID", ATMOS_A_CAPTURE_ID, 4 },
	{ "ENTRIES", ATMOS_A_CAPTURE_ENTRIES, 8 },
	{ "LOST", ATMOS_A_CAPTURE_LOST, 8 },
	{ "BYTES", ATMOS_A_CAPTURE_BYTES, 8 },
	{ "MAX", ATMOS_A_CAPTURE_BYTES_MAX, 8 },
	{ "ON-DEATH", ATMOS_A_CAPTURE_ON_DEATH, -8 },
	{ "STOPPED", ATMOS_A_CAPTURE_STOPPED, -1 },
};

static struct nl_msg *about(int cmd, const char *id, bool dump)
{
	unsigned long long number = parse_number(id, "capture");
	struct nl_msg *msg;

	if (number > UINT32_MAX)
		fail(STATUS_USAGE, "\"%s\" is no number of a capture", id);
	ctl_open();
	msg = ctl_begin(cmd, dump);
	nla_put_u32(msg, ATMOS_A_CAPTURE_ID, number);
	return msg;
}

static void write_part(const struct reply *reply, void *arg)
{
	struct nlattr *data = reply_attr(reply, ATMOS_A_CAPTURE_DATA);

	/* Whether that went well is asked at the end. */
	if (data)
		fwrite(nla_data(data), nla_len(data), 1, arg);
}

/* Stops it, and leaves it there: a file may be written again. */
static void capture_write(const char *id, const char *name)
{
	const struct trace_head head = { TRACE_MAGIC, TRACE_VERSION,
					 DOM_ABI_VERSION };
	FILE *file;

	ctl_send(about(ATMOS_CMD_CAPTURE_STOP, id, false), &spec_capture, NULL,
		 NULL);
	file = fopen(name, "wb");
	if (!file)
		fail(STATUS_FAILED, "%s: %s", name, strerror(errno));
	fwrite(&head, sizeof(head), 1, file);
	ctl_send(about(ATMOS_CMD_CAPTURE_READ, id, true), &spec_capture,
		 write_part, file);
	if (fflush(file) || ferror(file) || fclose(file))
		fail(STATUS_FAILED, "%s: cannot write", name);
}

#define CAPTURE_USAGE                                                        \
	"capture { start SOCKET [size BYTES] [on-death] | list | stop ID | " \
	"write ID FILE | end ID }, SOCKET: DOMAIN | --socket COOKIE | --inode N"

static void capture_start(char **argv)
{
	struct nl_msg *msg;

	ctl_open();
	msg = ctl_begin(ATMOS_CMD_CAPTURE_START, false);
	argv = put_socket(msg, argv, ATMOS_A_CAPTURE_SOCKET,
			  ATMOS_A_CAPTURE_DOMAIN, ATMOS_A_CAPTURE_INODE);
	for (; *argv; argv++) {
		if (!strcmp(*argv, "on-death")) {
			nla_put_flag(msg, ATMOS_A_CAPTURE_ON_DEATH);
		} else if (!strcmp(*argv, "size") && argv[1]) {
			unsigned long long size = parse_number(*++argv, "size");

			if (size > UINT32_MAX)
				fail(STATUS_USAGE, "\"%s\" is too large",
				     *argv);
			nla_put_u32(msg, ATMOS_A_CAPTURE_BYTES_MAX, size);
		} else {
			usage(CAPTURE_USAGE);
		}
	}
	show_one(msg, &spec_capture);
}

int do_capture(int argc, char **argv)
{
	const char *command = argc ? argv[0] : "list";

	if (!strcmp(command, "list") && argc <= 1) {
		ctl_open();
		show_all(ctl_begin(ATMOS_CMD_CAPTURE_GET, true), &spec_capture,
			 capture_columns, ARRAY_SIZE(capture_columns));
	} else if (!strcmp(command, "start") && argc >= 2) {
		capture_start(argv + 1);
	} else if (!strcmp(command, "stop") && argc == 2) {
		show_one(about(ATMOS_CMD_CAPTURE_STOP, argv[1], false),
			 &spec_capture);
	} else if (!strcmp(command, "write") && argc == 3) {
		capture_write(argv[1], argv[2]);
	} else if (!strcmp(command, "end") && argc == 2) {
		ctl_send(about(ATMOS_CMD_CAPTURE_END, argv[1], false),
			 &spec_capture, NULL, NULL);
	} else {
		usage(CAPTURE_USAGE);
	}
	return STATUS_OK;
}
