// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hundreds of files that differ from a sound image at random, by seeds: each
 * is refused with a clear error or loads; what loads may do what it likes
 * inside. Nothing is left of either, and the sound one still works.
 */
#include "kselftest_harness.h"

#include "file.h"
#include "system.h"

static struct file sound, mutant;
static u64 seed;

static u64 next_random(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

/* Values that programs stumble over. */
static u64 nasty(void)
{
	static const u64 values[] = {
		0, 1, 7, 8, 63, 64, 0x7f, 0xff, 0x1000, 0x1001, 0x7fffffff, 0x80000000,
		0xffffffff, 0x100000000ull, 1ull << 63, ~0ull, ~7ull, DOM_IMAGE_END,
		DOM_STACK_TOP, DOM_IN_OFFSET, DOM_OUT_OFFSET, DOM_WINDOW_SIZE,
	};
	u64 pick = next_random() % (sizeof(values) / sizeof(values[0]) + 3);

	if (pick >= sizeof(values) / sizeof(values[0]))
		return next_random() >> (next_random() & 63);
	return values[pick];
}

/* Where the loader looks: tables and manifest, rather than code. */
static size_t interesting(const struct file *f)
{
	struct file *g = (struct file *)f;
	Elf64_Ehdr *h = file_header(g);

	switch (next_random() % 6) {
	case 0:
		return next_random() % sizeof(*h);
	case 1:
		return h->e_phoff + next_random() % (h->e_phnum * sizeof(Elf64_Phdr));
	case 2:
		return h->e_shoff + next_random() % (h->e_shnum * sizeof(Elf64_Shdr));
	case 3:
		return file_section(g, DOM_MANIFEST_SECTION)->sh_offset + next_random() % 128;
	case 4:
		return file_section(g, ".dynamic")->sh_offset +
		       next_random() % file_section(g, ".dynamic")->sh_size;
	default:
		return file_section(g, ".rela.dyn")->sh_offset +
		       next_random() % file_section(g, ".rela.dyn")->sh_size;
	}
}

static void mutate(void)
{
	u32 changes = 1 + (u32)(next_random() % 4);

	mutant = sound;
	while (changes--) {
		size_t at = next_random() % 8 ? interesting(&sound) : next_random() % sound.len;
		u64 value = nasty();
		size_t width = 1u << (next_random() & 3);

		switch (next_random() % 4) {
		case 0:
			mutant.bytes[at] ^= (u8)(1u << (next_random() & 7));
			break;
		case 1:
			at &= ~(width - 1);
			memcpy(mutant.bytes + at, &value, width);
			break;
		case 2:
			/* A piece of the file over another. */
			memcpy(mutant.bytes + at, sound.bytes + next_random() % (sound.len - 64),
			       1 + next_random() % 64);
			break;
		case 3:
			if (next_random() % 16 == 0)
				mutant.len = next_random() % sound.len;
			else
				mutant.bytes[at] = (u8)value;
			break;
		}
	}
}

FIXTURE(mutants)
{
	int fd;
};

FIXTURE_SETUP(mutants)
{
	ASSERT_EQ(file_setup(), 0);
	self->fd = at_open();
	ASSERT_GE(self->fd, 0);
	ASSERT_EQ(file_read(&sound, "hostile-relocated"), 0);
}

FIXTURE_TEARDOWN(mutants)
{
	EXPECT_EQ(file_load(&sound, self->fd, NULL), 0);
	close(self->fd);
	file_done();
}

TEST_F_TIMEOUT(mutants, by_seed, 600)
{
	u64 count = sys_scaled(2000, 100);
	struct sys_memory before, after;
	u64 loaded = 0, refused = 0, deaths = 0;

	for (u64 i = 0; i < count; i++) {
		bool died;
		int err;

		/* Not from the first: caches fill up. */
		if (i == count / 4)
			sys_memory(&before);
		seed = (i + 1) * 0x9e3779b97f4a7c15ull;
		mutate();
		err = file_load(&mutant, self->fd, &died);
		EXPECT_TRUE(!err || err == -ENOEXEC || err == -EINVAL || err == -ENOMEM ||
			    err == -ENOSPC) {
			TH_LOG("seed %lu: %d", i, err);
		}
		loaded += !err;
		refused += err != 0;
		deaths += died;
	}
	TH_LOG("%lu loaded (%lu of them died inside), %lu refused", loaded, deaths, refused);
	EXPECT_GT(refused, count / 10);
	EXPECT_GT(loaded, count / 50);
	EXPECT_EQ(sys_memory_grew(&before, 1024, &after), NULL);
}

/* Text and constants spoilt all over: the loader takes it, the gate holds. */
TEST_F_TIMEOUT(mutants, spoilt_code, 600)
{
	u64 count = sys_scaled(500, 30);
	u64 deaths = 0;

	for (u64 i = 0; i < count; i++) {
		Elf64_Shdr *text;
		bool died;

		seed = (i + 1) * 0x9e3779b97f4a7c15ull;
		mutant = sound;
		text = file_section(&mutant, ".text");
		for (u32 n = 0; n < 1 + next_random() % 32; n++)
			mutant.bytes[text->sh_offset + next_random() % text->sh_size] =
				(u8)next_random();
		ASSERT_EQ(file_load(&mutant, self->fd, &died), 0) {
			TH_LOG("seed %lu", i);
		}
		deaths += died;
	}
	TH_LOG("%lu of %lu died inside", deaths, count);
	EXPECT_GT(deaths, count / 20);
}

TEST_HARNESS_MAIN
