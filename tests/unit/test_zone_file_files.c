// SPDX-License-Identifier: GPL-3.0-or-later
// Zone files on disk: includes, BIND's raw form, files larger than the window
// they are read through, and writing.
#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include "zone_case.h"

#define FOLDER ZONEFILE_FOLDER "/"

static char scratch[] = "/tmp/zone-file-XXXXXX";

static int open_all(void **state)
{
	return mkdtemp(scratch) == NULL || zone_case_open(state) != 0;
}

static int close_all(void **state)
{
	char command[64];
	snprintf(command, sizeof command, "rm -r %s", scratch);
	return system(command) != 0 || zone_case_close(state) != 0;
}

static const char *scratch_file(const char *name)
{
	static char path[128];
	snprintf(path, sizeof path, "%s/%s", scratch, name);
	return path;
}

static void expect_refused(const char *path, int error, const char *message)
{
	struct zone_case c;
	zone_case_read(&c, path);
	if (c.error != error || strstr(c.result.message, message) == NULL)
		fail_msg("got %d \"%s\", wanted %d \"%s\"", c.error, c.result.message, error, message);
	zone_case_end(&c);
}

// --- $INCLUDE

static void test_include(void **state)
{
	struct zone_case c;
	(void)state;
	zone_case_read(&c, FOLDER "include/main.zone");
	assert_string_equal(c.result.message, "");
	assert_int_equal(c.error, 0);
	zone_case_holds(c.version,
	                "example.com. 600 IN SOA ns.example.com. hostmaster.example.com. 1 7200 900 1209600 300\n"
	                "example.com. 600 IN NS ns.example.com.\n"
	                "ns.example.com. 600 IN A 192.0.2.1\n"
	                "host.sub.example.com. 600 IN A 192.0.2.2\n"
	                "host.sub.example.com. 600 IN A 192.0.2.3\n"
	                "sub.example.com. 600 IN TXT \"common\"\n"
	                "inner.sub.example.com. 600 IN TXT \"at the inner name\"\n"
	                "deeper.sub.example.com. 600 IN TXT \"no newline behind this\"\n"
	                "lost.elsewhere.example.com. 600 IN TXT \"the origin goes back to the includer's\"\n"
	                "other.sub.example.com. 600 IN TXT \"common\"\n"
	                "inner.other.sub.example.com. 600 IN TXT \"at the inner name\"\n"
	                "deeper.other.sub.example.com. 600 IN TXT \"no newline behind this\"\n"
	                "third.example.com. 600 IN TXT \"common\"\n"
	                "inner.third.example.com. 600 IN TXT \"at the inner name\"\n"
	                "deeper.third.example.com. 600 IN TXT \"no newline behind this\"\n"
	                "last.sub.example.com. 600 IN A 192.0.2.4\n");
	zone_case_end(&c);
}

static void test_include_refused(void **state)
{
	(void)state;
	expect_refused(FOLDER "include/loop.zone", ERR_LIMIT,
	               "include/loop.zone:4: $INCLUDE nests deeper than 10; does a file include itself?");
	expect_refused(FOLDER "none.zone", ERR_IO, "none.zone: cannot be opened: No such file or directory");
	expect_refused(FOLDER, ERR_IO, "cannot be opened: Is a directory");
	const char *path = scratch_file("includes-none.zone");
	FILE *file = fopen(path, "w");
	fputs(ZONE_HEAD "$INCLUDE gone.zone\n", file);
	fclose(file);
	expect_refused(path, ERR_IO, "includes-none.zone:3: $INCLUDE ");
	expect_refused(path, ERR_IO, "/gone.zone: No such file or directory");
}

static void test_carriage_returns(void **state)
{
	struct zone_case c;
	(void)state;
	zone_case_read(&c, FOLDER "crlf.zone");
	assert_string_equal(c.result.message, "");
	zone_case_holds(c.version,
	                "example.com. 600 IN SOA ns.example.com. hostmaster.example.com. 1 7200 900 1209600 300\n"
	                "example.com. 600 IN NS ns.example.com.\n"
	                "ns.example.com. 600 IN A 192.0.2.1\n"
	                "txt.example.com. 600 IN TXT \"a b\"\n"
	                "last.example.com. 600 IN A 192.0.2.2\n");
	zone_case_end(&c);
}

// --- types

// types.raw is types.zone as BIND understands it, so the rdata of every type
// that we rewrite for the scanner is what BIND makes of the same text.
static void test_types_as_bind_has_them(void **state)
{
	struct zone_case text, raw, raw0;
	(void)state;
	zone_case_read(&text, FOLDER "types.zone");
	zone_case_read(&raw, FOLDER "types.raw");
	zone_case_read(&raw0, FOLDER "types.raw0");
	assert_string_equal(text.result.message, "");
	assert_string_equal(raw.result.message, "");
	assert_string_equal(raw0.result.message, "");
	assert_int_equal(text.result.records, 74);
	assert_int_equal(raw.result.records, 74);
	char *records = zone_case_text(text.version);
	zone_case_holds(raw.version, records);
	zone_case_holds(raw0.version, records);
	free(records);
	zone_case_end(&text);
	zone_case_end(&raw);
	zone_case_end(&raw0);
}

