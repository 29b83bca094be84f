/* SPDX-License-Identifier: GPL-2.0-only */
/* What sockopt.c takes from the files of the levels: tables of options. */
#ifndef _ATMOS_SOCKOPT_H
#define _ATMOS_SOCKOPT_H

#include "sock.h"

#define OPT_STREAM	0x1u
#define OPT_DGRAM	0x2u
#define OPT_BOTH	(OPT_STREAM | OPT_DGRAM)

/* Of IPv4, which takes less than an int: not no bytes at all; nothing but an int. */
#define OPT_SOME	0x4u
#define OPT_INT		0x8u

/**
 * struct atmos_opt - an option whose value is an int
 * @name: its number at its level
 * @types: of sockets that have it, OPT_*; others say ENOPROTOOPT. And what
 *	lengths it takes
 * @set: 0, or a negative errno and nothing is changed; NULL: get only
 * @get: value, or with @err set why there is none; NULL: set only
 *
 * Both are called under lock_sock().
 */
struct atmos_opt {
	int name;
	u32 types;
	int (*set)(struct atmos_sock *as, int val);
	int (*get)(struct atmos_sock *as, int *err);
};

/**
 * struct atmos_opt_level - the options of one level
 * @opt: those with an int
 * @nr: how many
 * @set: all others; -ENOPROTOOPT: not one of them
 * @get: all others
 */
struct atmos_opt_level {
	const struct atmos_opt *opt;
	unsigned int nr;
	int (*set)(struct atmos_sock *as, int name, sockptr_t val, unsigned int len);
	int (*get)(struct atmos_sock *as, int name, char __user *val, int __user *len);
};

extern const struct atmos_opt_level atmos_opt_tcp;	/* sockopt_tcp.c */
extern const struct atmos_opt_level atmos_opt_udp;	/* sockopt_ip.c */
extern const struct atmos_opt_level atmos_opt_ip;
extern const struct atmos_opt_level atmos_opt_ipv6;

/* sockopt_socket.c */
int atmos_opt_set_socket(struct socket *sock, int name, sockptr_t val, unsigned int len);

/* sockopt_tcp.c */
u8 atmos_opt_cc_default(struct net *net);

/* sockopt.c */
int atmos_opt_int(sockptr_t val, unsigned int len, int *out);
int atmos_opt_copy(char __user *val, int __user *len, const void *from, int size);
int atmos_opt_post(struct atmos_sock *as, u32 changed);
int atmos_opt_flag(struct atmos_sock *as, u32 flag, bool on, u32 changed);

/* tcp_info.c */
void atmos_tcp_record(struct atmos_sock *as, struct tcp_record *r);
void atmos_tcp_info(struct atmos_sock *as, struct tcp_info *info);

#endif /* _ATMOS_SOCKOPT_H */
