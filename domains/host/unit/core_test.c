// SPDX-License-Identifier: GPL-2.0-only
/*
 * The core's pure parsers on the host: kmod/contract.c, kmod/handles.h,
 * kmod/elf.c. Each rule from both sides; the fuzzers have the rest.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../../kmod/contract.h"
#include "../../../kmod/elf.h"

static u32 nr, failed;

static void check(bool right, const char *text)
{
	printf("%s %u - core/%s\n", right ? "ok" : "not ok", ++nr, text);
	failed += !right;
}

/* ---- handles ---- */

static void test_handles(void)
{
	static struct atmos_handles h;
	static int object[HANDLES_MAX + 1];
	u32 first, i, handle;
	bool right = true;

	handles_init(&h, HANDLES_MAX);
	check(!handles_entry(&h, DOM_NO_HANDLE) && !handles_entry(&h, ~0u) &&
	      !handles_entry(&h, 1), "handles: an empty table names nothing");
	first = handles_add(&h, &object[0]);
	check(handles_entry(&h, first)->object == &object[0],
	      "handles: a handle names its object");
	check(!handles_entry(&h, first + (1u << HANDLE_INDEX_BITS)) &&
	      !handles_entry(&h, first + 1), "handles: another generation or index does not");
	check(handles_remove(&h, handles_entry(&h, first)) == &object[0] &&
	      !handles_entry(&h, first), "handles: after removal it is stale");
	handle = handles_add(&h, &object[1]);
	check(handle != first && !handles_entry(&h, first),
	      "handles: the slot's next handle is another one");
	for (i = 1; i < HANDLES_MAX; i++)
		right &= handles_add(&h, &object[i]) != DOM_NO_HANDLE;
	check(right && handles_add(&h, &object[0]) == DOM_NO_HANDLE,
	      "handles: the table is bounded");
	for (i = 0; i < 3u << 20; i++) {
		handles_remove(&h, handles_entry(&h, handle));
		handle = handles_add(&h, &object[0]);
		if (!handles_entry(&h, handle))
			break;
	}
	check(i == 3u << 20, "handles: generations wrap and stay right");
}

/* ---- contract ---- */

struct queue {
	struct dom_out out;
	struct atmos_handles h;
	u32 handle;
	const char *why;
};

static int object;

static struct dom_msg *message(struct queue *q, u16 type, u16 inline_len, u32 handle)
{
	memset(q, 0, sizeof(*q));
	handles_init(&q->h, HANDLES_MAX);
	q->handle = handles_add(&q->h, &object);
	q->out.slot[0].hdr.type = type;
	q->out.slot[0].hdr.inline_len = inline_len;
	q->out.slot[0].hdr.handle = handle ? q->handle : 0;
	return &q->out.slot[0];
}

static int verdict(struct queue *q, u32 room, u32 class)
{
	return atmos_contract_message(&q->out.slot[0], room, class, &q->h, &q->why);
}

static void test_queue(void)
{
	static struct queue q;
	struct atmos_violation v;

	memset(&q, 0, sizeof(q));
	check(!atmos_contract_queue(&q.out, &v), "contract: an empty queue is fine");
	q.out.nr_slots = DOM_OUT_SLOTS;
	check(!atmos_contract_queue(&q.out, &v), "contract: so is a full one");
	q.out.nr_slots = DOM_OUT_SLOTS + 1;
	check(atmos_contract_queue(&q.out, &v), "contract: more slots than there are");
	q.out.nr_slots = 0;
	q.out.flags = 2;
	check(atmos_contract_queue(&q.out, &v), "contract: an unknown flag");
	q.out.flags = DOM_OUT_MORE;
	q.out.reserved[55] = 1;
	check(atmos_contract_queue(&q.out, &v), "contract: a reserved byte");
}

