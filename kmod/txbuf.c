// SPDX-License-Identifier: GPL-2.0-only
/*
 * The bytes that a stream has to send, by position, until they are
 * acknowledged: references to page fragments, in chunks of a list.
 *
 * sendmsg() copies into fragments that it stages, under lock_sock() only
 * (atmos_tx_append()), and then makes them part of the stream
 * (atmos_tx_publish()). A commit attaches them to packets without a copy
 * (atmos_tx_frags()) and frees what is acknowledged (atmos_tx_release()).
 *
 * All but the staging is under &atmos_sock.lock, bottom halves off, memory
 * accounting included. Where sequential access matters it takes constant time:
 * output goes on from the chunk of the furthest look-up, retransmissions look
 * from the start, where what they want is.
 */
#include <linux/slab.h>

#include "sock.h"

/* What a fragment costs beside its bytes, so that tiny ones have a price. */
#define TX_COST		SMP_CACHE_BYTES

#define TX_FRAGS	14	/* a chunk is 256 bytes */

/**
 * struct tx_frag - a piece of the stream
 * @page: where it is, with a reference
 * @offset: of its first byte; may exceed a page, if the page is compound
 * @len: bytes
 */
struct tx_frag {
	struct page *page;
	u32 offset;
	u32 len;
};

/**
 * struct atmos_tx_chunk - a row of pieces
 * @node: in &atmos_txbuf.chunks, or staged
 * @pos: position of piece @first
 * @first: first piece that is not acknowledged
 * @nr: used entries
 * @frag: the pieces
 */
struct atmos_tx_chunk {
	struct list_head node;
	u64 pos;
	u32 first;
	u32 nr;
	struct tx_frag frag[TX_FRAGS];
};

static_assert(sizeof(struct atmos_tx_chunk) == 256, "fits its slab");

#define tx_first_chunk(tx)						\
	list_first_entry(&(tx)->chunks, struct atmos_tx_chunk, node)
#define tx_last_chunk(tx)						\
	list_last_entry(&(tx)->chunks, struct atmos_tx_chunk, node)

static bool tx_goes_on(const struct tx_frag *f, const struct page *page, u32 offset)
{
	return f->page == page && f->offset + f->len == offset;
}

/**
 * atmos_tx_init() - a store without bytes
 * @tx: of a new socket
 */
void atmos_tx_init(struct atmos_txbuf *tx)
{
	*tx = (struct atmos_txbuf) { .chunks = LIST_HEAD_INIT(tx->chunks) };
}

/* ---- in ---- */

static struct atmos_tx_chunk *tx_stage(struct atmos_txbuf *tx, gfp_t gfp)
{
	if (unlikely(!tx->stage)) {
		tx->stage = kmalloc(sizeof(*tx->stage), gfp);
		if (tx->stage) {
			tx->stage->first = 0;
			tx->stage->nr = 0;
		}
	}
	return tx->stage;
}

/**
 * atmos_tx_append() - copy bytes of a system call, without showing them yet
 * @as: socket
 * @msg: whose iterator gives the bytes
 * @len: most to take, at least 1
 *
 * Nothing may be staged before. What is copied must be published or cancelled
 * before lock_sock() is given up.
 *
 * Context: process, lock_sock() held. Return: bytes staged, which are less than
 * @len if one chunk cannot take more or an address faults; -EFAULT, or -ENOMEM
 * if there is none.
 */
ssize_t atmos_tx_append(struct atmos_sock *as, struct msghdr *msg, size_t len)
{
	struct sock *sk = atmos_sock_sk(as);
	struct page_frag *pf = sk_page_frag(sk);
	struct atmos_txbuf *tx = &as->tx;
	struct atmos_tx_chunk *c = tx_stage(tx, sk->sk_allocation);
	int err = -ENOMEM;

	while (c && len && sk_page_frag_refill(sk, pf)) {
		struct tx_frag *f = &c->frag[c->nr];
		u32 n = min_t(size_t, len, pf->size - pf->offset);
		bool more = c->nr && tx_goes_on(f - 1, pf->page, pf->offset);

		if (!more && c->nr == TX_FRAGS)
			break;
		if (unlikely(!copy_from_iter_full(page_address(pf->page) + pf->offset, n,
						  &msg->msg_iter))) {
			err = -EFAULT;
			break;
		}
		if (more) {
			f[-1].len += n;
		} else {
			get_page(pf->page);
			*f = (struct tx_frag) { pf->page, pf->offset, n };
			c->nr++;
		}
		pf->offset += n;
		tx->staged += n;
		len -= n;
	}
	if (likely(tx->staged))
		return tx->staged;
	return err;
}

