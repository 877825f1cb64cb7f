// SPDX-License-Identifier: GPL-3.0-or-later
// Zone files as operators write them: what is read, and what is said where it
// cannot be.
#include "zone_case.h"

static void test_owners(void **state)
{
	(void)state;
	zone_case_gives("a 60 A 192.0.2.1\n"
	                "  60 A 192.0.2.2 ; the owner before\n"
	                "\t60 TXT x\n"
	                "b.c 60 A 192.0.2.3\n"
	                "abs.example.com. 60 A 192.0.2.4\n"
	                "@ 60 A 192.0.2.5\n"
	                "* 60 A 192.0.2.6\n"
	                "dot\\.in\\.label 60 A 192.0.2.7\n",
	                "a.example.com. 60 IN A 192.0.2.1\n"
	                "a.example.com. 60 IN A 192.0.2.2\n"
	                "a.example.com. 60 IN TXT \"x\"\n"
	                "b.c.example.com. 60 IN A 192.0.2.3\n"
	                "abs.example.com. 60 IN A 192.0.2.4\n"
	                "example.com. 60 IN A 192.0.2.5\n"
	                "*.example.com. 60 IN A 192.0.2.6\n"
	                "dot\\.in\\.label.example.com. 60 IN A 192.0.2.7\n");
}

static void test_origin(void **state)
{
	(void)state;
	zone_case_gives("$ORIGIN sub.example.com.\n"
	                "a 60 CNAME b\n"
	                "$ORIGIN deeper\n"
	                "a 60 CNAME b.c\n"
	                "$origin example.com.\n"
	                "a 60 CNAME @\n",
	                "a.sub.example.com. 60 IN CNAME b.sub.example.com.\n"
	                "a.deeper.sub.example.com. 60 IN CNAME b.c.deeper.sub.example.com.\n"
	                "a.example.com. 60 IN CNAME example.com.\n");
}

static void test_layout(void **state)
{
	(void)state;
	zone_case_gives("\n   \n; a comment\n"
	                "a 60 MX ( 10 ; a comment with ) and \"\n"
	                "  mail )\n"
	                "b 60 TXT \"semi;colon (and) parenthesis\" unquoted \"esc\\\"aped\" \\065\n"
	                "c 60 TXT ( \"one\"\n\n\"two\" )\n"
	                "e 60 MX ( 10 mail\n; a comment\n\n ) ; and one\n"
	                "d 60 A 192.0.2.1",
	                "a.example.com. 60 IN MX 10 mail.example.com.\n"
	                "b.example.com. 60 IN TXT \"semi;colon (and) parenthesis\" \"unquoted\" \"esc\\\"aped\" \"A\"\n"
	                "c.example.com. 60 IN TXT \"one\" \"two\"\n"
	                "e.example.com. 60 IN MX 10 mail.example.com.\n"
	                "d.example.com. 60 IN A 192.0.2.1\n");
}

// A $ at the start of a line is a directive only between two records.
static void test_dollar_in_text(void **state)
{
	(void)state;
	zone_case_gives("a 60 TXT ( \"x\n$ORIGIN y\" )\n"
	                "b 60 TXT $TTL\n",
	                "a.example.com. 60 IN TXT \"x\\010$ORIGIN y\"\n"
	                "b.example.com. 60 IN TXT \"$TTL\"\n");
}

static void test_ttl_units_and_order(void **state)
{
	(void)state;
	zone_case_gives("$TTL 1h30m\n"
	                "a A 192.0.2.1\n"
	                "b IN 2d A 192.0.2.1\n"
	                "c 1w IN A 192.0.2.1\n"
	                "$TTL 5\n"
	                "d A 192.0.2.1\n",
	                "a.example.com. 5400 IN A 192.0.2.1\n"
	                "b.example.com. 172800 IN A 192.0.2.1\n"
	                "c.example.com. 604800 IN A 192.0.2.1\n"
	                "d.example.com. 5 IN A 192.0.2.1\n");
}

// RFC 1035, 5.1: an omitted TTL is the last one stated.
static void test_ttl_of_the_record_before(void **state)
{
	(void)state;
	zone_case_gives("a 77 A 192.0.2.1\nb A 192.0.2.2\n",
	                "a.example.com. 77 IN A 192.0.2.1\nb.example.com. 77 IN A 192.0.2.2\n");
}

// As BIND does where no TTL is to be had for the SOA.
static void test_ttl_from_soa(void **state)
{
	struct zone_case c;
	(void)state;
	zone_case_parse(&c, "@ SOA ns hm 1 2 3 4 555\n@ NS ns\na 9 A 192.0.2.1\nb A 192.0.2.1\n");
	assert_int_equal(c.error, 0);
	zone_case_holds(c.version, "example.com. 555 IN SOA ns.example.com. hm.example.com. 1 2 3 4 555\n"
	                           "example.com. 555 IN NS ns.example.com.\n"
	                           "a.example.com. 9 IN A 192.0.2.1\n"
	                           "b.example.com. 555 IN A 192.0.2.1\n");
	zone_case_end(&c);
	zone_case_fails("@ NS ns\n", ERR_FORMAT, "test.zone:1: no TTL: write one in the record, or $TTL before it");
}

