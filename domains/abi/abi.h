/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What core and domain agree on: the domain's window of address space, the
 * mailbox, the form of a message, and the manifest of an image.
 *
 * Included by the core (kmod/), by domain images and by their host builds;
 * it includes neither side's headers. Byte order is the CPU's (x86-64).
 */
#ifndef _DOM_ABI_H
#define _DOM_ABI_H

#include "types.h"

/* Changed whenever an image built before would misread the core. */
#define DOM_ABI_VERSION		1

/*
 * A domain sees one window of 2 MiB, the reach of one leaf page table. Only
 * offsets are part of the contract: the base differs with the privilege and
 * the number of paging levels, so images are position-independent.
 */
#define DOM_PAGE_SIZE		4096
#define DOM_WINDOW_SIZE		0x200000
#define DOM_IMAGE_START		0x001000	/* first byte an image may use */
#define DOM_IMAGE_END		0x1c0000
#define DOM_STACK_TOP		0x1e0000	/* grows down, guard pages around */
#define DOM_STACK_PAGES_MAX	8
#define DOM_IN_OFFSET		0x1f0000	/* struct dom_in, read-only */
#define DOM_OUT_OFFSET		0x1f2000	/* struct dom_out, read-write */

/*
 * Not part of the contract, because the program that was interrupted may have
 * had the kernel forbid them on this CPU (prctl PR_SET_TSC, arch_prctl
 * ARCH_SET_CPUID): RDTSC, RDTSCP, RDPMC, CPUID. Time is in struct dom_in.
 */

/* The software interrupt that ends an entry; no device can raise it. */
#define DOM_EXIT_VECTOR		15

/*
 * Messages. Fixed slots, so that parsing is indexing: one header slot, then
 * inline_len bytes in whole slots.
 */
#define DOM_SLOT_SIZE		64
#define DOM_IN_SLOTS		62
#define DOM_OUT_SLOTS		47
#define DOM_RECORD_MAX		1024
#define DOM_INLINE_MAX		512

/**
 * struct dom_hdr - the head of each message
 * @type: an enum dom_event (core to domain) or enum dom_command (back)
 * @inline_len: bytes that follow in the next slots, at most what the
 *	contract allows for this type
 * @handle: payload object, DOM_NO_HANDLE if the message has none
 */
struct dom_hdr {
	u16 type;
	u16 inline_len;
	u32 handle;
};

#define DOM_NO_HANDLE		0

/* One slot; the named form of each message is in contract.h. */
struct dom_msg {
	struct dom_hdr hdr;
	u64 arg[7];
};

/**
 * struct dom_in - the first mailbox page: written by the core, read-only inside
 * @abi_version: DOM_ABI_VERSION of the core
 * @nr_slots: slots in use, header and inline ones
 * @now_us: monotonic time of this entry, microseconds
 * @domain_id: for messages and traces only
 * @record_len: bytes of &dom_out.record that hold a committed record, 0 for a
 *	domain that has none yet
 * @reserved: 0
 * @config: meaning given by the image's class; constant for a domain's life
 * @slot: the events
 */
struct dom_in {
	u32 abi_version;
	u32 nr_slots;
	u64 now_us;
	u64 domain_id;
	u32 record_len;
	u32 reserved;
	u8 config[96];
	struct dom_msg slot[DOM_IN_SLOTS];
};

/**
 * struct dom_out - the second mailbox page: written by the domain
 * @nr_slots: command slots filled in this entry; the core sets it to 0 before
 * @flags: DOM_OUT_MORE
 * @reserved: must stay 0
 * @record: the state that outlives a crash; the core copies it on commit
 * @slot: the commands
 *
 * The core reads it only while the domain is not running.
 */
struct dom_out {
	u32 nr_slots;
	u32 flags;
	u8 reserved[56];
	u8 record[DOM_RECORD_MAX];
	struct dom_msg slot[DOM_OUT_SLOTS];
};

#define DOM_OUT_MORE		1u	/* queue was full: enter again, no events needed */
#define DOM_OUT_FLAGS		DOM_OUT_MORE

/* What an image is for; selects which messages of the contract are legal. */
enum dom_class {
	DOM_CLASS_ECHO = 1,	/* test: events in, commands out */
	DOM_CLASS_STACK = 2,	/* one connection's TCP, or one socket's UDP */
	DOM_CLASS_DRIVER = 3,	/* NIC driver */
};

/**
 * struct dom_manifest - section ".atmos.manifest" of every image
 * @magic: DOM_MANIFEST_MAGIC
 * @abi_version: DOM_ABI_VERSION the image was built with
 * @image_class: enum dom_class
 * @record_size: bytes of record it keeps, 0 to DOM_RECORD_MAX
 * @record_version: version of that record's layout
 * @stack_pages: 1 to DOM_STACK_PAGES_MAX
 * @data_pages_max: most private (written) pages of the image, stack apart
 * @capabilities: what it asks for, DOM_CAP_*
 * @name: NUL-terminated, letters, digits, '-' and '_'
 * @build_id: hash of the image's contents, for reports
 * @reserved: must be 0
 */
struct dom_manifest {
	u64 magic;
	u32 abi_version;
	u32 image_class;
	u32 record_size;
	u32 record_version;
	u32 stack_pages;
	u32 data_pages_max;
	u64 capabilities;
	char name[32];
	u8 build_id[20];
	u8 reserved[36];
};

#define DOM_MANIFEST_MAGIC	0x31736f6d7441ull	/* "Atmos1" */
#define DOM_MANIFEST_SECTION	".atmos.manifest"

#define DOM_CAP_MMIO		(1ull << 0)
#define DOM_CAP_DMA		(1ull << 1)
#define DOM_CAP_ALL		(DOM_CAP_MMIO | DOM_CAP_DMA)

static_assert(sizeof(struct dom_hdr) == 8, "message header");
static_assert(sizeof(struct dom_msg) == DOM_SLOT_SIZE, "message slot");
static_assert(sizeof(struct dom_in) == DOM_PAGE_SIZE, "mailbox, in");
static_assert(sizeof(struct dom_out) == DOM_PAGE_SIZE, "mailbox, out");
static_assert(sizeof(struct dom_manifest) == 128, "manifest");

/* Slots that a message with @inline_len inline bytes occupies. */
static inline u32 dom_msg_slots(u32 inline_len)
{
	return 1 + (inline_len + DOM_SLOT_SIZE - 1) / DOM_SLOT_SIZE;
}

#endif /* _DOM_ABI_H */
