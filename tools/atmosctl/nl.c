// SPDX-License-Identifier: GPL-2.0-only
/*
 * Requests to the family "atmos" over libnl, with what libnl has no words for:
 * extended acks, which carry the kernel's own message, and the error at the
 * end of a dump.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/netlink.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/netlink.h>

#include "atmosctl.h"
#include "nl.h"

#define MESSAGE_MAX 256

static struct nl_sock *sock;
static int family;

/**
 * struct exchange - a request under way
 * @fn: called for each reply
 * @error: 0, or the negative errno that the kernel answered
 * @message: in its own words, if it had any
 * @attr: number of the attribute that it complains about or misses
 */
struct exchange {
	const struct spec_set *set;
	reply_fn fn;
	void *arg;
	int error;
	char message[MESSAGE_MAX];
	bool done;
	bool inconsistent;
};

bool ctl_try_open(const char **why)
{
	int on = 1;
	int err;

	if (sock)
		return true;
	sock = nl_socket_alloc();
	if (!sock)
		fail(STATUS_FAILED, "out of memory");
	err = genl_connect(sock);
	if (err)
		fail(STATUS_FAILED, "no netlink socket: %s", nl_geterror(err));
	/* Kernels that do not know these say less, that is all. */
	setsockopt(nl_socket_get_fd(sock), SOL_NETLINK, NETLINK_EXT_ACK, &on,
		   sizeof(on));
	setsockopt(nl_socket_get_fd(sock), SOL_NETLINK, NETLINK_GET_STRICT_CHK,
		   &on, sizeof(on));
	family = genl_ctrl_resolve(sock, ATMOS_FAMILY_NAME);
	if (family >= 0)
		return true;
	nl_socket_free(sock);
	sock = NULL;
	*why = "the module atmos is not loaded";
	return false;
}

void ctl_open(void)
{
	const char *why;

	if (!ctl_try_open(&why))
		fail(STATUS_NO_MODULE, "%s", why);
}

/* Finds the kernel's message behind an error or at the end of a dump. */
static void read_extack(struct exchange *x, const struct nlmsghdr *hdr,
			int offset)
{
	struct nlattr *tb[NLMSGERR_ATTR_MAX + 1];

	if (!(hdr->nlmsg_flags & NLM_F_ACK_TLVS) ||
	    nlmsg_datalen(hdr) <= offset)
		return;
	if (nla_parse(tb, NLMSGERR_ATTR_MAX,
		      (struct nlattr *)((char *)nlmsg_data(hdr) + offset),
		      nlmsg_datalen(hdr) - offset, NULL))
		return;
	if (tb[NLMSGERR_ATTR_MSG])
		nla_strlcpy(x->message, tb[NLMSGERR_ATTR_MSG],
			    sizeof(x->message));
}

static int on_error(struct sockaddr_nl *who, struct nlmsgerr *err, void *arg)
{
	const struct nlmsghdr *hdr =
		(const struct nlmsghdr *)((char *)err - NLMSG_HDRLEN);
	struct exchange *x = arg;
	int offset = NLMSG_ALIGN(sizeof(*err));

	(void)who;
	/* The request comes back with the error, unless capped. */
	if (!(hdr->nlmsg_flags & NLM_F_CAPPED))
		offset += NLMSG_ALIGN(err->msg.nlmsg_len - NLMSG_HDRLEN);
	x->error = err->error;
	x->done = true;
	read_extack(x, hdr, offset);
	return NL_STOP;
}

static int on_ack(struct nl_msg *msg, void *arg)
{
	struct exchange *x = arg;

	(void)msg;
	x->done = true;
	return NL_STOP;
}

static int on_dump_end(struct nl_msg *msg, void *arg)
{
	const struct nlmsghdr *hdr = nlmsg_hdr(msg);
	struct exchange *x = arg;

	x->done = true;
	if (nlmsg_datalen(hdr) >= (int)sizeof(int)) {
		memcpy(&x->error, nlmsg_data(hdr), sizeof(int));
		read_extack(x, hdr, NLMSG_ALIGN(sizeof(int)));
	}
	return NL_STOP;
}

static int on_reply(struct nl_msg *msg, void *arg)
{
	struct genlmsghdr *hdr = genlmsg_hdr(nlmsg_hdr(msg));
	struct exchange *x = arg;
	struct reply reply = {
		.set = x->set,
		.attrs = genlmsg_attrdata(hdr, 0),
		.len = genlmsg_attrlen(hdr, 0),
	};

	if (nlmsg_hdr(msg)->nlmsg_flags & NLM_F_DUMP_INTR)
		x->inconsistent = true;
	if (x->fn)
		x->fn(&reply, x->arg);
	return NL_OK;
}

struct nl_msg *ctl_begin(uint8_t cmd, bool dump)
{
	struct nl_msg *msg = nlmsg_alloc();

	if (!msg || !genlmsg_put(msg, NL_AUTO_PORT, NL_AUTO_SEQ, family, 0,
				 dump ? NLM_F_DUMP : NLM_F_ACK, cmd,
				 ATMOS_FAMILY_VERSION))
		fail(STATUS_FAILED, "out of memory");
	return msg;
}

static enum status status_of(int error)
{
	switch (-error) {
	case ENOENT:
		return STATUS_NOT_FOUND;
	case EPERM:
	case EACCES:
		return STATUS_PERMISSION;
	default:
		return STATUS_FAILED;
	}
}

static void exchange_fail(const struct exchange *x)
{
	enum status status = status_of(x->error);

	if (x->message[0])
		fail(status, "%s (%s)", x->message, strerror(-x->error));
	if (status == STATUS_PERMISSION)
		fail(status, "this needs CAP_NET_ADMIN (%s)",
		     strerror(-x->error));
	fail(status, "the kernel refused: %s", strerror(-x->error));
}

