// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs a fuzzer's function over saved inputs, without libFuzzer: for coverage
 * and for a debugger.
 *
 *	fuzz_NAME FILE|DIRECTORY ...
 */
#include <dirent.h>
#include <sys/stat.h>

#include "fuzz.h"

static u32 nr;

static void one(const char *path)
{
	FILE *f = fopen(path, "rb");
	static u8 data[1 << 20];
	size_t n;

	if (!f)
		return;
	n = fread(data, 1, sizeof(data), f);
	fclose(f);
	LLVMFuzzerTestOneInput(data, n);
	nr++;
}

int main(int argc, char **argv)
{
	char path[4096];
	struct dirent *e;
	struct stat st;
	DIR *d;
	int i;

	for (i = 1; i < argc; i++) {
		if (stat(argv[i], &st))
			continue;
		if (!S_ISDIR(st.st_mode)) {
			one(argv[i]);
			continue;
		}
		d = opendir(argv[i]);
		while (d && (e = readdir(d))) {
			if (e->d_name[0] == '.')
				continue;
			snprintf(path, sizeof(path), "%s/%s", argv[i], e->d_name);
			one(path);
		}
		if (d)
			closedir(d);
	}
	printf("ok 1 - %u saved inputs\n", nr);
	return 0;
}
