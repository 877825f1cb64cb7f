// SPDX-License-Identifier: GPL-3.0-or-later
// $GENERATE, as BIND 9.18 expands it.
#include "zone_case.h"

static void test_plain(void **state)
{
	(void)state;
	zone_case_gives("$GENERATE 1-3 h$ 60 A 192.0.2.$\n",
	                "h1.example.com. 60 IN A 192.0.2.1\n"
	                "h2.example.com. 60 IN A 192.0.2.2\n"
	                "h3.example.com. 60 IN A 192.0.2.3\n");
	zone_case_gives("$TTL 9\n$generate 0-20/10 $.x IN CNAME y$.$ ; steps\n",
	                "0.x.example.com. 9 IN CNAME y0.0.example.com.\n"
	                "10.x.example.com. 9 IN CNAME y10.10.example.com.\n"
	                "20.x.example.com. 9 IN CNAME y20.20.example.com.\n");
}

// Offset, width and base.
static void test_modifiers(void **state)
{
	(void)state;
	zone_case_gives("$GENERATE 10-10 a${5}.${-1,4}.${0,3,o}.${0,3,x}.${0,0,X} 60 TXT ${300,1,N}\n",
	                "a15.0009.012.00a.a.example.com. 60 IN TXT \"6.3.1\"\n");
	zone_case_gives("$GENERATE 10-20/10 x${0,7,n}.y 60 A 192.0.2.1\n",
	                "xa.0.0.0.y.example.com. 60 IN A 192.0.2.1\n"
	                "x4.1.0.0.y.example.com. 60 IN A 192.0.2.1\n");
}

static void test_dollars(void **state)
{
	(void)state;
	zone_case_gives("$GENERATE 1-1 a$$b 60 TXT c\\$$\n", "a\\$b.example.com. 60 IN TXT \"c$1\"\n");
}

// BIND takes the quotes off data that is one quoted word.
static void test_quoted_data(void **state)
{
	(void)state;
	zone_case_gives("$GENERATE 1-1 a$ 60 MX \"10 m$\"\n$GENERATE 1-1 b$ 60 TXT \"x $\" \"y z\"\n",
	                "a1.example.com. 60 IN MX 10 m1.example.com.\n"
	                "b1.example.com. 60 IN TXT \"x 1\" \"y z\"\n");
}

static void test_rewritten_type(void **state)
{
	(void)state;
	zone_case_gives("$GENERATE 1-2 a$ 60 MB host$\n",
	                "a1.example.com. 60 IN TYPE7 \\# 19 05686f737431076578616d706c6503636f6d00\n"
	                "a2.example.com. 60 IN TYPE7 \\# 19 05686f737432076578616d706c6503636f6d00\n");
}

// More than fits one buffer, and the records behind it keep their lines.
static void test_many(void **state)
{
	struct zone_case c;
	(void)state;
	zone_case_parse(&c, ZONE_HEAD "$GENERATE 1-20000 h$ 60 A 192.0.2.1\n");
	assert_int_equal(c.error, 0);
	assert_int_equal(c.result.records, 20002);
	zone_case_end(&c);
	zone_case_fails(ZONE_HEAD "$GENERATE 1-20000 h$ 60 A 192.0.2.1\nx 60 A 1\n", ERR_FORMAT, "test.zone:4: ");
}

static void test_refused(void **state)
{
	(void)state;
	zone_case_fails(ZONE_HEAD "$GENERATE 1-1000001 h$ 60 A 192.0.2.1\n", ERR_LIMIT,
	                "test.zone:3: $GENERATE makes more than 1000000 records; divide it");
	const char *ranges[] = { "1", "2-1", "1-", "1-2/0", "1-2/", "x-2", "1-99999999999", "-1-5", "1-2-3", "1-2/3/4" };
	for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++) {
		char text[128];
		snprintf(text, sizeof text, ZONE_HEAD "$GENERATE %s h$ 60 A 192.0.2.1\n", ranges[i]);
		zone_case_fails(text, ERR_FORMAT, "test.zone:3: $GENERATE wants a range");
	}
	zone_case_fails(ZONE_HEAD "$GENERATE 1-2 h$\n", ERR_FORMAT, "test.zone:3: $GENERATE wants an owner");
	const char *modifiers[] = { "${", "${x}", "${1,2,z}", "${1,999}", "${1,2,d,4}", "${}" };
	for (size_t i = 0; i < sizeof modifiers / sizeof modifiers[0]; i++) {
		char text[128];
		snprintf(text, sizeof text, ZONE_HEAD "$GENERATE 1-2 h%s 60 A 192.0.2.1\n", modifiers[i]);
		zone_case_fails(text, ERR_FORMAT, "test.zone:3: $GENERATE wants its dollars");
	}
	zone_case_fails(ZONE_HEAD "$GENERATE 1-2 a$ 60 A 192.0.2.x$\n", ERR_FORMAT, "test.zone:3: ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_modifiers),
		cmocka_unit_test(test_dollars),
		cmocka_unit_test(test_quoted_data),
		cmocka_unit_test(test_rewritten_type),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_refused),
	};
	return cmocka_run_group_tests(tests, zone_case_open, zone_case_close);
}
