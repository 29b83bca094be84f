// SPDX-License-Identifier: GPL-2.0-only
/*
 * Frames that came out of order, by datagram (reassembly; else 0) and position.
 *
 * A red-black tree of skbs with &struct atmos_data_cb. Their ranges never
 * overlap; check.c sees to that before a domain's STASH is committed, and
 * adding refuses what would. The tree and its bytes belong to the caller, who
 * serialises (&atmos_sock.lock). Any context.
 */
#include "stash.h"

/* Is what @skb holds before (-1), across (0) or behind (1) [@pos, @end) of @id? */
static int stash_side(const struct sk_buff *skb, u64 pos, u64 end, u32 id)
{
	const struct atmos_data_cb *cb = atmos_data_cb(skb);

	if (cb->id != id)
		return cb->id < id ? -1 : 1;
	if (cb->pos + cb->len <= pos)
		return -1;
	return cb->pos >= end;
}

/**
 * atmos_stash_add() - keep a frame
 * @root: tree
 * @skb: with pos, len and id in its control block; the caller's reference
 *	becomes the tree's, and skb->dev, next and prev are overwritten
 *
 * Return: false if something of that range is there already: the caller keeps
 * the frame, unchanged.
 */
bool atmos_stash_add(struct rb_root *root, struct sk_buff *skb)
{
	const struct atmos_data_cb *cb = atmos_data_cb(skb);
	struct rb_node **link = &root->rb_node, *parent = NULL;

	while (*link) {
		int side = stash_side(rb_to_skb(*link), cb->pos, cb->pos + cb->len, cb->id);

		if (!side)
			return false;
		parent = *link;
		link = side < 0 ? &parent->rb_right : &parent->rb_left;
	}
	rb_link_node(&skb->rbnode, parent, link);
	rb_insert_color(&skb->rbnode, root);
	return true;
}

/* The frame with any byte of [@pos, @end) of @id, or NULL. */
static struct sk_buff *stash_search(const struct rb_root *root, u64 pos, u64 end, u32 id)
{
	struct rb_node *node = root->rb_node;

	while (node) {
		struct sk_buff *skb = rb_to_skb(node);
		int side = stash_side(skb, pos, end, id);

		if (!side)
			return skb;
		node = side < 0 ? node->rb_right : node->rb_left;
	}
	return NULL;
}

/**
 * atmos_stash_find() - the frame that begins at a position
 * @root: tree
 * @pos: its first byte
 * @id: its datagram, or 0
 *
 * Return: the frame, still in the tree, or NULL.
 */
struct sk_buff *atmos_stash_find(const struct rb_root *root, u64 pos, u32 id)
{
	struct sk_buff *skb = stash_search(root, pos, pos + 1, id);

	return skb && atmos_data_cb(skb)->pos == pos ? skb : NULL;
}

/**
 * atmos_stash_any() - a frame of a datagram
 * @root: tree
 * @id: datagram
 *
 * Return: one of its frames, still in the tree, or NULL.
 */
struct sk_buff *atmos_stash_any(const struct rb_root *root, u32 id)
{
	return stash_search(root, 0, ~0ull, id);
}

/**
 * atmos_stash_overlaps() - is there anything of a range?
 * @root: tree
 * @pos: first byte
 * @end: behind the last
 * @id: datagram, or 0
 *
 * Return: the answer.
 */
bool atmos_stash_overlaps(const struct rb_root *root, u64 pos, u64 end, u32 id)
{
	return stash_search(root, pos, end, id);
}

/**
 * atmos_stash_remove() - take a frame out
 * @root: tree
 * @skb: in it; its reference becomes the caller's, skb->dev is NULL
 */
void atmos_stash_remove(struct rb_root *root, struct sk_buff *skb)
{
	rb_erase(&skb->rbnode, root);
	/* The node's room is theirs. */
	skb->next = NULL;
	skb->prev = NULL;
	skb->dev = NULL;
}

/**
 * atmos_stash_purge() - free all
 * @root: tree, empty after
 *
 * Return: how many bytes of payload they had.
 */
u32 atmos_stash_purge(struct rb_root *root)
{
	struct rb_node *node;
	u32 bytes = 0;

	while ((node = rb_first(root))) {
		struct sk_buff *skb = rb_to_skb(node);

		bytes += atmos_data_cb(skb)->len;
		atmos_stash_remove(root, skb);
		kfree_skb(skb);
	}
	return bytes;
}
