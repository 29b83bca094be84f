/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * The test interface: ioctls of /dev/atmos-test.
 *
 * It exists only when the module is loaded with test_interface=1, and is for
 * the selftests and benchmarks alone: it lets root put raw events into a
 * domain, and it tells kernel addresses. It is no stable interface.
 *
 * A domain made through a file belongs to it and is destroyed when the file
 * is closed. All calls return 0 or a negative errno.
 */
#ifndef _UAPI_LINUX_ATMOS_TEST_H
#define _UAPI_LINUX_ATMOS_TEST_H

#include <linux/ioctl.h>
#include <linux/types.h>

/**
 * enum atmos_test_status - how an entry ended
 * @ATMOS_TEST_OK: committed
 * @ATMOS_TEST_DIED: fault, budget or contract: see the fault list
 * @ATMOS_TEST_REFUSED: not entered: given up, quarantined, limits
 */
enum atmos_test_status {
	ATMOS_TEST_OK = 0,
	ATMOS_TEST_DIED = 1,
	ATMOS_TEST_REFUSED = 2,
};

#define ATMOS_TEST_PRIV_DEFAULT	0
#define ATMOS_TEST_PRIV_USER	1
#define ATMOS_TEST_PRIV_KERNEL	2

/**
 * struct atmos_test_create - make a domain from an image
 * @image: name of a built-in or loaded image
 * @privilege: ATMOS_TEST_PRIV_*
 * @reserved: 0
 * @id: out: the domain's id, as in netlink and reports
 */
struct atmos_test_create {
	char image[32];
	__u32 privilege;
	__u32 reserved;
	__u64 id;
};

/**
 * struct atmos_test_enter - one transaction
 * @id: domain
 * @events: user pointer to message slots (64 bytes each), as the domain is to see them
 * @commands: user pointer to room for the committed command slots
 * @nr_events: slots at @events, at most 62
 * @max_commands: slots at @commands
 * @nr_commands: out: slots written; 0 unless status is ATMOS_TEST_OK
 * @status: out: enum atmos_test_status
 * @fault: out: sequence number of the fault report when it died, else 0
 * @cycles: out: TSC cycles from entry to the decision
 */
struct atmos_test_enter {
	__u64 id;
	__u64 events;
	__u64 commands;
	__u32 nr_events;
	__u32 max_commands;
	__u32 nr_commands;
	__u32 status;
	__u64 fault;
	__u64 cycles;
};

/**
 * struct atmos_test_loop - repeat crossings in the kernel, without user space between
 * @id: domain
 * @count: how often
 * @mode: ATMOS_TEST_LOOP_*
 * @cpu: CPU to run on, or -1: wherever it happens to be, migration allowed
 * @entered: out: entries begun
 * @ok: out: entries committed
 * @died: out: entries that ended in a death, followed by a restart
 * @ns: out: guest time of the whole loop (under icount: instructions)
 * @ns_min: out: shortest single iteration
 */
struct atmos_test_loop {
	__u64 id;
	__u64 count;
	__u32 mode;
	__s32 cpu;
	__u64 entered;
	__u64 ok;
	__u64 died;
	__u64 ns;
	__u64 ns_min;
};

#define ATMOS_TEST_LOOP_GATE	0	/* bare crossings, empty mailbox; @count rounded up to 64 */
#define ATMOS_TEST_LOOP_ENTER	1	/* whole transaction with one PING */
#define ATMOS_TEST_LOOP_KILL	2	/* kill and restart; ns is death to ready */
#define ATMOS_TEST_LOOP_BASE	3	/* the loop and clock alone, to subtract */

/**
 * struct atmos_test_offer - give the domain a payload object
 * @id: domain
 * @data: user pointer to the bytes
 * @len: how many, 1 to 4096
 * @handle: out: the domain's handle for it, to be named in an OFFER event
 */
struct atmos_test_offer {
	__u64 id;
	__u64 data;
	__u32 len;
	__u32 handle;
};

