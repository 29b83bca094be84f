// SPDX-License-Identifier: GPL-2.0-only
/*
 * Flow Director, 7.1.2.7: perfect filters and signature filters.
 *
 * Both kinds hang in buckets by the hash of 7.1.2.7.15, which is computed here
 * from the frame with the keys in FDIRHKEY and FDIRSKEY, as the card does: a
 * filter that software put into the wrong bucket does not match.
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/log.h"
#include "i82599.h"

#define BUCKET_MASK    0x1fff
#define SIGNATURE_MASK 0x7fff7fff
#define FLOW_IPV6      4
#define COMMAND_FLOW   5 /* shift: L4 type and IPv6 */

/* What is hashed and compared; numbers in the host's order. */
struct flow {
	uint32_t kind;
	uint32_t source;
	uint32_t target;
	uint32_t folded; /* all words of both addresses */
	uint32_t ports;	 /* target above source */
	uint16_t vlan;
	uint16_t flexible;
};

/* Sixteen bits of hash; a key's bit takes in a shifted copy of the stream. */
static uint16_t flow_hash(uint32_t key, const struct flow *f)
{
	uint32_t first = f->kind << 16 | f->vlan;
	uint32_t source_first = f->ports >> 16 | f->ports << 16;
	uint32_t rest = f->folded ^ source_first ^ (uint32_t)f->flexible << 16;
	uint32_t high = rest ^ first ^ first >> 16;
	uint32_t low = rest >> 16 | rest << 16;
	uint32_t hash = 0;
	unsigned int i;

	for (i = 0; i < 16; i++) {
		/* The stream's first bit stands for itself. */
		if (i == 1)
			low ^= first ^ first << 16;
		if (key & 1U << i)
			hash ^= low >> i;
		if (key & 0x10000U << i)
			hash ^= high >> i;
	}
	return hash;
}

static bool flow_of(I82599State *s, const uint8_t *data, size_t length,
		    const I82599Packet *p, struct flow *f)
{
	const uint8_t *ip = data + p->l3;
	unsigned int i, at;

	memset(f, 0, sizeof(*f));
	if (p->fragment || (!p->ipv4 && !p->ipv6))
		return false;
	f->kind = p->protocol == 17    ? 1
		  : p->protocol == 6   ? 2
		  : p->protocol == 132 ? 3
				       : 0;
	if (f->kind)
		f->ports = (uint32_t)lduw_be_p(data + p->l4 + 2) << 16 |
			   lduw_be_p(data + p->l4);
	if (p->ipv4) {
		f->source = ldl_be_p(ip + 12);
		f->target = ldl_be_p(ip + 16);
		f->folded = f->source ^ f->target;
	} else {
		f->kind |= FLOW_IPV6;
		for (i = 0; i < 8; i++)
			f->folded ^= ldl_be_p(ip + 8 + i * 4);
	}
	f->vlan = p->tci;
	at = ((REG(s, R_FDIRCTRL) >> FDIRCTRL_FLEX) & 0x1f) * 2;
	if (at + 2 <= length)
		f->flexible = lduw_be_p(data + at);
	return true;
}

static uint16_t bits_reversed(uint16_t value)
{
	uint16_t out = 0;
	unsigned int i;

	for (i = 0; i < 16; i++)
		out |= (value >> i & 1) << (15 - i);
	return out;
}

/* FDIRM and its fellows: a set bit leaves the field, or its bit, out. */
static void apply_masks(I82599State *s, struct flow *f)
{
	uint32_t fdirm = REG(s, R_FDIRM), ports;

	if (fdirm & FDIRM_VLANID)
		f->vlan &= ~0x0fff;
	if (fdirm & FDIRM_VLANP)
		f->vlan &= ~0xe000;
	f->vlan &= ~0x1000;
	ports = REG(s, (f->kind & 3) == 1 ? R_FDIRUDPM : R_FDIRTCPM);
	ports = (uint32_t)bits_reversed(ports >> 16) << 16 |
		bits_reversed(ports);
	f->ports &= ~ports;
	if (fdirm & FDIRM_L4P) {
		f->kind &= ~3;
		f->ports = 0;
	}
	if (fdirm & FDIRM_FLEX)
		f->flexible = 0;
	f->source &= ~bswap32(REG(s, R_FDIRSIP4M));
	f->target &= ~bswap32(REG(s, R_FDIRDIP4M));
	if (!(f->kind & FLOW_IPV6))
		f->folded = f->source ^ f->target;
}

static bool perfect(I82599State *s)
{
	return REG(s, R_FDIRCTRL) & FDIRCTRL_PERFECT;
}

/* 7.1.2.7.8: what the memory given to the table holds. */
static uint32_t capacity(I82599State *s)
{
	uint32_t memory = REG(s, R_FDIRCTRL) & FDIRCTRL_PBALLOC;

	if (!memory)
		return 0;
	return (perfect(s) ? 1024 : 4096) << memory;
}

static bool same_fields(const I82599Filter *filter, const struct flow *f)
{
	return filter->source == f->source && filter->target == f->target &&
	       filter->ports == f->ports &&
	       (filter->vlan_flex & 0xffff) == f->vlan &&
	       filter->vlan_flex >> 16 == f->flexible &&
	       ((filter->command >> COMMAND_FLOW) & 7) == f->kind;
}

