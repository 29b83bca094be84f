// SPDX-License-Identifier: GPL-2.0-only
/*
 * A socket's domain: events in, entry, and what follows from its outcome.
 *
 * Called by system calls (atmos_conn_post), by packets (atmos_conn_rx,
 * atmos_conn_icmp) and by the socket's timer, always with &atmos_sock.lock
 * held while the domain runs. Events of the application are flags in
 * &atmos_sock.pending; their values are absolute, so that after a death they
 * are derived again from the socket. Received frames of an entry that failed
 * are lost, as on a bad wire: TCP asks for them again, and a frame that kills
 * a stack is never shown to it twice.
 *
 * A socket need not have a domain: one that has not run yet has none, and one
 * in TIME-WAIT, or idle for long, sleeps: its record is kept and its domain
 * given back. The next event makes a new domain from the record.
 */
#include <linux/module.h>
#include <linux/ktime.h>
#include <net/tcp.h>

#include "compat.h"
#include "capture.h"
#include "conn.h"
#include "handles.h"
#include "sock.h"

/* Entries in a row for one cause; what is left then waits for a tick. */
#define CONN_ROUNDS	16

/* Deaths in a row, without a commit, after which the next entry waits for longer and longer. */
#define CONN_DEATHS	3

/* Retry of what a quarantine or a missing gate kept from being entered. */
#define CONN_RETRY	(HZ / 4)

static unsigned int hibernate_ms = 10000;
module_param(hibernate_ms, uint, 0644);
MODULE_PARM_DESC(hibernate_ms, "a socket idle for so long keeps its record only, not its domain (default 10000, 0: never)");

/* ---- asleep and awake ---- */

const struct atmos_domain_ops conn_ops = {
	.check = atmos_check_command,
	.check_record = atmos_check_record,
	.commit = atmos_commit,
};

/*
 * Where a sleeping domain's record is: behind the socket, whose object is larger
 * than it for streams (proto.c), or on its own.
 */
void conn_record_free(struct atmos_sock *as)
{
	if (as->record != (u8 *)(as + 1))
		kfree(as->record);
	as->record = NULL;
}

/**
 * atmos_conn_keep() - keep a record for the next domain
 * @as: socket without a domain and record, its lock held
 * @record: to be copied
 * @len: its bytes, whole words
 *
 * Context: any. Return: 0 or -ENOMEM.
 */
int atmos_conn_keep(struct atmos_sock *as, const void *record, u32 len)
{
	u32 spare = atmos_sock_sk(as)->sk_prot_creator->obj_size - sizeof(*as);
	const u64 *words = record;

	/* Tables at the end are empty when a connection is idle; what is not kept is zero. */
	while (len > offsetof(struct tcp_record, ooo) && !words[len / 8 - 1])
		len -= 8;
	if (len <= spare)
		as->record = memcpy(as + 1, record, len);
	else
		as->record = kmemdup(record, len, GFP_ATOMIC | __GFP_NOWARN);
	if (!as->record)
		return -ENOMEM;
	as->record_len = len;
	return 0;
}

/* A domain for the socket, from its record if it has one. */
static int conn_wake(struct atmos_sock *as)
{
	struct atmos_domain *dom;

	if (likely(as->dom))
		return 0;
	if (!as->image)
		conn_image_take(as);
	dom = atmos_domain_create(as->image, atmos_privilege_default, &conn_ops, as,
				  GFP_ATOMIC | __GFP_NOWARN);
	if (IS_ERR(dom))
		return PTR_ERR(dom) == -ENOSPC ? -ENOBUFS : PTR_ERR(dom);
	conn_config(as);
	atmos_domain_seed(dom, &as->config, as->record, as->record_len);
	if (!as->record)
		as->pending |= ATMOS_EV_SETOPT;
	conn_record_free(as);
	as->dom = dom;
	return 0;
}

