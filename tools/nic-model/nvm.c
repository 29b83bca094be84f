// SPDX-License-Identifier: GPL-2.0-only
/*
 * The EEPROM (chapter 6) and the ways to it: EERD, and the SPI pins in EEC
 * (3.4.4); the semaphores between software and firmware (10.5.4), which
 * nobody but software takes here.
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "i82599.h"

#define SUM_WORD  0x3f
#define SUM_VALUE 0xbaba
#define SIZE_CODE 6 /* 64 words << 6 */

enum {
	SPI_WRSR = 1,
	SPI_WRITE = 2,
	SPI_READ = 3,
	SPI_WRDI = 4,
	SPI_RDSR = 5,
	SPI_WREN = 6,
};

/* Initialization lists for modules: an identity, then what to write. */
static void fill_modules(uint16_t *word)
{
	unsigned int at = 0x301, kind;

	word[0x2b] = 0x300;
	word[0x300] = 0;
	for (kind = 3; kind <= 8; kind++) {
		word[at++] = kind;
		word[at++] = 0x340;
	}
	/* Each is the same and short: a value for CORECTL, the end. */
	word[0x340] = 0;
	word[0x341] = 0x0000;
	word[0x342] = 0xffff;
}

static void fill_mac(uint16_t *word, const uint8_t *mac)
{
	unsigned int i;

	word[0x0b] = 0x100;
	word[0x100] = 3;
	for (i = 0; i < 3; i++)
		word[0x101 + i] = lduw_le_p(mac + i * 2);
}

/* No code: only the version of the firmware's parts that drivers ask for. */
static void fill_firmware(uint16_t *word)
{
	word[0x0f] = 0x200;
	word[0x200] = 8;
	word[0x204] = 0x210;
	word[0x210] = 8;
	word[0x217] = 0x0006;
}

static void fill_part_number(uint16_t *word)
{
	static const char number[] = "A00000-001";
	unsigned int i, words = (sizeof(number) - 1) / 2;

	word[0x15] = 0xfafa;
	word[0x16] = 0x280;
	word[0x280] = words + 1;
	for (i = 0; i < words; i++)
		word[0x281 + i] = number[i * 2] << 8 | number[i * 2 + 1];
}

/* 6.3.6: words 0 to 0x3e and the sections behind pointers 3 to 0xe. */
static uint16_t checksum(const uint16_t *word)
{
	uint16_t sum = 0, pointer, length;
	unsigned int i, j;

	for (i = 0; i < SUM_WORD; i++)
		sum += word[i];
	for (i = 3; i < 0x0f; i++) {
		pointer = word[i];
		if (pointer == 0 || pointer >= I82599_EEPROM_WORDS)
			continue;
		length = word[pointer];
		if (length == 0xffff)
			continue;
		for (j = 1; j <= length && pointer + j < I82599_EEPROM_WORDS;
		     j++)
			sum += word[pointer + j];
	}
	return SUM_VALUE - sum;
}

void i82599_nvm_init(I82599State *s)
{
	uint16_t *word = s->eeprom;

	memset(word, 0xff, sizeof(s->eeprom));
	word[0x00] = 0x4020; /* signature, sizes */
	word[0x01] = 0x0000;
	fill_mac(word, s->conf.macaddr.a);
	fill_firmware(word);
	fill_part_number(word);
	fill_modules(word);
	word[0x29] = 0x1000; /* version 1.0 */
	word[0x2c] = 0x0001; /* any module is welcome */
	word[0x2d] = 0x0001; /* image's identity */
	word[0x2e] = 0x8000;
	word[0x38] = 0x0000;
	word[SUM_WORD] = checksum(word);
}

/* What the card reads by itself after a reset, 4.2.2 and 6.3: the address. */
void i82599_nvm_load(I82599State *s)
{
	uint16_t at = s->eeprom[0x0b];

	if (at == 0 || at + 3 >= I82599_EEPROM_WORDS)
		return;
	REG(s, R_RAL) = s->eeprom[at + 1] | (uint32_t)s->eeprom[at + 2] << 16;
	REG(s, R_RAH) = s->eeprom[at + 3] | RAH_AV;
}