static void test_messages(void)
{
	static struct queue q;
	struct dom_cmd_DELIVER *d;

	message(&q, DOM_CMD_DROP, 0, 1);
	check(verdict(&q, 1, DOM_CLASS_STACK) == 1, "contract: a DROP of an own object");
	check(verdict(&q, 1, DOM_CLASS_STACK) < 0, "contract: the same object twice");
	message(&q, DOM_CMD_DROP, 0, 0);
	check(verdict(&q, 1, DOM_CLASS_STACK) < 0, "contract: a DROP without an object");
	message(&q, DOM_CMD_DROP, 0, 1);
	check(verdict(&q, 1, DOM_CLASS_ECHO) < 0, "contract: a command of another class");
	message(&q, 15, 0, 0);
	check(verdict(&q, 1, DOM_CLASS_STACK) < 0, "contract: an unknown command");
	message(&q, 0xffff, 0, 0);
	check(verdict(&q, 1, DOM_CLASS_STACK) < 0, "contract: a command number out of range");
	message(&q, DOM_CMD_DROP, 1, 1);
	check(verdict(&q, 9, DOM_CLASS_STACK) < 0, "contract: inline bytes where none may be");
	message(&q, DOM_CMD_XMIT, STACK_TX_INLINE, 0);
	check(verdict(&q, 3, DOM_CLASS_STACK) == 3, "contract: an XMIT with all its inline bytes");
	check(verdict(&q, 2, DOM_CLASS_STACK) < 0, "contract: inline bytes beyond the queue");
	message(&q, DOM_CMD_XMIT, STACK_TX_INLINE + 1, 0);
	check(verdict(&q, 9, DOM_CLASS_STACK) < 0, "contract: more inline bytes than allowed");
	message(&q, DOM_CMD_XMIT, 0, 1);
	check(verdict(&q, 1, DOM_CLASS_STACK) < 0, "contract: a handle where none may be");
	d = (void *)message(&q, DOM_CMD_DELIVER, 0, 1);
	check(verdict(&q, 1, DOM_CLASS_STACK) < 0, "contract: a DELIVER of nothing");
	d->len = 1;
	check(verdict(&q, 1, DOM_CLASS_STACK) == 1, "contract: a DELIVER of a byte");
	message(&q, DOM_CMD_DELIVER, 0, 1);
	d->len = 65535 * 2 + 1;
	check(verdict(&q, 1, DOM_CLASS_STACK) < 0, "contract: a DELIVER of too much");
	message(&q, DOM_CMD_ACKED, 0, 0)->arg[1] = 1;
	check(verdict(&q, 1, DOM_CLASS_STACK) < 0, "contract: unused bytes that are not zero");
	message(&q, DOM_CMD_ACKED, 0, 0)->arg[0] = ~0ull;
	check(verdict(&q, 1, DOM_CLASS_STACK) == 1, "contract: a field that may be anything");
	((struct dom_cmd_STATE *)message(&q, DOM_CMD_STATE, 0, 0))->flags = 8;
	check(verdict(&q, 1, DOM_CLASS_STACK) < 0, "contract: an unknown flag of a field");
	check(atmos_contract_takes(DOM_CMD_STASH) && !atmos_contract_takes(DOM_CMD_XMIT) &&
	      !atmos_contract_takes(0xffff), "contract: which commands take objects");
	check(!strcmp(atmos_command_name(DOM_CMD_XMIT), "XMIT") &&
	      !strcmp(atmos_event_name(DOM_EV_RX), "RX") &&
	      !strcmp(atmos_command_name(0xffff), "?") &&
	      !strcmp(atmos_event_name(0), "?"), "contract: names, also of what is not there");
}

/* ---- image loader ---- */

#define FILE_SIZE	0x3000

/* A small image that passes, to be broken in one place at a time. */
struct image {
	u8 bytes[FILE_SIZE];
};

#define AT(img, type, off) ((type *)((img)->bytes + (off)))
#define EHDR(img) AT(img, Elf64_Ehdr, 0)
#define PHDR(img, i) (AT(img, Elf64_Phdr, 64) + (i))
#define SHDR(img, i) (AT(img, Elf64_Shdr, 0x400) + (i))
#define DYN(img) AT(img, Elf64_Dyn, 0x2100)
#define RELA(img) AT(img, Elf64_Rela, 0x1200)
#define MANIFEST(img) AT(img, struct dom_manifest, 0x1100)

