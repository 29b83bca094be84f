// SPDX-License-Identifier: GPL-2.0-only
/*
 * The socket layer's pure parts on the host: kmod/addr.h (who may share a port,
 * whose is a packet) and kmod/stash.c, the latter against a plain list under
 * random load.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../../kmod/addr.h"
#include "../../../kmod/stash.h"

static u32 nr, failed;

static void check(bool right, const char *text)
{
	printf("%s %u - flow/%s\n", right ? "ok" : "not ok", ++nr, text);
	failed += !right;
}

/* ---- bindings ---- */

enum { ANY, A, B };

static struct atmos_binding binding(u8 family, int addr, int dev, bool v6only)
{
	struct atmos_binding b = { .dev = dev, .family = family, .v6only = v6only };

	if (addr != ANY && family == 4)
		b.addr.v4 = htonl(0x0a000000 + addr);
	else if (addr != ANY)
		b.addr.b[15] = (u8)addr;
	return b;
}

static bool overlap(struct atmos_binding a, struct atmos_binding b)
{
	bool right = atmos_binding_overlaps(&a, &b);

	/* It does not matter who was first. */
	if (atmos_binding_overlaps(&b, &a) != right)
		check(false, "overlap: the same in both directions");
	return right;
}

static void test_overlap(void)
{
	check(overlap(binding(4, A, 0, 0), binding(4, A, 0, 0)) &&
	      !overlap(binding(4, A, 0, 0), binding(4, B, 0, 0)),
	      "overlap: an address with itself only");
	check(overlap(binding(4, ANY, 0, 0), binding(4, A, 0, 0)) &&
	      overlap(binding(4, ANY, 0, 0), binding(4, ANY, 0, 0)) &&
	      overlap(binding(6, ANY, 0, 1), binding(6, A, 0, 0)),
	      "overlap: any address with each of its family");
	check(overlap(binding(6, ANY, 0, 0), binding(4, A, 0, 0)) &&
	      overlap(binding(6, ANY, 0, 0), binding(4, ANY, 0, 0)),
	      "overlap: dual-stack with IPv4");
	check(!overlap(binding(6, ANY, 0, 1), binding(4, ANY, 0, 0)) &&
	      !overlap(binding(6, A, 0, 0), binding(4, ANY, 0, 0)) &&
	      !overlap(binding(6, A, 0, 0), binding(4, A, 0, 0)),
	      "overlap: IPv6 alone not with IPv4");
	check(!overlap(binding(4, ANY, 1, 0), binding(4, ANY, 2, 0)) &&
	      overlap(binding(4, ANY, 1, 0), binding(4, ANY, 0, 0)) &&
	      overlap(binding(4, ANY, 1, 0), binding(4, ANY, 1, 0)),
	      "overlap: devices keep apart");
}

static int score(struct atmos_binding b, u8 family, int addr, int dev, int master, bool global)
{
	const struct atmos_binding to = binding(family, addr, 0, 0);
	const struct atmos_flow_key key = { .laddr = to.addr, .family = family };
	const struct atmos_arrival from = { dev, master, global };

	return atmos_binding_score(&b, &key, &from);
}

static void test_score(void)
{
	int any = score(binding(4, ANY, 0, 0), 4, A, 1, 0, true);
	int addr = score(binding(4, A, 0, 0), 4, A, 1, 0, true);
	int dev = score(binding(4, ANY, 1, 0), 4, A, 1, 0, true);
	int both = score(binding(4, A, 1, 0), 4, A, 1, 0, true);
	int dual = score(binding(6, ANY, 0, 0), 4, A, 1, 0, true);

	check(dual >= 0 && dual < any && any < dev && dev < addr && addr < both,
	      "score: address before device before family");
	check(score(binding(4, A, 0, 0), 4, B, 1, 0, true) < 0 &&
	      score(binding(6, A, 0, 0), 6, B, 1, 0, true) < 0,
	      "score: not of another address");
	check(score(binding(6, ANY, 0, 1), 4, A, 1, 0, true) < 0 &&
	      score(binding(4, ANY, 0, 0), 6, A, 1, 0, true) < 0 &&
	      score(binding(6, ANY, 0, 1), 6, A, 1, 0, true) >= 0,
	      "score: not of another family");
	check(score(binding(4, ANY, 2, 0), 4, A, 1, 0, true) < 0,
	      "score: not of another device");
	check(score(binding(4, ANY, 7, 0), 4, A, 1, 7, false) >= 0 &&
	      score(binding(4, ANY, 1, 0), 4, A, 1, 7, false) >= 0,
	      "score: bound to the VRF or to its device");
	check(score(binding(4, ANY, 0, 0), 4, A, 1, 7, false) < 0 &&
	      score(binding(4, ANY, 0, 0), 4, A, 1, 7, true) >= 0,
	      "score: unbound ones see into a VRF only if told so");
}