/* The first staged piece often lies behind the last one of before. */
static u32 tx_join(struct atmos_tx_chunk *last, const struct tx_frag *f)
{
	struct tx_frag *end = &last->frag[last->nr - 1];

	if (last->first == last->nr || !tx_goes_on(end, f->page, f->offset))
		return 0;
	end->len += f->len;
	put_page(f->page);
	return 1;
}

/**
 * atmos_tx_publish() - what is staged becomes part of the stream
 * @as: socket
 *
 * Moves the end of the stream, charges the send buffer.
 *
 * Context: lock_sock() and the socket's lock held.
 */
void atmos_tx_publish(struct atmos_sock *as)
{
	struct sock *sk = atmos_sock_sk(as);
	struct atmos_txbuf *tx = &as->tx;
	struct atmos_tx_chunk *c = tx->stage, *last;
	u32 joined = 0, cost;

	if (list_empty(&tx->chunks))
		goto link;
	last = tx_last_chunk(tx);
	joined = tx_join(last, &c->frag[0]);
	if (last->first == last->nr) {
		last->first = 0;
		last->nr = 0;
		last->pos = tx->end;
	}
	if (c->nr - joined <= TX_FRAGS - last->nr) {
		memcpy(&last->frag[last->nr], &c->frag[joined],
		       (c->nr - joined) * sizeof(c->frag[0]));
		last->nr += c->nr - joined;
		cost = tx->staged + (c->nr - joined) * TX_COST;
		c->nr = 0;
		goto charge;
	}
link:
	c->pos = tx->end + (joined ? c->frag[0].len : 0);
	c->first = joined;
	list_add_tail(&c->node, &tx->chunks);
	tx->stage = NULL;
	cost = tx->staged + (c->nr - joined) * TX_COST;
charge:
	WRITE_ONCE(tx->end, tx->end + tx->staged);
	tx->staged = 0;
	sk_wmem_queued_add(sk, cost);
	atmos_mem_charge(sk, cost, SK_MEM_SEND);
}

/**
 * atmos_tx_cancel() - drop what is staged, and the memory for staging
 * @as: socket
 *
 * The caller takes care of the iterator.
 *
 * Context: process, lock_sock() held.
 */
void atmos_tx_cancel(struct atmos_sock *as)
{
	struct atmos_tx_chunk *c = as->tx.stage;

	if (!c)
		return;
	while (c->nr)
		put_page(c->frag[--c->nr].page);
	kfree(c);
	as->tx.stage = NULL;
	as->tx.staged = 0;
}

/* ---- out ---- */

/* First chunk to look in for @pos, which is in the stream. */
static struct atmos_tx_chunk *tx_find(struct atmos_txbuf *tx, u64 pos)
{
	struct atmos_tx_chunk *c = tx->hint;

	if (!c || c->pos > pos)
		c = tx_first_chunk(tx);
	while (!list_is_last(&c->node, &tx->chunks) && list_next_entry(c, node)->pos <= pos)
		c = list_next_entry(c, node);
	if (!tx->hint || c->pos > tx->hint->pos)
		tx->hint = c;
	return c;
}

/**
 * struct tx_cursor - a place in the stream
 * @c: chunk
 * @i: piece
 * @skip: bytes of it that lie before
 */
struct tx_cursor {
	struct atmos_tx_chunk *c;
	u32 i;
	u32 skip;
};

static struct tx_cursor tx_at(struct atmos_txbuf *tx, u64 pos)
{
	struct tx_cursor at = { .c = tx_find(tx, pos) };
	u64 skip = pos - at.c->pos;

	for (at.i = at.c->first; skip >= at.c->frag[at.i].len; at.i++)
		skip -= at.c->frag[at.i].len;
	at.skip = skip;
	return at;
}

/* The piece there, at most @len bytes of it, and go on behind. */
static struct tx_frag tx_next(struct tx_cursor *at, u32 len)
{
	struct tx_frag f;

	if (at->i == at->c->nr) {
		at->c = list_next_entry(at->c, node);
		at->i = at->c->first;
	}
	f = at->c->frag[at->i++];
	f.offset += at->skip;
	f.len = min(f.len - at->skip, len);
	at->skip = 0;
	return f;
}

