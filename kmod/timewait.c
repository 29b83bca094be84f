// SPDX-License-Identifier: GPL-2.0-only
/*
 * TIME-WAIT of connections that no program has any more: it does not keep the
 * module from being unloaded, which drops it.
 *
 * The kernel holds the module for each socket, by its struct proto. For these
 * that is given back here, and taken again before the kernel gives it back at
 * the socket's end. When nothing but such sockets is left the module may go:
 * then atmos_timewait_exit() ends them and waits until the last one is freed.
 */
#include <linux/delay.h>
#include <linux/module.h>
#include <linux/rcupdate.h>
#include <linux/rwsem.h>
#include <net/net_namespace.h>

#include "sock.h"

/* Sockets for which the module is not held. */
static atomic_t timewait_nr = ATOMIC_INIT(0);

/**
 * atmos_timewait_lend() - does the module have to stay for this socket?
 * @as: socket, its lock held; its state, or that it is an orphan, is new
 *
 * Context: bottom halves off: atmos_timewait_exit() waits for that.
 */
void atmos_timewait_lend(struct atmos_sock *as)
{
	if (as->tcp_state != TCPS_TIME_WAIT || !sock_flag(atmos_sock_sk(as), SOCK_DEAD) ||
	    as->lent || as->defunct)
		return;
	as->lent = 1;
	atomic_inc(&timewait_nr);
	module_put(THIS_MODULE);
}

/**
 * atmos_timewait_return() - the kernel will give the module back for a socket
 * @as: that is about to be freed, in an RCU callback
 */
void atmos_timewait_return(struct atmos_sock *as)
{
	if (!as->lent)
		return;
	__module_get(THIS_MODULE);
	atomic_dec(&timewait_nr);
}

static void timewait_end(struct atmos_net *an)
{
	struct atmos_flow_iter iter;
	struct atmos_sock *as;

	atmos_flow_iter_begin(&iter, an);
	while ((as = atmos_flow_iter_next(&iter))) {
		spin_lock_bh(&as->lock);
		atmos_conn_end(as);
		spin_unlock_bh(&as->lock);
		sock_put(atmos_sock_sk(as));
	}
	atmos_flow_iter_end(&iter);
}

/**
 * atmos_timewait_exit() - drop all that is left
 *
 * Nobody holds the module: there are no other sockets, and there will be none.
 * Packets that they have sent, and that are still on their way out, are waited
 * for. Context: process.
 */
void atmos_timewait_exit(void)
{
	struct net *net;

	/* A walk may miss the one behind one that it takes out. */
	while (atomic_read(&timewait_nr)) {
		down_read(&net_rwsem);
		for_each_net(net)
			timewait_end(atmos_net(net));
		up_read(&net_rwsem);
		msleep(20);
	}
	/* Their destructors return; so does what has ended them. */
	rcu_barrier();
	synchronize_rcu();
}