/* Give the domain back, keep its record; without memory it stays awake. */
void conn_sleep(struct atmos_sock *as)
{
	struct atmos_domain *dom = as->dom;

	if (!dom || atmos_conn_keep(as, dom->shadow, dom->shadow_used))
		return;
	as->dom = NULL;
	atmos_domain_destroy(dom);
}

/**
 * atmos_conn_record() - the last committed record
 * @as: socket, its lock held
 * @record: where to, zeroed where there is none
 * @len: bytes wanted
 *
 * Context: any.
 */
void atmos_conn_record(struct atmos_sock *as, void *record, u32 len)
{
	const u8 *from = as->dom ? as->dom->shadow : as->record;
	u32 used = as->dom ? as->dom->shadow_used : as->record ? as->record_len : 0;

	memset(record, 0, len);
	if (used)
		memcpy(record, from, min(len, used));
}

/* ---- outcome ---- */

/* A death: what the application wants is told again, all of it. */
static void conn_died(struct atmos_sock *as, u32 served)
{
	as->pending |= served & ~ATMOS_EV_ICMP;
	if (as->kind != STACK_UDP)
		as->pending |= ATMOS_EV_MORE;
	if (as->shut)
		as->pending |= ATMOS_EV_SHUTDOWN;
	as->died = min(as->died + 1, 255);
}

/* The domain will not be entered again: the connection ends with an error. */
static void conn_give_up(struct atmos_sock *as, int err)
{
	struct sock *sk = atmos_sock_sk(as);

	if (as->kind == STACK_TCP)
		atmos_egress_reset(as);
	WRITE_ONCE(sk->sk_err, err);
	WRITE_ONCE(as->halted, as->kind != STACK_TCP);
	as->wake |= ATMOS_WAKE_ERROR;
	if (as->kind == STACK_LISTEN)
		return;
	as->tcp_state = TCPS_CLOSE;
	as->tcp_flags |= STACK_ST_RESET;
	if (as->kind == STACK_TCP)
		as->wake |= ATMOS_WAKE_STATE;
}

/*
 * ATMOS_SO_CRASH: the application wants to know, and a connection does not go on.
 * A listener does: the option is for its connections. Returns as conn_enter().
 */
static int conn_report(struct atmos_sock *as)
{
	if (as->kind == STACK_LISTEN)
		return 0;
	if (as->kind == STACK_UDP) {
		WRITE_ONCE(atmos_sock_sk(as)->sk_err, ENOTRECOVERABLE);
		as->wake |= ATMOS_WAKE_ERROR;
		return 0;
	}
	atmos_domain_give_up(as->dom);
	conn_give_up(as, ENOTRECOVERABLE);
	return -ECONNABORTED;
}

static void conn_icmp_done(struct atmos_sock *as, u32 served)
{
	if (served & ATMOS_EV_ICMP) {
		kfree(as->icmp);
		as->icmp = NULL;
	}
}

static int conn_died_how(struct atmos_sock *as, u32 served)
{
	conn_died(as, served);
	if (unlikely(as->update))
		conn_update_died(as);
	return as->report ? conn_report(as) : 0;
}

/* In and out, and kept if somebody wants to see it. */
static void conn_cross(struct atmos_sock *as, struct atmos_entry *entry)
{
	if (unlikely(as->capture))
		capture_before(as);
	atmos_domain_enter(as->dom, entry);
	if (unlikely(as->capture))
		capture_after(as, entry);
}

/* Killed between two entries: dies before it is shown anything, so that nothing is lost. */
static noinline int conn_killed(struct atmos_sock *as)
{
	struct atmos_entry entry;

	conn_cross(as, &entry);
	return entry.status == ATMOS_ENTRY_DIED ? conn_died_how(as, 0) : 0;
}

