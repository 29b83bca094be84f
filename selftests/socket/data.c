// SPDX-License-Identifier: GPL-2.0-only
/*
 * Data of a case: sent, received, and told as text.
 */
#include <arpa/inet.h>
#include <ctype.h>
#include <linux/errqueue.h>
#include <stdio.h>
#include <stdlib.h>

#include "cases.h"

#define SHOWN 24 /* bytes of data that are shown */

static const char *data_text(const unsigned char *data, size_t len)
{
	static char text[SHOWN * 4 + 16];
	size_t used = 0;

	for (size_t i = 0; i < len && i < SHOWN; i++)
		used += isprint(data[i]) ? sprintf(text + used, "%c", data[i]) :
					   sprintf(text + used, "\\%02x", data[i]);
	strcpy(text + used, len > SHOWN ? "..." : "");
	return text;
}

ssize_t record_recv(const char *what, int fd, size_t len, int flags)
{
	unsigned char *data = calloc(1, len + 1);
	ssize_t got = recv(fd, data, len, flags);
	int err = errno;

	if (got < 0)
		record("recv(%s, %zu, %#x) = -1 %s", what, len, flags, errno_name(err));
	else
		record("recv(%s, %zu, %#x) = %zd \"%s\"", what, len, flags, got,
		       data_text(data, (size_t)got < len ? (size_t)got : len));
	free(data);
	errno = err;
	return got;
}

static const char *msg_flag_names(int flags)
{
	static const struct {
		int bit;
		const char *name;
	} names[] = {
		{ MSG_EOR, "EOR" },	  { MSG_TRUNC, "TRUNC" },	{ MSG_CTRUNC, "CTRUNC" },
		{ MSG_OOB, "OOB" },	  { MSG_ERRQUEUE, "ERRQUEUE" }, { MSG_PEEK, "PEEK" },
		{ MSG_DONTWAIT, "DONTWAIT" },
	};
	static char text[128];
	size_t used = 0;

	text[0] = 0;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (flags & names[i].bit)
			used += sprintf(text + used, " %s", names[i].name);
		flags &= ~names[i].bit;
	}
	if (flags)
		sprintf(text + used, " %#x", flags);
	return text;
}

static void record_error_cmsg(const struct cmsghdr *c)
{
	const struct sock_extended_err *e = (const void *)CMSG_DATA(c);
	const struct sockaddr *offender = SO_EE_OFFENDER(e);
	size_t len = c->cmsg_len - CMSG_LEN(sizeof(*e));

	record("  error %s origin %u type %u code %u info %u data %u", errno_name(e->ee_errno),
	       e->ee_origin, e->ee_type, e->ee_code, e->ee_info, e->ee_data);
	if (len >= sizeof(struct sockaddr_in) && offender->sa_family != AF_UNSPEC)
		record("  from %s", addr_text(offender, len));
	else
		record("  from nobody, %zu bytes", len);
}

static void record_pktinfo(const struct cmsghdr *c)
{
	char from[INET6_ADDRSTRLEN], to[INET6_ADDRSTRLEN];

	if (c->cmsg_level == IPPROTO_IP) {
		const struct in_pktinfo *p = (const void *)CMSG_DATA(c);

		inet_ntop(AF_INET, &p->ipi_spec_dst, from, sizeof(from));
		inet_ntop(AF_INET, &p->ipi_addr, to, sizeof(to));
		record("  IP_PKTINFO interface %d, spec_dst %s, addr %s", p->ipi_ifindex, from,
		       to);
	} else {
		const struct in6_pktinfo *p = (const void *)CMSG_DATA(c);

		inet_ntop(AF_INET6, &p->ipi6_addr, to, sizeof(to));
		record("  IPV6_PKTINFO interface %u, addr %s", p->ipi6_ifindex, to);
	}
}

static void record_cmsg(const struct cmsghdr *c)
{
	size_t len = c->cmsg_len - CMSG_LEN(0);
	const void *data = CMSG_DATA(c);

	if ((c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_RECVERR) ||
	    (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_RECVERR))
		record_error_cmsg(c);
	else if ((c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) ||
		 (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO))
		record_pktinfo(c);
	else if (c->cmsg_level == SOL_SOCKET && c->cmsg_type != SO_MARK &&
		 c->cmsg_type != SO_RXQ_OVFL)
		/* Time stamps. */
		record("  SOL_SOCKET %d, %zu bytes", c->cmsg_type, len);
	else if (len == sizeof(int))
		record("  level %d type %d: %d", c->cmsg_level, c->cmsg_type, *(const int *)data);
	else if (len == 1)
		record("  level %d type %d: byte %d", c->cmsg_level, c->cmsg_type,
		       *(const unsigned char *)data);
	else
		record("  level %d type %d: %zu bytes", c->cmsg_level, c->cmsg_type, len);
}

