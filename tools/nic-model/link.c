// SPDX-License-Identifier: GPL-2.0-only
/*
 * Link, 3.7.4; flow control by pause frames, 3.7.7; the SFP+ module, which
 * software reads over two pins (8.2.3.1.6).
 *
 * The link comes up a while after it was restarted, at the speed that AUTOC
 * asks for; it is up only while QEMU's network client has a link.
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/main-loop.h"
#include "i82599.h"

#define LINK_UP_NS (2 * SCALE_MS)
#define QUANTUM_NS 51 /* 512 bits at 10 Gb/s, 51.2 ns */
#define OPCODE	   0x0001
#define NO_PHY	   0xffff

/* A module's identity, SFF-8472, at I2C address 0x50. */
#define TYPE_SFP "i82599-sfp"
OBJECT_DECLARE_SIMPLE_TYPE(SfpState, SFP)

struct SfpState {
	I2CSlave parent_obj;
	uint8_t data[256];
	uint8_t at;
	bool addressed;
};

static int sfp_event(I2CSlave *slave, enum i2c_event event)
{
	if (event == I2C_START_SEND)
		SFP(slave)->addressed = false;
	return 0;
}

static int sfp_send(I2CSlave *slave, uint8_t byte)
{
	SfpState *sfp = SFP(slave);

	/* The first byte is an offset; others are lost, it is read only. */
	if (!sfp->addressed)
		sfp->at = byte;
	sfp->addressed = true;
	return 0;
}

static uint8_t sfp_recv(I2CSlave *slave)
{
	SfpState *sfp = SFP(slave);

	return sfp->data[sfp->at++];
}

static uint8_t sfp_sum(const SfpState *sfp, unsigned int from, unsigned int to)
{
	uint8_t sum = 0;

	while (from < to)
		sum += sfp->data[from++];
	return sum;
}

static void sfp_fill(SfpState *sfp, bool copper)
{
	uint8_t *data = sfp->data;

	data[0] = 0x03;			/* SFP */
	data[1] = 0x04;			/* by its two-wire interface */
	data[2] = copper ? 0x21 : 0x07; /* pigtail, LC */
	data[3] = copper ? 0 : 0x10;	/* 10GBASE-SR */
	data[8] = copper ? 0x04 : 0;	/* passive cable */
	data[11] = 0x06;		/* 64B/66B */
	data[12] = 103;			/* 10.3 Gb/s */
	data[copper ? 18 : 16] = copper ? 1 : 8;
	memcpy(data + 20, "ATMOS           ", 16);
	memcpy(data + 37, "\x00\x1b\x21", 3);
	memcpy(data + 40, copper ? "MODEL-DA        " : "MODEL-SR        ", 16);
	memcpy(data + 56, "1   ", 4);
	data[63] = sfp_sum(sfp, 0, 63);
	memcpy(data + 68, "0               ", 16);
	memcpy(data + 84, "260101  ", 8);
	data[95] = sfp_sum(sfp, 64, 95);
}

static void sfp_class_init(ObjectClass *class, void *data)
{
	I2CSlaveClass *slave = I2C_SLAVE_CLASS(class);

	slave->event = sfp_event;
	slave->send = sfp_send;
	slave->recv = sfp_recv;
	DEVICE_CLASS(class)->user_creatable = false;
}

static const TypeInfo sfp_info = {
	.name = TYPE_SFP,
	.parent = TYPE_I2C_SLAVE,
	.instance_size = sizeof(SfpState),
	.class_init = sfp_class_init,
};

static void sfp_register(void)
{
	type_register_static(&sfp_info);
}

type_init(sfp_register)

	static bool has_module(I82599State *s)
{
	return strcmp(s->sfp, "none");
}

static void set_link(I82599State *s, bool up)
{
	if (s->link_up == up)
		return;
	s->link_up = up;
	i82599_irq_other(s, CAUSE_LSC);
	if (up)
		i82599_tx_resume(s);
}

static bool may_have_link(I82599State *s)
{
	return has_module(s) && !s->flapping && !s->faults.removed &&
	       !qemu_get_queue(s->nic)->link_down;
}

