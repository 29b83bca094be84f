/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A model of the Intel 82599 (8086:10fb, SFP+) for QEMU: its state and what
 * its files share.  Section numbers are those of the public datasheet, "Intel
 * 82599 10 GbE Controller Datasheet".
 *
 *	core.c		PCI, the register space, reset, the network client
 *	table.c		all registers, as a table
 *	irq.c		causes, masks, moderation, vectors
 *	rx.c		packet buffer, receive rings
 *	parse.c		what kind of packet it is, its checksums
 *	filter.c	who wants it: addresses, VLANs, queues, RSS
 *	fdir.c		Flow Director
 *	tx.c		transmit rings
 *	offload.c	checksums and segmentation
 *	link.c		link, pause frames, the module's I2C
 *	nvm.c		EEPROM, semaphores
 *	stats.c		counters
 *	faults.c	errors on demand
 */
#ifndef I82599_H
#define I82599_H

#include "hw/i2c/bitbang_i2c.h"
#include "hw/pci/pci.h"
#include "net/net.h"
#include "qemu/queue.h"
#include "qemu/timer.h"
#include "qemu/units.h"
#include "regs.h"

#define TYPE_I82599 "i82599"
OBJECT_DECLARE_SIMPLE_TYPE(I82599State, I82599)

#define I82599_CSR_SIZE	    0x20000
#define I82599_BAR_SIZE	    0x80000
#define I82599_QUEUES	    128
#define I82599_VECTORS	    64
#define I82599_EEPROM_WORDS 4096
#define I82599_MIN_FRAME    60 /* without the checksum */
#define I82599_MAX_FRAME    16128
#define I82599_MAX_TSO	    (256 * KiB + 512)
#define I82599_BUCKETS	    8192

#define REG(s, addr) ((s)->reg[(addr) >> 2])

/* A transmit context, 7.2.3.2.3. */
typedef struct I82599Context {
	uint16_t vlan;
	uint16_t maclen;
	uint16_t iplen;
	uint16_t l4len;
	uint16_t mss;
	uint16_t tucmd;
} I82599Context;

typedef struct I82599TxQueue {
	I82599Context context[2];
	/* The packet that is being gathered; the first descriptor's words. */
	GByteArray *data;
	bool begun;
	bool broken;
	uint32_t command;
	uint32_t options;
} I82599TxQueue;

/* What the parser found in a frame; offsets in bytes from its begin. */
typedef struct I82599Packet {
	uint16_t ethertype;
	uint16_t l3;
	uint16_t l4;
	uint16_t payload; /* behind all headers known */
	uint16_t l4_length;
	uint16_t tci;
	uint8_t protocol;
	bool tagged;
	bool ipv4;
	bool ipv6;
	bool extended; /* options or extension headers */
	bool fragment;
} I82599Packet;

/* How a frame is to be reported; see rx.c. */
typedef struct I82599Verdict {
	uint32_t status;
	uint32_t hash;
	uint16_t type;
	uint16_t header;
	uint16_t vlan;
	uint8_t rss_type;
	uint8_t queue;
	bool drop;
} I82599Verdict;

/* A frame in the packet buffer. */
typedef struct I82599Frame {
	QSIMPLEQ_ENTRY(I82599Frame) next;
	I82599Verdict verdict;
	uint32_t length;
	uint8_t data[];
} I82599Frame;

/* A Flow Director filter, chained in its hash bucket. */
typedef struct I82599Filter {
	struct I82599Filter *next;
	uint32_t hash;
	uint32_t source;
	uint32_t target;
	uint32_t ports;
	uint32_t vlan_flex;
	uint32_t command;
} I82599Filter;

typedef struct I82599Faults {
	uint32_t drop_interrupts;
	uint32_t bad_writebacks;
	uint32_t bad_writeback_kind;
	uint32_t stuck_tx; /* queue + 1 */
	uint32_t stuck_rx; /* queue + 1 */
	bool removed;
} I82599Faults;

