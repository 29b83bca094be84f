// SPDX-License-Identifier: GPL-2.0-only
/*
 * One field of a sound image spoilt at a time, with the error that must come
 * of it. The loader refuses each, and the sound file works right after.
 */
#include "kselftest_harness.h"

#include "file.h"
#include "system.h"

static struct file sound, spoilt;

FIXTURE(fields)
{
	int fd;
};

FIXTURE_SETUP(fields)
{
	ASSERT_EQ(file_setup(), 0);
	self->fd = at_open();
	ASSERT_GE(self->fd, 0);
	ASSERT_EQ(file_read(&sound, "hostile-relocated"), 0);
	ASSERT_EQ(file_load(&sound, self->fd, NULL), 0);
}

FIXTURE_TEARDOWN(fields)
{
	EXPECT_EQ(file_load(&sound, self->fd, NULL), 0);
	close(self->fd);
	file_done();
}

/* With @change made, and nothing else, the file must be refused. */
#define REFUSED(change) do {						\
	spoilt = sound;							\
	change;								\
	EXPECT_EQ(file_load(&spoilt, self->fd, NULL), -ENOEXEC) {	\
		TH_LOG("not refused: %s", #change);			\
	}								\
} while (0)

#define ACCEPTED(change) do {						\
	spoilt = sound;							\
	change;								\
	EXPECT_EQ(file_load(&spoilt, self->fd, NULL), 0) {		\
		TH_LOG("not accepted: %s", #change);			\
	}								\
} while (0)

#define H file_header(&spoilt)
#define TEXT file_find(&spoilt, PT_LOAD, PF_R | PF_X)
#define CONST file_find(&spoilt, PT_LOAD, PF_R)
#define DATA file_find(&spoilt, PT_LOAD, PF_R | PF_W)
#define DYN file_find(&spoilt, PT_DYNAMIC, PF_R)
#define M file_manifest(&spoilt)

TEST_F(fields, header)
{
	for (int i = 0; i < 7; i++)
		REFUSED(H->e_ident[i] ^= 1);
	REFUSED(H->e_type = ET_EXEC);
	REFUSED(H->e_type = ET_REL);
	REFUSED(H->e_type = 0xffff);
	REFUSED(H->e_machine = EM_386);
	REFUSED(H->e_machine = EM_AARCH64);
	REFUSED(H->e_phentsize = 0);
	REFUSED(H->e_phentsize = sizeof(Elf64_Phdr) - 1);
	REFUSED(H->e_phnum = 0);
	REFUSED(H->e_phnum = 0xffff);
	REFUSED(H->e_phoff = ~0ull);
	REFUSED(H->e_phoff = spoilt.len);
	REFUSED(H->e_phoff = spoilt.len - 8);
	REFUSED(H->e_phoff = 1ull << 63);
	REFUSED(H->e_shentsize = 0);
	REFUSED(H->e_shnum = 0);
	REFUSED(H->e_shnum = 0xffff);
	REFUSED(H->e_shoff = ~0ull);
	REFUSED(H->e_shoff = spoilt.len - 8);
	REFUSED(H->e_shstrndx = H->e_shnum);
	REFUSED(H->e_shstrndx = 0xffff);
}

TEST_F(fields, entry_point)
{
	REFUSED(H->e_entry = 0);
	REFUSED(H->e_entry = ~0ull);
	REFUSED(H->e_entry = CONST->p_vaddr);
	REFUSED(H->e_entry = DATA->p_vaddr);
	REFUSED(H->e_entry = TEXT->p_vaddr - 1);
	REFUSED(H->e_entry = TEXT->p_vaddr + TEXT->p_memsz);
	REFUSED(H->e_entry = DOM_STACK_TOP - 8);
	REFUSED(H->e_entry = DOM_OUT_OFFSET);
}

