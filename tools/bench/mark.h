/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Two forms of "nop" that no compiler makes: around what is measured, for the
 * plugin that counts (count.c).
 */
#ifndef MARK_H
#define MARK_H

#define MARK_LEN   7
#define MARK_BEGIN "\x0f\x1f\x80\x41\x54\x4d\x01" /* nopl 0x14d5441(%rax) */
#define MARK_END   "\x0f\x1f\x80\x41\x54\x4d\x02"

#define mark(bytes)                                                      \
	__asm__ volatile(".byte 0x0f, 0x1f, 0x80, 0x41, 0x54, 0x4d, %c0" \
			 :                                               \
			 : "i"((bytes)[MARK_LEN - 1])                    \
			 : "memory")

#endif