static void link_timer(void *opaque)
{
	I82599State *s = opaque;

	set_link(s, may_have_link(s));
}

static void restart(I82599State *s)
{
	set_link(s, false);
	timer_mod(s->link_timer,
		  qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) + LINK_UP_NS);
}

/* QEMU's end of the cable, or a fault, changed. */
void i82599_link_changed(I82599State *s)
{
	if (may_have_link(s))
		restart(s);
	else
		set_link(s, false);
}

static void flap_timer(void *opaque)
{
	I82599State *s = opaque;

	s->flapping = false;
	i82599_link_changed(s);
}

void i82599_link_flap(I82599State *s, uint32_t milliseconds)
{
	s->flapping = true;
	set_link(s, false);
	timer_mod(s->flap_timer, qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) +
					 milliseconds * (int64_t)SCALE_MS);
}

void i82599_write_autoc(I82599State *s, uint32_t address, uint32_t value)
{
	REG(s, R_AUTOC) = value & ~AUTOC_RESTART;
	if (value & AUTOC_RESTART)
		restart(s);
}

static uint32_t links(I82599State *s)
{
	uint32_t mode = (REG(s, R_AUTOC) >> AUTOC_LMS) & 7;
	uint32_t speed = mode == 0 || mode == 2 ? LINKS_1G : LINKS_10G;
	bool up = s->link_up || ((REG(s, R_AUTOC) & AUTOC_FLU) &&
				 !s->flapping && !s->faults.removed);

	return up ? LINKS_UP | speed : 0;
}

uint32_t i82599_read_link(I82599State *s, uint32_t address)
{
	switch (address) {
	case R_LINKS:
		return links(s);
	case R_ANLP1:
		/* The arbiter has left its idle state; no partner's pages. */
		return 0x00050000;
	}
	return 0;
}

/* Pin SDP2 says whether there is a module. */
uint32_t i82599_read_esdp(I82599State *s, uint32_t address)
{
	return (REG(s, R_ESDP) & ~ESDP_SDP2) | (has_module(s) ? ESDP_SDP2 : 0);
}

uint32_t i82599_read_i2c(I82599State *s, uint32_t address)
{
	uint32_t value = REG(s, R_I2CCTL) & (I2C_CLK_OUT | I2C_DATA_OUT);
	bool data = value & I2C_DATA_OUT;

	/* Both lines are low where somebody pulls them. */
	if (value & I2C_CLK_OUT)
		value |= I2C_CLK_IN;
	if (bitbang_i2c_set(&s->i2c_pins, BITBANG_I2C_SDA, data))
		value |= I2C_DATA_IN;
	return value;
}

void i82599_write_i2c(I82599State *s, uint32_t address, uint32_t value)
{
	int clock = !!(value & I2C_CLK_OUT), data = !!(value & I2C_DATA_OUT);

	REG(s, R_I2CCTL) = value & (I2C_CLK_OUT | I2C_DATA_OUT);
	/* Data that changes with the clock changes while it is low. */
	if (!clock)
		bitbang_i2c_set(&s->i2c_pins, BITBANG_I2C_SCL, 0);
	bitbang_i2c_set(&s->i2c_pins, BITBANG_I2C_SDA, data);
	if (clock)
		bitbang_i2c_set(&s->i2c_pins, BITBANG_I2C_SCL, 1);
}

/* MDIO: there is no PHY, so every register reads as ones. */
void i82599_write_msca(I82599State *s, uint32_t address, uint32_t value)
{
	REG(s, R_MSCA) = value & ~MSCA_COMMAND;
	REG(s, R_MSRWD) = (uint32_t)NO_PHY << 16 | (REG(s, R_MSRWD) & 0xffff);
}

/*
 * A pause ends by its timer, not by the clock: the partner's timer that renews
 * it is due earlier and so runs first, however late both are.
 */
static void pause_over(void *opaque)
{
	I82599State *s = opaque;

	s->paused = false;
	i82599_tx_resume(s);
}

