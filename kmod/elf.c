// SPDX-License-Identifier: GPL-2.0-only
/*
 * Is this file an image that may be loaded? Pure: no allocation, no side
 * effect, every read bounded. ELF-64 as in the System V ABI, AMD64 supplement.
 *
 * The same file is built on the host and fuzzed there. Called by image.c.
 */
#ifdef __KERNEL__
#include <linux/errno.h>
#include <linux/string.h>
#else
#include <errno.h>
#include <string.h>
#endif

#include "elf.h"

#ifndef R_X86_64_RELATIVE
#define R_X86_64_RELATIVE	8
#endif
#ifndef DT_RELR
#define DT_RELR			36
#endif
#define ELF_SECTIONS_MAX	64
#define ELF_PHDRS_MAX		16
#define ELF_DYN_MAX		64
#define ELF_RELA_MAX		65536
#define ELF_SYMS_MAX		8192

#define REFUSE(text) do { *why = (text); return -ENOEXEC; } while (0)

/* Copy @len bytes at @offset, if the file has them. */
static bool elf_read(const struct atmos_elf *elf, u64 offset, void *to, size_t len)
{
	if (offset > elf->size || len > elf->size - offset)
		return false;
	memcpy(to, elf->data + offset, len);
	return true;
}

/* Does [start, start + len) lie in the image area of the window? */
static bool elf_in_area(u64 start, u64 len)
{
	return start >= DOM_IMAGE_START && start <= DOM_IMAGE_END && len <= DOM_IMAGE_END - start;
}

static const struct atmos_elf_segment *elf_segment_at(const struct atmos_elf *elf, u64 start,
						      u64 len)
{
	u32 i;

	for (i = 0; i < elf->nr_segments; i++) {
		const struct atmos_elf_segment *s = &elf->segment[i];

		if (start >= s->start && start - s->start <= s->mem_size &&
		    len <= s->mem_size - (start - s->start))
			return s;
	}
	return NULL;
}

static int elf_header(const struct atmos_elf *elf, Elf64_Ehdr *h, const char **why)
{
	static const u8 ident[] = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT };

	if (elf->size > ATMOS_ELF_SIZE_MAX)
		REFUSE("larger than 4 MiB");
	if (!elf_read(elf, 0, h, sizeof(*h)))
		REFUSE("shorter than an ELF header");
	if (memcmp(h->e_ident, ident, sizeof(ident)))
		REFUSE("not a 64-bit little-endian ELF file");
	if (h->e_machine != EM_X86_64)
		REFUSE("not for x86-64");
	if (h->e_type != ET_DYN)
		REFUSE("not position-independent");
	if (h->e_phentsize != sizeof(Elf64_Phdr) || !h->e_phnum || h->e_phnum > ELF_PHDRS_MAX)
		REFUSE("bad program header table");
	if (h->e_shentsize != sizeof(Elf64_Shdr) || !h->e_shnum ||
	    h->e_shnum > ELF_SECTIONS_MAX || h->e_shstrndx >= h->e_shnum)
		REFUSE("bad section header table");
	return 0;
}

static int elf_load_segment(struct atmos_elf *elf, const Elf64_Phdr *p, const char **why)
{
	struct atmos_elf_segment *s;
	u64 end = 0;

	if (!p->p_memsz)
		return 0;
	if (elf->nr_segments == ATMOS_ELF_SEGMENTS)
		REFUSE("too many segments");
	if (p->p_filesz > p->p_memsz)
		REFUSE("segment larger in the file than in memory");
	if (p->p_offset > elf->size || p->p_filesz > elf->size - p->p_offset)
		REFUSE("segment beyond the end of the file");
	if (p->p_vaddr % DOM_PAGE_SIZE || !elf_in_area(p->p_vaddr, p->p_memsz))
		REFUSE("segment not page-aligned inside the image area");
	if (!(p->p_flags & PF_R))
		REFUSE("segment is not readable");
	if ((p->p_flags & PF_W) && (p->p_flags & PF_X))
		REFUSE("segment is writable and executable");
	if (elf->nr_segments) {
		s = &elf->segment[elf->nr_segments - 1];
		end = ((u64)s->start + s->mem_size + DOM_PAGE_SIZE - 1) & ~(DOM_PAGE_SIZE - 1ull);
	}
	if (p->p_vaddr < end)
		REFUSE("segments overlap or are out of order");
	s = &elf->segment[elf->nr_segments++];
	s->offset = p->p_offset;
	s->file_size = p->p_filesz;
	s->start = p->p_vaddr;
	s->mem_size = p->p_memsz;
	s->write = p->p_flags & PF_W;
	s->exec = p->p_flags & PF_X;
	return 0;
}

