// SPDX-License-Identifier: GPL-3.0-or-later
// Snapshots: a version goes in, the same comes out, and no damage passes.
#include "store/snapshot.h"

#include "store_case.h"

struct bytes {
	uint8_t *at;
	size_t length;
	size_t most; // 0: no bound
};

static int collect(void *context, const uint8_t *bytes, size_t length)
{
	struct bytes *to = context;
	if (to->most != 0 && to->length + length > to->most)
		return ERR_SPACE;
	to->at = realloc(to->at, to->length + length);
	memcpy(to->at + to->length, bytes, length);
	to->length += length;
	return 0;
}

static struct bytes write_out(const struct zone_version *version)
{
	struct snapshot_buffer buffer = { 0 };
	struct bytes bytes = { 0 };
	assert_int_equal(snapshot_write(version, 1700000000, &buffer, collect, &bytes), 0);
	snapshot_buffer_free(&buffer);
	return bytes;
}

static int read_in(const struct bytes *bytes, const char *origin, const struct zone_version **version, char why[static 256])
{
	struct zone_line *line;
	struct snapshot_source source = { bytes->at, bytes->length, NULL };
	assert_int_equal(zone_line_new(zone_case_name(origin), &line), 0);
	int error = snapshot_read(&source, zone_case_name(origin), line, version, why);
	zone_line_release(line);
	return error;
}

static void test_same_zone_comes_back(void **state)
{
	struct zone_case c;
	const struct zone_version *back;
	char why[256];
	(void)state;
	zone_case_read(&c, ZONEFILE_FOLDER "/types.zone");
	struct bytes bytes = write_out(c.version);
	assert_int_equal(read_in(&bytes, "example.com", &back, why), 0);
	char *text = zone_case_text(c.version);
	zone_case_holds(back, text);
	free(text);
	free(bytes.at);
	zone_release(back);
	zone_case_end(&c);
}

// Many blocks, and sets larger than one.
static void test_large(void **state)
{
	struct zone_case c;
	const struct zone_version *back;
	struct zone_figures figures, figures_back;
	char why[256];
	(void)state;
	store_case_zone(&c, "example.com", 9, 30000);
	struct bytes bytes = write_out(c.version);
	assert_true(bytes.length > 4 * SNAPSHOT_BLOCK);
	assert_int_equal(read_in(&bytes, "example.com", &back, why), 0);
	zone_figures(c.version, &figures);
	zone_figures(back, &figures_back);
	assert_int_equal(figures.records, figures_back.records);
	assert_int_equal(figures.names, figures_back.names);
	zone_release(back);
	zone_case_end(&c);
	free(bytes.at);

	char *text = malloc(5000 * 80), *at = text;
	at += sprintf(at, ZONE_HEAD);
	for (int i = 0; i < 5000; i++)
		at += sprintf(at, "big 60 TXT \"%050d\"\n", i);
	zone_case_parse(&c, text);
	free(text);
	bytes = write_out(c.version);
	assert_int_equal(read_in(&bytes, "example.com", &back, why), 0);
	zone_figures(back, &figures);
	assert_int_equal(figures.records, 5002);
	zone_release(back);
	zone_case_end(&c);
	free(bytes.at);
}

// Any byte that changes, and any end that is missing, is noticed.
static void test_no_damage_passes(void **state)
{
	struct zone_case c;
	const struct zone_version *back;
	char why[256];
	(void)state;
	store_case_zone(&c, "example.com", 9, 20);
	struct bytes bytes = write_out(c.version);
	for (size_t i = 0; i < bytes.length; i++) {
		bytes.at[i] ^= 0x10;
		why[0] = '\0';
		assert_true(read_in(&bytes, "example.com", &back, why) < 0);
		assert_string_not_equal(why, "");
		bytes.at[i] ^= 0x10;
	}
	size_t length = bytes.length;
	for (bytes.length = 0; bytes.length < length; bytes.length++)
		assert_int_equal(read_in(&bytes, "example.com", &back, why), ERR_CORRUPT);
	assert_int_equal(read_in(&bytes, "example.net", &back, why), ERR_CORRUPT);
	assert_string_equal(why, "the snapshot is of another zone");
	free(bytes.at);
	zone_case_end(&c);
}

// Blocks that trade places have good sums each, but not in that place.
static void test_blocks_in_order(void **state)
{
	struct zone_case c;
	const struct zone_version *back;
	char why[256];
	(void)state;
	store_case_zone(&c, "example.com", 9, 20000);
	struct bytes bytes = write_out(c.version);
	size_t first = (size_t)(bytes.at[10] | bytes.at[11] << 8);
	size_t length = 24 + ((size_t)bytes.at[first] | (size_t)bytes.at[first + 1] << 8 | (size_t)bytes.at[first + 2] << 16);
	memmove(bytes.at + first, bytes.at + first + length, bytes.length - first - length);
	bytes.length -= length;
	assert_int_equal(read_in(&bytes, "example.com", &back, why), ERR_CORRUPT);
	assert_string_equal(why, "block 0 of the snapshot is damaged");
	bytes.at[first + 4] = 0;
	assert_int_equal(read_in(&bytes, "example.com", &back, why), ERR_CORRUPT);
	assert_string_equal(why, "block 0 of the snapshot fails its checksum");
	free(bytes.at);
	zone_case_end(&c);
}

static void test_sink_that_is_full(void **state)
{
	struct zone_case c;
	struct snapshot_buffer buffer = { 0 };
	struct bytes bytes = { .most = 100 };
	(void)state;
	store_case_zone(&c, "example.com", 9, 20);
	assert_int_equal(snapshot_write(c.version, 0, &buffer, collect, &bytes), ERR_SPACE);
	free(bytes.at);
	snapshot_buffer_free(&buffer);
	zone_case_end(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same_zone_comes_back),
		cmocka_unit_test(test_large),
		cmocka_unit_test(test_no_damage_passes),
		cmocka_unit_test(test_blocks_in_order),
		cmocka_unit_test(test_sink_that_is_full),
	};
	return cmocka_run_group_tests(tests, zone_case_open, zone_case_close);
}