static void pause_for(I82599State *s, uint16_t quanta)
{
	int64_t now = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);

	s->paused = quanta;
	if (quanta) {
		timer_mod(s->pause_timer, now + quanta * QUANTUM_NS);
	} else {
		/* Not from within the partner's sending of this very frame. */
		timer_del(s->pause_timer);
		qemu_bh_schedule(s->tx_bh);
	}
}

/* True where a MAC control frame ends here. */
bool i82599_pause_frame(I82599State *s, const uint8_t *data, size_t length)
{
	uint32_t mflcn = REG(s, R_MFLCN);
	uint16_t quanta;

	if (length < 18 || lduw_be_p(data + 12) != 0x8808)
		return false;
	if (lduw_be_p(data + 14) != OPCODE)
		return !(mflcn & MFLCN_PMCF);
	quanta = lduw_be_p(data + 16);
	i82599_count(s, quanta ? R_LXOFFRX : R_LXONRX, 1);
	if (mflcn & MFLCN_RFCE)
		pause_for(s, quanta);
	return (mflcn & MFLCN_DPF) || !(mflcn & MFLCN_PMCF);
}

static void send_pause(I82599State *s, uint16_t quanta)
{
	uint8_t frame[I82599_MIN_FRAME] = { 0x01, 0x80, 0xc2, 0, 0, 1 };

	stl_le_p(frame + 6, REG(s, R_RAL));
	stw_le_p(frame + 10, REG(s, R_RAH));
	stw_be_p(frame + 12, 0x8808);
	stw_be_p(frame + 14, OPCODE);
	stw_be_p(frame + 16, quanta);
	i82599_count(s, quanta ? R_LXOFFTX : R_LXONTX, 1);
	i82599_count_tx(s, frame, sizeof(frame));
	if (s->link_up)
		qemu_send_packet(qemu_get_queue(s->nic), frame, sizeof(frame));
}

static void send_xoff(I82599State *s)
{
	int64_t again = MAX(REG(s, R_FCRTV) & 0xffff, 1) * QUANTUM_NS;

	s->xoff_sent = true;
	send_pause(s, REG(s, R_FCTTV) & 0xffff);
	timer_mod(s->xoff_timer, qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) + again);
}

/* Before the partner's pause is over. */
static void xoff_again(void *opaque)
{
	I82599State *s = opaque;

	if (s->xoff_sent)
		send_xoff(s);
}

/* The packet buffer against its thresholds, 3.7.7.3.2. */
void i82599_pause_check(I82599State *s)
{
	uint32_t high = REG(s, R_FCRTH), low = REG(s, R_FCRTL);

	if (!(REG(s, R_FCCFG) & FCCFG_TFCE) || !(high & FCRTH_FCEN))
		return;
	if (!s->xoff_sent && s->buffered > (high & FCRT_THRESHOLD)) {
		send_xoff(s);
	} else if (s->xoff_sent && s->buffered <= (low & FCRT_THRESHOLD)) {
		s->xoff_sent = false;
		timer_del(s->xoff_timer);
		if (low & FCRTL_XONE)
			send_pause(s, 0);
	}
}

void i82599_link_reset(I82599State *s)
{
	timer_del(s->pause_timer);
	bitbang_i2c_init(&s->i2c_pins, s->i2c);
	restart(s);
}

bool i82599_sfp_known(const char *sfp)
{
	return !strcmp(sfp, "da") || !strcmp(sfp, "sr") || !strcmp(sfp, "none");
}

void i82599_link_init(I82599State *s)
{
	SfpState *sfp;

	s->link_timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, link_timer, s);
	s->flap_timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, flap_timer, s);
	s->pause_timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, pause_over, s);
	s->xoff_timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, xoff_again, s);
	s->i2c = i2c_init_bus(DEVICE(s), "cage");
	bitbang_i2c_init(&s->i2c_pins, s->i2c);
	if (!has_module(s))
		return;
	sfp = SFP(i2c_slave_create_simple(s->i2c, TYPE_SFP, 0x50));
	sfp_fill(sfp, !strcmp(s->sfp, "da"));
}

void i82599_link_exit(I82599State *s)
{
	timer_free(s->link_timer);
	timer_free(s->flap_timer);
	timer_free(s->pause_timer);
	timer_free(s->xoff_timer);
}
