/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The errno values that commands carry: Linux's on x86-64, where a freestanding
 * image has no header for them.
 */
#ifndef _STACK_ERRNOS_H
#define _STACK_ERRNOS_H

#define E_ACCES		13
#define E_PIPE		32
#define E_PROTO		71
#define E_MSGSIZE	90
#define E_NOPROTOOPT	92
#define E_OPNOTSUPP	95
#define E_NETUNREACH	101
#define E_CONNABORTED	103
#define E_CONNRESET	104
#define E_TIMEDOUT	110
#define E_CONNREFUSED	111
#define E_HOSTDOWN	112
#define E_HOSTUNREACH	113

#endif /* _STACK_ERRNOS_H */