TEST_F(fields, segments)
{
	REFUSED(TEXT->p_flags = PF_R | PF_W | PF_X);
	REFUSED(DATA->p_flags = PF_R | PF_W | PF_X);
	REFUSED(TEXT->p_flags = PF_X);
	REFUSED(DATA->p_flags = PF_W);
	REFUSED(TEXT->p_flags = PF_R);
	REFUSED(TEXT->p_flags = 0);
	REFUSED(TEXT->p_vaddr += 8);
	REFUSED(TEXT->p_vaddr = 0);
	REFUSED(TEXT->p_vaddr = CONST->p_vaddr);
	REFUSED(DATA->p_vaddr = TEXT->p_vaddr);
	REFUSED(DATA->p_vaddr = DOM_IMAGE_END);
	REFUSED(DATA->p_vaddr = DOM_STACK_TOP - DOM_PAGE_SIZE);
	REFUSED(DATA->p_vaddr = DOM_OUT_OFFSET);
	REFUSED(DATA->p_vaddr = DOM_IN_OFFSET);
	REFUSED(DATA->p_vaddr = DOM_WINDOW_SIZE);
	REFUSED(DATA->p_vaddr = 0xffffffff80000000ull);
	REFUSED(DATA->p_vaddr = 1ull << 32);
	REFUSED(DATA->p_vaddr |= 1ull << 32);
	REFUSED(DATA->p_memsz = DOM_IMAGE_END);
	REFUSED(DATA->p_memsz = ~0ull);
	REFUSED(DATA->p_memsz = 1ull << 63);
	REFUSED(DATA->p_memsz |= 1ull << 32);
	REFUSED(DATA->p_filesz = DATA->p_memsz + 1);
	REFUSED(DATA->p_filesz = ~0ull);
	REFUSED(TEXT->p_offset = spoilt.len);
	REFUSED(TEXT->p_offset = ~0ull);
	REFUSED(TEXT->p_offset = -TEXT->p_filesz);
	REFUSED(TEXT->p_offset = spoilt.len - TEXT->p_filesz + 1);
	REFUSED(TEXT->p_type = PT_NULL);
	REFUSED(TEXT->p_type = PT_INTERP);
	REFUSED(DATA->p_type = PT_TLS);
}

TEST_F(fields, order_of_segments)
{
	Elf64_Phdr text, rodata;

	spoilt = sound;
	text = *TEXT;
	rodata = *CONST;
	*TEXT = rodata;
	*CONST = text;
	EXPECT_EQ(file_load(&spoilt, self->fd, NULL), -ENOEXEC);
}

TEST_F(fields, dynamic_section)
{
	ASSERT_NE(file_dynamic(&sound, DT_RELA), NULL);
	REFUSED(file_dynamic(&spoilt, DT_RELA)->d_un.d_ptr = ~0ull);
	REFUSED(file_dynamic(&spoilt, DT_RELA)->d_un.d_ptr = 0);
	REFUSED(file_dynamic(&spoilt, DT_RELA)->d_un.d_ptr = DOM_IMAGE_END);
	REFUSED(file_dynamic(&spoilt, DT_RELASZ)->d_un.d_val = ~0ull);
	REFUSED(file_dynamic(&spoilt, DT_RELASZ)->d_un.d_val -= 1);
	REFUSED(file_dynamic(&spoilt, DT_RELASZ)->d_un.d_val += 1ull << 32);
	REFUSED(file_dynamic(&spoilt, DT_RELASZ)->d_un.d_val = 24ull << 40);
	REFUSED(file_dynamic(&spoilt, DT_RELAENT)->d_un.d_val = 8);
	REFUSED(file_dynamic(&spoilt, DT_RELAENT)->d_un.d_val = 0);
	REFUSED(file_dynamic(&spoilt, DT_RELACOUNT)->d_tag = DT_NEEDED);
	REFUSED(file_dynamic(&spoilt, DT_RELACOUNT)->d_tag = DT_TEXTREL);
	REFUSED(file_dynamic(&spoilt, DT_RELACOUNT)->d_tag = DT_JMPREL);
	REFUSED(file_dynamic(&spoilt, DT_RELACOUNT)->d_tag = DT_INIT);
	REFUSED(DYN->p_offset = ~0ull);
	REFUSED(DYN->p_offset = spoilt.len - 4);
}

TEST_F(fields, relocations)
{
	u32 nr;

	ASSERT_NE(file_relocations(&sound, &nr), NULL);
	ASSERT_GE(nr, 20);
	for (u32 i = 0; i < nr; i += nr / 3) {
#define RELA file_relocations(&spoilt, &nr)[i]
		REFUSED(RELA.r_info = 0);
		REFUSED(RELA.r_info = ELF64_R_INFO(0, R_X86_64_64));
		REFUSED(RELA.r_info = ELF64_R_INFO(1, R_X86_64_RELATIVE));
		REFUSED(RELA.r_info = ELF64_R_INFO(0, R_X86_64_IRELATIVE));
		REFUSED(RELA.r_offset = 0);
		REFUSED(RELA.r_offset = ~7ull);
		REFUSED(RELA.r_offset += 1);
		REFUSED(RELA.r_offset = TEXT->p_vaddr);
		REFUSED(RELA.r_offset = DATA->p_vaddr + DATA->p_memsz + DOM_PAGE_SIZE);
		REFUSED(RELA.r_offset = DOM_OUT_OFFSET);
		REFUSED(RELA.r_offset = DOM_STACK_TOP - 8);
		REFUSED(RELA.r_addend = -1);
		REFUSED(RELA.r_addend = 1ll << 40);
		REFUSED(RELA.r_addend = DOM_WINDOW_SIZE + 1);
	}
}