static void phdr(struct image *img, u32 i, u32 flags, u64 offset, u64 start,
		 u64 file_size, u64 mem_size)
{
	Elf64_Phdr *p = PHDR(img, i);

	p->p_type = PT_LOAD;
	p->p_flags = flags;
	p->p_offset = offset;
	p->p_vaddr = start;
	p->p_filesz = file_size;
	p->p_memsz = mem_size;
}

static void image_make(struct image *img)
{
	Elf64_Ehdr *h = EHDR(img);

	memset(img, 0, sizeof(*img));
	memcpy(h->e_ident, "\177ELF\2\1\1", 7);
	h->e_type = ET_DYN;
	h->e_machine = EM_X86_64;
	h->e_entry = 0x2000;
	h->e_phoff = 64;
	h->e_phentsize = sizeof(Elf64_Phdr);
	h->e_phnum = 4;
	h->e_shoff = 0x400;
	h->e_shentsize = sizeof(Elf64_Shdr);
	h->e_shnum = 3;
	h->e_shstrndx = 1;
	phdr(img, 0, PF_R, 0x1000, 0x1000, 0x800, 0x800);
	phdr(img, 1, PF_R | PF_X, 0x1800, 0x2000, 0x100, 0x100);
	phdr(img, 2, PF_R | PF_W, 0x2000, 0x3000, 0x800, 0x1800);
	phdr(img, 3, PF_R, 0x2100, 0x3100, 0x100, 0x100);
	PHDR(img, 3)->p_type = PT_DYNAMIC;
	DYN(img)[0].d_tag = DT_RELA;
	DYN(img)[0].d_un.d_ptr = 0x1200;
	DYN(img)[1].d_tag = DT_RELASZ;
	DYN(img)[1].d_un.d_val = sizeof(*RELA(img));
	DYN(img)[2].d_tag = DT_RELAENT;
	DYN(img)[2].d_un.d_val = sizeof(*RELA(img));
	RELA(img)->r_offset = 0x3010;
	RELA(img)->r_info = R_X86_64_RELATIVE;
	RELA(img)->r_addend = 0x2000;
	SHDR(img, 1)->sh_type = SHT_STRTAB;
	SHDR(img, 1)->sh_offset = 0x600;
	SHDR(img, 1)->sh_size = 0x40;
	strcpy((char *)img->bytes + 0x601, DOM_MANIFEST_SECTION);
	SHDR(img, 2)->sh_name = 1;
	SHDR(img, 2)->sh_type = SHT_PROGBITS;
	SHDR(img, 2)->sh_offset = 0x1100;
	SHDR(img, 2)->sh_size = sizeof(struct dom_manifest);
	*MANIFEST(img) = (struct dom_manifest){
		.magic = DOM_MANIFEST_MAGIC, .abi_version = DOM_ABI_VERSION,
		.image_class = DOM_CLASS_STACK, .record_size = 1024, .record_version = 1,
		.stack_pages = 2, .data_pages_max = 2, .name = "test",
	};
}

static bool image_ok(const struct image *img, size_t size)
{
	struct atmos_elf elf;
	const char *why = NULL;

	return !atmos_elf_check(img->bytes, size, &elf, &why);
}

#define REFUSES(text, change)						\
	do {								\
		image_make(img);					\
		change;							\
		check(!image_ok(img, FILE_SIZE), "image: " text);	\
	} while (0)

