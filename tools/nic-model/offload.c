// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a packet gets on its way out: checksums (7.2.5), segmentation (7.2.4),
 * a VLAN tag (7.4).  Lengths come from software and are checked here.
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/crc32c.h"
#include "qemu/log.h"
#include "i82599.h"

#define TAG 4

/* How a packet is to be treated. */
struct plan {
	const I82599Context *context;
	bool ip_sum;
	bool l4_sum;
	bool tag;
	uint16_t tci;
};

/*
 * The checksum of what lies behind at, into where; what stands there already,
 * the pseudo header's sum, counts too.
 */
static void insert_sum(uint8_t *data, size_t length, size_t at, size_t where,
		       bool udp)
{
	uint16_t sum;

	if (at >= length || where + 2 > length || where < at)
		return;
	sum = i82599_fold(i82599_sum(data + at, length - at, 0));
	stw_be_p(data + where, udp && !sum ? 0xffff : sum);
}

static void insert_ip_sum(const I82599Context *c, uint8_t *data, size_t length)
{
	size_t end = c->maclen + c->iplen;

	if (end <= length && (c->tucmd & TUCMD_IPV4))
		insert_sum(data, end, c->maclen, c->maclen + 10, false);
}

static void insert_l4_sum(const I82599Context *c, uint8_t *data, size_t length)
{
	size_t at = c->maclen + c->iplen;

	switch ((c->tucmd >> TUCMD_L4T) & 3) {
	case L4T_UDP:
		insert_sum(data, length, at, at + 6, true);
		break;
	case L4T_TCP:
		insert_sum(data, length, at, at + 16, false);
		break;
	case L4T_SCTP:
		if (at + 12 > length)
			break;
		stl_le_p(data + at + 8, 0);
		stl_le_p(data + at + 8,
			 crc32c(0xffffffff, data + at, length - at));
		break;
	}
}

/* The tag goes behind the addresses; there is room for it. */
static size_t insert_tag(I82599State *s, uint8_t *data, size_t length,
			 uint16_t tci)
{
	memmove(data + 12 + TAG, data + 12, length - 12);
	stw_be_p(data + 12, REG(s, R_DMATXCTL) >> 16);
	stw_be_p(data + 14, tci);
	return length + TAG;
}

/* s->segment holds a frame without its tag. */
static void send_segment(I82599State *s, unsigned int queue, size_t length,
			 const struct plan *plan)
{
	if (plan->ip_sum)
		insert_ip_sum(plan->context, s->segment, length);
	if (plan->l4_sum)
		insert_l4_sum(plan->context, s->segment, length);
	if (plan->tag)
		length = insert_tag(s, s->segment, length, plan->tci);
	i82599_count_txq(s, queue, length);
	i82599_tx_wire(s, s->segment, length);
}

/* The header's fields that differ from segment to segment, 7.2.4.6. */
static void update_header(I82599State *s, const I82599Context *c, uint8_t *data,
			  size_t payload, size_t done, unsigned int number,
			  bool last)
{
	uint8_t *ip = data + c->maclen, *l4 = ip + c->iplen;
	bool tcp = ((c->tucmd >> TUCMD_L4T) & 3) == L4T_TCP;
	size_t l4_size = c->l4len + payload;
	uint32_t sum;
	uint16_t flags;

	if (c->tucmd & TUCMD_IPV4) {
		stw_be_p(ip + 2, c->iplen + l4_size);
		stw_be_p(ip + 4, lduw_be_p(ip + 4) + number);
	} else {
		stw_be_p(ip + 4, c->iplen - 40 + l4_size);
	}
	/* The pseudo header as software left it has no length yet. */
	sum = lduw_be_p(l4 + (tcp ? 16 : 6)) + l4_size;
	stw_be_p(l4 + (tcp ? 16 : 6), (uint16_t)~i82599_fold(sum));
	if (!tcp) {
		stw_be_p(l4 + 4, l4_size);
		return;
	}
	stl_be_p(l4 + 4, ldl_be_p(l4 + 4) + done);
	flags = last	 ? REG(s, R_DTXTCPFLGH)
		: number ? REG(s, R_DTXTCPFLGL) >> 16
			 : REG(s, R_DTXTCPFLGL);
	/* One segment is the first and the last. */
	if (last && !number)
		flags |= REG(s, R_DTXTCPFLGL);
	flags |= 0xf000; /* the header's length is no flag */
	stw_be_p(l4 + 12, lduw_be_p(l4 + 12) & flags);
}

