// SPDX-License-Identifier: GPL-2.0-only
/*
 * atmosctl doctor: can Atmos run on this machine, and what does it protect
 * against here? Each check is "ok", a "note" (worth knowing) or "bad" (Atmos
 * refuses to load, or does not work); one bad check makes the exit status 1.
 *
 * It works without the module and without being root, and says what it could
 * not find out.
 */
#include <dirent.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "atmosctl.h"
#include "json.h"
#include "nl.h"
#include "sysfs.h"

#define TEXT_MAX 512

enum verdict { OK, NOTE, BAD };

static const char *const verdict_names[] = { "ok", "note", "bad" };
static unsigned int verdicts[3];

/* What the gate does on each crossing; "" without the module. */
static char mitigations[TEXT_MAX];

__attribute__((format(printf, 3, 4))) static void
report(enum verdict verdict, const char *name, const char *fmt, ...)
{
	char text[2 * TEXT_MAX];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	verdicts[verdict]++;
	if (options.json) {
		json_begin(NULL, '{');
		json_string("name", name);
		json_string("verdict", verdict_names[verdict]);
		json_string("text", text);
		json_end('}');
	} else {
		printf("%-4s  %-26s %s\n", verdict_names[verdict], name, text);
	}
}

/* ---- kernel and machine ---- */

static void check_kernel(void)
{
	struct utsname uts;
	char path[TEXT_MAX];

	uname(&uts);
	if (strcmp(uts.machine, "x86_64"))
		report(BAD, "architecture", "%s: Atmos is for x86-64 only",
		       uts.machine);
	else
		report(OK, "architecture", "%s", uts.machine);
	report(OK, "kernel", "%s", uts.release);
	snprintf(path, sizeof(path), "/lib/modules/%s/build", uts.release);
	if (access(path, R_OK))
		report(NOTE, "headers",
		       "%s is not there: needed only to build the module",
		       path);
	else
		report(OK, "headers", "%s", path);
}

/* What a feature is to Atmos when it is missing. */
static const struct feature {
	const char *flag;
	enum verdict without;
	const char *text;
} features[] = {
	{ "nx", BAD, "data pages of a domain would be executable" },
	{ "fsgsbase", BAD, "the gate could not keep GS base safe from NMIs" },
	{ "smep", NOTE,
	  "privilege=kernel is refused, the return predictor not covered" },
	{ "smap", NOTE, "the kernel could read user memory by mistake" },
	{ "pcid", NOTE, "every entry flushes the TLB" },
	{ "umip", NOTE,
	  "domains can read descriptor table addresses (not contents)" },
};

static void check_cpu(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(features); i++) {
		const struct feature *f = &features[i];

		if (cpu_flag(f->flag))
			report(OK, f->flag, "the CPU has it");
		else
			report(f->without, f->flag, "missing: %s", f->text);
	}
	if (cpu_flag("fred"))
		report(BAD, "fred",
		       "on: its entry points do not follow the page table; "
		       "boot with fred=off");
	else
		report(OK, "fred", "off or not there");
	report(OK, "paging", "%s levels, page-table isolation %s",
	       cpu_flag("la57") ? "4 or 5" : "4",
	       cpu_flag("pti") ? "on" : "off");
}

static void check_guest(void)
{
	char type[TEXT_MAX];

	if (read_line("/sys/hypervisor/guest_type", type, sizeof(type)) &&
	    !strcmp(type, "PV"))
		report(BAD, "xen",
		       "a PV guest: the hypervisor owns page and descriptor tables");
	else
		report(OK, "xen", "not a PV guest");
	if (cpu_flag("tdx_guest"))
		report(BAD, "encryption",
		       "a TDX guest: its exceptions cannot be taken in a domain");
}

