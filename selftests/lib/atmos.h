/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The test interface for C tests: a domain as an object, entries with events
 * in and commands out, and what the fault list says of a death.
 *
 * Calls that fail for a reason a test does not expect return -errno; nothing
 * here prints or exits, the test decides.
 */
#ifndef _SELFTEST_ATMOS_H
#define _SELFTEST_ATMOS_H

#include <linux/atmos_test.h>

#include "contract.h"

#define AT_SECRET_LEN 16

/**
 * struct at_domain - a domain of the test
 * @fd: open /dev/atmos-test, to which it belongs
 * @id: the core's name for it
 * @image: its image
 * @secret: what no reply may contain; checked in each at_enter()
 * @leaks: replies that did
 */
struct at_domain {
	int fd;
	u64 id;
	char image[32];
	u8 secret[AT_SECRET_LEN];
	bool secret_known;
	u64 leaks;
};

/**
 * struct at_reply - how an entry ended
 * @status: enum atmos_test_status
 * @fault: sequence number of the report, 0 for none
 * @cycles: TSC cycles inside
 * @nr: committed command slots
 * @cmd: they
 */
struct at_reply {
	u32 status;
	u64 fault;
	u64 cycles;
	u32 nr;
	struct dom_msg cmd[DOM_OUT_SLOTS];
};

/* Opens the device. Return: file descriptor or -errno. */
int at_open(void);

/* Makes a domain; privilege is ATMOS_TEST_PRIV_*. Return: 0 or -errno. */
int at_create(int fd, const char *image, u32 privilege, struct at_domain *dom);

/* Return: 0 or -errno. */
int at_destroy(struct at_domain *dom);

/* Forgets a loaded image. Return: 0 or -errno. */
int at_forget(int fd, const char *image);

/**
 * at_enter() - one transaction
 * @dom: domain
 * @events: message slots
 * @nr: how many
 * @reply: how it ended
 *
 * Return: 0 when the entry was made or refused, -errno if the call failed.
 */
int at_enter(struct at_domain *dom, const struct dom_msg *events, u32 nr,
	     struct at_reply *reply);

/* A PING event in @msg; inline bytes are the caller's affair. */
void at_ping_event(struct dom_msg *msg, u64 cookie, u64 a, u64 b, u64 c);

/* One PING and its entry. Return: as at_enter(). */
int at_ping(struct at_domain *dom, u64 cookie, u64 a, u64 b, u64 c,
	    struct at_reply *reply);

/* The one PONG of @reply with this cookie, NULL if there is not exactly one. */
const struct dom_cmd_PONG *at_pong(const struct at_reply *reply, u64 cookie);

/* Inline bytes of a PONG: in the slots after its own, which it does not fill. */
static inline const void *at_inline(const struct dom_cmd_PONG *pong)
{
	return (const struct dom_msg *)pong + 1;
}

/*
 * One PING with a == 0 is answered by its PONG: the domain is in order.
 * Return: 0; 1 if the answer is wrong, the domain died or was refused; -errno.
 */
int at_healthy(struct at_domain *dom);

/* Gives the domain an object of @len bytes. Return: 0 or -errno. */
int at_offer(struct at_domain *dom, const void *data, u32 len, u32 *handle);

/* An OFFER event for a handle that at_offer() told. */
void at_offer_event(struct dom_msg *msg, u32 handle, u32 len, u64 cookie);

/* Addresses and counters. Return: 0 or -errno. */
int at_info(const struct at_domain *dom, struct atmos_test_info *info);

/* The report of a death. Return: 0 or -errno. */
int at_fault(int fd, u64 seq, struct atmos_test_fault *fault);

/* Crossings in the kernel; results in @loop. Return: 0 or -errno. */
int at_loop(const struct at_domain *dom, u32 mode, u64 count, int cpu,
	    struct atmos_test_loop *loop);

/* Return: 0 or -errno. */
int at_provoke(int fd, u32 what, u32 cpu, u64 count, u32 interval_us);

/* Return: 0 or -errno. */
int at_remap(const struct at_domain *dom, u64 offset, u32 op, u64 value);

/* Does the buffer contain the bytes anywhere? */
bool at_contains(const void *buffer, size_t len, const void *bytes, size_t nr);

#endif /* _SELFTEST_ATMOS_H */
