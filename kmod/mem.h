/* SPDX-License-Identifier: GPL-2.0-only */
/* Memory of sockets' buffers, accounted as the kernel's protocols do. */
#ifndef _ATMOS_MEM_H
#define _ATMOS_MEM_H

#include <linux/skbuff.h>
#include <net/sock.h>

#include "compat.h"

/*
 * Memory is accounted under &atmos_sock.lock. What was committed cannot be refused: then
 * sk_forward_alloc goes below zero, which the next charge makes up for, and
 * which tells conn.c to turn frames away.
 */
static inline void atmos_mem_charge(struct sock *sk, int size, int kind)
{
	if (unlikely(sk->sk_forward_alloc < size))
		__sk_mem_schedule(sk, size - sk->sk_forward_alloc, kind);
	sk_forward_alloc_add(sk, -size);
}

/* Up to two pages stay with the socket, so that a small exchange costs none. */
static inline void atmos_mem_uncharge(struct sock *sk, int size)
{
	sk_forward_alloc_add(sk, size);
	if (unlikely(sk->sk_forward_alloc >= (int)(2 * PAGE_SIZE)))
		sk_mem_reclaim(sk);
}

/* skb_set_owner_r() and its undoing. */
static inline void atmos_rmem_charge(struct sock *sk, struct sk_buff *skb)
{
	skb_orphan(skb);
	skb->sk = sk;
	skb->destructor = sock_rfree;
	atomic_add(skb->truesize, &sk->sk_rmem_alloc);
	atmos_mem_charge(sk, skb->truesize, SK_MEM_RECV);
}

static inline void atmos_rmem_uncharge(struct sock *sk, struct sk_buff *skb)
{
	skb->sk = NULL;
	skb->destructor = NULL;
	atomic_sub(skb->truesize, &sk->sk_rmem_alloc);
	atmos_mem_uncharge(sk, skb->truesize);
}

#endif /* _ATMOS_MEM_H */