TEST_F(fields, manifest)
{
	REFUSED(M->magic ^= 1);
	REFUSED(M->magic = 0);
	REFUSED(M->abi_version++);
	REFUSED(M->abi_version = 0);
	REFUSED(M->image_class = 0);
	REFUSED(M->image_class = DOM_CLASS_DRIVER + 1);
	REFUSED(M->image_class = ~0u);
	REFUSED(M->record_size = DOM_RECORD_MAX + 1);
	REFUSED(M->record_size = ~0u);
	REFUSED(M->stack_pages = 0);
	REFUSED(M->stack_pages = DOM_STACK_PAGES_MAX + 1);
	REFUSED(M->stack_pages = ~0u);
	REFUSED(M->data_pages_max = 0);
	REFUSED(M->capabilities = DOM_CAP_ALL + 1);
	REFUSED(M->capabilities = ~0ull);
	REFUSED(M->capabilities = DOM_CAP_MMIO);
	REFUSED(M->name[0] = 0);
	REFUSED(M->name[0] = '/');
	REFUSED(M->name[0] = '.');
	REFUSED(M->name[0] = ' ');
	REFUSED(M->name[0] = (char)0x80);
	REFUSED(memset(M->name, 'a', sizeof(M->name)));
	for (u32 i = 0; i < sizeof(M->reserved); i++)
		REFUSED(M->reserved[i] = 1);
	ACCEPTED(M->stack_pages = DOM_STACK_PAGES_MAX);
	ACCEPTED(M->record_size = 0);
	ACCEPTED(M->record_size = DOM_RECORD_MAX);
	ACCEPTED(memset(M->build_id, 0xff, sizeof(M->build_id)));
}

TEST_F(fields, manifest_section)
{
#define S file_section(&spoilt, DOM_MANIFEST_SECTION)
	REFUSED(S->sh_size = 127);
	REFUSED(S->sh_size = 129);
	REFUSED(S->sh_size = 0);
	REFUSED(S->sh_offset = ~0ull);
	REFUSED(S->sh_offset = spoilt.len - 64);
	REFUSED(S->sh_type = SHT_NOBITS);
	REFUSED(S->sh_name = ~0u);
	REFUSED(S->sh_name++);
	REFUSED(file_section(&spoilt, ".comment")->sh_name = S->sh_name);
}

/* Names for reports are a help, no more: spoilt ones are left out. */
TEST_F(fields, symbols)
{
#define SYM file_section(&spoilt, ".symtab")
	ACCEPTED(SYM->sh_type = SHT_NULL);
	ACCEPTED(SYM->sh_size = ~0ull);
	ACCEPTED(SYM->sh_offset = ~0ull);
	ACCEPTED(SYM->sh_entsize = 1);
	ACCEPTED(SYM->sh_link = 0xffff);
	ACCEPTED(file_section(&spoilt, ".strtab")->sh_offset = spoilt.len);
	ACCEPTED(file_section(&spoilt, ".strtab")->sh_size = ~0ull);
	ACCEPTED(file_section(&spoilt, ".strtab")->sh_size = 0);
	ACCEPTED(memset(spoilt.bytes + SYM->sh_offset, 0xff, SYM->sh_size));
	ACCEPTED(memset(spoilt.bytes + file_section(&spoilt, ".strtab")->sh_offset, 'x',
			file_section(&spoilt, ".strtab")->sh_size));
}

TEST_F_TIMEOUT(fields, every_length, 300)
{
	size_t step = 1;

	/* All short ones, then in steps that miss no structure's end for long. */
	for (size_t len = 0; len < sound.len; len += step) {
		int err;

		if (len == 512)
			step = sound.len / sys_scaled(400, 40) | 1;
		spoilt = sound;
		spoilt.len = len;
		err = file_load(&spoilt, self->fd, NULL);
		EXPECT_TRUE(err == -ENOEXEC || (!len && err < 0 && err != -EPROTO)) {
			TH_LOG("%zu bytes: %d", len, err);
		}
	}
	spoilt = sound;
	memset(spoilt.bytes + spoilt.len, 0, FILE_MAX - spoilt.len);
	spoilt.len = FILE_MAX;
	EXPECT_EQ(file_load(&spoilt, self->fd, NULL), 0);
}

TEST_HARNESS_MAIN