// Types that BIND 9.18 does not know in text, from their specifications.
static void test_types_newer_than_bind(void **state)
{
	(void)state;
	zone_case_gives("a 60 DSYNC CDS NOTIFY 5359 scan.net.\n"
	                "b 60 DSYNC CSYNC 128 0 ( sub ) ; a comment\n"
	                "c 60 RESINFO qnamemin exterr=15-17\n"
	                "d 60 WALLET BTC abc\n"
	                "e 60 AMTRELAY 10 1 3 relay\n"
	                "f 60 AMTRELAY 128 0 0 .\n"
	                "g 60 AMTRELAY 1 0 2 2001:db8::1\n"
	                "h 60 SVCB 1 . dohpath=/q{?dns} ohttp\n"
	                "i 60 NSEC j A DSYNC HIP\n",
	                "a.example.com. 60 IN TYPE66 \\# 15 003b0114ef047363616e036e657400\n"
	                "b.example.com. 60 IN TYPE66 \\# 22 003e80000003737562076578616d706c6503636f6d00\n"
	                "c.example.com. 60 IN TYPE261 \\# 22 08716e616d656d696e0c6578746572723d31352d3137\n"
	                "d.example.com. 60 IN TYPE262 \\# 8 0342544303616263\n"
	                "e.example.com. 60 IN TYPE260 \\# 21 0a830572656c6179076578616d706c6503636f6d00\n"
	                "f.example.com. 60 IN TYPE260 \\# 2 8000\n"
	                "g.example.com. 60 IN TYPE260 \\# 18 010220010db8000000000000000000000001\n"
	                "h.example.com. 60 IN SVCB 1 . key7=\"/q{?dns}\" key8\n"
	                "i.example.com. 60 IN NSEC j.example.com. A TYPE55 TYPE66\n");
}

static void test_types_malformed(void **state)
{
	static const char *const records[] = {
		"X25 a b", "ISDN a b c", "GPOS 1 2", "HIP 2 xyz AAAA", "HIP 2 1234", "HIP 2 1234 A*",
		"AMTRELAY 1 2 1 192.0.2.1", "AMTRELAY 1 0 4 x", "AMTRELAY 1 0 1 ::1", "NSAP 47", "NSAP 0x4",
		"PX 1 a.", "PX 1 a. b. c.", "WKS 192.0.2.1 tcp 65536", "WKS 192.0.2.1 tcp no-such-service",
		"EID 123", "NIMLOC xy", "NXT a. TYPE200", "ATMA +12x", "A6 129 ::1", "A6 64 ::1", "NULL x",
		"DSYNC CDS NOTIFY 65536 a.", "DOA 1 2 3 x ====", "SINK 1 2", "MB a b",
	};
	(void)state;
	for (size_t i = 0; i < sizeof records / sizeof records[0]; i++) {
		char text[256];
		snprintf(text, sizeof text, ZONE_HEAD "a 60 %s\n", records[i]);
		zone_case_fails(text, ERR_FORMAT, "test.zone:3: ");
	}
}

// --- raw files

static size_t slurp(const char *path, uint8_t *bytes, size_t room)
{
	FILE *file = fopen(path, "r");
	assert_non_null(file);
	size_t length = fread(bytes, 1, room, file);
	fclose(file);
	return length;
}

static void spill(const char *path, const uint8_t *bytes, size_t length)
{
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, length, file), length);
	fclose(file);
}

// A raw file cut anywhere but between two sets is damaged, and says so.
static void test_raw_cut_short(void **state)
{
	static uint8_t bytes[8192];
	size_t length = slurp(FOLDER "types.raw", bytes, sizeof bytes);
	const char *path = scratch_file("cut.raw");
	struct zone_case c;
	unsigned good = 0;
	(void)state;
	for (size_t cut = 4; cut < length; cut += 7) {
		spill(path, bytes, cut);
		zone_case_begin(&c, "example.com");
		c.error = zone_file_read(path, zone_case_name("example.com"), c.draft, &c.result);
		if (c.error == 0)
			good++;
		else
			assert_non_null(strstr(c.result.message, "cut.raw: byte "));
		zone_draft_abandon(c.draft);
		zone_case_end(&c);
	}
	assert_true(good < 30); // the cuts that fell between two sets
}

static void test_raw_of_other_kinds(void **state)
{
	static uint8_t bytes[8192];
	size_t length = slurp(FOLDER "types.raw", bytes, sizeof bytes);
	const char *path = scratch_file("other.raw");
	(void)state;
	bytes[3] = 3;
	spill(path, bytes, length);
	expect_refused(path, ERR_UNSUPPORTED, "convert it: named-compilezone -f map -F text");
	bytes[3] = 2;
	bytes[7] = 2;
	spill(path, bytes, length);
	expect_refused(path, ERR_UNSUPPORTED, "version 2 of BIND's raw format is not known");
	bytes[7] = 1;
	bytes[24 + 5] = 3; // the class of the first set
	spill(path, bytes, length);
	expect_refused(path, ERR_FORMAT, "class 3: only zones of class IN are served");
}

