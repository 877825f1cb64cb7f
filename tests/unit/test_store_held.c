// SPDX-License-Identifier: GPL-3.0-or-later
// Versions that are held back: kept over restarts, read into a draft, and what
// becomes of files that are damaged.
#include "store_case.h"

#include <dirent.h>
#include <fcntl.h>

#include "store/held.h"

static const struct store_held sample = {
	.serial = 8, .since = 1790000000, .names = 12, .records = 34, .check = "max-shrink",
	.why = "9,120 of 10,004 names would go (91 %, limit 75 %)",
};

static struct store_held seen;
static uint8_t seen_origin[NAME_MAX_WIRE];
static unsigned seen_count;

static int see(void *context, const uint8_t *origin, const struct store_held *held)
{
	(void)context;
	seen = *held;
	memcpy(seen_origin, origin, name_length(origin));
	seen_count++;
	return 0;
}

static void see_all(struct store *store)
{
	seen_count = 0;
	assert_int_equal(store_held_each(store, see, NULL), 0);
}

static void put(struct store *store, const struct store_held *held, const struct zone_version *version)
{
	char why[256];
	if (store_held_put(store, zone_case_name("example.com"), held, version, why) != 0)
		fail_msg("%s", why);
}

// The only file in the folder.
static const char *the_file(const char *store_name)
{
	static char path[512];
	char folder[256];
	snprintf(folder, sizeof folder, "%s/held", store_case_path(store_name));
	DIR *dir = opendir(folder);
	assert_non_null(dir);
	path[0] = '\0';
	for (struct dirent *entry; (entry = readdir(dir)) != NULL;)
		if (entry->d_name[0] != '.')
			snprintf(path, sizeof path, "%s/%.200s", folder, entry->d_name);
	closedir(dir);
	return path;
}

static void test_it_is_there_after_a_restart(void **state)
{
	struct zone_case c;
	struct store *store = store_case_open("restart");
	(void)state;
	see_all(store);
	assert_int_equal(seen_count, 0);
	zone_case_parse(&c, ZONE_HEAD "www 60 A 192.0.2.1\nsub.www 60 TXT \"a\" \"b\"\n");
	put(store, &sample, c.version);
	store_close(store);

	store = store_case_open("restart");
	see_all(store);
	assert_int_equal(seen_count, 1);
	assert_memory_equal(seen_origin, zone_case_name("example.com"), 13);
	assert_memory_equal(&seen, &sample, sizeof seen);
	store_held_drop(store, zone_case_name("EXAMPLE.com"));
	see_all(store);
	assert_int_equal(seen_count, 0);
	store_held_drop(store, zone_case_name("example.com"));
	store_close(store);
	zone_case_end(&c);
}

// Read over what is served, so that the difference falls out.
static void test_its_content_goes_into_a_draft(void **state)
{
	struct zone_case old, new;
	struct zone_draft *draft;
	const struct zone_version *version;
	struct zone_draft_cost cost;
	struct store *store = store_case_open("draft");
	char why[256];
	(void)state;
	zone_case_parse(&new, ZONE_HEAD "www 60 A 192.0.2.2\n");
	put(store, &sample, new.version);
	zone_case_parse(&old, ZONE_HEAD "www 60 A 192.0.2.1\nmail 60 A 192.0.2.1\n");

	assert_int_equal(zone_draft_from(old.line, old.version, &draft), 0);
	assert_int_equal(zone_draft_replace_begin(draft), 0);
	assert_int_equal(store_held_read(store, zone_case_name("Example.com"), draft, why), 0);
	assert_int_equal(zone_draft_replace_end(draft), 0);
	zone_draft_cost(draft, &cost);
	assert_int_equal(cost.records_added, 1);
	assert_int_equal(cost.records_removed, 2);
	assert_int_equal(zone_draft_seal(draft, &version), 0);
	zone_case_holds(version, ZONE_HEAD_RECORDS "www.example.com. 60 IN A 192.0.2.2\n");
	zone_release(version);
	store_close(store);
	zone_case_end(&old);
	zone_case_end(&new);
}

static int read_anew(struct store *store, char why[static 256])
{
	struct zone_line *line;
	struct zone_draft *draft;
	assert_int_equal(zone_line_new(zone_case_name("example.com"), &line), 0);
	assert_int_equal(zone_draft_new(line, &draft), 0);
	int error = store_held_read(store, zone_case_name("example.com"), draft, why);
	zone_draft_abandon(draft);
	zone_line_release(line);
	return error;
}

static void test_of_a_rejected_one_the_serial_stays(void **state)
{
	struct zone_case c;
	struct store *store = store_case_open("rejected");
	struct store_held rejected = sample;
	char why[256];
	(void)state;
	assert_int_equal(read_anew(store, why), ERR_NOT_FOUND);
	zone_case_parse(&c, ZONE_HEAD);
	put(store, &sample, c.version);
	rejected.is_rejected = true;
	put(store, &rejected, NULL);
	see_all(store);
	assert_int_equal(seen_count, 1);
	assert_true(seen.is_rejected);
	assert_int_equal(read_anew(store, why), ERR_NOT_FOUND);
	store_close(store);
	zone_case_end(&c);
}

static void test_damage_is_found(void **state)
{
	struct zone_case c;
	struct store *store = store_case_open("damage");
	struct stat file;
	char why[256];
	(void)state;
	zone_case_parse(&c, ZONE_HEAD "www 60 A 192.0.2.2\n");
	put(store, &sample, c.version);
	assert_int_equal(stat(the_file("damage"), &file), 0);
	for (off_t at = 0; at < file.st_size; at++) {
		int fd = open(the_file("damage"), O_RDWR | O_CLOEXEC);
		uint8_t byte, other;
		assert_int_equal(pread(fd, &byte, 1, at), 1);
		other = byte ^ 0x40;
		assert_int_equal(pwrite(fd, &other, 1, at), 1);
		int error = read_anew(store, why);
		if (error != ERR_CORRUPT && error != ERR_UNSUPPORTED)
			fail_msg("byte %d changed: %d", (int)at, error);
		assert_int_equal(pwrite(fd, &byte, 1, at), 1);
		close(fd);
	}
	assert_int_equal(read_anew(store, why), 0);
	// One that cannot be read, or was not written to its end, is removed.
	assert_int_equal(truncate(the_file("damage"), 50), 0);
	see_all(store);
	assert_int_equal(seen_count, 0);
	assert_string_equal(the_file("damage"), "");
	store_close(store);
	zone_case_end(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_it_is_there_after_a_restart),
		cmocka_unit_test(test_its_content_goes_into_a_draft),
		cmocka_unit_test(test_of_a_rejected_one_the_serial_stays),
		cmocka_unit_test(test_damage_is_found),
	};
	return cmocka_run_group_tests(tests, store_case_open_all, store_case_close_all);
}