static void test_ttl_too_large(void **state)
{
	struct zone_case c;
	(void)state;
	zone_case_parse(&c, ZONE_HEAD "a 2147483648 A 192.0.2.1\n");
	assert_int_equal(c.error, 0);
	assert_int_equal(c.result.warnings, 1);
	assert_string_equal(c.result.message, "test.zone:3: TTL 2147483648 is above 2147483647 and taken as 0 (RFC 2181, 8)");
	zone_case_holds(c.version, ZONE_HEAD_RECORDS "a.example.com. 0 IN A 192.0.2.1\n");
	zone_case_end(&c);
}

static void test_classes(void **state)
{
	(void)state;
	zone_case_gives("a CLASS1 60 A 192.0.2.1\n", "a.example.com. 60 IN A 192.0.2.1\n");
	zone_case_fails(ZONE_HEAD "\n\na CH 60 TXT x\n", ERR_FORMAT,
	                "test.zone:5: class CH: only zones of class IN are served, in \"a CH 60 TXT x\"");
}

static void test_names_with_odd_bytes(void **state)
{
	(void)state;
	zone_case_gives("a$b+c 60 A 192.0.2.1\n"
	                "d 60 MX 10 e&f!g\n"
	                "h@i 60 CNAME j:k\n"
	                "0/25.2 60 NS x\n",
	                "a\\$b\\+c.example.com. 60 IN A 192.0.2.1\n"
	                "d.example.com. 60 IN MX 10 e\\&f\\!g.example.com.\n"
	                "h\\@i.example.com. 60 IN CNAME j\\:k.example.com.\n"
	                "0/25.2.example.com. 60 IN NS x.example.com.\n");
}

static void test_records_out_of_zone(void **state)
{
	struct zone_case c;
	(void)state;
	zone_case_parse(&c, ZONE_HEAD "a.example.net. 60 A 192.0.2.1\ncom. 60 NS x.\nb 60 A 192.0.2.2\n");
	assert_int_equal(c.error, 0);
	assert_int_equal(c.result.warnings, 2);
	assert_int_equal(c.result.records, 3);
	assert_string_equal(c.result.message, "test.zone:4: com is not in the zone; record left out");
	zone_case_holds(c.version, ZONE_HEAD_RECORDS "b.example.com. 60 IN A 192.0.2.2\n");
	zone_case_end(&c);
}

static void test_same_record_twice(void **state)
{
	struct zone_case c;
	(void)state;
	zone_case_parse(&c, ZONE_HEAD "a 60 A 192.0.2.1\nA 60 A 192.0.2.1\n");
	assert_int_equal(c.error, 0);
	assert_int_equal(c.result.records, 3);
	zone_case_end(&c);
}

static void test_generic_form(void **state)
{
	(void)state;
	zone_case_gives("a 60 A \\# 4 c0000201\nb 60 TYPE65280 \\# 2 ( ab\ncd )\nc 60 TYPE16 \\# 2 0141\n",
	                "a.example.com. 60 IN A 192.0.2.1\n"
	                "b.example.com. 60 IN TYPE65280 \\# 2 abcd\n"
	                "c.example.com. 60 IN TXT \"A\"\n");
	zone_case_fails(ZONE_HEAD "a 60 A \\# 3 c00002\n", ERR_FORMAT,
	                "test.zone:3: the data does not fit the type of the record");
	zone_case_fails(ZONE_HEAD "a 60 TYPE6 \\# 1 00\n", ERR_FORMAT,
	                "test.zone:3: the data does not fit the type of the record");
}

static void test_carriage_returns_and_mark(void **state)
{
	struct zone_case c;
	(void)state;
	zone_case_parse(&c, "\xef\xbb\xbf@ 60 SOA ns hm (\r\n 1 2 3 4 5 )\r\n@ 60 NS ns\r\na 60 TXT \"x\"\r");
	assert_int_equal(c.error, 0);
	zone_case_holds(c.version, ZONE_HEAD_RECORDS "a.example.com. 60 IN TXT \"x\"\n");
	zone_case_end(&c);
}

static void test_carriage_return_within_a_line(void **state)
{
	(void)state;
	zone_case_fails(ZONE_HEAD "a 60 A \r 192.0.2.1\n", ERR_FORMAT, "test.zone:3: ");
}

