/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * loader: the option ROM that starts a Linux kernel under Bochs.
 *
 * There is no boot medium and no decompressor: the emulator puts the whole
 * decompressed kernel and the initramfs into memory, the BIOS runs this ROM
 * after its own set-up, and the ROM runs the kernel's real-mode set-up code,
 * which comes back to "hook" in 32-bit protected mode (code32_start of the
 * boot protocol, Documentation/arch/x86/boot.rst).  There the kernel is
 * relocated (what its decompressor would have done for KASLR) and entered in
 * long mode with memory mapped one to one, as the 64-bit boot protocol wants.
 *
 * Bochs 2.7 hands out its memory in blocks, in the order in which the guest
 * first touches them, yet reads a memory image in one go: only the first block
 * of an image lands where it should, the others in blocks not yet given away.
 * So the image begins with markers, one in each page, that count down.  The
 * hook touches spare memory until the last marker has shown up, and from
 * there on touches the image's own addresses upwards: each block then falls
 * into its place.  A Bochs that puts images right from the start shows no
 * markers in the spare memory, and touching changes nothing.  A word at the
 * image's end tells whether all is well.
 *
 * ROM is the address we run at.  Symbols "parameters", "hook" are read by
 * bootimage.py.
 */
	.set	SETUP, 0x10000		/* kernel's real-mode code */
	.set	SETUP_STACK, 0xe000	/* end of its heap and stack */
	.set	TABLES, 0x20000		/* page tables, six pages */
	.set	PAGE, 4096
	.set	SEARCH, 32 << 20	/* spare memory that is looked through */
	.set	MARKER, 0x6b72616d	/* "mark" */
	.set	LAST_WORD, 0x736f6d74	/* "tmos" */
	.set	BIAS, 0x80000000	/* low word of where the kernel links */

	.code16
	.globl	_start
_start:
	.byte	0x55, 0xaa
	.byte	ROM_BLOCKS
	jmp	boot

	.balign	8
	.globl	parameters
parameters:
delta:		.quad	0	/* how far the kernel is moved; virtual only */
relocs:		.quad	0	/* address of the last relocation */
entry:		.quad	0	/* physical, 64-bit entry */
image:		.long	0	/* first address of the image proper */
image_end:	.long	0	/* multiple of the largest block */
setup_at:	.word	0	/* in this ROM */
setup_size:	.word	0
line_at:	.word	0	/* kernel's command line, with its zero */
line_size:	.word	0

boot:
	cli
	cld
	movw	$(SETUP >> 4), %ax
	movw	%ax, %es
	movw	%cs, %ax
	movw	%ax, %ds
	xorw	%di, %di
	movw	setup_at, %si
	movw	setup_size, %cx
	rep movsb
	movw	$SETUP_STACK, %di
	movw	line_at, %si
	movw	line_size, %cx
	rep movsb
	movw	%es, %ax
	movw	%ax, %ds
	movw	%ax, %fs
	movw	%ax, %gs
	movw	%ax, %ss
	movw	$SETUP_STACK, %sp
	ljmp	$((SETUP >> 4) + 0x20), $0

	.code32
	.globl	hook
hook:	/* %esi: boot_params */
	cld
	movl	%esi, %ebp

	movl	ROM + image_end, %eax
	leal	SEARCH(%eax), %ecx
1:	cmpl	$MARKER, (%eax)
	jne	2f
	cmpl	$0, 4(%eax)
	je	3f
2:	addl	$PAGE, %eax
	cmpl	%ecx, %eax
	jb	1b

3:	movl	ROM + image, %eax
	movl	ROM + image_end, %ecx
4:	movb	(%eax), %dl
	addl	$PAGE, %eax
	cmpl	%ecx, %eax
	jb	4b

	/* The word goes: memory is not loaded again after a reset. */
	xorl	%eax, %eax
	xchgl	%eax, -4(%ecx)
	cmpl	$LAST_WORD, %eax
	jne	shutdown

	movl	$TABLES, %edi
	xorl	%eax, %eax
	movl	$(6 * PAGE / 4), %ecx
	rep stosl
	movl	$(TABLES + 1 * PAGE + 7), TABLES
	movl	$(TABLES + 2 * PAGE + 7), TABLES + PAGE
	movl	$(TABLES + 3 * PAGE + 7), TABLES + PAGE + 8
	movl	$(TABLES + 4 * PAGE + 7), TABLES + PAGE + 16
	movl	$(TABLES + 5 * PAGE + 7), TABLES + PAGE + 24
	movl	$(TABLES + 2 * PAGE), %edi
	movl	$0x87, %eax		/* present, writable, 2 MiB */
	movl	$2048, %ecx
5:	movl	%eax, (%edi)
	addl	$8, %edi
	addl	$0x200000, %eax
	loop	5b

	movl	%cr4, %eax
	orl	$0x20, %eax		/* PAE */
	movl	%eax, %cr4
	movl	$TABLES, %eax
	movl	%eax, %cr3
	movl	$0xc0000080, %ecx	/* EFER */
	rdmsr
	orl	$0x100, %eax		/* LME */
	wrmsr
	lgdt	ROM + gdt_pointer
	movl	%cr0, %eax
	orl	$0x80000001, %eax	/* PG, PE */
	movl	%eax, %cr0
	ljmp	$0x10, $(ROM + long_mode)

	/* Bochs ends when its port 0x8900 hears this word. */
shutdown:
	movl	$(ROM + word), %esi
	movl	$8, %ecx
	movl	$0x8900, %edx
	rep outsb
6:	hlt
	jmp	6b
word:	.ascii	"Shutdown"

	.code64
long_mode:
	movl	$0x18, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	movl	$(TABLES - 16), %esp

	/*
	 * Three lists, read from their ends, each with a zero before it:
	 * 32-bit values to add to, 32-bit values to subtract from (the kernel
	 * ends at 2 GiB, per-CPU data start at zero), 64-bit values to add to.
	 */
	movq	ROM + delta, %rdx
	testq	%rdx, %rdx
	jz	4f
	movq	ROM + relocs, %rbx
1:	movl	(%rbx), %eax
	subq	$4, %rbx
	testl	%eax, %eax
	jz	2f
	subl	$BIAS, %eax
	addl	%edx, (%rax)
	jmp	1b
2:	movl	(%rbx), %eax
	subq	$4, %rbx
	testl	%eax, %eax
	jz	3f
	subl	$BIAS, %eax
	subl	%edx, (%rax)
	jmp	2b
3:	movl	(%rbx), %eax
	subq	$4, %rbx
	testl	%eax, %eax
	jz	4f
	subl	$BIAS, %eax
	addq	%rdx, (%rax)
	jmp	3b

4:	movl	%ebp, %esi
	movq	ROM + entry, %rax
	jmp	*%rax

	.balign	8
gdt:	.quad	0
	.quad	0
	.quad	0x00af9b000000ffff	/* 0x10: 64-bit code */
	.quad	0x00cf93000000ffff	/* 0x18: data */
gdt_pointer:
	.word	. - gdt - 1
	.long	ROM + gdt