static void exchange(struct exchange *x, struct nl_msg *msg)
{
	struct nl_cb *cb = nl_cb_alloc(NL_CB_DEFAULT);
	int err;

	if (!cb)
		fail(STATUS_FAILED, "out of memory");
	nl_cb_err(cb, NL_CB_CUSTOM, on_error, x);
	nl_cb_set(cb, NL_CB_ACK, NL_CB_CUSTOM, on_ack, x);
	nl_cb_set(cb, NL_CB_FINISH, NL_CB_CUSTOM, on_dump_end, x);
	nl_cb_set(cb, NL_CB_VALID, NL_CB_CUSTOM, on_reply, x);

	err = nl_send_auto(sock, msg);
	nlmsg_free(msg);
	while (err >= 0 && !x->done)
		err = nl_recvmsgs(sock, cb);
	nl_cb_put(cb);
	if (!x->error && err < 0 && !x->inconsistent && err != -NLE_DUMP_INTR)
		fail(STATUS_FAILED, "netlink: %s", nl_geterror(err));
}

void ctl_send(struct nl_msg *msg, const struct spec_set *set, reply_fn fn,
	      void *arg)
{
	struct exchange x = { .set = set, .fn = fn, .arg = arg };

	exchange(&x, msg);
	if (x.error)
		exchange_fail(&x);
	if (x.inconsistent && !options.json)
		fprintf(stderr,
			"atmosctl: the list changed while it was read\n");
}

int ctl_ask(struct nl_msg *msg, const struct spec_set *set, reply_fn fn,
	    void *arg, char *message, size_t size)
{
	struct exchange x = { .set = set, .fn = fn, .arg = arg };

	exchange(&x, msg);
	if (x.error)
		snprintf(message, size, "%s",
			 x.message[0] ? x.message : strerror(-x.error));
	return x.error;
}

/* ---- notices ---- */

static void (*notice_fn)(unsigned int cmd, const struct reply *reply);
static unsigned long notices;
static volatile sig_atomic_t interrupted;

static int on_notice(struct nl_msg *msg, void *arg)
{
	struct genlmsghdr *hdr = genlmsg_hdr(nlmsg_hdr(msg));
	struct reply reply = {
		.attrs = genlmsg_attrdata(hdr, 0),
		.len = genlmsg_attrlen(hdr, 0),
	};

	(void)arg;
	if (hdr->cmd > ATMOS_CMD_MAX || !spec_notices[hdr->cmd].name)
		return NL_SKIP;
	reply.set = spec_notices[hdr->cmd].set;
	notice_fn(hdr->cmd, &reply);
	notices++;
	return NL_OK;
}

static void on_signal(int number)
{
	(void)number;
	interrupted = 1;
}

void ctl_listen(unsigned long nr,
		void (*fn)(unsigned int cmd, const struct reply *reply))
{
	struct sigaction action = { .sa_handler = on_signal };
	struct pollfd fd = { .fd = nl_socket_get_fd(sock), .events = POLLIN };
	int group = genl_ctrl_resolve_grp(sock, ATMOS_FAMILY_NAME,
					  ATMOS_MCGRP_EVENTS);
	sigset_t ending, waiting;
	int err;

	if (group < 0)
		fail(STATUS_NO_MODULE, "no group of events: %s",
		     nl_geterror(group));
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigemptyset(&ending);
	sigaddset(&ending, SIGINT);
	sigaddset(&ending, SIGTERM);
	sigprocmask(SIG_BLOCK, &ending, &waiting);
	err = nl_socket_add_membership(sock, group);
	if (err)
		fail(STATUS_FAILED, "cannot listen: %s", nl_geterror(err));
	nl_socket_disable_seq_check(sock);
	nl_socket_modify_cb(sock, NL_CB_VALID, NL_CB_CUSTOM, on_notice, NULL);
	notice_fn = fn;
	while (!interrupted && (!nr || notices < nr)) {
		/*
		 * Signals come only while waiting here: libnl's own wait would
		 * go on after one.
		 */
		if (ppoll(&fd, 1, NULL, &waiting) < 0)
			continue;
		err = nl_recvmsgs_default(sock);
		/* The kernel's queue for us was full. */
		if (err == -NLE_NOMEM)
			fprintf(stderr, "atmosctl: events were lost\n");
		else if (err < 0 && !interrupted)
			fail(STATUS_FAILED, "netlink: %s", nl_geterror(err));
	}
}

/* ---- replies ---- */

struct nlattr *reply_attr(const struct reply *reply, int attr)
{
	return nla_find(reply->attrs, reply->len, attr);
}

uint64_t attr_number(const struct nlattr *attr)
{
	uint64_t value = 0;
	int len = nla_len(attr);

	/* Little-endian, as is the only architecture that there is. */
	if (len > 0 && len <= (int)sizeof(value))
		memcpy(&value, nla_data(attr), len);
	return value;
}

uint64_t reply_number(const struct reply *reply, int attr)
{
	struct nlattr *a = reply_attr(reply, attr);

	return a ? attr_number(a) : 0;
}

const char *reply_string(const struct reply *reply, int attr)
{
	struct nlattr *a = reply_attr(reply, attr);

	/* The kernel ends its strings; what does not end is none. */
	if (!a || !nla_len(a) || ((char *)nla_data(a))[nla_len(a) - 1])
		return "";
	return nla_data(a);
}

const char *reply_enum(const struct reply *reply, int attr)
{
	const struct spec_attr *spec = &reply->set->attrs[attr];
	uint64_t value = reply_number(reply, attr);

	if (value < spec->nr_names && spec->names[value])
		return spec->names[value];
	return "?";
}