/* One transaction. Returns 0 to go on, else why not. */
static int conn_enter(struct atmos_sock *as)
{
	struct atmos_entry entry;
	u32 served;
	int err;

	if (unlikely(READ_ONCE(as->dom->stop))) {
		err = conn_killed(as);
		if (err)
			return err;
	}
	served = conn_events(as);
	as->pending = 0;
	atmos_check_begin(as);
	conn_cross(as, &entry);
	conn_icmp_done(as, served);
	if (likely(entry.status == ATMOS_ENTRY_OK)) {
		if (unlikely(as->dom->handles->used))
			atmos_domain_reclaim(as->dom);
		if (served & ATMOS_EV_SETOPT)
			as->opts_changed = 0;
		if (unlikely(entry.more))
			as->pending |= ATMOS_EV_MORE;
		if (served & ATMOS_EV_SENDTO && !skb_queue_empty(&as->sendq))
			as->pending |= ATMOS_EV_SENDTO;
		as->died = 0;
		if (unlikely(as->update))
			conn_update_lived(as);
		return 0;
	}
	if (entry.status == ATMOS_ENTRY_DIED)
		return conn_died_how(as, served);
	/* Refused: events were not used up, frames are dropped. */
	as->pending = served & ~ATMOS_EV_ICMP;
	as->dom->in->nr_slots = 0;
	atmos_domain_reclaim(as->dom);
	__skb_queue_purge(&as->rxq);
	if (entry.error == -ECONNABORTED)
		conn_give_up(as, ECONNABORTED);
	return entry.error;
}

/* The engine has told the end of the connection, or its domain was given up. */
static bool conn_over(const struct atmos_sock *as)
{
	return as->kind != STACK_LISTEN && as->tcp_state == TCPS_CLOSE;
}

static bool conn_due(const struct atmos_sock *as)
{
	/* A window that opened is told with what comes next, or on request. */
	return (as->pending & ~ATMOS_EV_CONSUMED) || !skb_queue_empty(&as->rxq);
}

/* ---- after a run ---- */

static void conn_timer_set(struct atmos_sock *as, unsigned long expires)
{
	sk_reset_timer(atmos_sock_sk(as), &as->timer, expires);
}

/* Jiffies at which a deadline has passed for sure. */
static unsigned long conn_expires(u64 deadline, u64 now)
{
	if (deadline <= now)
		return jiffies + 1;
	return jiffies + usecs_to_jiffies(min_t(u64, deadline - now, U32_MAX / 2)) + 1;
}

/* Jiffies for which an awake domain may be idle; 0: for ever. */
static unsigned long conn_patience(const struct atmos_sock *as)
{
	return as->dom ? msecs_to_jiffies(READ_ONCE(hibernate_ms)) : 0;
}

/*
 * For the deadline, or to see whether the domain is idle, what comes first. @now
 * may be some microseconds ago.
 */
static void conn_timer_arm(struct atmos_sock *as, u64 now)
{
	unsigned long patience = conn_patience(as), expires = jiffies + patience;

	if (unlikely(as->update) && (!patience || time_before(conn_update_end(as), expires))) {
		patience = 1;
		expires = conn_update_end(as);
	}
	if (as->deadline) {
		unsigned long at = conn_expires(as->deadline, now);

		if (!patience || time_before(at, expires))
			expires = at;
	} else if (!patience) {
		sk_stop_timer(atmos_sock_sk(as), &as->timer);
		return;
	}
	conn_timer_set(as, expires);
}

static void conn_wake_up(struct atmos_sock *as)
{
	struct sock *sk = atmos_sock_sk(as);
	u32 wake;

	if (unlikely(as->wake & ATMOS_WAKE_STATE))
		atmos_conn_state(as);
	wake = as->wake;
	as->wake = 0;
	if (!wake || sock_flag(sk, SOCK_DEAD))
		return;
	if (wake & ATMOS_WAKE_ERROR)
		sk_error_report(sk);
	if (wake & ATMOS_WAKE_STATE) {
		sk->sk_state_change(sk);
		sk_wake_async(sk, SOCK_WAKE_WAITD, as->eof && as->tcp_state != TCPS_CLOSE ?
			      POLL_IN : POLL_HUP);
	}
	if (wake & ATMOS_WAKE_READ)
		sk->sk_data_ready(sk);
	if (wake & ATMOS_WAKE_WRITE)
		sk->sk_write_space(sk);
}

