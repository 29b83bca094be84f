// SPDX-License-Identifier: GPL-2.0-only
/*
 * A steering program as filter of an interface's ingress traffic control
 * (clsact). It comes behind all filters of a smaller number, so that those see
 * every frame; what it steers, those behind it do not.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <bpf/libbpf.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>

#include "atmosctl.h"
#include "steer.h"

/* The place among an interface's filters that is ours. */
#define STEER_PRIORITY 49000
#define STEER_HANDLE   1

static struct bpf_tc_hook hook_of(int ifindex)
{
	return (struct bpf_tc_hook){
		.sz = sizeof(struct bpf_tc_hook),
		.ifindex = ifindex,
		.attach_point = BPF_TC_INGRESS,
	};
}

static struct bpf_tc_opts our_place(void)
{
	return (struct bpf_tc_opts){
		.sz = sizeof(struct bpf_tc_opts),
		.handle = STEER_HANDLE,
		.priority = STEER_PRIORITY,
	};
}

int tc_look(int ifindex, struct steer_on *on, char *why)
{
	struct bpf_tc_hook hook = hook_of(ifindex);
	struct bpf_tc_opts place = our_place();
	char name[16];
	int err;

	err = bpf_tc_query(&hook, &place);
	/* No filter, no clsact: EINVAL. */
	if (err == -ENOENT || err == -EINVAL)
		return 0;
	if (err)
		return steer_say(why, err,
				 "cannot look for the interface's filters");
	if (steer_is_ours(place.prog_id, name)) {
		on->id = place.prog_id;
		on->mode = ATMOS_STEER_MODE_TC;
	}
	return 0;
}

int tc_put_on(struct steer_prog *prog, int ifindex, char *why)
{
	struct bpf_tc_hook hook = hook_of(ifindex);
	struct bpf_tc_opts place = our_place();
	struct steer_on on = {};
	int err;

	err = steer_load(prog, why);
	if (err)
		return err;
	err = bpf_tc_hook_create(&hook);
	if (err && err != -EEXIST)
		return steer_say(
			why, err,
			"the interface does not take a clsact queue (is the module sch_ingress there?)");
	err = tc_look(ifindex, &on, why);
	if (err)
		return err;
	place.prog_fd = bpf_program__fd(prog->program);
	if (on.id)
		place.flags = BPF_TC_F_REPLACE;
	err = bpf_tc_attach(&hook, &place);
	if (err == -EEXIST)
		return steer_say(
			why, err,
			"somebody else's filter has priority %u on the interface",
			STEER_PRIORITY);
	if (err)
		return steer_say(why, err,
				 "the interface does not take the filter");
	return 0;
}

/* ---- does anybody else use the interface's clsact? ---- */

static int count(struct nl_msg *msg, void *arg)
{
	unsigned int *nr = arg;

	if (nlmsg_hdr(msg)->nlmsg_type == RTM_NEWTFILTER)
		(*nr)++;
	return NL_OK;
}

/* Filters below @parent; some when it cannot be told. */
static unsigned int filters(int ifindex, uint32_t parent)
{
	struct tcmsg tc = {
		.tcm_family = AF_UNSPEC,
		.tcm_ifindex = ifindex,
		.tcm_parent = parent,
	};
	struct nl_sock *sock = nl_socket_alloc();
	unsigned int nr = 0;

	if (!sock)
		return 1;
	nl_socket_modify_cb(sock, NL_CB_VALID, NL_CB_CUSTOM, count, &nr);
	if (nl_connect(sock, NETLINK_ROUTE) ||
	    nl_send_simple(sock, RTM_GETTFILTER, NLM_F_DUMP, &tc, sizeof(tc)) <
		    0 ||
	    nl_recvmsgs_default(sock) < 0)
		nr = 1;
	nl_socket_free(sock);
	return nr;
}

int tc_take_off(int ifindex, char *why)
{
	struct bpf_tc_hook hook = hook_of(ifindex);
	struct bpf_tc_opts place = our_place();
	int err;

	err = bpf_tc_detach(&hook, &place);
	if (err && err != -ENOENT)
		return steer_say(why, err, "cannot take the filter off");
	if (filters(ifindex, TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS)) ||
	    filters(ifindex, TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_EGRESS)))
		return 0;
	/* Nobody is left on it. */
	hook.attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS;
	bpf_tc_hook_destroy(&hook);
	return 0;
}