static void test_key(void)
{
	struct atmos_flow_key a = { .lport = 1 }, b = a;
	u8 *byte = (u8 *)&b;
	bool right = atmos_flow_equal(&a, &b);
	size_t i;

	for (i = 0; i < sizeof(b); i++) {
		byte[i] ^= 0x80;
		right &= !atmos_flow_equal(&a, &b);
		byte[i] ^= 0x80;
	}
	check(right, "key: each byte counts");
}

/* ---- stash ---- */

#define PIECES	64
#define SPACE	200

static u32 freed;

void kfree_skb(struct sk_buff *skb)
{
	freed++;
	free(skb);
}

static struct sk_buff *piece(u64 pos, u32 len, u32 id)
{
	struct sk_buff *skb = calloc(1, sizeof(*skb));

	*atmos_data_cb(skb) = (struct atmos_data_cb){ .pos = pos, .len = len, .id = id };
	return skb;
}

/* What a stash is to say, from a map of bytes. */
static struct sk_buff *map[2][SPACE];

static bool map_overlaps(u64 pos, u64 end, u32 id)
{
	for (; pos < end; pos++)
		if (map[id][pos])
			return true;
	return false;
}

static void map_set(struct sk_buff *skb, struct sk_buff *to)
{
	const struct atmos_data_cb *cb = atmos_data_cb(skb);
	u32 i;

	for (i = 0; i < cb->len; i++)
		map[cb->id][cb->pos + i] = to;
}

static bool stash_agrees(const struct rb_root *root)
{
	u32 id, pos, end;

	for (id = 0; id < 2; id++) {
		struct sk_buff *any = atmos_stash_any(root, id);

		if (!any == map_overlaps(0, SPACE, id) ||
		    (any && atmos_data_cb(any)->id != id))
			return false;
		for (pos = 0; pos < SPACE; pos++) {
			struct sk_buff *skb = map[id][pos];
			bool first = skb && atmos_data_cb(skb)->pos == pos;

			end = pos + 1 + rand() % (SPACE - pos);
			if (atmos_stash_find(root, pos, id) != (first ? skb : NULL) ||
			    atmos_stash_overlaps(root, pos, end, id) != map_overlaps(pos, end, id))
				return false;
		}
	}
	return true;
}

static void test_stash(void)
{
	struct rb_root root = RB_ROOT;
	u32 round, bytes = 0, kept = 0;
	bool right = true, full = false;

	srand(1);
	for (round = 0; round < 4000; round++) {
		u32 pos = rand() % (SPACE - 8), id = rand() % 2;
		struct sk_buff *skb = piece(pos, 1 + rand() % 8, id), *old = map[id][pos];
		u64 end = pos + atmos_data_cb(skb)->len;
		bool room = !map_overlaps(pos, end, id);

		right &= atmos_stash_add(&root, skb) == room;
		if (room) {
			map_set(skb, skb);
			bytes += atmos_data_cb(skb)->len;
			kept++;
		} else {
			free(skb);
		}
		if (old && rand() % 2) {
			map_set(old, NULL);
			bytes -= atmos_data_cb(old)->len;
			kept--;
			atmos_stash_remove(&root, old);
			right &= !old->next && !old->prev && !old->dev;
			free(old);
		}
		full |= kept > PIECES / 2;
		if (round % 50 == 0)
			right &= stash_agrees(&root);
	}
	check(right && full, "stash: the same as a list under 4000 changes");
	freed = 0;
	check(atmos_stash_purge(&root) == bytes && freed == kept && !root.rb_node,
	      "stash: purged to the last byte");
}

static void test_stash_edges(void)
{
	struct rb_root root = RB_ROOT;
	struct sk_buff *skb = piece(10, 10, 0), *far = piece(1ull << 40, 1, 0);

	check(atmos_stash_add(&root, skb) && atmos_stash_add(&root, far) &&
	      atmos_stash_find(&root, 1ull << 40, 0) == far, "stash: positions have 64 bits");
	check(!atmos_stash_overlaps(&root, 0, 10, 0) && atmos_stash_overlaps(&root, 0, 11, 0) &&
	      !atmos_stash_overlaps(&root, 20, 30, 0) && atmos_stash_overlaps(&root, 19, 30, 0),
	      "stash: neighbours do not overlap");
	check(!atmos_stash_overlaps(&root, 10, 20, 1) && !atmos_stash_find(&root, 10, 1),
	      "stash: datagrams are kept apart");
	check(!atmos_stash_find(&root, 11, 0), "stash: found by the first byte only");
	atmos_stash_purge(&root);
}

int main(void)
{
	printf("TAP version 13\n");
	test_overlap();
	test_score();
	test_key();
	test_stash();
	test_stash_edges();
	printf("1..%u\n", nr);
	return failed != 0;
}
