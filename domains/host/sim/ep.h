/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One end: an instance of the engine, and what the core keeps for it.
 *
 * This is the core of the tests: it makes events, runs the engine, checks the
 * commands as the core must (contract, handles, bounds, flow, record) and then
 * commits them. A run may be thrown away as if the domain had died in it
 * (ep_die()); then nothing of it counts and the application's events are made
 * again from the core's counters, as transactions demand.
 *
 * Used by the simulator, the scripts, the attack tests and the fuzzers.
 */
#ifndef _SIM_EP_H
#define _SIM_EP_H

#include <stdio.h>

#include "../../stack/engine.h"
#include "../../../kmod/contract.h"
#include "frame.h"
#include "rng.h"

#define EP_RXQ		256

struct ep;

/**
 * struct ep_ops - where effects go
 * @xmit: a packet, finished; takes the reference
 * @opened: listener: a new connection, its record in @rec
 * @resteer: look up the frame's flow again; takes the reference
 * @command: each committed command, before it takes effect
 * Any may be NULL.
 */
struct ep_ops {
	void (*xmit)(struct ep *ep, struct frame *f, u16 flags);
	void (*opened)(struct ep *ep, const struct dom_cmd_OPENED *cmd,
		       const u8 *rec, u32 len);
	void (*resteer)(struct ep *ep, struct frame *f);
	void (*assembled)(struct ep *ep, struct frame *f);
	void (*command)(struct ep *ep, const struct dom_msg *cmd);
};

/* A received piece that is kept out of order. */
struct ep_stash {
	struct ep_stash *next;
	struct frame *f;
	u64 pos;
	u32 offset;
	u32 len;
	u32 id;
};

struct ep_icmp {
	u32 info;
	u8 family, type, code;
	u32 len;
	u8 quote[STACK_RX_INLINE];
};

/* Events that are due; values are in struct ep. */
#define EP_CONNECT	0x001u
#define EP_LISTEN	0x002u
#define EP_SETOPT	0x004u
#define EP_SEND		0x008u
#define EP_CONSUMED	0x010u
#define EP_SHUTDOWN	0x020u
#define EP_ABORT	0x040u
#define EP_ICMP		0x080u
#define EP_PMTU		0x100u
#define EP_WAKE		0x200u	/* TIMER without a deadline */
#define EP_SENDTO	0x400u

struct ep {
	struct dom_in in;
	struct dom_out out;
	u8 shadow[DOM_RECORD_MAX];	/* last committed record */
	u32 shadow_len;
	struct stack_config cfg;
	struct atmos_handles handles;
	const struct ep_ops *ops;
	void *owner;
	struct reasm *reasm;

	/* the application, in absolute values */
	u32 pending;			/* EP_* */
	u32 isn;
	u32 ts_offset;
	u32 backlog;
	u32 queued;
	u64 tail;
	u64 urgent;
	u32 send_flags;
	u64 pos;			/* read by the application */
	u64 edge;
	u32 shut;
	u32 changed;
	bool opts_set;
	struct stack_opts opts;
	struct ep_icmp icmp;
	u32 pmtu;
	struct dom_ev_SENDTO sendto;

	/* committed */
	u64 una;
	u64 xmit_max;			/* furthest byte ever sent */
	u64 rcv_next;			/* delivered in order */
	u64 rcv_end;
	u64 urg_pos;
	u64 deadline;
	u32 state;
	u32 st_flags;
	u32 err;			/* last fatal error */
	u32 err_soft;
	u32 last_drop;			/* enum stack_drop */
	bool more;
	struct ep_stash *stash;
	u64 stash_bytes;

	u64 tx_key;			/* what the payload looks like */
	u64 rx_key;

	struct frame *rxq[EP_RXQ];
	u32 nr_rx;
	u32 lost_rxq;			/* frames that found it full */

	double die;			/* probability that a run is thrown away */
	bool rehearse;			/* run all twice: the same must come out */
	struct rng *rng;
	FILE *capture;
	u64 id;

	u64 runs;
	u64 deaths;
	u64 commands;
	u64 xmits;
	u64 retrans;
	u64 max_commands;		/* in one run */
	char bad[300];			/* what is wrong, empty if nothing */
};

void ep_init(struct ep *ep, const struct stack_config *cfg);
void ep_adopt(struct ep *ep, const u8 *rec, u32 len);
void ep_free(struct ep *ep);

void ep_connect(struct ep *ep, u32 isn, u32 ts_offset);
void ep_listen(struct ep *ep, u32 backlog, u32 queued);
void ep_send(struct ep *ep, u64 tail, u64 urgent, u32 flags);
void ep_consumed(struct ep *ep, u64 pos, u64 edge);
void ep_shutdown(struct ep *ep, u32 how);
void ep_abort(struct ep *ep);
void ep_setopt(struct ep *ep, const struct stack_opts *opts, u32 changed);
void ep_icmp(struct ep *ep, u8 type, u8 code, u32 info, const u8 *quote, u32 len);
void ep_pmtu(struct ep *ep, u32 mtu);
void ep_sendto(struct ep *ep, u16 len, const u8 *saddr, const u8 *daddr,
	       u16 dport, u32 mtu);
bool ep_rx(struct ep *ep, struct frame *f);

bool ep_due(const struct ep *ep, u64 now);
bool ep_run(struct ep *ep, u64 now);
void ep_die(struct ep *ep);

/* ep_check.c */
bool ep_check(struct ep *ep);
bool ep_bad(struct ep *ep, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* ep_capture.c */
void ep_capture(struct ep *ep, int ret, bool dies);

static inline const struct tcp_record *ep_tcp(const struct ep *ep)
{
	return (const struct tcp_record *)ep->shadow;
}

/* Walk committed or unchecked commands; slots are bounded by ep_check(). */
#define ep_each_command(out, m, i)					\
	for ((i) = 0; (i) < (out)->nr_slots &&				\
	     ((m) = &(out)->slot[i], 1);				\
	     (i) += dom_msg_slots((m)->hdr.inline_len))

static inline const u8 *msg_bytes(const struct dom_msg *m)
{
	return (const u8 *)(m + 1);
}

static inline struct frame *ep_object(struct ep *ep, u32 handle)
{
	struct atmos_handle *e = handles_entry(&ep->handles, handle);

	return e ? e->object : NULL;
}

#endif /* _SIM_EP_H */
