// SPDX-License-Identifier: GPL-2.0-only
/*
 * Transmit rings, 7.2.1 and 7.2.3: descriptors become packets, and are
 * written back, each with its DD bit or all by their head's number.
 *
 * A write to TDT runs the ring at once, as far as a budget goes; the rest runs
 * in a bottom half, so that no ring holds up the machine.
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/log.h"
#include "qemu/main-loop.h"
#include "i82599.h"

#define DESCRIPTOR 16
#define FETCH	   32
#define BUDGET	   2048

static uint32_t txq(unsigned int queue, uint32_t offset)
{
	return R_TXQ + queue * 0x40 + offset;
}

/* May frames leave now? */
static bool open_gate(I82599State *s)
{
	if (!(REG(s, R_DMATXCTL) & DMATXCTL_TE) || !i82599_may_dma(s))
		return false;
	return (REG(s, R_HLREG0) & HLREG0_LPBK) || (s->link_up && !s->paused);
}

static void leave(I82599State *s, const uint8_t *data, size_t length)
{
	i82599_count_tx(s, data, length);
	if (REG(s, R_HLREG0) & HLREG0_LPBK)
		i82599_rx_frame(s, data, length, true);
	else if (s->link_up)
		qemu_send_packet(qemu_get_queue(s->nic), data, length);
}

/*
 * A frame for the wire; there is room behind it for padding.  A pause that
 * begins within a segmented packet keeps the rest of it in the packet buffer.
 */
void i82599_tx_wire(I82599State *s, uint8_t *data, size_t length)
{
	I82599Frame *frame;

	if (length < I82599_MIN_FRAME && (REG(s, R_HLREG0) & HLREG0_TXPADEN)) {
		memset(data + length, 0, I82599_MIN_FRAME - length);
		length = I82599_MIN_FRAME;
	}
	if (QSIMPLEQ_EMPTY(&s->outgoing) && !s->paused) {
		leave(s, data, length);
		return;
	}
	frame = g_malloc(sizeof(*frame) + length);
	memcpy(frame->data, data, length);
	frame->length = length;
	QSIMPLEQ_INSERT_TAIL(&s->outgoing, frame, next);
}

/* What a pause kept; false while there is more. */
static bool send_kept(I82599State *s)
{
	I82599Frame *frame;

	while (open_gate(s) && (frame = QSIMPLEQ_FIRST(&s->outgoing))) {
		QSIMPLEQ_REMOVE_HEAD(&s->outgoing, next);
		leave(s, frame->data, frame->length);
		g_free(frame);
	}
	return QSIMPLEQ_EMPTY(&s->outgoing);
}

static void set_context(I82599TxQueue *q, const uint32_t *word)
{
	I82599Context *c = &q->context[(word[3] >> TXD_IDX) & 1];

	c->iplen = word[0] & 0x1ff;
	c->maclen = (word[0] >> 9) & 0x7f;
	c->vlan = word[0] >> 16;
	c->tucmd = word[2] & 0xffff;
	c->l4len = (word[3] >> 8) & 0xff;
	c->mss = word[3] >> 16;
}

/* A data descriptor, advanced or legacy: gathers, and sends at its end. */
static void data_descriptor(I82599State *s, unsigned int queue,
			    const uint32_t *word)
{
	I82599TxQueue *q = &s->txq[queue];
	uint64_t address = (uint64_t)word[1] << 32 | word[0];
	uint32_t length = word[2] & TXD_LEN;
	size_t had;

	if (!q->data)
		q->data = g_byte_array_new();
	if (!q->begun) {
		g_byte_array_set_size(q->data, 0);
		q->begun = true;
		q->broken = false;
		q->command = word[2];
		q->options = word[3];
	}
	had = q->data->len;
	if (had + length > I82599_MAX_TSO) {
		qemu_log_mask(LOG_GUEST_ERROR,
			      "i82599: tx queue %u: packet too long\n", queue);
		q->broken = true;
	} else if (length && !q->broken) {
		g_byte_array_set_size(q->data, had + length);
		if (!i82599_dma_read(s, address, q->data->data + had, length)) {
			i82599_irq_other(s, CAUSE_PCI);
			q->broken = true;
		}
	}
	if (!(word[2] & TXD_EOP))
		return;
	/* The last one has the final word about the checksum's place. */
	if (!(word[2] & TXD_DEXT))
		q->command = word[2];
	if (!q->broken)
		i82599_tx_packet(s, queue);
	q->begun = false;
}

/* True where software wants to hear of it. */
static bool descriptor(I82599State *s, unsigned int queue, const uint32_t *word)
{
	bool advanced = word[2] & TXD_DEXT;
	uint32_t kind = (word[2] >> TXD_DTYP) & 15;

	if (advanced && kind == TXD_DTYP_CTXT)
		set_context(&s->txq[queue], word);
	else if (!advanced || kind == TXD_DTYP_DATA)
		data_descriptor(s, queue, word);
	else
		qemu_log_mask(LOG_GUEST_ERROR,
			      "i82599: tx queue %u: descriptor type %u\n",
			      queue, kind);
	return word[2] & TXD_RS;
}

static void write_back(I82599State *s, unsigned int queue, uint64_t address)
{
	uint32_t word[2] = { 0, cpu_to_le32(TXD_DD) };

	if (REG(s, txq(queue, Q_WBAL)) & TDWBAL_EN)
		return; /* by the head's number, once for all */
	i82599_dma_write(s, address + 8, word, sizeof(word));
}