static void test_messages(void **state)
{
	(void)state;
	zone_case_fails(ZONE_HEAD "a 60 A 192.0.2\n", ERR_FORMAT, "test.zone:3: invalid IPv4 address, in \"a 60 A 192.0.2\"");
	zone_case_fails(ZONE_HEAD "a 60 FOO x\n", ERR_FORMAT,
	                "test.zone:3: unsupported record type, in \"a 60 FOO x\"; write it as TYPEnnn");
	zone_case_fails("  60 A 192.0.2.1\n", ERR_FORMAT,
	                "test.zone:1: previous owner is invalid, in \"  60 A 192.0.2.1\"; begin the line with the owner's name");
	zone_case_fails(" \n\n  \n@ 60 NS (\n x y )\n", ERR_FORMAT, "test.zone:5: ");
	zone_case_fails(ZONE_HEAD "a 60 MX (\n 10\n mail\nb 60 A 192.0.2.1 )\n", ERR_FORMAT,
	                "test.zone:5: the record has all its fields here, but its ')' does not follow");
	zone_case_fails(ZONE_HEAD "a 60 MX (\n 10\nb 60 A 192.0.2.1\n", ERR_FORMAT,
	                "test.zone:3: the parenthesis or quote that this record opens is never closed");
	zone_case_fails(ZONE_HEAD "a 60 TXT (\n \"x\ny\" \"z", ERR_FORMAT,
	                "test.zone:3: the parenthesis or quote that this record opens is never closed");
	zone_case_fails(ZONE_HEAD "a 60 MX (\n 10\n mail 5 )\n", ERR_FORMAT, "test.zone:5: ");
	zone_case_fails(ZONE_HEAD "$FOO bar\n", ERR_FORMAT, "test.zone:3: unknown directive $FOO; $ORIGIN");
	zone_case_fails(ZONE_HEAD "$TTL\n", ERR_FORMAT, "test.zone:3: $TTL wants one number of seconds");
	zone_case_fails(ZONE_HEAD "$TTL x\n", ERR_FORMAT, "test.zone:3: $TTL wants one number of seconds");
	zone_case_fails(ZONE_HEAD "$ORIGIN\n", ERR_FORMAT, "test.zone:3: $ORIGIN wants one name");
	zone_case_fails(ZONE_HEAD "$INCLUDE x\n", ERR_DENIED, "test.zone:3: $INCLUDE is not allowed here");
	zone_case_fails(ZONE_HEAD "a 60 TYPE255 \\# 0\n", ERR_FORMAT, "test.zone:3: type 255 cannot stand in a zone");
	zone_case_fails(ZONE_HEAD "a 60 TYPE41 \\# 0\n", ERR_FORMAT, "test.zone:3: type 41 cannot stand in a zone");
}

static void test_empty(void **state)
{
	struct zone_case c;
	const char *texts[] = { "", "\n", ";", "   ", "; only a comment\n\n" };
	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		zone_case_begin(&c, "example.com");
		assert_int_equal(zone_file_parse(texts[i], strlen(texts[i]), "x", zone_case_name("example.com"),
		                                 c.draft, &c.result), 0);
		assert_int_equal(c.result.records, 0);
		zone_draft_abandon(c.draft);
		zone_case_end(&c);
	}
}

static void test_limit(void **state)
{
	struct zone_case c;
	const char *text = ZONE_HEAD "a 60 A 192.0.2.1\nb 60 A 192.0.2.1\n";
	(void)state;
	zone_case_begin(&c, "example.com");
	zone_draft_limit(c.draft, 3, 0);
	c.error = zone_file_parse(text, strlen(text), "test.zone", zone_case_name("example.com"), c.draft, &c.result);
	assert_int_equal(c.error, ERR_LIMIT);
	assert_string_equal(c.result.message,
	                    "test.zone:4: the zone is larger than its limit allows (max-records, max-zone-size)");
	zone_draft_abandon(c.draft);
	zone_case_end(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_owners),
		cmocka_unit_test(test_origin),
		cmocka_unit_test(test_layout),
		cmocka_unit_test(test_dollar_in_text),
		cmocka_unit_test(test_ttl_units_and_order),
		cmocka_unit_test(test_ttl_of_the_record_before),
		cmocka_unit_test(test_ttl_from_soa),
		cmocka_unit_test(test_ttl_too_large),
		cmocka_unit_test(test_classes),
		cmocka_unit_test(test_names_with_odd_bytes),
		cmocka_unit_test(test_records_out_of_zone),
		cmocka_unit_test(test_same_record_twice),
		cmocka_unit_test(test_generic_form),
		cmocka_unit_test(test_carriage_returns_and_mark),
		cmocka_unit_test(test_carriage_return_within_a_line),
		cmocka_unit_test(test_messages),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_limit),
	};
	return cmocka_run_group_tests(tests, zone_case_open, zone_case_close);
}