static void check_lockdown(void)
{
	static const char secure_boot[] =
		"/sys/firmware/efi/efivars/SecureBoot-"
		"8be4df61-93ca-11d2-aa0d-00e098032b8c";
	char text[TEXT_MAX], enforce[8];
	unsigned char value[5] = {};
	FILE *file;

	if (!read_line("/sys/kernel/security/lockdown", text, sizeof(text)))
		report(NOTE, "lockdown",
		       "cannot be told (securityfs is not mounted, or no right)");
	else if (strstr(text, "[confidentiality]"))
		report(BAD, "lockdown",
		       "confidentiality: the module refuses to load");
	else
		report(OK, "lockdown", "%s", text);

	read_line("/sys/module/module/parameters/sig_enforce", enforce,
		  sizeof(enforce));
	file = fopen(secure_boot, "re");
	if (file) {
		if (fread(value, 1, sizeof(value), file) != sizeof(value))
			value[4] = 0;
		fclose(file);
	}
	if (value[4] == 1 || enforce[0] == 'Y')
		report(NOTE, "module signatures",
		       "Secure Boot %s, enforced %s: sign atmos.ko with a key the kernel trusts",
		       value[4] == 1 ? "on" : "off",
		       enforce[0] == 'Y' ? "yes" : "no");
	else
		report(OK, "module signatures", "not needed (Secure Boot off)");
}

/* ---- the module ---- */

/* Is a module named atmos installed for the running kernel? */
static bool module_installed(void)
{
	char path[TEXT_MAX], line[TEXT_MAX];
	struct utsname uts;
	bool found = false;
	FILE *file;

	uname(&uts);
	snprintf(path, sizeof(path), "/lib/modules/%s/modules.dep",
		 uts.release);
	file = fopen(path, "re");
	if (!file)
		return false;
	while (!found && fgets(line, sizeof(line), file))
		found = strstr(line, "/atmos.ko") != NULL;
	fclose(file);
	return found;
}

static void module_parameters(char *text, size_t size)
{
	static const char folder[] = "/sys/module/atmos/parameters";
	DIR *dir = opendir(folder);
	char path[TEXT_MAX], value[64];
	struct dirent *entry;
	size_t len = 0;

	text[0] = '\0';
	if (!dir)
		return;
	while ((entry = readdir(dir)) && len < size) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		if (read_line(path, value, sizeof(value)))
			len += snprintf(text + len, size - len, " %s=%s",
					entry->d_name, value);
	}
	closedir(dir);
}

static void read_info(const struct reply *reply, void *arg)
{
	(void)arg;
	snprintf(mitigations, sizeof(mitigations), "%s",
		 reply_string(reply, ATMOS_A_INFO_MITIGATIONS));
	report(OK, "control",
	       "family %s answers: contract version %llu, domains at %s privilege",
	       ATMOS_FAMILY_NAME,
	       (unsigned long long)reply_number(reply, ATMOS_A_INFO_ABI),
	       reply_enum(reply, ATMOS_A_INFO_PRIVILEGE));
	if (reply_attr(reply, ATMOS_A_INFO_TEST_INTERFACE))
		report(NOTE, "test interface",
		       "on: for tests only, never on a machine in use");
	if (reply_attr(reply, ATMOS_A_INFO_UNSIGNED_IMAGES))
		report(NOTE, "unsigned images", "load: for development only");
	report(strstr(mitigations, "NOT covered") ? NOTE : OK, "gate",
	       "%s, on each crossing: %s",
	       reply_attr(reply, ATMOS_A_INFO_PCID) ? "PCIDs in use"
						    : "no PCIDs",
	       mitigations);
}

static void check_module(void)
{
	char version[64], parameters[TEXT_MAX];
	const char *why;

	if (access("/sys/module/atmos", F_OK)) {
		report(NOTE, "module", "not loaded; %s",
		       module_installed() ? "installed: modprobe atmos"
					  : "not installed for this kernel");
		return;
	}
	read_line("/sys/module/atmos/version", version, sizeof(version));
	module_parameters(parameters, sizeof(parameters));
	report(strcmp(version, VERSION) ? NOTE : OK, "module",
	       "version %s (atmosctl %s),%s", version, VERSION, parameters);
	if (ctl_try_open(&why))
		ctl_send(ctl_begin(ATMOS_CMD_INFO_GET, false), &spec_info,
			 read_info, NULL);
	else
		report(BAD, "control", "the module is there, but %s", why);
}

