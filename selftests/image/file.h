/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An image file in memory, to be spoiled, written out and offered to the
 * loader under one name, again and again.
 */
#ifndef _SELFTEST_IMAGE_FILE_H
#define _SELFTEST_IMAGE_FILE_H

#include <elf.h>

#include "atmos.h"

#define FILE_MAX (256 * 1024)

/* The name under which spoilt files are loaded. */
#define FILE_NAME "mutant"

struct file {
	size_t len;
	u8 bytes[FILE_MAX];
};

/**
 * file_setup() - a firmware path of our own with an empty folder atmos/
 *
 * The path that was set before is put back by file_done(). Return: 0 or -errno.
 */
int file_setup(void);
void file_done(void);

/* Reads atmos/@image.elf of the suite's images and names it FILE_NAME. */
int file_read(struct file *f, const char *image);

/* Writes it as atmos/@name.elf. Return: 0 or -errno. */
int file_write(const struct file *f, const char *name);

Elf64_Ehdr *file_header(struct file *f);
Elf64_Phdr *file_segment(struct file *f, unsigned int index);
/* The first program header of this type and flags; NULL if there is none. */
Elf64_Phdr *file_find(struct file *f, u32 type, u32 flags);
Elf64_Shdr *file_section(struct file *f, const char *name);
struct dom_manifest *file_manifest(struct file *f);
Elf64_Dyn *file_dynamic(struct file *f, s64 tag);
Elf64_Rela *file_relocations(struct file *f, u32 *nr);

/**
 * file_load() - write it, make a domain of it, enter that, destroy and forget
 * @f: file
 * @fd: open device
 * @died: out: an entry died; may be NULL
 *
 * Return: 0 if it was loaded and all of that went well; what CREATE said; or
 * -EPROTO if anything after it failed.
 */
int file_load(const struct file *f, int fd, bool *died);

#endif /* _SELFTEST_IMAGE_FILE_H */
