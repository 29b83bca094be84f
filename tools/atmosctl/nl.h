/* SPDX-License-Identifier: GPL-2.0-only */
/* Requests to the family "atmos" and what comes back. */
#ifndef ATMOSCTL_NL_H
#define ATMOSCTL_NL_H

#include <stdbool.h>
#include <stdint.h>

#include <netlink/msg.h>

#include "spec.h"

/**
 * struct reply - attributes of one message
 * @set: what they mean
 * @attrs: the first of them
 * @len: bytes of all of them
 */
struct reply {
	const struct spec_set *set;
	struct nlattr *attrs;
	int len;
};

typedef void (*reply_fn)(const struct reply *reply, void *arg);

/* Has to be called before all others; exits when the family is not there. */
void ctl_open(void);

/* Same, but tells; @why is what to say when it is not. */
bool ctl_try_open(const char **why);

/*
 * A request is begun, gets its attributes (libnl's nla_put_*()) and is sent.
 * ctl_send() exits with the kernel's own words when it is refused.
 */
struct nl_msg *ctl_begin(uint8_t cmd, bool dump);
void ctl_send(struct nl_msg *msg, const struct spec_set *set, reply_fn fn,
	      void *arg);

/* The same for a request that may fail: 0, or a negative errno and @message. */
int ctl_ask(struct nl_msg *msg, const struct spec_set *set, reply_fn fn,
	    void *arg, char *message, size_t size);

/*
 * The socket that argv[0] and, if need be, argv[1] name, as an attribute: which
 * it is is said by the three numbers. Returns what follows of argv.
 */
char **put_socket(struct nl_msg *msg, char **argv, int socket, int domain,
		  int inode);

/* Calls @fn for each notice, until @nr of them came (0: for ever) or a signal. */
void ctl_listen(unsigned long nr,
		void (*fn)(unsigned int cmd, const struct reply *reply));

/* Attribute of a reply; NULL, 0 or "" when it is not there. */
struct nlattr *reply_attr(const struct reply *reply, int attr);
uint64_t reply_number(const struct reply *reply, int attr);
const char *reply_string(const struct reply *reply, int attr);
const char *reply_enum(const struct reply *reply, int attr);
uint64_t attr_number(const struct nlattr *attr);

#endif /* ATMOSCTL_NL_H */