static I82599Filter *find_flow(I82599State *s, struct flow *f)
{
	I82599Filter *filter;
	uint32_t hash;

	if (perfect(s)) {
		/* Perfect filters are for IPv4. */
		if (f->kind & FLOW_IPV6)
			return NULL;
		apply_masks(s, f);
		hash = flow_hash(REG(s, R_FDIRHKEY), f) & BUCKET_MASK;
		filter = s->bucket[hash];
		while (filter && !same_fields(filter, f))
			filter = filter->next;
		return filter;
	}
	hash = (uint32_t)flow_hash(REG(s, R_FDIRSKEY), f) << 16 |
	       flow_hash(REG(s, R_FDIRHKEY), f);
	hash &= SIGNATURE_MASK;
	filter = s->bucket[hash & BUCKET_MASK];
	while (filter && filter->hash != hash)
		filter = filter->next;
	return filter;
}

/* True where a filter chose the queue. */
bool i82599_fdir_match(I82599State *s, const uint8_t *data, size_t length,
		       const I82599Packet *p, I82599Verdict *v)
{
	I82599Filter *filter = NULL;
	struct flow f;

	if (!(REG(s, R_FDIRCTRL) & FDIRCTRL_DONE))
		return false;
	if (flow_of(s, data, length, p, &f))
		filter = find_flow(s, &f);
	if (!filter) {
		i82599_count(s, R_FDIRMISS, 1);
		return false;
	}
	i82599_count(s, R_FDIRMATCH, 1);
	v->status |= RXD_FLM;
	if (REG(s, R_FDIRCTRL) & FDIRCTRL_REPORT) {
		v->hash = filter->hash;
		v->rss_type = 0xf;
	}
	if (filter->command & FDIRCMD_DROP)
		v->drop = true;
	if (filter->command & FDIRCMD_QUEUE_EN)
		v->queue = (filter->command >> 16) & 0x7f;
	return true;
}

static void show_free(I82599State *s)
{
	uint32_t room = capacity(s) - MIN(capacity(s), s->filters);

	REG(s, R_FDIRFREE) = MIN(room, 0xffff);
}

void i82599_fdir_clear(I82599State *s)
{
	I82599Filter *filter, *next;
	unsigned int i;

	for (i = 0; s->filters && i < I82599_BUCKETS; i++) {
		for (filter = s->bucket[i]; filter; filter = next) {
			next = filter->next;
			g_free(filter);
			s->filters--;
		}
		s->bucket[i] = NULL;
	}
}

/* The filter with this hash, by the place that points to it. */
static I82599Filter **find_hash(I82599State *s, uint32_t hash)
{
	I82599Filter **place = &s->bucket[hash & BUCKET_MASK];

	while (*place && (*place)->hash != hash)
		place = &(*place)->next;
	return place;
}

static void add(I82599State *s, I82599Filter **place, uint32_t hash)
{
	uint32_t threshold = (REG(s, R_FDIRCTRL) >> 28) * 16;
	I82599Filter *filter = *place;

	if (!filter) {
		if (s->filters >= capacity(s)) {
			i82599_count(s, R_FDIRFSTAT, 1);
			i82599_irq_other(s, CAUSE_FDIR);
			return;
		}
		filter = g_new0(I82599Filter, 1);
		*place = filter;
		s->filters++;
		i82599_count(s, R_FDIRUSTAT, 1);
	}
	filter->hash = hash;
	filter->source = bswap32(REG(s, R_FDIRIPSA));
	filter->target = bswap32(REG(s, R_FDIRIPDA));
	filter->ports = REG(s, R_FDIRPORT);
	filter->vlan_flex = (REG(s, R_FDIRVLAN) & 0xffff) |
			    (uint32_t)bswap16(REG(s, R_FDIRVLAN) >> 16) << 16;
	filter->command = REG(s, R_FDIRCMD);
	if (capacity(s) - s->filters < threshold)
		i82599_irq_other(s, CAUSE_FDIR);
}

static void take_out(I82599State *s, I82599Filter **place)
{
	I82599Filter *filter = *place;

	if (!filter) {
		i82599_count(s, R_FDIRFSTAT, 0x100);
		return;
	}
	*place = filter->next;
	g_free(filter);
	s->filters--;
	i82599_count(s, R_FDIRUSTAT, 0x10000);
}

/* Each command is done at once. */
void i82599_write_fdircmd(I82599State *s, uint32_t address, uint32_t value)
{
	uint32_t hash =
		REG(s, R_FDIRHASH) &
		(perfect(s) ? 0x7fff0000 | BUCKET_MASK : SIGNATURE_MASK);
	I82599Filter **place = find_hash(s, hash);

	REG(s, R_FDIRCMD) = value & ~(FDIRCMD_CMD | FDIRCMD_VALID);
	if (value & FDIRCMD_CLEARHT)
		i82599_fdir_clear(s);
	if (!(REG(s, R_FDIRCTRL) & FDIRCTRL_DONE) && (value & FDIRCMD_CMD)) {
		qemu_log_mask(LOG_GUEST_ERROR,
			      "i82599: FDIRCMD before FDIRCTRL\n");
		return;
	}
	switch (value & FDIRCMD_CMD) {
	case FDIRCMD_ADD:
		add(s, place, hash);
		break;
	case FDIRCMD_REMOVE:
		take_out(s, place);
		break;
	case FDIRCMD_QUERY:
		if (*place)
			REG(s, R_FDIRCMD) |= FDIRCMD_VALID;
		break;
	}
	show_free(s);
}

/* Writing it makes an empty table. */
void i82599_write_fdirctrl(I82599State *s, uint32_t address, uint32_t value)
{
	i82599_fdir_clear(s);
	REG(s, R_FDIRCTRL) = value & ~FDIRCTRL_DONE;
	if (value & FDIRCTRL_PBALLOC)
		REG(s, R_FDIRCTRL) |= FDIRCTRL_DONE;
	show_free(s);
}
