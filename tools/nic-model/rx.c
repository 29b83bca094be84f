// SPDX-License-Identifier: GPL-2.0-only
/*
 * Receive, 7.1: the MAC's checks, the packet buffer, the rings.
 *
 * A frame whose queue has no descriptors waits in the packet buffer, and all
 * that come later wait behind it, as on the card; with SRRCTL.DROP_EN it is
 * dropped instead.  A full buffer drops and counts (MPC).
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/log.h"
#include <zlib.h>
#include "i82599.h"

#define DESCRIPTOR 16
#define CHAIN_MAX  64

enum {
	TYPE_LEGACY,
	TYPE_ADVANCED,
	TYPE_SPLIT,
	TYPE_SPLIT_ALWAYS = 5,
};

/* A receive ring, as the queue's registers describe it now. */
struct ring {
	uint32_t queue;
	uint64_t base;
	uint32_t size;
	uint32_t head;
	uint32_t room;
	uint32_t type;
	uint32_t packet_buffer;
	uint32_t header_buffer;
};

uint32_t i82599_rxq(unsigned int queue, uint32_t offset)
{
	if (queue < 64)
		return R_RXQ + queue * 0x40 + offset;
	return R_RXQ_HIGH + (queue - 64) * 0x40 + offset;
}

/* False where nothing can be received into it. */
static bool ring_of(I82599State *s, unsigned int queue, struct ring *r)
{
	uint32_t tail = REG(s, i82599_rxq(queue, Q_TAIL)) & 0xffff;
	uint32_t srrctl = REG(s, i82599_rxq(queue, Q_SRRCTL));

	r->queue = queue;
	r->base = (uint64_t)REG(s, i82599_rxq(queue, Q_BAH)) << 32 |
		  REG(s, i82599_rxq(queue, Q_BAL));
	r->size = REG(s, i82599_rxq(queue, Q_LEN)) / DESCRIPTOR;
	r->head = REG(s, i82599_rxq(queue, Q_HEAD)) & 0xffff;
	r->type = (srrctl >> SRRCTL_TYPE) & 7;
	r->packet_buffer = (srrctl & 0x1f) * KiB ?: 2 * KiB;
	r->header_buffer = ((srrctl >> 8) & 0x3f) * 64;
	if (!(REG(s, i82599_rxq(queue, Q_DCTL)) & DCTL_ENABLE) || !r->size)
		return false;
	if (r->head >= r->size || tail > r->size) {
		qemu_log_mask(LOG_GUEST_ERROR,
			      "i82599: rx queue %u: head %u, tail %u of %u\n",
			      queue, r->head, tail, r->size);
		return false;
	}
	r->room = tail >= r->head ? tail - r->head : r->size - r->head + tail;
	return true;
}

/*
 * One descriptor done.  The upper half goes last: software looks at it first.
 */
static bool write_back(I82599State *s, struct ring *r, uint64_t address,
		       uint64_t lower, uint32_t status, uint16_t length,
		       uint16_t vlan)
{
	uint32_t word[2] = { status, length | (uint32_t)vlan << 16 };
	uint64_t upper;

	if (r->type == TYPE_LEGACY) {
		/* Length and checksum; status, errors and tag; 7.1.5. */
		word[1] = (status & 0xff) | (status >> 24 & 0xe0) << 8 |
			  (uint32_t)vlan << 16;
		word[0] = length;
	} else {
		lower = cpu_to_le64(lower);
		if (!i82599_dma_write(s, address, &lower, sizeof(lower)))
			return false;
	}
	if (i82599_fault_take(&s->faults.bad_writebacks))
		i82599_fault_writeback(s, word);
	upper = cpu_to_le64((uint64_t)word[1] << 32 | word[0]);
	smp_wmb();
	if (!i82599_dma_write(s, address + 8, &upper, sizeof(upper)))
		return false;
	r->head = (r->head + 1) % r->size;
	REG(s, i82599_rxq(r->queue, Q_HEAD)) = r->head;
	return true;
}

