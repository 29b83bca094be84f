/* SPDX-License-Identifier: GPL-2.0-only */
/* What the system says about itself in small files. */
#ifndef ATMOSCTL_SYSFS_H
#define ATMOSCTL_SYSFS_H

#include <stdbool.h>
#include <stddef.h>

/* First line of a file without its end; false (and "") when there is none. */
bool read_line(const char *path, char *text, size_t size);

/* Is @flag among the flags of the first CPU in /proc/cpuinfo? */
bool cpu_flag(const char *flag);

/* Is @word, as a whole, in a text of words? */
bool has_word(const char *text, const char *word);

#endif /* ATMOSCTL_SYSFS_H */
