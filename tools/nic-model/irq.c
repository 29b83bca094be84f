// SPDX-License-Identifier: GPL-2.0-only
/*
 * Interrupts, 7.3: causes, masks, moderation, and how they reach the host, as
 * MSI-X vectors or in the older ways.
 *
 * A queue's cause goes through IVAR to a vector (7.3.4).  A vector's cause
 * waits in vector_cause until it is not masked and its moderation interval is
 * over; then one message goes out, which clears the cause and, with
 * GPIE.EIAME, masks what EIAM says.  All other causes share the vector in
 * IVAR_MISC and stay in EICR until software clears them.
 */
#include "qemu/osdep.h"
#include "hw/pci/msi.h"
#include "hw/pci/msix.h"
#include "i82599.h"

static bool by_msix(I82599State *s)
{
	return msix_enabled(&s->parent_obj) && (REG(s, R_GPIE) & GPIE_MSIX);
}

/* The least time between two interrupts, 7.3.2.1.1: 2.048 us a unit. */
static int64_t interval(I82599State *s, unsigned int vector)
{
	uint32_t eitr = vector < 24 ? REG(s, R_EITR + vector * 4)
				    : REG(s, R_EITR_HIGH + (vector - 24) * 4);

	return ((eitr & EITR_INTERVAL) >> 3) * 2048LL;
}

/* May this vector signal now?  If not, its timer comes back. */
static bool moderate(I82599State *s, unsigned int vector)
{
	int64_t now = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
	int64_t least = interval(s, vector);

	if (least && now < s->itr_next[vector]) {
		timer_mod(s->itr_timer[vector], s->itr_next[vector]);
		return false;
	}
	s->itr_next[vector] = now + least;
	return true;
}

static void signal_vector(I82599State *s, unsigned int vector)
{
	uint64_t bit = 1ULL << vector;

	s->vector_cause &= ~bit;
	if (vector < 16)
		s->eicr &= ~(REG(s, R_EIAC) & (uint32_t)bit);
	/* A dropped one was never there, so it masks nothing either. */
	if (i82599_fault_take(&s->faults.drop_interrupts))
		return;
	if (REG(s, R_GPIE) & GPIE_EIAME)
		s->eims_ex &= ~(s->eiam_ex & bit);
	msix_notify(&s->parent_obj, vector);
}

static void update_msix(I82599State *s)
{
	uint64_t ready = s->vector_cause & s->eims_ex;
	uint32_t misc = REG(s, R_IVAR_MISC) >> 8;
	unsigned int vector;

	while (ready) {
		vector = ctz64(ready);
		ready &= ready - 1;
		if (moderate(s, vector))
			signal_vector(s, vector);
	}
	vector = misc & (I82599_VECTORS - 1);
	if (!(s->other_cause & s->eims) || !(misc & IVAR_VALID) ||
	    !moderate(s, vector))
		return;
	s->other_cause &= ~s->eims;
	if (!i82599_fault_take(&s->faults.drop_interrupts))
		msix_notify(&s->parent_obj, vector);
}

static void update_legacy(I82599State *s)
{
	uint32_t active = s->eicr & (s->eims | (s->eims_ex & CAUSE_QUEUES));
	uint32_t fresh = active & ~s->signalled;

	if (!msi_enabled(&s->parent_obj)) {
		pci_set_irq(&s->parent_obj, active != 0);
		s->signalled = active;
		return;
	}
	s->signalled &= active;
	if (!fresh || !moderate(s, 0))
		return;
	s->signalled |= fresh;
	if (!i82599_fault_take(&s->faults.drop_interrupts))
		msi_notify(&s->parent_obj, 0);
}

static void update(I82599State *s)
{
	if (s->faults.removed)
		return;
	if (by_msix(s))
		update_msix(s);
	else
		update_legacy(s);
}

static void itr_expired(void *opaque)
{
	update(opaque);
}

void i82599_irq_queue(I82599State *s, unsigned int queue, bool transmit)
{
	uint32_t entry = REG(s, R_IVAR + queue / 2 * 4) >>
			 (queue % 2 * 16 + (transmit ? 8 : 0));
	unsigned int vector = entry & (I82599_VECTORS - 1);

	if (!(entry & IVAR_VALID))
		return;
	if (by_msix(s))
		s->vector_cause |= 1ULL << vector;
	if (vector < 16)
		s->eicr |= 1U << vector;
	update(s);
}

void i82599_irq_other(I82599State *s, uint32_t causes)
{
	s->eicr |= causes;
	s->other_cause |= causes & CAUSE_OTHERS;
	update(s);
}

