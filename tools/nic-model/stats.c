// SPDX-License-Identifier: GPL-2.0-only
/*
 * Counters, 8.2.3.23.  They stop at their highest value; the register table
 * clears what is read.
 */
#include "qemu/osdep.h"
#include "i82599.h"

void i82599_count(I82599State *s, uint32_t address, uint32_t add)
{
	uint32_t *value = &REG(s, address);

	*value = *value + add < add ? UINT32_MAX : *value + add;
}

/* A pair of registers, the lower half first, 36 bits in all. */
void i82599_count64(I82599State *s, uint32_t low, uint64_t add)
{
	uint64_t value = (uint64_t)REG(s, low + 4) << 32 | REG(s, low);

	value += add;
	REG(s, low) = value;
	REG(s, low + 4) = (value >> 32) & 0xf;
}

/* Which of the six counters by size; the length is that on the wire. */
static uint32_t bucket(size_t wire)
{
	static const uint16_t upper[] = { 64, 127, 255, 511, 1023 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(upper) && wire > upper[i]; i++)
		;
	return i * 4;
}

static bool is_broadcast(const uint8_t *data)
{
	return !memcmp(data, "\xff\xff\xff\xff\xff\xff", 6);
}

void i82599_count_rx(I82599State *s, const uint8_t *data, size_t length)
{
	size_t wire = length + 4;

	i82599_count(s, R_PRC64 + bucket(wire), 1);
	i82599_count(s, R_GPRC, 1);
	i82599_count64(s, R_GORCL, wire);
	if (is_broadcast(data))
		i82599_count(s, R_BPRC, 1);
	else if (data[0] & 1)
		i82599_count(s, R_MPRC, 1);
}

void i82599_count_tx(I82599State *s, const uint8_t *data, size_t length)
{
	size_t wire = length + 4;

	i82599_count(s, R_PTC64 + bucket(wire), 1);
	i82599_count(s, R_GPTC, 1);
	i82599_count(s, R_TPT, 1);
	i82599_count64(s, R_GOTCL, wire);
	if (is_broadcast(data))
		i82599_count(s, R_BPTC, 1);
	else if (data[0] & 1)
		i82599_count(s, R_MPTC, 1);
}

/*
 * Queues share sixteen counters, by the maps in RQSMR and TQSM.  They count the
 * bytes in the host's memory: without a checksum that the MAC adds or strips.
 */
static unsigned int counter_of(I82599State *s, uint32_t map, unsigned int queue)
{
	return (REG(s, map + queue / 4 * 4) >> (queue % 4 * 8)) & 15;
}

void i82599_count_rxq(I82599State *s, unsigned int queue, size_t length)
{
	unsigned int i = counter_of(s, R_RQSMR, queue);

	i82599_count(s, R_QPRC + i * 0x40, 1);
	i82599_count64(s, R_QBRCL + i * 0x40, length);
	i82599_count(s, R_RXDGPC, 1);
	i82599_count64(s, R_RXDGBCL, length);
}

void i82599_count_rxq_drop(I82599State *s, unsigned int queue)
{
	unsigned int i = counter_of(s, R_RQSMR, queue);

	i82599_count(s, R_QPRDC + i * 0x40, 1);
}

void i82599_count_txq(I82599State *s, unsigned int queue, size_t length)
{
	unsigned int i = counter_of(s, R_TQSM, queue);

	i82599_count(s, R_QPTC + i * 0x40, 1);
	i82599_count64(s, R_QBTCL + i * 8, length);
	i82599_count(s, R_TXDGPC, 1);
	i82599_count64(s, R_TXDGBCL, length);
}