static void write_head(I82599State *s, unsigned int queue, uint32_t head)
{
	uint32_t low = REG(s, txq(queue, Q_WBAL)), value = cpu_to_le32(head);
	uint64_t address = (uint64_t)REG(s, txq(queue, Q_WBAH)) << 32 |
			   (low & ~3U);

	if (low & TDWBAL_EN)
		i82599_dma_write(s, address, &value, sizeof(value));
}

/* Some descriptors that lie side by side; how many were done. */
static uint32_t run_some(I82599State *s, unsigned int queue, uint64_t address,
			 uint32_t count, bool *report)
{
	uint32_t word[FETCH][4], i, j;

	if (!i82599_dma_read(s, address, word, count * DESCRIPTOR)) {
		i82599_irq_other(s, CAUSE_PCI);
		/* The queue stands still until it is set up anew. */
		REG(s, txq(queue, Q_DCTL)) &= ~DCTL_ENABLE;
		return 0;
	}
	for (i = 0; i < count && open_gate(s); i++) {
		for (j = 0; j < 4; j++)
			word[i][j] = le32_to_cpu(word[i][j]);
		if (descriptor(s, queue, word[i])) {
			write_back(s, queue, address + i * DESCRIPTOR);
			*report = true;
		}
	}
	return i;
}

/* False where the budget ended before the ring did. */
static bool run_queue(I82599State *s, unsigned int queue, uint32_t *budget)
{
	uint64_t base = (uint64_t)REG(s, txq(queue, Q_BAH)) << 32 |
			REG(s, txq(queue, Q_BAL));
	uint32_t size = REG(s, txq(queue, Q_LEN)) / DESCRIPTOR;
	uint32_t tail = REG(s, txq(queue, Q_TAIL));
	uint32_t head = REG(s, txq(queue, Q_HEAD)) & 0xffff;
	uint32_t run, done;
	bool report = false;

	if (!(REG(s, txq(queue, Q_DCTL)) & DCTL_ENABLE) || head == tail ||
	    !size || s->faults.stuck_tx == queue + 1)
		return true;
	if (head >= size || tail >= size) {
		qemu_log_mask(LOG_GUEST_ERROR,
			      "i82599: tx queue %u: head %u, tail %u of %u\n",
			      queue, head, tail, size);
		return true;
	}
	while (head != tail && *budget) {
		run = tail > head ? tail - head : size - head;
		run = MIN(MIN(run, FETCH), *budget);
		done = run_some(s, queue, base + head * DESCRIPTOR, run,
				&report);
		head = (head + done) % size;
		*budget -= done;
		REG(s, txq(queue, Q_HEAD)) = head;
		if (done < run)
			break;
	}
	if (report) {
		write_head(s, queue, head);
		i82599_irq_queue(s, queue, true);
	}
	return *budget || head == tail;
}

/*
 * All rings, or one.  Sending may come back here, by a pause frame that ends a
 * pause: then the outermost call goes on.
 */
static void run(I82599State *s, int only)
{
	uint32_t budget = BUDGET;
	unsigned int queue;
	bool again;

	if (s->sending) {
		s->kicked = true;
		return;
	}
	s->sending = true;
	do {
		again = false;
		s->kicked = false;
		for (queue = 0;
		     queue < I82599_QUEUES && send_kept(s) && open_gate(s);
		     queue++)
			if (only < 0 || queue == only)
				again |= !run_queue(s, queue, &budget);
		only = -1;
	} while (s->kicked && budget);
	s->sending = false;
	if (again || s->kicked)
		qemu_bh_schedule(s->tx_bh);
}

void i82599_tx_resume(I82599State *s)
{
	run(s, -1);
}

static void tx_bh(void *opaque)
{
	i82599_tx_resume(opaque);
}

void i82599_write_tdt(I82599State *s, uint32_t address, uint32_t value)
{
	REG(s, address) = value & 0xffff;
	run(s, (address - R_TXQ) / 0x40);
}

/* TXDCTL and DMATXCTL. */
void i82599_write_txctl(I82599State *s, uint32_t address, uint32_t value)
{
	unsigned int queue = (address - R_TXQ) / 0x40;

	REG(s, address) = value;
	if (address != R_DMATXCTL && !(value & DCTL_ENABLE))
		s->txq[queue].begun = false;
	run(s, -1);
}

void i82599_tx_init(I82599State *s)
{
	QSIMPLEQ_INIT(&s->outgoing);
	s->tx_bh = qemu_bh_new(tx_bh, s);
	s->segment = g_malloc(I82599_MAX_TSO + I82599_MIN_FRAME);
}

static void drop_kept(I82599State *s)
{
	I82599Frame *frame;

	while ((frame = QSIMPLEQ_FIRST(&s->outgoing))) {
		QSIMPLEQ_REMOVE_HEAD(&s->outgoing, next);
		g_free(frame);
	}
}

void i82599_tx_reset(I82599State *s)
{
	unsigned int i;

	for (i = 0; i < I82599_QUEUES; i++) {
		s->txq[i].begun = false;
		memset(s->txq[i].context, 0, sizeof(s->txq[i].context));
	}
	drop_kept(s);
	s->paused = false;
	qemu_bh_cancel(s->tx_bh);
}

void i82599_tx_exit(I82599State *s)
{
	unsigned int i;

	for (i = 0; i < I82599_QUEUES; i++)
		if (s->txq[i].data)
			g_byte_array_unref(s->txq[i].data);
	drop_kept(s);
	qemu_bh_delete(s->tx_bh);
	g_free(s->segment);
}
