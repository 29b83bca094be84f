// SPDX-License-Identifier: GPL-2.0-only
/*
 * inject --file RESULTS --trials N --seed S [--lanes N] [--bystanders N]
 *        [--only N,N...] [--limit SECONDS]
 *
 * Makes the trials of a campaign that RESULTS does not have yet and appends a
 * line of JSON for each. RESULTS.busy tells what each lane does, for whoever
 * finds the machine dead. Status 0: all were made; 1: it could not be begun;
 * 2: a bystander was touched; 3: the time was up. What the results mean is the caller's business.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "faultinject.h"

#define LANES_MAX      24
#define BYSTANDERS_MAX 16
#define BUSY_ROW       24

struct campaign campaign = { .lock = PTHREAD_MUTEX_INITIALIZER };

static struct lane lanes[LANES_MAX];
static struct bystander bystanders[BYSTANDERS_MAX];
static u64 limit_ns;

static void fail(const char *what)
{
	fprintf(stderr, "inject: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* ---- which trial ---- */

static void busy(u32 lane, const char *what)
{
	char row[BUSY_ROW + 1];

	snprintf(row, sizeof(row), "%-*.*s\n", BUSY_ROW - 1, BUSY_ROW - 1,
		 what);
	if (pwrite(campaign.busy, row, BUSY_ROW, lane * BUSY_ROW) != BUSY_ROW)
		fail("cannot write what is being done");
}

static bool is_done(u64 trial)
{
	return campaign.done[trial / 8] >> trial % 8 & 1;
}

bool campaign_next(u32 lane, u64 *trial)
{
	char text[BUSY_ROW];
	bool found = false;
	u64 end = campaign.only ? campaign.nr_only : campaign.trials;

	pthread_mutex_lock(&campaign.lock);
	while (!found && campaign.next < end &&
	       (!limit_ns || now_ns() < limit_ns)) {
		*trial = campaign.only ? campaign.only[campaign.next]
				       : campaign.next;
		campaign.next++;
		found = *trial < campaign.trials && !is_done(*trial);
	}
	pthread_mutex_unlock(&campaign.lock);
	if (!found)
		return false;
	snprintf(text, sizeof(text), "%llu", (unsigned long long)*trial);
	busy(lane, text);
	return true;
}

void campaign_idle(u32 lane)
{
	busy(lane, "-");
}

void campaign_result(u64 trial, const char *line)
{
	size_t len = strlen(line);

	pthread_mutex_lock(&campaign.lock);
	if (write(campaign.file, line, len) != len)
		fail("cannot write a result");
	campaign.done[trial / 8] |= 1 << trial % 8;
	pthread_mutex_unlock(&campaign.lock);
}

/* Trials that the file has, of this seed; the rest of a broken last line is cut off from new ones. */
static void read_results(const char *path)
{
	unsigned long long trial, seed;
	char *line = NULL;
	size_t room = 0;
	FILE *file = fopen(path, "r");
	ssize_t n, last = 0;

	if (!file)
		fail(path);
	while ((n = getline(&line, &room, file)) > 0) {
		last = n;
		if (line[n - 1] == '\n' &&
		    sscanf(line, "{\"trial\":%llu,\"seed\":%llu,", &trial,
			   &seed) == 2 &&
		    trial < campaign.trials && seed == campaign.seed)
			campaign.done[trial / 8] |= 1 << trial % 8;
	}
	if (last && line[last - 1] != '\n' &&
	    write(campaign.file, "\n", 1) != 1)
		fail("cannot write a result");
	free(line);
	fclose(file);
}

static void read_only(char *list)
{
	char *word;

	campaign.only = calloc(strlen(list) + 1, sizeof(*campaign.only));
	if (!campaign.only)
		fail("memory");
	for (word = strtok(list, ","); word; word = strtok(NULL, ","))
		campaign.only[campaign.nr_only++] = strtoull(word, NULL, 10);
}

static const char *privilege(void)
{
	static char text[32];
	FILE *file = fopen("/sys/module/atmos/parameters/privilege", "r");

	if (!file || fscanf(file, "%31s", text) != 1)
		fail("the module's privilege");
	fclose(file);
	return text;
}

static u64 made(void)
{
	u64 i, n = 0;

	for (i = 0; i < campaign.trials; i++)
		n += is_done(i);
	return n;
}

static void open_files(const char *path)
{
	char name[4096];

	campaign.done = calloc(campaign.trials / 8 + 1, 1);
	if (!campaign.done)
		fail("memory");
	campaign.file =
		open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	if (campaign.file < 0)
		fail(path);
	snprintf(name, sizeof(name), "%s.busy", path);
	campaign.busy =
		open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (campaign.busy < 0)
		fail(name);
	read_results(path);
}

static void run(u32 nr_lanes, u32 nr_bystanders)
{
	u64 before = made(), began = now_ns(), ms;
	u32 i;

	for (i = 0; i < nr_bystanders; i++)
		if (bystander_start(&bystanders[i], i))
			fail("a bystander");
	for (i = 0; i < nr_lanes; i++)
		if (lane_start(&lanes[i], i))
			fail("a lane");
	for (i = 0; i < nr_lanes; i++)
		lane_join(&lanes[i]);
	campaign.stop = true;
	for (i = 0; i < nr_bystanders; i++)
		bystander_join(&bystanders[i]);
	log_watch();
	ms = (now_ns() - began) / 1000000;
	printf("{\"guest\":{\"trials\":%llu,\"ms\":%llu,\"bystanders\":%u,\"touched\":%u,"
	       "\"complaints\":%u}}\n",
	       (unsigned long long)(made() - before), (unsigned long long)ms,
	       nr_bystanders, campaign.touched, campaign.complaints);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "file", required_argument, NULL, 'f' },
		{ "trials", required_argument, NULL, 't' },
		{ "seed", required_argument, NULL, 's' },
		{ "lanes", required_argument, NULL, 'l' },
		{ "bystanders", required_argument, NULL, 'b' },
		{ "only", required_argument, NULL, 'o' },
		{ "limit", required_argument, NULL, 'x' },
		{},
	};
	u32 nr_lanes = 16, nr_bystanders = 6;
	const char *file = NULL;
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 'f':
			file = optarg;
			break;
		case 't':
			campaign.trials = strtoull(optarg, NULL, 10);
			break;
		case 's':
			campaign.seed = strtoull(optarg, NULL, 10);
			break;
		case 'l':
			nr_lanes = strtoul(optarg, NULL, 10);
			break;
		case 'b':
			nr_bystanders = strtoul(optarg, NULL, 10);
			break;
		case 'o':
			read_only(optarg);
			break;
		case 'x':
			limit_ns = now_ns() +
				   strtoull(optarg, NULL, 10) * 1000000000ull;
			break;
		default:
			return 1;
		}
	}
	if (!file || !campaign.trials || !nr_lanes || nr_lanes > LANES_MAX ||
	    nr_bystanders > BYSTANDERS_MAX || optind < argc) {
		fprintf(stderr,
			"usage: inject --file RESULTS --trials N --seed S\n");
		return 1;
	}
	campaign.atmos = atmos_family();
	if (campaign.atmos < 0)
		fail("the module is not loaded");
	campaign.device = open("/dev/atmos-test", O_RDWR | O_CLOEXEC);
	if (campaign.device < 0)
		fail("/dev/atmos-test");
	campaign.privilege = privilege();
	open_files(file);
	log_open();
	run(nr_lanes, nr_bystanders);
	if (campaign.touched)
		return 2;
	return limit_ns && now_ns() >= limit_ns ? 3 : 0;
}