struct I82599State {
	PCIDevice parent_obj;

	MemoryRegion csr;
	MemoryRegion io;
	MemoryRegion msix;
	NICState *nic;
	NICConf conf;
	uint32_t io_address;

	uint32_t reg[I82599_CSR_SIZE / 4];

	/* Interrupts. */
	uint32_t eicr;
	uint32_t eims;	  /* other causes only */
	uint64_t eims_ex; /* queue causes, all vectors */
	uint64_t eiam_ex;
	uint64_t vector_cause;
	uint32_t other_cause;
	uint32_t signalled; /* without MSI-X: what the host has been told */
	int64_t itr_next[I82599_VECTORS];
	QEMUTimer *itr_timer[I82599_VECTORS];

	/* Receive. */
	QSIMPLEQ_HEAD(, I82599Frame) buffer;
	uint32_t buffered;
	bool draining;
	bool xoff_sent;
	QEMUTimer *xoff_timer;

	/* Transmit; outgoing is what a pause holds in the packet buffer. */
	QSIMPLEQ_HEAD(, I82599Frame) outgoing;
	I82599TxQueue txq[I82599_QUEUES];
	bool sending;
	bool kicked;
	QEMUBH *tx_bh;
	bool paused;
	QEMUTimer *pause_timer;
	uint8_t *segment;

	/* Flow Director. */
	I82599Filter *bucket[I82599_BUCKETS];
	uint32_t filters;

	/* Link and module. */
	char *sfp;
	uint8_t lan_id;
	bool link_up;
	bool flapping;
	QEMUTimer *link_timer;
	QEMUTimer *flap_timer;
	I2CBus *i2c;
	bitbang_i2c_interface i2c_pins;

	/* EEPROM. */
	uint16_t eeprom[I82599_EEPROM_WORDS];
	uint32_t spi_bits;
	uint32_t spi_count;
	uint32_t spi_address;
	uint8_t spi_command;
	uint8_t spi_out;
	bool spi_write_enabled;

	I82599Faults faults;
};

typedef struct I82599Reg {
	uint32_t address;
	uint16_t count;
	uint16_t stride;
	uint32_t reset;
	uint32_t writable;
	uint32_t flags;
	uint32_t (*read)(I82599State *s, uint32_t address);
	void (*write)(I82599State *s, uint32_t address, uint32_t value);
	uint32_t alias; /* the same registers are there, with alias_stride */
	uint16_t alias_stride;
} I82599Reg;

#define REG_CLEAR 1 /* reading clears */
#define REG_KEEP  2 /* a reset by software leaves it alone */

extern const I82599Reg i82599_regs[];
extern const size_t i82599_reg_count;

/* core.c */
void i82599_reset(I82599State *s, bool link);
bool i82599_may_dma(I82599State *s);
bool i82599_dma_read(I82599State *s, uint64_t address, void *data, size_t size);
bool i82599_dma_write(I82599State *s, uint64_t address, const void *data,
		      size_t size);
void i82599_write_ctrl(I82599State *s, uint32_t address, uint32_t value);
uint32_t i82599_read_status(I82599State *s, uint32_t address);
uint32_t i82599_read_timer(I82599State *s, uint32_t address);
uint32_t i82599_read_systime(I82599State *s, uint32_t address);

/* irq.c */
void i82599_irq_init(I82599State *s);
void i82599_irq_reset(I82599State *s);
void i82599_irq_exit(I82599State *s);
void i82599_irq_queue(I82599State *s, unsigned int queue, bool transmit);
void i82599_irq_other(I82599State *s, uint32_t causes);
uint32_t i82599_read_irq(I82599State *s, uint32_t address);
void i82599_write_irq(I82599State *s, uint32_t address, uint32_t value);

/* rx.c */
void i82599_rx_reset(I82599State *s);
void i82599_rx_frame(I82599State *s, const uint8_t *data, size_t length,
		     bool looped);
