/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The core's own interfaces: objects, and who may call what in which context.
 *
 * Layers, each calls only those below it:
 *	test.c, netlink.c			user interfaces
 *	domain.c				life cycle, the entry as a transaction
 *	contract.c, exchange.c, report.c	checks, payload, faults
 *	image.c, elf.c				what a domain runs
 *	aspace.c, gate.c, gate.S, cpu.c		page tables and the way in and out
 */
#ifndef _ATMOS_H
#define _ATMOS_H

#include <linux/atomic.h>
#include <linux/kref.h>
#include <linux/ktime.h>
#include <linux/list.h>
#include <linux/mm_types.h>
#include <linux/mutex.h>
#include <linux/refcount.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/xarray.h>

#include "../domains/abi/abi.h"
#include "../domains/abi/contract.h"

#undef pr_fmt
#define pr_fmt(fmt) "atmos: " fmt

#define ATMOS_VERSION "0.1"

/* ---- privilege ---- */

enum atmos_privilege {
	ATMOS_PRIV_USER = 1,	/* CPL3: the isolation that holds against an attacker */
	ATMOS_PRIV_KERNEL = 2,	/* CPL0: stops accidents only; for evaluation */
};

/* Of domains whose maker does not say; module parameter. */
extern enum atmos_privilege atmos_privilege_default;

/* ---- image.c: what a domain runs ---- */

#define ATMOS_IMAGE_PAGES	((DOM_IMAGE_END - DOM_IMAGE_START) / DOM_PAGE_SIZE)
#define ATMOS_IMAGE_NAME_LEN	32

/* Protection of a page of the window. */
enum atmos_prot {
	ATMOS_PROT_NONE = 0,
	ATMOS_PROT_R = 1,
	ATMOS_PROT_RX = 2,
	ATMOS_PROT_RW = 3,	/* private copy in each domain */
};

struct atmos_symbol {
	u32 start;		/* window offset */
	u32 size;
	const char *name;
};

/**
 * struct atmos_spares - memory of ended domains, for new ones (spare.c)
 * @lock: for all below; bottom halves off
 * @list: &atmos_domain.spare, as good as new
 * @count: of @list
 * @unused: least that @count was since the last look
 */
struct atmos_spares {
	/* for all below */
	spinlock_t lock;
	struct list_head list;
	u32 count;
	u32 unused;
};

/**
 * struct atmos_image - a checked image, shared by its domains
 * @ref: one for the image list, one for each domain
 * @node: in the image list, under its mutex
 * @manifest: validated copy
 * @prot: enum atmos_prot of each page of the image area
 * @page: [0] relocated for CPL3, [1] for CPL0 (made at first use); pristine
 *	contents, mapped shared if not ATMOS_PROT_RW, else the copy source
 * @nr_pages: pages of @prot that are not ATMOS_PROT_NONE
 * @nr_rw: pages with ATMOS_PROT_RW
 * @entry: window offset
 * @nr_symbols: of @symtab
 * @symtab: sorted by start, for reports
 * @strings: their names
 * @builtin: embedded in the module
 * @is_signed: by a key that the kernel trusts
 * @domains: alive now
 * @holders: who wants to make domains of it: sockets, also sleeping ones
 * @spares: ended ones, without references to the image
 */
struct atmos_image {
	struct kref ref;
	struct list_head node;
	struct dom_manifest manifest;
	u8 prot[ATMOS_IMAGE_PAGES];
	struct page *page[2][ATMOS_IMAGE_PAGES];
	u32 nr_pages;
	u32 nr_rw;
	u32 entry;
	u32 nr_symbols;
	struct atmos_symbol *symtab;
	char *strings;
	bool builtin;
	bool is_signed;
	atomic_t domains;
	atomic_t holders;
	struct atmos_spares spares;
};