ssize_t record_recvmsg(const char *what, int fd, size_t len, int flags)
{
	char control[1024] __attribute__((aligned(16)));
	unsigned char *data = calloc(1, len + 1);
	struct iovec iov = { data, len };
	struct addr from = {};
	struct msghdr m = {
		.msg_name = &from.ss,
		.msg_namelen = sizeof(from.ss),
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	ssize_t got = recvmsg(fd, &m, flags);
	int err = errno;

	if (got < 0) {
		record("recvmsg(%s, %zu, %#x) = -1 %s", what, len, flags, errno_name(err));
	} else {
		record("recvmsg(%s, %zu, %#x) = %zd \"%s\" from %s flags%s", what, len, flags, got,
		       data_text(data, (size_t)got < len ? (size_t)got : len),
		       addr_text(&from.sa, m.msg_namelen), msg_flag_names(m.msg_flags));
		for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c))
			record_cmsg(c);
	}
	free(data);
	errno = err;
	return got;
}

void put(int fd, const void *data, size_t len)
{
	while (len) {
		ssize_t nr = send(fd, data, len, MSG_NOSIGNAL);

		if (nr < 0 && errno == EAGAIN) {
			await(fd, POLLOUT);
			continue;
		}
		if (nr <= 0)
			give_up("send");
		data += nr;
		len -= nr;
	}
}

void get(int fd, void *data, size_t len)
{
	while (len) {
		ssize_t nr;

		await(fd, POLLIN);
		nr = recv(fd, data, len, 0);
		if (nr <= 0)
			give_up("recv");
		data += nr;
		len -= nr;
	}
}

#define MS_FILLED 400 /* two times the first RTO */

size_t fill(int fd)
{
	static char block[16384];
	size_t all = 0, size = sizeof(block);
	bool full = false;

	/*
	 * Much more than a peer that does not read lets come: so what its window
	 * still opens makes no difference.
	 */
	set_int(fd, SOL_SOCKET, SO_SNDBUF, 200000);
	/*
	 * Big pieces, then small ones. What is in flight makes room when it has
	 * arrived, and so does what a timer sends into the rest of a window. So
	 * full is what is still full a while later.
	 */
	for (;;) {
		ssize_t nr = send(fd, block, size, MSG_DONTWAIT | MSG_NOSIGNAL);
		struct pollfd p = { .fd = fd, .events = POLLOUT };

		if (nr > 0) {
			all += nr;
			size = sizeof(block);
			full = false;
			continue;
		}
		if (errno != EAGAIN)
			give_up("send");
		if (size > 1) {
			size = 1;
			continue;
		}
		if (full)
			return all;
		full = poll(&p, 1, MS_FILLED) == 0;
	}
}

size_t drain(int fd, size_t len)
{
	static char block[65536];
	size_t all = 0;

	while (all < len) {
		ssize_t nr;

		await(fd, POLLIN);
		nr = recv(fd, block, len - all < sizeof(block) ? len - all : sizeof(block),
			  MSG_DONTWAIT);
		if (nr < 0 && errno == EAGAIN && !trace->late)
			continue;
		if (nr <= 0)
			break;
		all += nr;
	}
	return all;
}

void reset(int fd)
{
	struct linger hard = { .l_onoff = 1 };

	if (setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard)))
		give_up("SO_LINGER");
	close(fd);
}

ssize_t send_cmsg(int fd, const struct addr *to, const char *text, int level, int type,
		  const void *data, size_t len)
{
	char control[256] __attribute__((aligned(16))) = {};
	struct iovec iov = { (void *)text, strlen(text) };
	struct msghdr m = {
		.msg_name = to ? (void *)&to->sa : NULL,
		.msg_namelen = to ? to->len : 0,
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = CMSG_SPACE(len),
	};
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);

	c->cmsg_level = level;
	c->cmsg_type = type;
	c->cmsg_len = CMSG_LEN(len);
	memcpy(CMSG_DATA(c), data, len);
	return sendmsg(fd, &m, MSG_NOSIGNAL);
}

void record_opt(const char *what, int fd, int level, int option)
{
	int value = 0;
	socklen_t len = sizeof(value);

	if (getsockopt(fd, level, option, &value, &len))
		record("%s: %s", what, errno_name(errno));
	else if (level == SOL_SOCKET && option == SO_ERROR)
		record("%s: %s", what, value ? errno_name(value) : "none");
	else if (len == 1)
		record("%s: byte %d", what, value);
	else
		record("%s: %d", what, value);
}