/* A chunk that fits into one descriptor's buffers; the header may be split. */
static bool fill(I82599State *s, struct ring *r, const I82599Frame *frame,
		 uint32_t *at, uint32_t split)
{
	uint64_t address = r->base + r->head * DESCRIPTOR;
	const I82599Verdict *v = &frame->verdict;
	uint64_t descriptor[2], lower;
	uint32_t chunk, status, errors = 0;
	uint16_t info = 0;
	bool last;

	if (!i82599_dma_read(s, address, descriptor, sizeof(descriptor)))
		return false;
	if (split) {
		if (!i82599_dma_write(s, le64_to_cpu(descriptor[1]),
				      frame->data, split))
			return false;
		*at = split;
		info = 0x8000 | (split & 0x3ff) << 5;
	}
	chunk = MIN(r->packet_buffer, frame->length - *at);
	if (!i82599_dma_write(s, le64_to_cpu(descriptor[0]), frame->data + *at,
			      chunk))
		return false;
	*at += chunk;
	last = *at == frame->length;
	if (!last) {
		status = RXD_DD;
		if (r->type != TYPE_LEGACY)
			status |= ((r->head + 1) % r->size) << RXD_NEXTP;
		return write_back(s, r, address, (uint64_t)info << 16, status,
				  chunk, 0);
	}
	if (v->header > r->header_buffer &&
	    (r->type == TYPE_SPLIT || r->type == TYPE_SPLIT_ALWAYS))
		errors = RXD_HBO;
	lower = v->rss_type | v->type | (uint64_t)info << 16 |
		(uint64_t)v->hash << 32;
	status = RXD_DD | RXD_EOP | v->status | errors;
	return write_back(s, r, address, lower, status, chunk, v->vlan);
}

/* How many bytes go into the header's buffer, 7.1.10. */
static uint32_t split_of(I82599State *s, const struct ring *r,
			 const I82599Frame *frame)
{
	uint32_t header = frame->verdict.header;

	if (r->type == TYPE_SPLIT && header <= r->header_buffer)
		return header;
	if (r->type == TYPE_SPLIT_ALWAYS)
		return header && header <= r->header_buffer
			       ? header
			       : MIN(frame->length, r->header_buffer);
	return 0;
}

enum outcome { DELIVERED, WAIT, DROPPED };

static enum outcome deliver(I82599State *s, const I82599Frame *frame)
{
	unsigned int queue = frame->verdict.queue;
	uint32_t srrctl = REG(s, i82599_rxq(queue, Q_SRRCTL));
	uint32_t at = 0, split, needed;
	struct ring r;

	if (s->faults.stuck_rx == queue + 1)
		return WAIT;
	if (!ring_of(s, queue, &r))
		return DROPPED;
	split = split_of(s, &r, frame);
	needed = DIV_ROUND_UP(frame->length - split, r.packet_buffer) ?: 1;
	if (needed > CHAIN_MAX)
		return DROPPED;
	if (needed > r.room)
		return srrctl & SRRCTL_DROP_EN ? DROPPED : WAIT;
	do {
		if (!fill(s, &r, frame, &at, split)) {
			i82599_irq_other(s, CAUSE_PCI);
			return DROPPED;
		}
		split = 0;
	} while (at < frame->length);
	i82599_count_rxq(s, queue, frame->length);
	i82599_irq_queue(s, queue, false);
	return DELIVERED;
}

static bool finish(I82599State *s, const I82599Frame *frame)
{
	enum outcome outcome = deliver(s, frame);

	if (outcome == DROPPED)
		i82599_count_rxq_drop(s, frame->verdict.queue);
	return outcome != WAIT;
}

static bool ready(I82599State *s)
{
	return (REG(s, R_RXCTRL) & RXCTRL_RXEN) && i82599_may_dma(s);
}

/* Frames that waited, in their order; each of them once at most. */
void i82599_rx_resume(I82599State *s)
{
	I82599Frame *frame;

	if (s->draining)
		return;
	s->draining = true;
	while (ready(s) && (frame = QSIMPLEQ_FIRST(&s->buffer)) &&
	       finish(s, frame)) {
		QSIMPLEQ_REMOVE_HEAD(&s->buffer, next);
		s->buffered -= frame->length;
		g_free(frame);
	}
	s->draining = false;
	i82599_pause_check(s);
}

static void store(I82599State *s, I82599Frame *frame)
{
	uint32_t size = REG(s, R_RXPBSIZE) & 0xffc00;

	if (s->buffered + frame->length > size) {
		i82599_count(s, R_MPC, 1);
		i82599_irq_other(s, CAUSE_RX_MISS);
		g_free(frame);
		return;
	}
	QSIMPLEQ_INSERT_TAIL(&s->buffer, frame, next);
	s->buffered += frame->length;
	i82599_pause_check(s);
}

/* The header that PSRTYPE lets be split off, 8.2.3.7.4; 0 is none. */
static uint16_t header_of(I82599State *s, const I82599Packet *p)
{
	uint32_t psrtype = REG(s, R_PSRTYPE);

	if (p->payload > p->l4 && p->protocol == 6 && (psrtype & PSRTYPE_TCP))
		return p->payload;
	if (p->payload > p->l4 && p->protocol == 17 && (psrtype & PSRTYPE_UDP))
		return p->payload;
	if ((p->ipv4 && (psrtype & PSRTYPE_IPV4)) ||
	    (p->ipv6 && (psrtype & PSRTYPE_IPV6)))
		return p->l4;
	return psrtype & PSRTYPE_L2 ? p->l3 : 0;
}