/**
 * struct atmos_test_info - addresses for the hostile tests
 * @id: domain
 * All others are out: linear addresses in the kernel's or the domain's space.
 * @cpu: CPU for which the per-CPU ones hold
 * @reserved: 0
 * @base: the domain's window
 * @secret: kernel memory that holds @secret_value (16 bytes), in the direct map
 * @secret_vmalloc: a second copy of it in vmalloc space
 * @secret_value: what to look for
 * @gate_text: first byte of the gate's code
 * @gate_text_len: its length
 * @gate_block: this CPU's gate block (state and interrupt stacks)
 * @gate_block_len: its length
 * @idt: IDT linear address
 * @tss: TSS linear address
 * @gdt: GDT linear address
 * @module_text: a function of the module outside the gate
 * @kernel_text: a function of the kernel
 * @crossings: entries of this domain since it was made
 * @restarts: restarts of this domain since it was made
 * @exchange_objects: payload objects alive in the whole module
 * @nmis: NMIs forwarded from inside a domain or the gate, all CPUs
 * @nmis_in_gate: of those, how many hit the gate's own code on a domain's CR3
 * @irqs: interrupts forwarded, all CPUs
 * @pge_repairs: how often CR4.PGE was found on and turned off again, all CPUs
 * @rebinds: slot (re)binds, all CPUs
 * @flushes: entries that flushed the slot's PCID, all CPUs
 */
struct atmos_test_info {
	__u64 id;
	__u32 cpu;
	__u32 reserved;
	__u64 base;
	__u64 secret;
	__u64 secret_vmalloc;
	__u8 secret_value[16];
	__u64 gate_text;
	__u64 gate_text_len;
	__u64 gate_block;
	__u64 gate_block_len;
	__u64 idt;
	__u64 tss;
	__u64 gdt;
	__u64 module_text;
	__u64 kernel_text;
	__u64 crossings;
	__u64 restarts;
	__u64 exchange_objects;
	__u64 nmis;
	__u64 nmis_in_gate;
	__u64 irqs;
	__u64 pge_repairs;
	__u64 rebinds;
	__u64 flushes;
};

/**
 * struct atmos_test_provoke - events that tests cannot cause from user space
 * @what: ATMOS_TEST_PROVOKE_*
 * @count: how often
 * @cpu: target CPU
 * @interval_us: pause between two
 * @reserved: 0
 */
struct atmos_test_provoke {
	__u32 what;
	__u32 cpu;
	__u64 count;
	__u32 interval_us;
	__u32 reserved;
};

#define ATMOS_TEST_PROVOKE_NMI		0	/* NMI by the local APIC, to @cpu */
#define ATMOS_TEST_PROVOKE_IPI		1	/* function-call interrupt to @cpu */
#define ATMOS_TEST_PROVOKE_PGE		2	/* turn CR4.PGE on behind the gate's back */
#define ATMOS_TEST_PROVOKE_TLBFLUSH	3	/* kernel TLB flush on all CPUs (vunmap) */

/**
 * struct atmos_test_remap - change the domain's window under a warm TLB
 * @id: domain
 * @offset: page of the domain's window
 * @value: 8 bytes that fill the page now mapped there (ATMOS_TEST_REMAP_FILL)
 * @op: ATMOS_TEST_REMAP_*
 * @reserved: 0
 *
 * A later read through the old translation would be the hole.
 */
struct atmos_test_remap {
	__u64 id;
	__u64 offset;
	__u64 value;
	__u32 op;
	__u32 reserved;
};

#define ATMOS_TEST_REMAP_FILL	0	/* map a new page, filled with @value, at @offset */
#define ATMOS_TEST_REMAP_UNMAP	1	/* unmap @offset */