static void test_image(struct image *img)
{
	size_t size;

	image_make(img);
	check(image_ok(img, FILE_SIZE), "image: a right one is accepted");
	REFUSES("another magic number", img->bytes[0] = 0);
	REFUSES("32 bits", img->bytes[4] = 1);
	REFUSES("another machine", EHDR(img)->e_machine = EM_386);
	REFUSES("not position-independent", EHDR(img)->e_type = ET_EXEC);
	REFUSES("no program headers", EHDR(img)->e_phnum = 0);
	REFUSES("program headers beyond the file", EHDR(img)->e_phoff = FILE_SIZE);
	REFUSES("program headers at the end of numbers", EHDR(img)->e_phoff = ~0ull - 8);
	REFUSES("program headers of another size", EHDR(img)->e_phentsize = 40);
	REFUSES("section headers beyond the file", EHDR(img)->e_shoff = ~0ull - 4);
	REFUSES("no names of sections", EHDR(img)->e_shstrndx = 9);
	REFUSES("a writable and executable segment", PHDR(img, 1)->p_flags |= PF_W);
	REFUSES("a segment that cannot be read", PHDR(img, 1)->p_flags = PF_X);
	REFUSES("overlapping segments", PHDR(img, 1)->p_vaddr = 0x1000);
	REFUSES("a segment below the image area", PHDR(img, 0)->p_vaddr = 0);
	REFUSES("a segment beyond the image area", PHDR(img, 2)->p_memsz = DOM_IMAGE_END);
	REFUSES("a segment at the end of numbers", PHDR(img, 2)->p_memsz = ~0ull);
	REFUSES("a segment that is not page-aligned", PHDR(img, 2)->p_vaddr = 0x3008);
	REFUSES("more bytes in the file than in memory", PHDR(img, 1)->p_filesz = 0x900);
	REFUSES("a segment beyond the file", PHDR(img, 2)->p_offset = FILE_SIZE - 8);
	REFUSES("an entry point in data", EHDR(img)->e_entry = 0x3000);
	REFUSES("an entry point nowhere", EHDR(img)->e_entry = 0x100000);
	REFUSES("an interpreter", PHDR(img, 3)->p_type = PT_INTERP);
	REFUSES("thread-local storage", PHDR(img, 3)->p_type = PT_TLS);
	REFUSES("a needed library", DYN(img)[3].d_tag = DT_NEEDED);
	REFUSES("relocations beyond the file", DYN(img)[1].d_un.d_val = 24 * 1000);
	REFUSES("relocations of odd size", DYN(img)[1].d_un.d_val = 25);
	REFUSES("a relocation into code", RELA(img)->r_offset = 0x2000);
	REFUSES("a relocation out of the image", RELA(img)->r_offset = 0x180000);
	REFUSES("a relocation that is not aligned", RELA(img)->r_offset = 0x3011);
	REFUSES("a relocation of another kind", RELA(img)->r_info = 1);
	REFUSES("a relocation to outside the window", RELA(img)->r_addend = -8);
	REFUSES("no manifest", img->bytes[0x602] = 'x');
	REFUSES("two manifests", *SHDR(img, 0) = *SHDR(img, 2));
	REFUSES("a manifest of another size", SHDR(img, 2)->sh_size = 64);
	REFUSES("a manifest without magic", MANIFEST(img)->magic = 1);
	REFUSES("another version of the contract", MANIFEST(img)->abi_version++);
	REFUSES("an unknown class", MANIFEST(img)->image_class = 9);
	REFUSES("class 0", MANIFEST(img)->image_class = 0);
	REFUSES("too large a record", MANIFEST(img)->record_size = 1025);
	REFUSES("no stack", MANIFEST(img)->stack_pages = 0);
	REFUSES("too much stack", MANIFEST(img)->stack_pages = 9);
	REFUSES("more data than the manifest says", MANIFEST(img)->data_pages_max = 1);
	REFUSES("capabilities of a driver", MANIFEST(img)->capabilities = DOM_CAP_DMA);
	REFUSES("unknown capabilities", MANIFEST(img)->capabilities = 1 << 9);
	REFUSES("an empty name", MANIFEST(img)->name[0] = 0);
	REFUSES("a name with a slash", MANIFEST(img)->name[1] = '/');
	REFUSES("a name without end", memset(MANIFEST(img)->name, 'a', 32));
	REFUSES("reserved bytes", MANIFEST(img)->reserved[3] = 1);
	image_make(img);
	for (size = 0; size < FILE_SIZE - 0x800; size += 7)
		if (image_ok(img, size))
			break;
	check(size >= FILE_SIZE - 0x800, "image: cut off anywhere");
}

int main(void)
{
	struct image *img = malloc(sizeof(*img));

	printf("TAP version 13\n");
	test_handles();
	test_queue();
	test_messages();
	test_image(img);
	free(img);
	printf("1..%u\n", nr);
	return failed != 0;
}
