// SPDX-License-Identifier: GPL-2.0-only
/*
 * Image files to be spoiled; see file.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "system.h"

#define FIRMWARE_PATH "/sys/module/firmware_class/parameters/path"

static char folder[32];
static char path_before[256];

int file_setup(void)
{
	char atmos[64];

	if (!sys_read_file(FIRMWARE_PATH, path_before, sizeof(path_before)))
		return -ENOENT;
	path_before[strcspn(path_before, "\n")] = 0;
	strcpy(folder, "/tmp/atmos-image-XXXXXX");
	if (!mkdtemp(folder))
		return -errno;
	snprintf(atmos, sizeof(atmos), "%s/atmos", folder);
	if (mkdir(atmos, 0700))
		return -errno;
	return sys_write_file(FIRMWARE_PATH, folder);
}

void file_done(void)
{
	char path[64];

	snprintf(path, sizeof(path), "%s/atmos/" FILE_NAME ".elf", folder);
	unlink(path);
	snprintf(path, sizeof(path), "%s/atmos", folder);
	rmdir(path);
	rmdir(folder);
	sys_write_file(FIRMWARE_PATH, path_before);
}

int file_write(const struct file *f, const char *name)
{
	char path[128];
	int fd, err = 0;

	snprintf(path, sizeof(path), "%s/atmos/%s.elf", folder, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	if (write(fd, f->bytes, f->len) != (ssize_t)f->len)
		err = -EIO;
	close(fd);
	return err;
}

Elf64_Ehdr *file_header(struct file *f)
{
	return (Elf64_Ehdr *)f->bytes;
}

Elf64_Phdr *file_segment(struct file *f, unsigned int index)
{
	return (Elf64_Phdr *)(f->bytes + file_header(f)->e_phoff) + index;
}

Elf64_Phdr *file_find(struct file *f, u32 type, u32 flags)
{
	for (unsigned int i = 0; i < file_header(f)->e_phnum; i++)
		if (file_segment(f, i)->p_type == type && file_segment(f, i)->p_flags == flags)
			return file_segment(f, i);
	return NULL;
}

Elf64_Shdr *file_section(struct file *f, const char *name)
{
	Elf64_Ehdr *h = file_header(f);
	Elf64_Shdr *s = (Elf64_Shdr *)(f->bytes + h->e_shoff);
	const char *names = (const char *)f->bytes + s[h->e_shstrndx].sh_offset;

	for (unsigned int i = 0; i < h->e_shnum; i++)
		if (!strcmp(names + s[i].sh_name, name))
			return s + i;
	return NULL;
}

struct dom_manifest *file_manifest(struct file *f)
{
	Elf64_Shdr *s = file_section(f, DOM_MANIFEST_SECTION);

	return s ? (struct dom_manifest *)(f->bytes + s->sh_offset) : NULL;
}

Elf64_Dyn *file_dynamic(struct file *f, s64 tag)
{
	Elf64_Phdr *p = file_find(f, PT_DYNAMIC, PF_R);

	for (u64 at = 0; p && at < p->p_filesz; at += sizeof(Elf64_Dyn)) {
		Elf64_Dyn *d = (Elf64_Dyn *)(f->bytes + p->p_offset + at);

		if (d->d_tag == tag)
			return d;
	}
	return NULL;
}

Elf64_Rela *file_relocations(struct file *f, u32 *nr)
{
	Elf64_Shdr *s = file_section(f, ".rela.dyn");

	*nr = s ? (u32)(s->sh_size / sizeof(Elf64_Rela)) : 0;
	return *nr ? (Elf64_Rela *)(f->bytes + s->sh_offset) : NULL;
}

int file_read(struct file *f, const char *image)
{
	const char *images = getenv("ATMOS_IMAGES");
	char path[256];
	ssize_t got;
	int fd;

	if (!images)
		return -ENOENT;
	snprintf(path, sizeof(path), "%s/atmos/%s.elf", images, image);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	got = read(fd, f->bytes, sizeof(f->bytes));
	close(fd);
	if (got <= 0 || got == sizeof(f->bytes))
		return -EFBIG;
	f->len = (size_t)got;
	if (!file_manifest(f))
		return -ENOEXEC;
	memset(file_manifest(f)->name, 0, sizeof(file_manifest(f)->name));
	strcpy(file_manifest(f)->name, FILE_NAME);
	return 0;
}

/* Two PINGs. What the code of a spoilt image does is not the loader's affair. */
static int try(struct at_domain *dom, bool *died)
{
	struct at_reply reply;
	int err = 0;

	for (int i = 0; i < 2 && !err; i++) {
		err = at_ping(dom, 1, 0, 0, 0, &reply);
		if (!err && reply.status == ATMOS_TEST_REFUSED)
			err = -EPROTO;
		if (!err && died)
			*died = *died || reply.status == ATMOS_TEST_DIED;
	}
	return err || dom->leaks ? -EPROTO : 0;
}

int file_load(const struct file *f, int fd, bool *died)
{
	struct at_domain dom;
	int err;

	if (died)
		*died = false;
	if (file_write(f, FILE_NAME))
		return -EPROTO;
	err = at_create(fd, FILE_NAME, ATMOS_TEST_PRIV_USER, &dom);
	if (err) {
		/* Refused: then nothing of it may be there. */
		return at_forget(fd, FILE_NAME) == -ENOENT ? err : -EPROTO;
	}
	err = try(&dom, died);
	if (at_forget(fd, FILE_NAME) != -EBUSY)
		err = -EPROTO;
	if (at_destroy(&dom) || at_forget(fd, FILE_NAME))
		err = -EPROTO;
	return err;
}