/**
 * enum atmos_test_fault_kind - how a death came about
 * @ATMOS_TEST_FAULT_EXCEPTION: the CPU raised one
 * @ATMOS_TEST_FAULT_BUDGET: it ran too long
 * @ATMOS_TEST_FAULT_CONTRACT: a command or the record broke the contract
 * @ATMOS_TEST_FAULT_KILLED: the administrator did it
 * @ATMOS_TEST_FAULT_SEGMENT: interrupted with a CS, SS or RIP not the domain's
 */
enum atmos_test_fault_kind {
	ATMOS_TEST_FAULT_EXCEPTION = 1,
	ATMOS_TEST_FAULT_BUDGET = 2,
	ATMOS_TEST_FAULT_CONTRACT = 3,
	ATMOS_TEST_FAULT_KILLED = 4,
	ATMOS_TEST_FAULT_SEGMENT = 5,
};

/**
 * struct atmos_test_fault - one report of the fault list
 * @seq: in: its sequence number, as atmos_test_enter.fault tells it
 * All others are out.
 * @domain: the domain's id
 * @kind: enum atmos_test_fault_kind
 * @vector: of the exception; 0 for other kinds
 * @error_code: as pushed by the CPU; for a contract violation a negative errno
 * @address: CR2 of a page fault, else 0
 * @rip: where it happened, in the domain's window unless it jumped out
 * @image: name of the image
 * @symbol: "name+0xoffset/0xsize" of @rip, empty if it lies in no symbol
 * @why: of a contract violation: which
 *
 * ENOENT when the ring has no such report any more.
 */
struct atmos_test_fault {
	__u64 seq;
	__u64 domain;
	__u32 kind;
	__u32 vector;
	__u64 error_code;
	__u64 address;
	__u64 rip;
	char image[32];
	char symbol[48];
	char why[64];
};

/**
 * enum atmos_test_inject_kind - what a fault is put into, and when
 * @ATMOS_TEST_INJECT_NONE: nothing; the domain is only watched
 * @ATMOS_TEST_INJECT_TEXT: before the entry: code, in a copy of the page that
 *	this domain alone has
 * @ATMOS_TEST_INJECT_DATA: before the entry: what is neither code nor stack nor
 *	mailbox; pages that domains share are copied first
 * @ATMOS_TEST_INJECT_EVENT: the used slots of events, as the domain sees them
 * @ATMOS_TEST_INJECT_HEAD: the head of the events' page, as the domain sees it
 * @ATMOS_TEST_INJECT_LOSE: one event of the entry is not there
 * @ATMOS_TEST_INJECT_TWICE: one event of the entry is there twice
 * @ATMOS_TEST_INJECT_START: registers, before the first instruction
 * @ATMOS_TEST_INJECT_REGS: registers, at an interrupt some time into the entry
 * @ATMOS_TEST_INJECT_STACK: likewise, the used part of the stack
 * @ATMOS_TEST_INJECT_CODE: likewise, code at the interrupted instruction
 * @ATMOS_TEST_INJECT_STATE: likewise, the record that the domain works on
 * @ATMOS_TEST_INJECT_COMMAND: after the entry, before it is judged: commands
 * @ATMOS_TEST_INJECT_RECORD: likewise, the record
 * @ATMOS_TEST_INJECT_NR: how many
 * @ATMOS_TEST_INJECT_KILL: the entry dies as by atmosctl domain kill
 */
enum atmos_test_inject_kind {
	ATMOS_TEST_INJECT_NONE = 0,
	ATMOS_TEST_INJECT_TEXT,
	ATMOS_TEST_INJECT_DATA,
	ATMOS_TEST_INJECT_EVENT,
	ATMOS_TEST_INJECT_HEAD,
	ATMOS_TEST_INJECT_LOSE,
	ATMOS_TEST_INJECT_TWICE,
	ATMOS_TEST_INJECT_START,
	ATMOS_TEST_INJECT_REGS,
	ATMOS_TEST_INJECT_STACK,
	ATMOS_TEST_INJECT_CODE,
	ATMOS_TEST_INJECT_STATE,
	ATMOS_TEST_INJECT_COMMAND,
	ATMOS_TEST_INJECT_RECORD,
	ATMOS_TEST_INJECT_KILL,
	ATMOS_TEST_INJECT_NR,
};