static uint8_t spi_byte(I82599State *s)
{
	uint16_t word = s->eeprom[s->spi_address / 2 % I82599_EEPROM_WORDS];

	return s->spi_address % 2 ? word >> 8 : word;
}

static void spi_store(I82599State *s, uint8_t byte)
{
	uint16_t *word = &s->eeprom[s->spi_address / 2 % I82599_EEPROM_WORDS];

	if (!s->spi_write_enabled)
		return;
	if (s->spi_address % 2)
		*word = (*word & 0x00ff) | byte << 8;
	else
		*word = (*word & 0xff00) | byte;
	s->spi_address++;
}

/* Eight bits have come in. */
static void spi_take(I82599State *s, uint8_t byte)
{
	uint32_t number = s->spi_count / 8;

	if (number == 1) {
		s->spi_command = byte;
		if (byte == SPI_WREN || byte == SPI_WRDI)
			s->spi_write_enabled = byte == SPI_WREN;
		else if (byte == SPI_RDSR)
			s->spi_out = s->spi_write_enabled << 1;
		return;
	}
	if (s->spi_command != SPI_READ && s->spi_command != SPI_WRITE)
		return;
	if (number == 2) {
		s->spi_address = byte << 8;
		return;
	}
	if (number == 3)
		s->spi_address |= byte;
	else if (s->spi_command == SPI_WRITE)
		spi_store(s, byte);
	if (s->spi_command == SPI_READ) {
		s->spi_out = spi_byte(s);
		s->spi_address++;
	}
}

/* Chip select opens and ends a command. */
static void spi_select(I82599State *s, bool selected)
{
	if (!selected && s->spi_command == SPI_WRITE)
		s->spi_write_enabled = false;
	s->spi_count = 0;
	s->spi_bits = 0;
	s->spi_out = 0;
	s->spi_command = 0;
}

/* A rising clock takes a bit in and puts the next one out. */
static uint32_t spi_clock(I82599State *s, uint32_t value)
{
	uint32_t out = s->spi_out & 0x80 ? EEC_DO : 0;

	s->spi_out <<= 1;
	s->spi_bits = s->spi_bits << 1 | !!(value & EEC_DI);
	if (++s->spi_count % 8 == 0)
		spi_take(s, s->spi_bits);
	return out;
}

static void write_eec(I82599State *s, uint32_t value)
{
	uint32_t old = REG(s, R_EEC), keep = old & EEC_DO;

	value &= EEC_SK | EEC_CS | EEC_DI | EEC_FWE | EEC_REQ;
	if (!(value & EEC_REQ))
		value &= ~(EEC_SK | EEC_CS | EEC_DI);
	/* Chip select is active low, as software sees it, too. */
	if ((old ^ value) & EEC_CS)
		spi_select(s, !(value & EEC_CS));
	else if ((value & EEC_SK) && !(old & EEC_SK) && !(value & EEC_CS))
		keep = spi_clock(s, value);
	REG(s, R_EEC) = value | keep;
}

static void write_eerd(I82599State *s, uint32_t value)
{
	uint32_t address = (value >> 2) & 0x3fff;
	uint16_t word = 0xffff;

	if (address < I82599_EEPROM_WORDS)
		word = s->eeprom[address];
	if (value & EERD_START)
		REG(s, R_EERD) = (uint32_t)word << 16 | (value & 0xfffc) |
				 EERD_DONE;
}

uint32_t i82599_read_nvm(I82599State *s, uint32_t address)
{
	uint32_t value = REG(s, address);

	switch (address) {
	case R_EEC:
		value |= EEC_PRES | EEC_ARD | EEC_ADDR16 |
			 SIZE_CODE << EEC_SIZE | EEC_FLUDONE;
		if (value & EEC_REQ)
			value |= EEC_GNT;
		break;
	case R_SWSM:
		/* Who reads a zero has taken it. */
		REG(s, R_SWSM) |= SWSM_SMBI;
		break;
	}
	return value;
}

void i82599_write_nvm(I82599State *s, uint32_t address, uint32_t value)
{
	switch (address) {
	case R_EEC:
		write_eec(s, value);
		break;
	case R_EERD:
		write_eerd(s, value);
		break;
	case R_SWSM:
		REG(s, R_SWSM) = value & (SWSM_SMBI | SWSM_SWESMBI);
		break;
	}
}