/* Fragment checksum and IP identification, where RSS is not reported. */
static void report_sum(I82599State *s, const uint8_t *data,
		       const I82599Packet *p, I82599Verdict *v)
{
	uint32_t rxcsum = REG(s, R_RXCSUM);
	uint32_t sum = 0;

	if (rxcsum & RXCSUM_PCSD)
		return;
	v->hash = 0;
	v->rss_type = 0;
	if (!p->ipv4 || !p->fragment || !(rxcsum & RXCSUM_IPPCSE))
		return;
	sum = (uint16_t)~i82599_fold(i82599_sum(data + p->l4, p->l4_length, 0));
	v->hash = sum << 16 | lduw_be_p(data + p->l3 + 4);
}

static void judge(I82599State *s, I82599Frame *frame, const I82599Packet *p,
		  bool inexact, bool looped)
{
	I82599Verdict *v = &frame->verdict;
	uint32_t shift = 0;

	memset(v, 0, sizeof(*v));
	i82599_classify(s, frame->data, frame->length, p, v);
	report_sum(s, frame->data, p, v);
	v->status |= i82599_check_sums(s, frame->data, frame->length, p);
	if (inexact)
		v->status |= RXD_PIF;
	if (looped)
		v->status |= RXD_LB;
	if (p->tagged)
		v->status |= RXD_VP;
	if (p->tagged && (REG(s, i82599_rxq(v->queue, Q_DCTL)) & RXDCTL_VME)) {
		v->vlan = p->tci;
		shift = 4;
		memmove(frame->data + 12, frame->data + 16, frame->length - 16);
		frame->length -= 4;
	}
	v->header = header_of(s, p);
	if (v->header)
		v->header -= shift;
}

/* Without CRC stripping the frame's checksum goes to software, too. */
static void add_crc(I82599State *s, I82599Frame *frame)
{
	uint32_t sum;

	if (REG(s, R_HLREG0) & HLREG0_RXCRCSTRP)
		return;
	sum = crc32(0, frame->data, frame->length);
	stl_le_p(frame->data + frame->length, sum);
	frame->length += 4;
}

/* 8.2.3.22.13: the longest frame; a VLAN tag may come on top. */
static bool too_long(I82599State *s, const I82599Packet *p, size_t length)
{
	size_t most = REG(s, R_HLREG0) & HLREG0_JUMBOEN ? REG(s, R_MAXFRS) >> 16
							: 1518;

	return length + 4 > most + (p->tagged ? 4 : 0) ||
	       length > I82599_MAX_FRAME;
}

/* A frame from the wire, or from ourselves in loopback. */
void i82599_rx_frame(I82599State *s, const uint8_t *data, size_t length,
		     bool looped)
{
	size_t padded = MAX(length, I82599_MIN_FRAME);
	I82599Frame *frame;
	I82599Packet p;
	bool inexact;

	if (length < 14 || length > 64 * KiB || s->faults.removed)
		return;
	i82599_count(s, R_TPR, 1);
	i82599_count64(s, R_TORL, padded + 4);
	if (i82599_pause_frame(s, data, length) || !ready(s))
		return;
	i82599_parse(data, length, REG(s, R_VLNCTRL) & VLNCTRL_VET, &p);
	if (too_long(s, &p, padded)) {
		i82599_count(s, R_ROC, 1);
		return;
	}
	if (!i82599_accept(s, data, &p, &inexact))
		return;
	i82599_count_rx(s, data, padded);
	frame = g_malloc(sizeof(*frame) + padded + 4);
	memset(frame->data, 0, padded);
	memcpy(frame->data, data, length);
	frame->length = padded;
	judge(s, frame, &p, inexact, looped);
	add_crc(s, frame);
	if (frame->verdict.drop) {
		g_free(frame);
		return;
	}
	if (QSIMPLEQ_EMPTY(&s->buffer) && !s->draining && finish(s, frame))
		g_free(frame);
	else
		store(s, frame);
}

void i82599_write_rdt(I82599State *s, uint32_t address, uint32_t value)
{
	REG(s, address) = value & 0xffff;
	i82599_rx_resume(s);
}

/* RXDCTL and RXCTRL: what waited may go on, or be dropped. */
void i82599_write_rxctl(I82599State *s, uint32_t address, uint32_t value)
{
	REG(s, address) = value;
	i82599_rx_resume(s);
}

void i82599_rx_reset(I82599State *s)
{
	I82599Frame *frame;

	while ((frame = QSIMPLEQ_FIRST(&s->buffer))) {
		QSIMPLEQ_REMOVE_HEAD(&s->buffer, next);
		g_free(frame);
	}
	s->buffered = 0;
	s->xoff_sent = false;
	timer_del(s->xoff_timer);
}
