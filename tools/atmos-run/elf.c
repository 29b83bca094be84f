// SPDX-License-Identifier: GPL-2.0-only
/*
 * Can the C library's loader put a library into this ELF file's program? Called
 * before the program is started. The file is read as far as needed, and nothing
 * in it is believed.
 */
#include <elf.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "launch.h"

/* The loader of the C library that the preloaded library is made for. */
#define LOADER "ld-linux-x86-64.so.2"

/* More than any compiler makes. */
#define MAX_HEADERS 4096

static bool read_at(int file, void *to, size_t len, unsigned long long at)
{
	return at <= LLONG_MAX - len &&
	       pread(file, to, len, at) == (ssize_t)len;
}

/* Reads a string of up to @size - 1 bytes; what there is, if it is longer. */
static void read_text(int file, char *to, size_t size, unsigned long long at)
{
	ssize_t len = at <= LLONG_MAX - size ? pread(file, to, size - 1, at)
					     : -1;

	to[len < 0 ? 0 : len] = 0;
}

/* Go's linker says so in sections that strip(1) leaves alone. */
static bool is_go(int file, const Elf64_Ehdr *head)
{
	Elf64_Shdr section, names;
	char name[24];
	unsigned int i;

	if (!head->e_shoff || head->e_shentsize != sizeof(section) ||
	    head->e_shnum > MAX_HEADERS || head->e_shstrndx >= head->e_shnum ||
	    !read_at(file, &names, sizeof(names),
		     head->e_shoff +
			     head->e_shstrndx * (Elf64_Off)sizeof(names)))
		return false;
	for (i = 0; i < head->e_shnum; i++) {
		if (!read_at(file, &section, sizeof(section),
			     head->e_shoff + i * (Elf64_Off)sizeof(section)))
			return false;
		read_text(file, name, sizeof(name),
			  names.sh_offset + section.sh_name);
		if (!strcmp(name, ".go.buildinfo") ||
		    !strcmp(name, ".note.go.buildid"))
			return true;
	}
	return false;
}

/* The name of the program's loader, without directories; "" if it has none. */
static bool read_loader(int file, const Elf64_Ehdr *head, char *name,
			size_t size)
{
	char path[PATH_MAX];
	const char *slash;
	Elf64_Phdr segment;
	unsigned int i;

	name[0] = 0;
	if (head->e_phentsize != sizeof(segment) || head->e_phnum > MAX_HEADERS)
		return false;
	for (i = 0; i < head->e_phnum; i++) {
		if (!read_at(file, &segment, sizeof(segment),
			     head->e_phoff + i * (Elf64_Off)sizeof(segment)))
			return false;
		if (segment.p_type != PT_INTERP)
			continue;
		read_text(file, path, sizeof(path), segment.p_offset);
		slash = strrchr(path, '/');
		strncpy(name, slash ? slash + 1 : path, size - 1);
		name[size - 1] = 0;
		break;
	}
	return true;
}

/*
 * elf_obstacle - what keeps a library from being preloaded into the program of
 * an ELF file, in words that follow "it"; NULL if nothing does
 */
const char *elf_obstacle(int file)
{
	Elf64_Ehdr head;
	char loader[64];

	if (!read_at(file, &head, EI_NIDENT, 0) ||
	    head.e_ident[EI_CLASS] != ELFCLASS64 ||
	    head.e_ident[EI_DATA] != ELFDATA2LSB ||
	    !read_at(file, &head, sizeof(head), 0) ||
	    head.e_machine != EM_X86_64)
		return "is for another architecture";
	if (is_go(file, &head))
		return "is a Go program, which calls the kernel directly";
	if (!read_loader(file, &head, loader, sizeof(loader)))
		return "is a damaged ELF file";
	if (!loader[0])
		return "is statically linked";
	if (strcmp(loader, LOADER))
		return "uses another C library";
	return NULL;
}