/**
 * atmos_tx_frags() - attach bytes of the stream to a packet, without a copy
 * @tx: the store
 * @pos: position of the first byte
 * @len: how many, all of them in the store
 * @skb: gets references, behind what it has
 *
 * Context: socket's lock held. Return: 0, or -EMSGSIZE if they lie in more
 * pieces than a packet can have: nothing is attached then, atmos_tx_copy() helps.
 */
int atmos_tx_frags(struct atmos_txbuf *tx, u64 pos, u32 len, struct sk_buff *skb)
{
	int had = skb_shinfo(skb)->nr_frags, nr = had;
	struct tx_cursor at;
	u32 left = len;

	if (!len)
		return 0;
	at = tx_at(tx, pos);
	while (left) {
		struct tx_frag f = tx_next(&at, left);

		left -= f.len;
		if (nr > had && skb_can_coalesce(skb, nr, f.page, f.offset)) {
			skb_frag_size_add(&skb_shinfo(skb)->frags[nr - 1], f.len);
			continue;
		}
		if (nr == MAX_SKB_FRAGS)
			goto undo;
		get_page(f.page);
		skb_fill_page_desc(skb, nr++, f.page, f.offset, f.len);
	}
	skb->len += len;
	skb->data_len += len;
	skb->truesize += len;
	return 0;
undo:
	while (nr > had)
		put_page(skb_frag_page(&skb_shinfo(skb)->frags[--nr]));
	skb_shinfo(skb)->nr_frags = had;
	return -EMSGSIZE;
}

/**
 * atmos_tx_copy() - copy bytes of the stream
 * @tx: the store
 * @pos: position of the first byte
 * @len: how many, all of them in the store
 * @to: where to
 *
 * Context: socket's lock held.
 */
void atmos_tx_copy(struct atmos_txbuf *tx, u64 pos, u32 len, void *to)
{
	struct tx_cursor at;

	if (!len)
		return;
	at = tx_at(tx, pos);
	while (len) {
		struct tx_frag f = tx_next(&at, len);

		memcpy(to, page_address(f.page) + f.offset, f.len);
		to += f.len;
		len -= f.len;
	}
}

/* ---- gone ---- */

/* Acknowledged up to @upto. Returns what that frees of the send buffer. */
static u32 tx_ack_chunk(struct atmos_tx_chunk *c, u64 upto)
{
	u32 freed = 0;

	while (c->first < c->nr) {
		struct tx_frag *f = &c->frag[c->first];
		u64 n = upto - c->pos;

		if (n < f->len) {
			f->offset += n;
			f->len -= n;
			c->pos += n;
			return freed + n;
		}
		freed += f->len + TX_COST;
		c->pos += f->len;
		c->first++;
		put_page(f->page);
	}
	return freed;
}

static void tx_uncharge(struct sock *sk, u32 freed)
{
	sk_wmem_queued_add(sk, -freed);
	atmos_mem_uncharge(sk, freed);
}

/**
 * atmos_tx_release() - bytes are acknowledged
 * @as: socket
 * @upto: position of the first one that is not; at most the stream's end
 *
 * The last chunk stays, so that a request needs none of its own.
 *
 * Context: commit; socket's lock held.
 */
void atmos_tx_release(struct atmos_sock *as, u64 upto)
{
	struct atmos_txbuf *tx = &as->tx;
	struct atmos_tx_chunk *c;
	u32 freed = 0;

	if (upto <= tx->start)
		return;
	WRITE_ONCE(tx->start, upto);
	for (;;) {
		c = tx_first_chunk(tx);
		freed += tx_ack_chunk(c, upto);
		if (c->first < c->nr || list_is_last(&c->node, &tx->chunks))
			break;
		list_del(&c->node);
		if (tx->hint == c)
			tx->hint = NULL;
		kfree(c);
	}
	tx_uncharge(atmos_sock_sk(as), freed);
	atmos_stream_acked(as);
}

/**
 * atmos_tx_purge() - forget all bytes of the stream, but not what is staged
 * @as: socket
 *
 * The positions stay.
 *
 * Context: socket's lock held.
 */
void atmos_tx_purge(struct atmos_sock *as)
{
	struct atmos_txbuf *tx = &as->tx;
	struct atmos_tx_chunk *c, *next;
	u32 freed = 0;

	list_for_each_entry_safe(c, next, &tx->chunks, node) {
		freed += tx_ack_chunk(c, U64_MAX);
		kfree(c);
	}
	INIT_LIST_HEAD(&tx->chunks);
	tx->hint = NULL;
	if (freed)
		tx_uncharge(atmos_sock_sk(as), freed);
}