static bool header_fits(const I82599Context *c, size_t length)
{
	unsigned int type = (c->tucmd >> TUCMD_L4T) & 3;

	if (type == L4T_TCP ? c->l4len < 20 : c->l4len < 8)
		return false;
	if (type != L4T_TCP && type != L4T_UDP)
		return false;
	if (c->iplen < (c->tucmd & TUCMD_IPV4 ? 20 : 40) || c->maclen < 14)
		return false;
	return c->mss && c->maclen + c->iplen + c->l4len < length &&
	       c->maclen + c->iplen + c->l4len + c->mss <= I82599_MAX_FRAME;
}

static void segmented(I82599State *s, unsigned int queue,
		      const struct plan *plan)
{
	const I82599TxQueue *q = &s->txq[queue];
	const I82599Context *c = plan->context;
	size_t header = c->maclen + c->iplen + c->l4len;
	size_t total, done, chunk;
	unsigned int number = 0;

	if (!header_fits(c, q->data->len)) {
		qemu_log_mask(
			LOG_GUEST_ERROR,
			"i82599: tx queue %u: headers %zu, mss %u of %u\n",
			queue, header, c->mss, q->data->len);
		return;
	}
	total = MIN(q->data->len - header, q->options >> TXD_PAYLEN);
	for (done = 0; done < total; done += chunk) {
		chunk = MIN(total - done, c->mss);
		memcpy(s->segment, q->data->data, header);
		memcpy(s->segment + header, q->data->data + header + done,
		       chunk);
		update_header(s, c, s->segment, chunk, done, number++,
			      done + chunk == total);
		send_segment(s, queue, header + chunk, plan);
	}
}

/* A legacy descriptor names one checksum's begin and place itself. */
static void legacy(I82599State *s, unsigned int queue)
{
	const I82599TxQueue *q = &s->txq[queue];
	size_t length = q->data->len;

	if (q->command & TXD_IC)
		insert_sum(s->segment, length, (q->options >> 8) & 0xff,
			   (q->command >> 16) & 0xff, false);
	if (q->command & TXD_VLE)
		length = insert_tag(s, s->segment, length, q->options >> 16);
	i82599_count_txq(s, queue, length);
	i82599_tx_wire(s, s->segment, length);
}

/* The whole packet is in its queue's buffer. */
void i82599_tx_packet(I82599State *s, unsigned int queue)
{
	const I82599TxQueue *q = &s->txq[queue];
	size_t length = q->data->len;
	struct plan plan = {
		.context = &q->context[(q->options >> TXD_IDX) & 1],
		.ip_sum = q->options & TXD_IXSM,
		.l4_sum = q->options & TXD_TXSM,
		.tag = q->command & TXD_VLE,
	};

	plan.tci = plan.context->vlan;
	if ((q->command & TXD_DEXT) && (q->command & TXD_TSE)) {
		segmented(s, queue, &plan);
		return;
	}
	if (length < 14 || length > I82599_MAX_FRAME) {
		qemu_log_mask(LOG_GUEST_ERROR,
			      "i82599: tx queue %u: frame of %zu bytes\n",
			      queue, length);
		return;
	}
	memcpy(s->segment, q->data->data, length);
	if (q->command & TXD_DEXT)
		send_segment(s, queue, length, &plan);
	else
		legacy(s, queue);
}