/* What software sets by hand, EICS and EICS_EX. */
static void set_causes(I82599State *s, uint64_t vectors, uint32_t others)
{
	s->eicr |= (vectors & CAUSE_QUEUES) | others;
	s->vector_cause |= by_msix(s) ? vectors : 0;
	s->other_cause |= others;
	update(s);
}

/* A cause that is still in EICR when it is unmasked signals again. */
static void unmask(I82599State *s, uint64_t vectors, uint32_t others)
{
	uint64_t opened = vectors & ~s->eims_ex;

	s->eims_ex |= vectors;
	s->eims |= others;
	s->vector_cause |= opened & s->eicr & CAUSE_QUEUES;
	s->other_cause |= others & s->eicr;
	update(s);
}

static void mask(I82599State *s, uint64_t vectors, uint32_t others)
{
	s->eims_ex &= ~vectors;
	s->eims &= ~others;
	update(s);
}

/* 7.3.1.4 and GPIE.OCD: what reading clears and masks. */
static uint32_t read_eicr(I82599State *s)
{
	uint32_t value = s->eicr;

	if (by_msix(s)) {
		s->eicr &= REG(s, R_GPIE) & GPIE_OCD ? ~0x3fff0000U : 0;
		s->other_cause &= s->eicr;
	} else {
		s->eicr = 0;
		s->other_cause = 0;
		s->eims &= ~REG(s, R_EIAM);
		s->eims_ex &= ~(s->eiam_ex & CAUSE_QUEUES);
		update(s);
	}
	return value;
}

uint32_t i82599_read_irq(I82599State *s, uint32_t address)
{
	switch (address) {
	case R_EICR:
		return read_eicr(s);
	case R_EICS:
		return s->eicr;
	case R_EIMS:
	case R_EIMC:
		return s->eims | (s->eims_ex & CAUSE_QUEUES);
	case R_EIAM:
		return REG(s, R_EIAM) | (s->eiam_ex & CAUSE_QUEUES);
	case R_EIMS_EX:
	case R_EIMC_EX:
		return s->eims_ex;
	case R_EIMS_EX + 4:
	case R_EIMC_EX + 4:
		return s->eims_ex >> 32;
	case R_EIAM_EX:
		return s->eiam_ex;
	case R_EIAM_EX + 4:
		return s->eiam_ex >> 32;
	}
	return 0;
}

void i82599_write_irq(I82599State *s, uint32_t address, uint32_t value)
{
	uint32_t queues = value & CAUSE_QUEUES, others = value & CAUSE_OTHERS;
	uint64_t high = (uint64_t)value << 32;

	switch (address) {
	case R_EICR:
		s->eicr &= ~value;
		s->other_cause &= ~value;
		update(s);
		break;
	case R_EICS:
		set_causes(s, queues, others);
		break;
	case R_EIMS:
		unmask(s, queues, others);
		break;
	case R_EIMC:
		mask(s, queues, others);
		break;
	case R_EIAM:
		REG(s, R_EIAM) = others;
		s->eiam_ex = (s->eiam_ex & ~(uint64_t)CAUSE_QUEUES) | queues;
		break;
	case R_EICS_EX:
		set_causes(s, value, 0);
		break;
	case R_EICS_EX + 4:
		set_causes(s, high, 0);
		break;
	case R_EIMS_EX:
		unmask(s, value, 0);
		break;
	case R_EIMS_EX + 4:
		unmask(s, high, 0);
		break;
	case R_EIMC_EX:
		mask(s, value, 0);
		break;
	case R_EIMC_EX + 4:
		mask(s, high, 0);
		break;
	case R_EIAM_EX:
		s->eiam_ex = (s->eiam_ex & ~0xffffffffULL) | value;
		break;
	case R_EIAM_EX + 4:
		s->eiam_ex = (s->eiam_ex & 0xffffffffULL) | high;
		break;
	case R_GPIE:
		REG(s, R_GPIE) = value;
		update(s);
		break;
	}
}

void i82599_irq_reset(I82599State *s)
{
	unsigned int i;

	s->eicr = 0;
	s->eims = 0;
	s->eims_ex = 0;
	s->eiam_ex = 0;
	s->vector_cause = 0;
	s->other_cause = 0;
	s->signalled = 0;
	for (i = 0; i < I82599_VECTORS; i++) {
		s->itr_next[i] = 0;
		timer_del(s->itr_timer[i]);
	}
	pci_set_irq(&s->parent_obj, 0);
}

void i82599_irq_init(I82599State *s)
{
	unsigned int i;

	for (i = 0; i < I82599_VECTORS; i++)
		s->itr_timer[i] =
			timer_new_ns(QEMU_CLOCK_VIRTUAL, itr_expired, s);
}

void i82599_irq_exit(I82599State *s)
{
	unsigned int i;

	for (i = 0; i < I82599_VECTORS; i++)
		timer_free(s->itr_timer[i]);
}
