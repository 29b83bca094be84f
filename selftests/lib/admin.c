// SPDX-License-Identifier: GPL-2.0-only
/*
 * The administrator's calls over generic netlink; see admin.h.
 */
#include <errno.h>
#include <linux/atmos.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "admin.h"

#define ANSWER_MAX 8192

struct request {
	struct nlmsghdr nl;
	struct genlmsghdr genl;
	uint8_t attrs[128];
};

static void put(struct request *r, uint16_t type, const void *data, uint16_t len)
{
	struct nlattr *a = (struct nlattr *)((uint8_t *)r + NLMSG_ALIGN(r->nl.nlmsg_len));

	a->nla_type = type;
	a->nla_len = (uint16_t)(NLA_HDRLEN + len);
	memcpy(a + 1, data, len);
	r->nl.nlmsg_len = NLMSG_ALIGN(r->nl.nlmsg_len) + NLA_ALIGN(a->nla_len);
}

static void begin(struct request *r, uint16_t family, uint8_t cmd)
{
	memset(r, 0, sizeof(*r));
	r->nl.nlmsg_len = NLMSG_HDRLEN + GENL_HDRLEN;
	r->nl.nlmsg_type = family;
	r->nl.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	r->genl.cmd = cmd;
	r->genl.version = 1;
}

/*
 * Sends and reads until the kernel has acknowledged. An attribute @want of 16 bits in
 * an answer before it is stored in @value.
 */
static int talk(int fd, struct request *r, uint16_t want, uint16_t *value)
{
	static __thread uint8_t answer[ANSWER_MAX];

	if (send(fd, r, r->nl.nlmsg_len, 0) < 0)
		return -errno;
	for (;;) {
		struct nlmsghdr *nl = (struct nlmsghdr *)answer;
		ssize_t got = recv(fd, answer, sizeof(answer), 0);
		int len = (int)got;

		if (got < 0)
			return -errno;
		for (; NLMSG_OK(nl, (unsigned int)len); nl = NLMSG_NEXT(nl, len)) {
			uint8_t *payload = NLMSG_DATA(nl);
			struct nlattr *a = (struct nlattr *)(payload + GENL_HDRLEN);

			if (nl->nlmsg_type == NLMSG_ERROR)
				return ((struct nlmsgerr *)NLMSG_DATA(nl))->error;
			while ((uint8_t *)a + NLA_HDRLEN <= (uint8_t *)nl + nl->nlmsg_len &&
			       a->nla_len >= NLA_HDRLEN) {
				if (value && (a->nla_type & NLA_TYPE_MASK) == want)
					memcpy(value, a + 1, sizeof(*value));
				a = (struct nlattr *)((uint8_t *)a + NLA_ALIGN(a->nla_len));
			}
		}
	}
}

static int call(uint8_t cmd, uint64_t domain, int quarantined)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);
	uint16_t family = 0;
	struct request r;
	int err;

	if (fd < 0)
		return -errno;
	begin(&r, GENL_ID_CTRL, CTRL_CMD_GETFAMILY);
	put(&r, CTRL_ATTR_FAMILY_NAME, ATMOS_FAMILY_NAME, sizeof(ATMOS_FAMILY_NAME));
	err = talk(fd, &r, CTRL_ATTR_FAMILY_ID, &family);
	if (!err && !family)
		err = -ENOENT;
	if (!err) {
		begin(&r, family, cmd);
		put(&r, ATMOS_A_DOMAIN_ID, &domain, sizeof(domain));
		if (quarantined >= 0) {
			uint8_t on = (uint8_t)quarantined;

			put(&r, ATMOS_A_DOMAIN_QUARANTINED, &on, sizeof(on));
		}
		err = talk(fd, &r, 0, NULL);
	}
	close(fd);
	return err;
}

int admin_kill(uint64_t domain)
{
	return call(ATMOS_CMD_DOMAIN_KILL, domain, -1);
}

int admin_quarantine(uint64_t domain, bool on)
{
	return call(ATMOS_CMD_DOMAIN_QUARANTINE, domain, on);
}