int atmos_image_init(void);
void atmos_image_exit(void);
struct atmos_image *atmos_image_load(const char *name, struct device *dev);
struct atmos_image *atmos_image_get(const char *name);
struct atmos_image *atmos_image_find(const char *name, const u8 *build_id);
void atmos_image_put(struct atmos_image *img);
void atmos_image_hold(struct atmos_image *img);
void atmos_image_release(struct atmos_image *img);
bool atmos_image_unsigned_ok(void);
int atmos_image_remove(const char *name);
int atmos_image_for_each(int (*fn)(struct atmos_image *img, void *arg), void *arg);
const char *atmos_image_symbol(const struct atmos_image *img, u32 offset, u32 *delta);

/* ---- report.c: faults ---- */

enum atmos_fault_kind {
	ATMOS_FAULT_EXCEPTION = 1,
	ATMOS_FAULT_BUDGET = 2,
	ATMOS_FAULT_CONTRACT = 3,
	ATMOS_FAULT_KILLED = 4,
	ATMOS_FAULT_SEGMENT = 5,	/* interrupted with a CS, SS or RIP not its own */
};

#define ATMOS_FAULT_EVENTS	8
#define ATMOS_FAULT_REGS	16	/* rax rbx rcx rdx rsi rdi rbp rsp r8..r15 */
#define ATMOS_SYMBOL_LEN	48

/**
 * struct atmos_fault - one report
 * @seq: from 1, never reused
 * @time_ns: ktime_get_real_ns() of the death
 * @domain: id
 * @kind: enum atmos_fault_kind
 * @vector: exception vector, if an exception
 * @error_code: the CPU's, or the contract's errno (positive)
 * @address: CR2 for a page fault; slot index for a contract violation
 * @rip: window offset if inside the window, else the linear address
 * @rip_in_window: which of both
 * @rflags: at the fault
 * @regs: at the fault
 * @nr_events: events of the batch that died
 * @events: types of the first of them
 * @why: static string, of a contract violation
 * @image: its name
 * @build_id: its manifest's
 * @symbol: function and offset of @rip, if known
 */
struct atmos_fault {
	u64 seq;
	u64 time_ns;
	u64 domain;
	u32 kind;
	u32 vector;
	u64 error_code;
	u64 address;
	u64 rip;
	u64 rflags;
	u64 regs[ATMOS_FAULT_REGS];
	bool rip_in_window;
	u8 nr_events;
	u16 events[ATMOS_FAULT_EVENTS];
	const char *why;
	char image[ATMOS_IMAGE_NAME_LEN];
	u8 build_id[20];
	char symbol[ATMOS_SYMBOL_LEN];
};

u64 atmos_report_add(struct atmos_fault *f);
int atmos_report_get(u64 seq, struct atmos_fault *f);
u64 atmos_report_first(void);
u64 atmos_report_last(void);
const char *atmos_fault_kind_name(u32 kind);
const char *atmos_vector_name(u32 vector);

/* ---- exchange.c: payload objects ---- */

struct atmos_handles;

/**
 * struct atmos_object - payload that a domain names but never sees
 * @ref: the owner's and those of users in the core
 * @page: where the bytes are
 * @offset: of the first in @page
 * @len: how many
 * @release: frees the object when the last reference goes; any context
 */
struct atmos_object {
	refcount_t ref;
	struct page *page;
	u32 offset;
	u32 len;
	void (*release)(struct atmos_object *obj);
};

struct atmos_object *atmos_object_alloc(u32 len, gfp_t gfp);
void atmos_object_init(struct atmos_object *obj, u32 len,
		       void (*release)(struct atmos_object *obj));
void atmos_object_end(struct atmos_object *obj);
void atmos_object_put(struct atmos_object *obj);
struct atmos_handles *atmos_handles_alloc(u32 max, gfp_t gfp);
void atmos_handles_free(struct atmos_handles *h);
u32 atmos_handle_give(struct atmos_handles *h, struct atmos_object *obj);
struct atmos_object *atmos_handle_find(struct atmos_handles *h, u32 handle);
struct atmos_object *atmos_handle_take(struct atmos_handles *h, u32 handle);
void atmos_handles_reclaim(struct atmos_handles *h);
u64 atmos_object_count(void);