/* The dynamic section may only ask for relative relocations. */
static int elf_dynamic(struct atmos_elf *elf, const Elf64_Phdr *p, const char **why)
{
	u64 rela = 0, size = 0, entry = sizeof(Elf64_Rela);
	const struct atmos_elf_segment *s;
	Elf64_Dyn d;
	u32 i;

	for (i = 0; i < ELF_DYN_MAX; i++) {
		if ((i + 1) * sizeof(d) > p->p_filesz)
			break;
		if (!elf_read(elf, p->p_offset + i * sizeof(d), &d, sizeof(d)))
			REFUSE("dynamic section beyond the end of the file");
		switch (d.d_tag) {
		case DT_NULL:
			i = ELF_DYN_MAX;
			break;
		case DT_RELA:
			rela = d.d_un.d_ptr;
			break;
		case DT_RELASZ:
			size = d.d_un.d_val;
			break;
		case DT_RELAENT:
			entry = d.d_un.d_val;
			break;
		case DT_NEEDED:
		case DT_REL:
		case DT_RELR:
		case DT_JMPREL:
		case DT_TEXTREL:
		case DT_INIT:
		case DT_FINI:
			REFUSE("dynamic section asks for more than relative relocations");
		}
	}
	if (!size)
		return 0;
	if (entry != sizeof(Elf64_Rela) || size % entry || size / entry > ELF_RELA_MAX)
		REFUSE("bad relocation table");
	s = elf_segment_at(elf, rela, size);
	if (!s || rela - s->start > s->file_size || size > s->file_size - (rela - s->start))
		REFUSE("relocation table outside the segments");
	elf->rela = s->offset + (rela - s->start);
	elf->nr_rela = size / entry;
	return 0;
}

static int elf_segments(struct atmos_elf *elf, const Elf64_Ehdr *h, const char **why)
{
	const struct atmos_elf_segment *s;
	Elf64_Phdr p, dynamic = {};
	int err;
	u32 i;

	for (i = 0; i < h->e_phnum; i++) {
		if (h->e_phoff > elf->size ||
		    !elf_read(elf, h->e_phoff + i * sizeof(p), &p, sizeof(p)))
			REFUSE("program headers beyond the end of the file");
		if (p.p_type == PT_INTERP || p.p_type == PT_TLS)
			REFUSE("needs an interpreter or thread-local storage");
		if (p.p_type == PT_DYNAMIC)
			dynamic = p;
		if (p.p_type != PT_LOAD)
			continue;
		err = elf_load_segment(elf, &p, why);
		if (err)
			return err;
	}
	s = elf_segment_at(elf, h->e_entry, 1);
	if (!s || !s->exec)
		REFUSE("entry point outside executable code");
	elf->entry = h->e_entry;
	return elf_dynamic(elf, &dynamic, why);
}

static bool elf_name_ok(const char *name)
{
	u32 i;

	for (i = 0; i < sizeof(((struct dom_manifest *)0)->name) && name[i]; i++) {
		char c = name[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		      (c >= '0' && c <= '9') || c == '-' || c == '_'))
			return false;
	}
	return i && i < sizeof(((struct dom_manifest *)0)->name);
}

static int elf_manifest(const struct atmos_elf *elf, const char **why)
{
	const struct dom_manifest *m = &elf->manifest;
	u32 rw_pages = 0;
	u32 i;

	if (m->magic != DOM_MANIFEST_MAGIC)
		REFUSE("manifest has no magic number");
	if (m->abi_version != DOM_ABI_VERSION)
		REFUSE("built for another version of the contract");
	if (m->image_class < DOM_CLASS_ECHO || m->image_class > DOM_CLASS_DRIVER)
		REFUSE("manifest names an unknown class");
	if (m->record_size > DOM_RECORD_MAX)
		REFUSE("manifest asks for too large a record");
	if (!m->stack_pages || m->stack_pages > DOM_STACK_PAGES_MAX)
		REFUSE("manifest asks for too many or no stack pages");
	if (m->capabilities & ~DOM_CAP_ALL)
		REFUSE("manifest asks for unknown capabilities");
	if ((m->capabilities & DOM_CAP_ALL) && m->image_class != DOM_CLASS_DRIVER)
		REFUSE("only a driver may ask for MMIO or DMA");
	if (!elf_name_ok(m->name))
		REFUSE("manifest's name is empty, too long or has odd characters");
	for (i = 0; i < sizeof(m->reserved); i++)
		if (m->reserved[i])
			REFUSE("manifest's reserved bytes are not zero");
	for (i = 0; i < elf->nr_segments; i++)
		if (elf->segment[i].write)
			rw_pages += (elf->segment[i].mem_size + DOM_PAGE_SIZE - 1) / DOM_PAGE_SIZE;
	if (rw_pages > m->data_pages_max)
		REFUSE("more writable pages than the manifest allows");
	return 0;
}

