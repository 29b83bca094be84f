// SPDX-License-Identifier: GPL-2.0-only
/* Options of all levels, known and unknown, with values that fit and others. */
#include <linux/atmos_socket.h>
#include <string.h>

#include "calls.h"

static int any_level(void)
{
	static const int levels[] = { SOL_SOCKET,   SOL_ATMOS_SOCKET, SOL_ATMOS,   IPPROTO_TCP,
				      IPPROTO_TCP,  IPPROTO_UDP,      IPPROTO_IP,  IPPROTO_IPV6,
				      IPPROTO_IPV6, IPPROTO_ICMP,     IPPROTO_RAW };

	return levels[pick(sizeof(levels) / sizeof(levels[0]))];
}

static void any_value(unsigned char *bytes, size_t size)
{
	int value;

	switch (pick(4)) {
	case 0:
		value = pick(4);
		break;
	case 1:
		value = -(int)pick(4);
		break;
	case 2:
		value = 1 << pick(32);
		break;
	default:
		value = (int)pick(100000);
	}
	for (size_t i = 0; i < size; i++)
		bytes[i] = once_in(3) ? pick(256) : 0;
	memcpy(bytes, &value, sizeof(value));
}

void op_option(void)
{
	unsigned char bytes[300];
	socklen_t len = pick(3) ? 4 : pick(sizeof(bytes));
	int option = once_in(30) ? (int)pick(1u << 31) : (int)pick(80);

	any_value(bytes, sizeof(bytes));
	if (pick(2)) {
		setsockopt(any_fd(), any_level(), option,
			   once_in(50) ? (void *)(uintptr_t)0x1000 : bytes, len);
	} else {
		if (once_in(50))
			len = -1;
		else if (len > sizeof(bytes))
			len = sizeof(bytes);
		getsockopt(any_fd(), any_level(), option, bytes, &len);
	}
}