/* ---- speculation ---- */

/*
 * What the gate has to do about a weakness: any of these words in what the
 * module says it does; or, without words, why nothing is left to do.
 */
static const struct weakness {
	const char *file;
	const char *words[4];
	const char *text;
} weaknesses[] = {
	{ "mds", { "verw" }, NULL },
	{ "tsx_async_abort", { "verw" }, NULL },
	{ "mmio_stale_data", { "verw" }, NULL },
	{ "reg_file_data_sampling", { "verw" }, NULL },
	{ "tsa", { "verw" }, NULL },
	{ "retbleed", { "untrain-ret", "ibrs", "ibpb-on-exit" }, NULL },
	{ "spec_rstack_overflow", { "untrain-ret", "ibpb-on-exit" }, NULL },
	{ "spectre_v2",
	  { NULL },
	  "the return stack is filled on each exit; see also ibpb" },
	{ "meltdown",
	  { NULL },
	  "a domain's page table maps no data of the kernel" },
	{ "l1tf",
	  { NULL },
	  "a domain's page table has no absent entry that names memory" },
};

static const struct weakness *find_weakness(const char *file)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(weaknesses); i++) {
		if (!strcmp(weaknesses[i].file, file))
			return &weaknesses[i];
	}
	return NULL;
}

static void check_weakness(const char *file, const char *state)
{
	const struct weakness *w = find_weakness(file);
	size_t i;

	if (!strncmp(state, "Not affected", 12)) {
		report(OK, file, "%s", state);
	} else if (!w) {
		report(strncmp(state, "Vulnerable", 10) ? OK : NOTE, file,
		       "%s; the gate adds nothing to the kernel's own", state);
	} else if (w->text) {
		report(OK, file, "%s; %s", state, w->text);
	} else if (!mitigations[0]) {
		report(NOTE, file,
		       "%s; load the module to see what the gate does", state);
	} else {
		for (i = 0; i < ARRAY_SIZE(w->words) && w->words[i]; i++) {
			if (has_word(mitigations, w->words[i])) {
				report(OK, file, "%s; the gate: %s", state,
				       w->words[i]);
				return;
			}
		}
		report(NOTE, file, "%s; not covered by the gate", state);
	}
}

static int no_dots(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static void check_weaknesses(void)
{
	static const char folder[] = "/sys/devices/system/cpu/vulnerabilities";
	char path[TEXT_MAX], state[TEXT_MAX];
	struct dirent **names;
	int i, nr;

	nr = scandir(folder, &names, no_dots, alphasort);
	if (nr < 0) {
		report(NOTE, "speculation", "%s cannot be read", folder);
		return;
	}
	for (i = 0; i < nr; i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, names[i]->d_name);
		if (read_line(path, state, sizeof(state)))
			check_weakness(names[i]->d_name, state);
	}
}

int do_doctor(int argc, char **argv)
{
	(void)argv;
	if (argc)
		usage("doctor");
	if (options.json) {
		json_begin(NULL, '{');
		json_begin("checks", '[');
	}
	check_kernel();
	check_cpu();
	check_guest();
	check_lockdown();
	check_module();
	check_weaknesses();
	if (options.json) {
		json_end(']');
		json_number("ok", verdicts[OK]);
		json_number("note", verdicts[NOTE]);
		json_number("bad", verdicts[BAD]);
		json_end('}');
	} else {
		printf("%u ok, %u notes, %u bad\n", verdicts[OK],
		       verdicts[NOTE], verdicts[BAD]);
	}
	return verdicts[BAD] ? STATUS_FAILED : STATUS_OK;
}
