/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of UDP share, and errqueue.c. */
#ifndef _ATMOS_DGRAM_H
#define _ATMOS_DGRAM_H

#include "sock.h"

/* Longest headers that a domain puts before a datagram. */
#define DGRAM_HEADERS	(sizeof(struct ipv6hdr) + sizeof(struct udphdr))

/**
 * struct dgram_ctl - with what one datagram is sent: options, then ancillary data
 * @path: of the route
 * @sockc: time stamps
 * @saddr: source wanted, or any
 * @flowinfo: IPV6_FLOWINFO
 * @ttl: TTL or hop limit, -1: the socket's or the route's
 * @tos: traffic class, -1: the socket's
 * @priority: of the packet
 * @dontfrag: IPV6_DONTFRAG: EMSGSIZE rather than fragments
 */
struct dgram_ctl {
	struct atmos_path path;
	struct sockcm_cookie sockc;
	union atmos_addr saddr;
	__be32 flowinfo;
	int ttl;
	int tos;
	u32 priority;
	bool dontfrag;
};

/**
 * struct dgram_cb - in skb->cb of a received datagram that waits for its reader
 * @ifindex: where it came in
 * @family: 4 or 6
 *
 * skb->data is at the payload and skb->len is its; network and transport
 * header are where the skb says. The last bytes of cb are the kernel's.
 */
struct dgram_cb {
	int ifindex;
	u8 family;
};

static_assert(sizeof(struct dgram_cb) <=
	      sizeof_field(struct sk_buff, cb) - sizeof(struct sock_skb_cb), "skb->cb");

static inline struct dgram_cb *dgram_cb(const struct sk_buff *skb)
{
	return (struct dgram_cb *)skb->cb;
}

static inline struct atmos_dgram_send *dgram_send_info(const struct sk_buff *skb)
{
	return (struct atmos_dgram_send *)skb->head;
}

int dgram_to(struct atmos_sock *as, const struct msghdr *msg, struct atmos_flow_key *key,
	     struct dgram_ctl *c);
void dgram_ctl_init(struct atmos_sock *as, const struct msghdr *msg, struct dgram_ctl *c);
void dgram_ctl_finish(const struct atmos_sock *as, struct atmos_flow_key *key,
		      struct dgram_ctl *c);
int dgram_cmsg_send(struct atmos_sock *as, struct msghdr *msg, u8 family, struct dgram_ctl *c);
void dgram_cmsg_recv(struct atmos_sock *as, struct msghdr *msg, const struct sk_buff *skb);
void dgram_name(const struct atmos_sock *as, struct msghdr *msg, u8 family,
		const union atmos_addr *addr, __be16 port, int ifindex);
void dgram_sockaddr6(struct sockaddr_in6 *sin6, u8 family, const union atmos_addr *addr,
		     __be16 port, int ifindex);
void dgram_addr(const struct sk_buff *skb, union atmos_addr *saddr, union atmos_addr *daddr);

#endif /* _ATMOS_DGRAM_H */