void i82599_rx_resume(I82599State *s);
void i82599_write_rdt(I82599State *s, uint32_t address, uint32_t value);
void i82599_write_rxctl(I82599State *s, uint32_t address, uint32_t value);
uint32_t i82599_rxq(unsigned int queue, uint32_t offset);

/* parse.c */
void i82599_parse(const uint8_t *data, size_t length, uint16_t vet,
		  I82599Packet *p);
uint32_t i82599_check_sums(I82599State *s, const uint8_t *data, size_t length,
			   const I82599Packet *p);
uint32_t i82599_sum(const uint8_t *data, size_t length, uint32_t sum);
uint16_t i82599_fold(uint32_t sum);

/* filter.c */
bool i82599_accept(I82599State *s, const uint8_t *data, const I82599Packet *p,
		   bool *inexact);
void i82599_classify(I82599State *s, const uint8_t *data, size_t length,
		     const I82599Packet *p, I82599Verdict *v);

/* fdir.c */
void i82599_fdir_clear(I82599State *s);
bool i82599_fdir_match(I82599State *s, const uint8_t *data, size_t length,
		       const I82599Packet *p, I82599Verdict *v);
void i82599_write_fdirctrl(I82599State *s, uint32_t address, uint32_t value);
void i82599_write_fdircmd(I82599State *s, uint32_t address, uint32_t value);

/* tx.c */
void i82599_tx_init(I82599State *s);
void i82599_tx_reset(I82599State *s);
void i82599_tx_exit(I82599State *s);
void i82599_tx_resume(I82599State *s);
void i82599_tx_wire(I82599State *s, uint8_t *data, size_t length);
void i82599_write_tdt(I82599State *s, uint32_t address, uint32_t value);
void i82599_write_txctl(I82599State *s, uint32_t address, uint32_t value);

/* offload.c */
void i82599_tx_packet(I82599State *s, unsigned int queue);

/* link.c */
bool i82599_sfp_known(const char *sfp);
void i82599_link_init(I82599State *s);
void i82599_link_reset(I82599State *s);
void i82599_link_exit(I82599State *s);
void i82599_link_changed(I82599State *s);
void i82599_link_flap(I82599State *s, uint32_t milliseconds);
bool i82599_pause_frame(I82599State *s, const uint8_t *data, size_t length);
void i82599_pause_check(I82599State *s);
void i82599_write_autoc(I82599State *s, uint32_t address, uint32_t value);
uint32_t i82599_read_link(I82599State *s, uint32_t address);
uint32_t i82599_read_esdp(I82599State *s, uint32_t address);
uint32_t i82599_read_i2c(I82599State *s, uint32_t address);
void i82599_write_i2c(I82599State *s, uint32_t address, uint32_t value);
void i82599_write_msca(I82599State *s, uint32_t address, uint32_t value);

/* nvm.c */
void i82599_nvm_init(I82599State *s);
void i82599_nvm_load(I82599State *s);
uint32_t i82599_read_nvm(I82599State *s, uint32_t address);
void i82599_write_nvm(I82599State *s, uint32_t address, uint32_t value);

/* stats.c */
void i82599_count(I82599State *s, uint32_t address, uint32_t add);
void i82599_count64(I82599State *s, uint32_t low, uint64_t add);
void i82599_count_rx(I82599State *s, const uint8_t *data, size_t length);
void i82599_count_tx(I82599State *s, const uint8_t *data, size_t length);
void i82599_count_rxq(I82599State *s, unsigned int queue, size_t length);
void i82599_count_rxq_drop(I82599State *s, unsigned int queue);
void i82599_count_txq(I82599State *s, unsigned int queue, size_t length);

/* faults.c */
void i82599_faults_init(ObjectClass *class);
bool i82599_fault_take(uint32_t *left);
void i82599_fault_writeback(I82599State *s, uint32_t *word);

#endif