/**
 * struct atmos_test_inject - order one fault for any domain
 * @domain: its id
 * @kind: enum atmos_test_inject_kind
 * @nth: at which entry from now, 1: the next; at a later one if that entry has
 *	nothing of the kind
 * @where: any number: chooses the place
 * @value: any number: chooses the bit, or is xor'ed to the word
 * @word: 0: one bit, 1: one word of 8 bytes, aligned
 * @delay_ns: of kinds at an interrupt: how long after the entry began
 * @id: out: name of the order, for ATMOS_TEST_INJECTED
 * @reserved: 0
 *
 * EBUSY when there are too many orders, or another one for that domain.
 */
struct atmos_test_inject {
	__u64 domain;
	__u32 kind;
	__u32 nth;
	__u64 where;
	__u64 value;
	__u32 word;
	__u32 delay_ns;
	__u32 id;
	__u32 reserved;
};

/**
 * struct atmos_test_injected - what became of an order, which ends here
 * @id: of the order
 * All others are out.
 * @fired: the fault was put in
 * @given_up: the domain was given up
 * @reserved: 0
 * @place: of text, data and stack: offset in the window; of registers: number
 *	in the order rax rbx rcx rdx rsi rdi rbp rsp r8..r15 rip rflags; else offset
 *	in the part of the mailbox; of LOSE and TWICE the slot
 * @before: the word there
 * @after: what was put there
 * @deaths: of the domain, since the fault, or since the order if there was none
 * @entries: committed between the fault and the first of these deaths, or now
 * @fault: sequence number of that death's report, 0 for none
 * @ready_ns: from the first death to the next entry, 0 if there was none
 * @symbol: function at @place, of text, or that was interrupted
 */
struct atmos_test_injected {
	__u32 id;
	__u32 reserved;
	__u32 fired;
	__u32 given_up;
	__u64 place;
	__u64 before;
	__u64 after;
	__u64 deaths;
	__u64 entries;
	__u64 fault;
	__u64 ready_ns;
	char symbol[48];
};

#define ATMOS_TEST_IOC		0xB7
#define ATMOS_TEST_CREATE	_IOWR(ATMOS_TEST_IOC, 1, struct atmos_test_create)
#define ATMOS_TEST_DESTROY	_IOW(ATMOS_TEST_IOC, 2, __u64)
#define ATMOS_TEST_ENTER	_IOWR(ATMOS_TEST_IOC, 3, struct atmos_test_enter)
#define ATMOS_TEST_LOOP		_IOWR(ATMOS_TEST_IOC, 4, struct atmos_test_loop)
#define ATMOS_TEST_OFFER	_IOWR(ATMOS_TEST_IOC, 5, struct atmos_test_offer)
#define ATMOS_TEST_INFO		_IOWR(ATMOS_TEST_IOC, 6, struct atmos_test_info)
#define ATMOS_TEST_PROVOKE	_IOW(ATMOS_TEST_IOC, 7, struct atmos_test_provoke)
#define ATMOS_TEST_REMAP	_IOW(ATMOS_TEST_IOC, 8, struct atmos_test_remap)
#define ATMOS_TEST_FAULT	_IOWR(ATMOS_TEST_IOC, 9, struct atmos_test_fault)
/* Forget a loaded image; only @image counts. EBUSY while a domain runs it. */
#define ATMOS_TEST_FORGET	_IOW(ATMOS_TEST_IOC, 10, struct atmos_test_create)
#define ATMOS_TEST_INJECT	_IOWR(ATMOS_TEST_IOC, 11, struct atmos_test_inject)
#define ATMOS_TEST_INJECTED	_IOWR(ATMOS_TEST_IOC, 12, struct atmos_test_injected)

#endif /* _UAPI_LINUX_ATMOS_TEST_H */