/* ---- domain.c: life cycle and the entry as a transaction ---- */

enum atmos_domain_state {
	ATMOS_DOM_READY = 1,
	ATMOS_DOM_GIVEN_UP = 2,		/* died too often; only destroy is left */
	ATMOS_DOM_QUARANTINED = 3,	/* by the administrator */
	ATMOS_DOM_DEAD = 4,		/* being destroyed */
};

enum atmos_entry_status {
	ATMOS_ENTRY_OK = 0,
	ATMOS_ENTRY_DIED = 1,		/* nothing took effect; the domain is restarted */
	ATMOS_ENTRY_REFUSED = 2,	/* not entered */
};

struct atmos_domain;

/**
 * struct atmos_private - a page that belongs to one domain
 * @page: itself
 * @index: of its leaf entry
 * @pristine: what a restart copies back; NULL: zeros
 */
struct atmos_private {
	struct page *page;
	struct page *pristine;
	u32 index;
};

/**
 * struct atmos_domain_ops - the owner's part of a transaction
 * @check: class-specific check of one command that passed the contract; pure,
 *	must not change anything; 0, or a negative errno and the reason in @why
 * @check_record: the same for the record the domain leaves behind; else the
 *	bytes of it that count, at most @shadow_len: the rest is taken for zeros.
 *	NULL: all of it counts
 * @commit: one command takes effect; cannot fail. Objects named by TAKE
 *	commands are passed with their reference, NULL otherwise
 * @died: the domain died and was restarted (or given up); under its lock
 * Any but @commit may be NULL. All are called with the domain's lock held and bottom halves off.
 */
struct atmos_domain_ops {
	int (*check)(struct atmos_domain *dom, const struct dom_msg *msg, const char **why);
	int (*check_record)(struct atmos_domain *dom, const u8 *record, const char **why);
	void (*commit)(struct atmos_domain *dom, const struct dom_msg *msg,
		       struct atmos_object *obj);
	void (*died)(struct atmos_domain *dom, u64 fault_seq);
};

/**
 * struct atmos_domain - a page table, an image, private memory, a mailbox
 * @lock: serialises entries and all that changes below; bottom halves off
 * @id: unique for the life of the module
 * @state: enum atmos_domain_state
 * @privilege: it runs at; constant
 * @image: what it runs; constant, held
 * @leaf: the window's leaf page table, 512 entries
 * @map_gen: changes whenever a translation was taken away or weakened; a slot
 *	that has another value must flush
 * @base: of its window; constant
 * @in: mailbox to the domain, in the kernel's address space
 * @out: mailbox from it
 * @handles: its names of payload objects
 * @ops: its owner's; NULL once it is being destroyed
 * @owner: for @ops
 * @nr_pages: of @page
 * @shadow_len: bytes of record that its image keeps
 * @shadow_used: of those, what may be other than zero
 * @shadow: last committed record
 * @crossings: times it was entered
 * @entries: of those, committed
 * @restarts: times it died
 * @cycles: TSC cycles spent in entries, checks and commit included
 * @last_fault: number of its newest report
 * @death_window_start: jiffies from which deaths are counted
 * @deaths_in_window: how many since
 * @stop: set from any context to end the running entry, or else the next
 * @last_cpu: CPU that was last set up for it, plus one; 0 before the first entry
 * @ref: the creator's reference and those of look-ups
 * @tampered: its window was changed by hand, so that it cannot be used again
 * @rcu: for freeing
 * @spare: in its image's list of spares, between two lives
 * @page: the private pages: image data, stack, then the mailbox's two
 */
struct atmos_domain {
	/* serialises entries */
	spinlock_t lock;
	enum atmos_privilege privilege;
	struct atmos_image *image;
	u64 *leaf;
	u64 base;
	struct dom_in *in;
	struct dom_out *out;
	struct atmos_handles *handles;
	u32 nr_pages;
	u32 shadow_len;
	u32 shadow_used;
	u8 *shadow;

