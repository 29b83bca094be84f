/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Behaviour scripts: packets and expectations in text, one file a behaviour.
 * The language is told in ../scripts/README.
 */
#ifndef _UNIT_SCRIPT_H
#define _UNIT_SCRIPT_H

#include "../sim/ep.h"

#define PKT_OPTS	16
#define SCRIPT_PEERS	32
#define SCRIPT_OUT	512
#define SCRIPT_LOG	512

/* A TCP option as written; @nr values were given. */
struct pkt_opt {
	u8 kind;
	u32 nr;
	u32 val[8];
};

/**
 * struct pkt - a packet as a script writes it
 *
 * In an expectation, what is not written is not compared, except flags,
 * sequence number and length.
 */
struct pkt {
	enum { PKT_TCP, PKT_UDP, PKT_FRAG } what;
	u8 flags;
	u32 seq, len;
	bool has_ack, has_win, has_urg, has_opts, has_ttl, has_tos, has_ecn, has_df;
	u32 ack, win, urg, ttl, tos, ecn;
	bool df;
	struct pkt_opt opt[PKT_OPTS];
	u32 nr_opt;
	u8 raw[40];
	u32 raw_len;
	u32 port;		/* the peer's */
	u32 lport;		/* ours, 0: the configured */
	bool csum_bad, csum_none;
	u32 doff;		/* written into the header, 0: right */
	u32 pad;		/* bytes behind the datagram */
	s32 iplen;		/* added to the length in the IP header */
	u32 ext;		/* IPv6: destination options header of this length */
	u32 ext_kind;
	u32 seg;		/* coalesced of pieces of this payload */
	u32 frag_id, frag_off;
	bool frag_more;
	bool other_addr;	/* from an address that is not the peer's */
};

#define ECN_NOT		0
#define ECN_ECT1	1
#define ECN_ECT0	2
#define ECN_CE		3

/* A packet that the engine sent. */
struct sent {
	u64 at;
	struct frame *f;
	u16 flags;
};

struct script {
	const char *path;
	char title[200];
	u32 line;
	char bad[700];

	struct stack_config cfg;
	struct stack_opts opts;
	u32 room;
	bool any;
	u32 isn, peer_isn;
	u8 laddr[16], raddr[16];
	struct ep ep[SCRIPT_PEERS];
	u32 nr_ep;
	u32 cur;			/* whose application the verbs are */
	u32 our_isn[65536];		/* by the peer's port */
	bool use_ts;
	u32 ts_recent;			/* of the engine's last packet */
	u32 peer_win;			/* default window of injected packets */
	u64 now, last;
	struct sent out[SCRIPT_OUT];
	u32 nr_out;
	u32 nr_opened, nr_assembled, nr_abandoned, nr_dgram;
	u32 last_dgram_len, last_dgram_port, last_assembled;
	u32 last_icmp_info;
	u64 xmit_commands;
	u32 last_xflags;
	u64 last_pace;
	u32 pad;
};

/* script_pkt.c */
bool pkt_parse(struct pkt *p, char **tok, u32 nr, char *bad, size_t size);
struct frame *pkt_build(const struct script *s, const struct pkt *p);
bool pkt_compare(struct script *s, const struct pkt *want, struct frame *f,
		 char *bad, size_t size);
void pkt_format(const struct script *s, struct frame *f, char *to, size_t size);

/* script_run.c */
void script_start(struct script *s, const char *path);
bool script_do(struct script *s, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void script_end(struct script *s);
bool script_run(struct script *s, const char *path);
bool script_fail(struct script *s, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
bool script_settle(struct script *s);
bool script_advance(struct script *s, u64 to, bool until_packet);
struct ep *script_new_ep(struct script *s, const struct stack_config *cfg);

/* script_verbs.c */
bool script_verb(struct script *s, char **tok, u32 nr);

/* script_checks.c */
bool script_check(struct script *s, char **tok, u32 nr, bool *known);

#endif /* _UNIT_SCRIPT_H */