// --- large files

// Records in parentheses fall on the edge of the window again and again, and
// lines are still counted right behind them.
static void test_larger_than_the_window(void **state)
{
	const char *path = scratch_file("large.zone");
	FILE *file = fopen(path, "w");
	struct zone_case c;
	(void)state;
	assert_non_null(file);
	fputs(ZONE_HEAD, file);
	for (int i = 0; i < 30000; i++)
		fprintf(file, "h%d 60 TXT ( \"first ( string\" ; comment )\r\n\"second\"\n\n  \"%d\" )\n", i, i);
	fclose(file);
	zone_case_read(&c, path);
	assert_string_equal(c.result.message, "");
	assert_int_equal(c.error, 0);
	assert_int_equal(c.result.records, 30002);
	zone_case_end(&c);

	file = fopen(path, "a");
	fputs("bad 60 A x\n", file);
	fclose(file);
	expect_refused(path, ERR_FORMAT, "large.zone:120003: ");
}

// One record larger than the window: a comment of 2 MiB within parentheses.
static void test_record_larger_than_the_window(void **state)
{
	const char *path = scratch_file("long.zone");
	FILE *file = fopen(path, "w");
	struct zone_case c;
	(void)state;
	fputs(ZONE_HEAD "a 60 MX ( 10\n", file);
	for (int i = 0; i < 32768; i++)
		fputs("; sixty-four bytes of comment that nobody will read to its end.\n", file);
	fputs("mail )\nb 60 A 192.0.2.1\n", file);
	fclose(file);
	zone_case_read(&c, path);
	assert_string_equal(c.result.message, "");
	zone_case_holds(c.version, ZONE_HEAD_RECORDS "a.example.com. 60 IN MX 10 mail.example.com.\n"
	                                             "b.example.com. 60 IN A 192.0.2.1\n");
	zone_case_end(&c);
}

// --- writing

static unsigned files_in_scratch(void)
{
	unsigned count = 0;
	DIR *folder = opendir(scratch);
	for (struct dirent *entry; (entry = readdir(folder)) != NULL;)
		count += entry->d_name[0] != '.';
	closedir(folder);
	return count;
}

// What is written reads back as the same zone, and BIND takes it too.
static void test_write(void **state)
{
	struct zone_case c, back;
	struct stat st;
	char message[256], first[256], second[256];
	const char *path = scratch_file("written.zone");
	(void)state;
	zone_case_read(&c, FOLDER "types.zone");
	unsigned before = files_in_scratch();
	assert_int_equal(zone_file_write(c.version, path, message), 0);
	assert_int_equal(zone_file_write(c.version, path, message), 0);
	assert_int_equal(files_in_scratch(), before + 1);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0644);

	zone_case_read(&back, path);
	assert_string_equal(back.result.message, "");
	char *records = zone_case_text(c.version);
	zone_case_holds(back.version, records);
	free(records);
	zone_case_end(&back);
	zone_case_end(&c);

	FILE *file = fopen(path, "r");
	assert_non_null(fgets(first, sizeof first, file));
	assert_non_null(fgets(second, sizeof second, file));
	fclose(file);
	assert_int_equal(strncmp(first, "; example.com. serial 2024010101, written by Understudy ", 56), 0);
	assert_int_equal(strncmp(second, "example.com. 3600 IN SOA ", 25), 0);

	if (system("command -v named-checkzone >/dev/null") == 0) {
		char command[256];
		snprintf(command, sizeof command, "named-checkzone -q -i none -k ignore example.com %s", path);
		assert_int_equal(system(command), 0);
	}
}

static void test_write_where_it_cannot(void **state)
{
	struct zone_case c;
	char message[256];
	(void)state;
	zone_case_parse(&c, ZONE_HEAD);
	assert_int_equal(zone_file_write(c.version, "/proc/none/written.zone", message), ERR_IO);
	assert_non_null(strstr(message, "/proc/none/written.zone: no file can be made in its folder: "));
	assert_int_equal(zone_file_write(c.version, scratch, message), ERR_IO);
	assert_non_null(strstr(message, "cannot be replaced"));
	zone_case_end(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_include),
		cmocka_unit_test(test_include_refused),
		cmocka_unit_test(test_carriage_returns),
		cmocka_unit_test(test_types_as_bind_has_them),
		cmocka_unit_test(test_types_newer_than_bind),
		cmocka_unit_test(test_types_malformed),
		cmocka_unit_test(test_raw_cut_short),
		cmocka_unit_test(test_raw_of_other_kinds),
		cmocka_unit_test(test_larger_than_the_window),
		cmocka_unit_test(test_record_larger_than_the_window),
		cmocka_unit_test(test_write),
		cmocka_unit_test(test_write_where_it_cannot),
	};
	return cmocka_run_group_tests(tests, open_all, close_all);
}