/* Sections: the manifest must be there, a symbol table may. */
static int elf_sections(struct atmos_elf *elf, const Elf64_Ehdr *h, const char **why)
{
	static const char wanted[] = DOM_MANIFEST_SECTION;
	Elf64_Shdr names, s, str;
	char name[sizeof(wanted)];
	bool found = false;
	u32 i;

	if (h->e_shoff > elf->size ||
	    !elf_read(elf, h->e_shoff + h->e_shstrndx * sizeof(s), &names, sizeof(names)))
		REFUSE("section headers beyond the end of the file");
	for (i = 0; i < h->e_shnum; i++) {
		if (!elf_read(elf, h->e_shoff + i * sizeof(s), &s, sizeof(s)))
			REFUSE("section headers beyond the end of the file");
		if (s.sh_type == SHT_SYMTAB && s.sh_link < h->e_shnum &&
		    s.sh_entsize == sizeof(Elf64_Sym) &&
		    s.sh_size / sizeof(Elf64_Sym) <= ELF_SYMS_MAX &&
		    s.sh_offset <= elf->size && s.sh_size <= elf->size - s.sh_offset &&
		    elf_read(elf, h->e_shoff + s.sh_link * sizeof(str), &str, sizeof(str)) &&
		    str.sh_offset <= elf->size && str.sh_size <= elf->size - str.sh_offset) {
			elf->symtab = s.sh_offset;
			elf->nr_sym = s.sh_size / sizeof(Elf64_Sym);
			elf->strtab = str.sh_offset;
			elf->strtab_size = str.sh_size;
		}
		if (names.sh_offset > elf->size ||
		    !elf_read(elf, names.sh_offset + s.sh_name, name, sizeof(name)) ||
		    memcmp(name, wanted, sizeof(wanted)))
			continue;
		if (found)
			REFUSE("more than one manifest");
		if (s.sh_type != SHT_PROGBITS || s.sh_size != sizeof(elf->manifest) ||
		    !elf_read(elf, s.sh_offset, &elf->manifest, sizeof(elf->manifest)))
			REFUSE("manifest of the wrong size");
		found = true;
	}
	if (!found)
		REFUSE("no manifest");
	return 0;
}

/**
 * atmos_elf_rela() - one relocation of a checked file
 * @elf: result of atmos_elf_check(), also while it runs
 * @index: below @elf->nr_rela
 * @where: window offset of the 8 bytes to set, 8-byte aligned, in a segment
 *	that is not executable
 * @addend: window offset that, plus the base, is to be stored there
 *
 * Return: 0, or -ENOEXEC if it is of another kind or reaches outside.
 */
int atmos_elf_rela(const struct atmos_elf *elf, u32 index, u32 *where, u64 *addend)
{
	const struct atmos_elf_segment *s;
	Elf64_Rela r;

	if (index >= elf->nr_rela || !elf_read(elf, elf->rela + index * sizeof(r), &r, sizeof(r)))
		return -ENOEXEC;
	if (r.r_info != R_X86_64_RELATIVE || r.r_offset % 8)
		return -ENOEXEC;
	s = elf_segment_at(elf, r.r_offset, 8);
	if (!s || s->exec)
		return -ENOEXEC;
	if ((u64)r.r_addend > DOM_WINDOW_SIZE)
		return -ENOEXEC;
	*where = r.r_offset;
	*addend = r.r_addend;
	return 0;
}

/* Names go to the log and to terminals. */
static bool elf_printable(const char *name)
{
	const char *c;

	for (c = name; *c; c++)
		if (*c <= ' ' || *c > '~')
			return false;
	return c != name;
}

/**
 * atmos_elf_symbol() - one symbol of a checked file
 * @elf: result of atmos_elf_check()
 * @index: below @elf->nr_sym
 * @start: window offset
 * @size: its bytes
 * @name: inside the file, terminated inside it
 *
 * Return: 0 if it is a function with a usable name, else -ENOENT.
 */
int atmos_elf_symbol(const struct atmos_elf *elf, u32 index, u32 *start, u32 *size,
		     const char **name)
{
	Elf64_Sym s;

	if (index >= elf->nr_sym ||
	    !elf_read(elf, elf->symtab + index * sizeof(s), &s, sizeof(s)))
		return -ENOENT;
	if ((s.st_info & 15) != STT_FUNC || s.st_name >= elf->strtab_size ||
	    !elf_in_area(s.st_value, s.st_size))
		return -ENOENT;
	*name = (const char *)elf->data + elf->strtab + s.st_name;
	if (!memchr(*name, 0, elf->strtab_size - s.st_name) || !elf_printable(*name))
		return -ENOENT;
	*start = s.st_value;
	*size = s.st_size;
	return 0;
}

/**
 * atmos_elf_check() - may this file be loaded as an image
 * @data: the file
 * @size: its bytes
 * @elf: what it says, filled in
 * @why: on refusal, a sentence for the log and the user
 *
 * Context: any. Time is linear in the size of the file's tables, all bounded.
 * Return: 0 or -ENOEXEC.
 */
int atmos_elf_check(const void *data, size_t size, struct atmos_elf *elf, const char **why)
{
	Elf64_Ehdr h;
	u64 addend;
	u32 where;
	u32 i;
	int err;

	memset(elf, 0, sizeof(*elf));
	elf->data = data;
	elf->size = size;
	err = elf_header(elf, &h, why);
	if (!err)
		err = elf_segments(elf, &h, why);
	if (!err)
		err = elf_sections(elf, &h, why);
	if (!err)
		err = elf_manifest(elf, why);
	if (err)
		return err;
	for (i = 0; i < elf->nr_rela; i++)
		if (atmos_elf_rela(elf, i, &where, &addend))
			REFUSE("relocation that is not relative or reaches outside");
	return 0;
}