/* Jiffies until what is left is tried. */
static unsigned long conn_pause(const struct atmos_sock *as)
{
	return as->died < CONN_DEATHS ? 1 :
	       min_t(unsigned long, 1ul << min(as->died - CONN_DEATHS, 16), CONN_RETRY);
}

static void conn_finish(struct atmos_sock *as, u64 deadline, int err)
{
	if (unlikely(conn_over(as))) {
		atmos_conn_end(as);
	} else if (unlikely(err == -ECONNABORTED)) {
		sk_stop_timer(atmos_sock_sk(as), &as->timer);	/* a listener, given up */
	} else if (unlikely(err || conn_due(as))) {
		conn_timer_set(as, jiffies + (err ? CONN_RETRY : conn_pause(as)));
	} else {
		if (unlikely(as->tcp_state == TCPS_TIME_WAIT)) {
			conn_sleep(as);
			atmos_timewait_lend(as);
		}
		/* A timer that comes too early costs less than to move it each time. */
		if (as->deadline != deadline || !timer_pending(&as->timer))
			conn_timer_arm(as, as->dom ? as->dom->in->now_us : atmos_now_us());
	}
	as->last_run = jiffies;
	conn_wake_up(as);
}

/**
 * atmos_conn_run() - let the domain digest all that is due
 * @as: socket, its lock held
 *
 * Makes or wakes the domain, enters it until nothing is due, commits, sets the
 * timer, wakes whoever waits. The socket may be over afterwards (@defunct).
 *
 * Context: process or softirq, bottom halves off. Return: 0, or why the domain
 * could not be made or entered: -ENOBUFS, -ENOMEM, -EAGAIN, -ECONNABORTED,
 * -EHOSTDOWN. Then frames were dropped, nothing else is lost, and it is tried
 * again later.
 */
int atmos_conn_run(struct atmos_sock *as)
{
	u64 deadline = as->deadline;
	u32 rounds = 0;
	int err;

	if (unlikely(as->defunct)) {
		__skb_queue_purge(&as->rxq);
		return -ECONNABORTED;
	}
	do {
		err = conn_wake(as);
		if (unlikely(err)) {
			__skb_queue_purge(&as->rxq);
			break;
		}
		err = conn_enter(as);
	} while (!err && conn_due(as) && !conn_over(as) && ++rounds < CONN_ROUNDS &&
		 as->died < CONN_DEATHS);
	conn_finish(as, deadline, err);
	return err;
}

/**
 * atmos_conn_post() - tell the domain something
 * @as: socket, its lock held; the values that @events mean are in it
 * @events: ATMOS_EV_*
 *
 * Context and return: as atmos_conn_run().
 */
int atmos_conn_post(struct atmos_sock *as, u32 events)
{
	as->pending |= events;
	return atmos_conn_run(as);
}

static void conn_timer(struct timer_list *t)
{
	struct atmos_sock *as = compat_timer_container_of(as, t, timer);
	u64 now = atmos_now_us();

	spin_lock(&as->lock);
	if (as->defunct)
		goto out;
	if (unlikely(as->update) && time_after_eq(jiffies, conn_update_end(as)))
		conn_update_forget(as);
	if (conn_due(as) || (as->deadline && as->deadline <= now)) {
		atmos_conn_run(as);
		goto out;
	}
	/* Whoever has something in flight has a deadline soon. */
	if (as->dom && conn_patience(as) && jiffies - as->last_run >= conn_patience(as))
		conn_sleep(as);
	conn_timer_arm(as, now);
out:
	spin_unlock(&as->lock);
	sock_put(atmos_sock_sk(as));
}

/* ---- beginning and end ---- */

/**
 * atmos_conn_init_sock() - a new socket's part, once
 * @as: new socket
 */
