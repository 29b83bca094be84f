/* SPDX-License-Identifier: GPL-2.0-only */
/* Names of the messages that domains get. */
#ifndef ATMOSCTL_EVENTS_H
#define ATMOSCTL_EVENTS_H

/* NULL for a type that the contract does not have. */
const char *event_name(unsigned long long type);

#endif /* ATMOSCTL_EVENTS_H */
