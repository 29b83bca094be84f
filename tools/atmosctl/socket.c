// SPDX-License-Identifier: GPL-2.0-only
/* atmosctl socket: list. */
#include <string.h>

#include <netlink/attr.h>

#include "atmosctl.h"
#include "nl.h"
#include "show.h"

static const struct column socket_columns[] = {
	{ "PROTO", ATMOS_A_SOCKET_PROTOCOL, -5 },
	{ "STATE", ATMOS_A_SOCKET_STATUS, -11 },
	{ "RECV-Q", ATMOS_A_SOCKET_RECV_QUEUE, 8 },
	{ "SEND-Q", ATMOS_A_SOCKET_SEND_QUEUE, 8 },
	{ "DOMAIN", ATMOS_A_SOCKET_DOMAIN, 8 },
	{ "UID", ATMOS_A_SOCKET_UID, 6 },
	{ "INODE", ATMOS_A_SOCKET_INODE, 8 },
	{ "LOCAL", ATMOS_A_SOCKET_LOCAL, -24 },
	{ "REMOTE", ATMOS_A_SOCKET_REMOTE, -1 },
};

char **put_socket(struct nl_msg *msg, char **argv, int socket, int domain,
		  int inode)
{
	const char *what = "domain";
	int attr = domain;

	if (!strcmp(*argv, "--socket") || !strcmp(*argv, "--inode")) {
		attr = argv[0][2] == 's' ? socket : inode;
		what = *argv++ + 2;
		if (!*argv)
			fail(STATUS_USAGE, "the number of the %s is missing",
			     what);
	}
	nla_put_u64(msg, attr, parse_number(*argv, what));
	return argv + 1;
}

int do_socket(int argc, char **argv)
{
	const char *command = argc ? argv[0] : "list";

	if (strcmp(command, "list") || argc > 1)
		usage("socket list");
	ctl_open();
	show_all(ctl_begin(ATMOS_CMD_SOCKET_GET, true), &spec_socket,
		 socket_columns, ARRAY_SIZE(socket_columns));
	return STATUS_OK;
}