void atmos_conn_init_sock(struct atmos_sock *as)
{
	spin_lock_init(&as->lock);
	timer_setup(&as->timer, conn_timer, 0);
	__skb_queue_head_init(&as->rxq);
	__skb_queue_head_init(&as->resteer);
	INIT_LIST_HEAD(&as->accept_queue);
	INIT_LIST_HEAD(&as->accept_node);
	INIT_LIST_HEAD(&as->groups);
	__skb_queue_head_init(&as->sendq);
	as->dom = NULL;
	as->image = NULL;
	as->update = NULL;
	as->capture = NULL;
	as->record = NULL;
	as->icmp = NULL;
	as->stash = RB_ROOT;
	as->accept_len = 0;
	as->hashed = 0;
	atmos_tx_init(&as->tx);
	atmos_conn_setup(as);
}

/**
 * atmos_conn_setup() - as if no connection had been
 * @as: socket, its lock held or nobody else knows it; atmos_conn_end() was
 *	called if there was a connection
 *
 * The receive queue is the caller's.
 */
void atmos_conn_setup(struct atmos_sock *as)
{
	as->defunct = 0;
	as->eof = 0;
	as->urg_state = 0;
	as->died = 0;
	as->halted = 0;
	as->pending = 0;
	as->wake = 0;
	as->deadline = 0;
	as->urgent = 0;
	as->send_flags = 0;
	as->shut = 0;
	as->opts_changed = 0;
	as->rcv_pos = 0;
	as->rcv_edge = 0;
	as->tx_max = 0;
	as->tx_bytes = 0;
	as->rcv_next = 0;
	as->rcv_end = 0;
	as->urg_pos = 0;
	as->tcp_state = 0;
	as->tcp_flags = 0;
	as->rcv_tune_pos = 0;
	as->rcv_tune_us = 0;
	as->rcv_tune_space = 0;
	as->stash_bytes = 0;
	as->xmit_err = 0;
	as->tx.start = 0;
	as->tx.end = 0;
	as->config = (struct stack_config){};
}

/**
 * atmos_conn_end() - the connection, or the UDP socket's domain, is over
 * @as: socket, its lock held
 *
 * Gives back the domain, the timer, all bytes but those that the reader may
 * still take, the place in the flow table, and a port that was not asked for.
 * May be called again.
 *
 * Context: process or softirq, bottom halves off. The flow table's reference
 * goes; were it the last one, the socket would be there until they are on again.
 */
void atmos_conn_end(struct atmos_sock *as)
{
	struct atmos_domain *dom = as->dom;

	as->defunct = 1;
	as->pending = 0;
	as->deadline = 0;
	sk_stop_timer(atmos_sock_sk(as), &as->timer);
	__skb_queue_purge(&as->rxq);
	as->stash_bytes = 0;
	atmos_stash_purge(&as->stash);
	atmos_tx_purge(as);
	kfree(as->icmp);
	as->icmp = NULL;
	conn_record_free(as);
	as->dom = NULL;
	if (dom)
		atmos_domain_destroy(dom);
	conn_image_drop(as);
	capture_drop(as);
	atmos_egress_release(as);
	if (as->hashed)
		atmos_flow_remove(as);
	if (!as->explicit_port)
		atmos_port_put(as);
}

/**
 * atmos_conn_renew() - a datagram socket's stack begins anew
 * @as: socket, its lock held; not in the flow table afterwards
 *
 * A domain's configuration is for life: who changes the key, calls this with
 * the lock held until that is done. The port and what was received stay.
 *
 * Context: as atmos_conn_end().
 */
void atmos_conn_renew(struct atmos_sock *as)
{
	u8 explicit_port = as->explicit_port;
	struct atmos_image *img = as->image;

	if (img)
		atmos_image_hold(img);
	as->explicit_port = 1;
	atmos_conn_end(as);
	as->image = img;
	as->explicit_port = explicit_port;
	atmos_conn_setup(as);
}

/**
 * atmos_conn_init() - secrets, and the image that stacks run
 *
 * Return: 0 or -ENOENT.
 */
int atmos_conn_init(void)
{
	conn_config_init();
	return conn_image_init();
}

void atmos_conn_exit(void)
{
	atmos_capture_exit();
	conn_image_exit();
}