	/* All of one life; zeroed before the next. */
	struct_group(life,
		u64 id;
		enum atmos_domain_state state;
		u64 map_gen;
		const struct atmos_domain_ops *ops;
		void *owner;
		u64 crossings;
		u64 entries;
		u64 restarts;
		u64 cycles;
		u64 last_fault;
		u64 death_window_start;
		u32 deaths_in_window;
		u32 stop;
		u32 last_cpu;
		bool tampered;
	);
	refcount_t ref;
	union {
		struct rcu_head rcu;
		struct list_head spare;
	};
	struct atmos_private page[];
};

/* The clock of dom_in.now_us and of deadlines, in microseconds. */
static inline u64 atmos_now_us(void)
{
	return ktime_get_mono_fast_ns() / NSEC_PER_USEC;
}

/**
 * struct atmos_entry - one transaction, as its caller sees it
 * @status: enum atmos_entry_status
 * @fault: sequence number of the report, when it died
 * @error: negative errno that says why, when refused
 * @cycles: TSC cycles inside
 * @more: the domain's command queue was full; enter again
 */
struct atmos_entry {
	enum atmos_entry_status status;
	u64 fault;
	int error;
	u64 cycles;
	bool more;
};

int atmos_domain_init(void);
void atmos_domain_exit(void);
struct atmos_domain *atmos_domain_create(struct atmos_image *img, enum atmos_privilege priv,
					 const struct atmos_domain_ops *ops, void *owner,
					 gfp_t gfp);
void atmos_domain_seed(struct atmos_domain *dom, const void *config, const void *record, u32 len);
void atmos_domain_reclaim(struct atmos_domain *dom);
void atmos_domain_destroy(struct atmos_domain *dom);
struct atmos_domain *atmos_domain_get(u64 id);
struct atmos_domain *atmos_domain_next(u64 *id);
void atmos_domain_put(struct atmos_domain *dom);
struct dom_msg *atmos_domain_event(struct atmos_domain *dom, u16 type, u32 inline_len);
void atmos_domain_enter(struct atmos_domain *dom, struct atmos_entry *entry);
void atmos_domain_kill(struct atmos_domain *dom);
void atmos_domain_give_up(struct atmos_domain *dom);
int atmos_domain_quarantine(struct atmos_domain *dom, bool on);
u32 atmos_domain_pages(const struct atmos_domain *dom);

struct atmos_limits {
	u32 domains, domains_max;
	u64 pages, pages_max;
};

void atmos_domain_limits(struct atmos_limits *l);
int atmos_domain_set_limits(u32 domains_max, u64 pages_max);

/* ---- netlink.c, test.c ---- */

int atmos_netlink_init(void);
void atmos_netlink_exit(void);

/* What happened to a domain; deaths are told by their report. */
enum atmos_notice {
	ATMOS_NOTICE_CREATED,
	ATMOS_NOTICE_RESTARTED,
	ATMOS_NOTICE_GIVEN_UP,
	ATMOS_NOTICE_QUARANTINED,	/* or let go on: see its state */
	ATMOS_NOTICE_UPDATED,		/* it takes over from one of another image */
	ATMOS_NOTICE_ROLLED_BACK,	/* the same, after that image's failure */
	ATMOS_NOTICE_DESTROYED,
};

void atmos_netlink_domain(const struct atmos_domain *dom, enum atmos_notice notice);
void atmos_netlink_fault(const struct atmos_fault *f);
void atmos_netlink_image(const struct atmos_image *img, bool loaded);
#ifdef ATMOS_NO_TEST_INTERFACE
static inline int atmos_test_init(void) { return 0; }
static inline void atmos_test_exit(void) { }
static inline bool atmos_test_on(void) { return false; }
#else
int atmos_test_init(void);
void atmos_test_exit(void);
bool atmos_test_on(void);
#endif

#endif /* _ATMOS_H */
