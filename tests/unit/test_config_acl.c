// SPDX-License-Identifier: GPL-3.0-or-later
// Access lists of both dialects: who is let in, and what is said to who is not.
#include "config_case.h"

// The compiled allow-transfer of a primary with that list and some company.
static struct config *named_list(const char *list)
{
	char text[2000];
	snprintf(text, sizeof text,
	         "acl inside { 10.0.0.0/8; };\n"
	         "acl mixed { !10.0.0.5; 10.0.0.0/8; };\n"
	         "key tr.example { algorithm hmac-sha256; secret \"c2VjcmV0IHNlY3JldA==\"; };\n"
	         "zone example.com { type primary; file \"x\"; allow-transfer { %s }; };\n", list);
	return read_case("named.conf", text, "");
}

static void check(const char *list, const char *address, const char *key, bool expected)
{
	struct config *config = named_list(list);
	bool got = allows(zone_of(config, "example.com")->policy->allow_transfer, address, key);
	if (got != expected)
		fail_msg("{ %s } %s %s: %s", list, address, key ? key : "unsigned", got ? "let in" : "refused");
	config_release(config);
}

static void named_lists_take_the_first_match(void **state)
{
	(void)state;
	check("any;", "192.0.2.1", NULL, true);
	check("any;", "2001:db8::1", NULL, true);
	check("none;", "192.0.2.1", NULL, false);
	check("192.0.2.1;", "192.0.2.1", NULL, true);
	check("192.0.2.1;", "192.0.2.2", NULL, false);
	check("192.0.2.1;", "::ffff:192.0.2.1", NULL, true);
	check("192.0.2.0/24; 2001:db8::/32;", "192.0.2.255", NULL, true);
	check("192.0.2.0/24; 2001:db8::/32;", "192.0.3.0", NULL, false);
	check("192.0.2.0/24; 2001:db8::/32;", "2001:db8:ffff::1", NULL, true);
	check("192.0.2.0/24; 2001:db8::/32;", "2001:db9::1", NULL, false);
	check("10/8;", "10.255.1.2", NULL, true);
	check("!192.0.2.1; 192.0.2.0/24;", "192.0.2.1", NULL, false);
	check("!192.0.2.1; 192.0.2.0/24;", "192.0.2.2", NULL, true);
	check("192.0.2.0/24; !192.0.2.1;", "192.0.2.1", NULL, true);
	check("! 192.0.2.1; any;", "192.0.2.1", NULL, false);
	check("!none;", "192.0.2.1", NULL, true);
	check("!any;", "192.0.2.1", NULL, false);
}

static void named_lists_hold_lists(void **state)
{
	(void)state;
	check("inside;", "10.1.2.3", NULL, true);
	check("INSIDE;", "10.1.2.3", NULL, true);
	check("!inside; any;", "10.1.2.3", NULL, false);
	check("!inside; any;", "11.1.2.3", NULL, true);
	// As if written in its place: its refusal stands.
	check("mixed; any;", "10.0.0.5", NULL, false);
	check("mixed; any;", "10.0.0.6", NULL, true);
	check("mixed; any;", "192.0.2.1", NULL, true);
	// Behind "!" its refusal is no permission, only passed over.
	check("!mixed; any;", "10.0.0.5", NULL, true);
	check("!mixed; any;", "10.0.0.6", NULL, false);
	check("{ 192.0.2.1; { 192.0.2.2; }; };", "192.0.2.2", NULL, true);
}

static void named_lists_take_keys(void **state)
{
	(void)state;
	check("key tr.example;", "192.0.2.1", "tr.example", true);
	check("key \"TR.example.\";", "192.0.2.1", "tr.example", true);
	check("key tr.example;", "192.0.2.1", NULL, false);
	check("key tr.example;", "192.0.2.1", "other.example", false);
	check("!key tr.example; any;", "192.0.2.1", "tr.example", false);
	// The idiom for "from there and with this key".
	check("!{ !10.0.0.0/8; any; }; key tr.example;", "10.1.1.1", "tr.example", true);
	check("!{ !10.0.0.0/8; any; }; key tr.example;", "10.1.1.1", NULL, false);
	check("!{ !10.0.0.0/8; any; }; key tr.example;", "192.0.2.1", "tr.example", false);
}

static void named_lists_know_this_machine(void **state)
{
	(void)state;
	check("localhost;", "127.0.0.1", NULL, true);
	check("localhost;", "::1", NULL, true);
	check("localhost;", "127.0.0.2", NULL, false);
	check("localnets;", "127.0.0.2", NULL, true);
	check("localhost;", "192.0.2.1", NULL, false);
}

static void transfers_over_tls_let_nobody_in_yet(void **state)
{
	(void)state;
	struct config *config = read_case("named.conf",
		"zone example.com { type primary; file \"x\"; allow-transfer port 853 transport tls { any; }; };\n",
		"warning: named.conf:1:44: 'allow-transfer' over TLS is not implemented yet: nobody is let in by this list\n");
	assert_false(allows(zone_of(config, "example.com")->policy->allow_transfer, "192.0.2.1", NULL));
	config_release(config);
}

static struct config *nsd_list(const char *lines)
{
	char text[2000];
	snprintf(text, sizeof text,
	         "key:\n name: tr.example\n secret: \"c2VjcmV0IHNlY3JldA==\"\n"
	         "zone:\n name: example.com\n zonefile: x\n%s", lines);
	return read_case("nsd.conf", text, "");
}

static void check_nsd(const char *lines, const char *address, const char *key, bool expected)
{
	struct config *config = nsd_list(lines);
	bool got = allows(zone_of(config, "example.com")->policy->allow_transfer, address, key);
	if (got != expected)
		fail_msg("%s %s %s: %s", lines, address, key ? key : "unsigned", got ? "let in" : "refused");
	config_release(config);
}

static void nsd_lists_refuse_what_is_blocked_anywhere(void **state)
{
	(void)state;
	check_nsd("", "192.0.2.1", NULL, false);
	check_nsd("provide-xfr: 192.0.2.1 NOKEY", "192.0.2.1", NULL, true);
	check_nsd("provide-xfr: 192.0.2.1 NOKEY", "::ffff:192.0.2.1", NULL, true);
	// NOKEY is "without a key", not "with or without".
	check_nsd("provide-xfr: 192.0.2.1 NOKEY", "192.0.2.1", "tr.example", false);
	check_nsd("provide-xfr: 192.0.2.1 tr.example", "192.0.2.1", NULL, false);
	check_nsd("provide-xfr: 192.0.2.1 tr.example", "192.0.2.1", "tr.example", true);
	check_nsd("provide-xfr: 192.0.2.1 tr.example", "192.0.2.2", "tr.example", false);
	check_nsd("provide-xfr: 192.0.2.0/24 NOKEY\nprovide-xfr: 192.0.2.7 BLOCKED", "192.0.2.7", NULL, false);
	check_nsd("provide-xfr: 192.0.2.0/24 NOKEY\nprovide-xfr: 192.0.2.7 BLOCKED", "192.0.2.8", NULL, true);
	check_nsd("provide-xfr: 192.0.2.0/24 tr.example\nprovide-xfr: 192.0.2.7 BLOCKED", "192.0.2.7", "tr.example", false);
}

static void nsd_addresses_have_four_forms(void **state)
{
	(void)state;
	check_nsd("provide-xfr: 192.0.2.64/26 NOKEY", "192.0.2.65", NULL, true);
	check_nsd("provide-xfr: 192.0.2.64/26 NOKEY", "192.0.2.128", NULL, false);
	check_nsd("provide-xfr: 192.0.2.1&255.255.0.255 NOKEY", "192.0.77.1", NULL, true);
	check_nsd("provide-xfr: 192.0.2.1&255.255.0.255 NOKEY", "192.0.77.2", NULL, false);
	check_nsd("provide-xfr: 192.0.2.10-192.0.2.20 NOKEY", "192.0.2.10", NULL, true);
	check_nsd("provide-xfr: 192.0.2.10-192.0.2.20 NOKEY", "192.0.2.20", NULL, true);
	check_nsd("provide-xfr: 192.0.2.10-192.0.2.20 NOKEY", "192.0.2.21", NULL, false);
	check_nsd("provide-xfr: 2001:db8::/32 NOKEY", "2001:db8::7", NULL, true);
	check_nsd("provide-xfr: ::1 NOKEY", "::1", NULL, true);
	check_nsd("provide-xfr: :: NOKEY", "::", NULL, true);
	// A port is the one that the client comes from; here it comes from 0.
	check_nsd("provide-xfr: 192.0.2.1@5300 NOKEY", "192.0.2.1", NULL, false);
}

static void explain(struct config *config, enum config_access access, const char *address,
                    const char *key, const char *expected)
{
	struct sockaddr_storage source = address_of(address);
	uint8_t wire[NAME_MAX_WIRE];
	char text[600];
	if (key)
		assert_true(name_from_text(key, wire) > 0);
	config_explain_refusal(config, zone_of(config, "example.com"), access,
	                       (const struct sockaddr *)&source, key ? wire : NULL, text, sizeof text);
	assert_string_equal(text, expected);
}

static void refusals_name_the_line_that_would_allow(void **state)
{
	(void)state;
	struct config *config = read_case("named.conf",
		"options { allow-transfer { !192.0.2.66; 192.0.2.0/24; }; };\n"
		"zone example.com {\n type secondary;\n primaries { 192.0.2.1; };\n};\n", "");
	explain(config, CONFIG_ACCESS_NOTIFY, "192.0.2.7", NULL,
	        "no entry matches 192.0.2.7 without key; add `allow-notify { 192.0.2.7; };` to zone example.com (named.conf:2)");
	explain(config, CONFIG_ACCESS_NOTIFY, "::ffff:192.0.2.7", "Tr.Example",
	        "no entry matches 192.0.2.7 with key Tr.Example; add `allow-notify { key Tr.Example; };` to zone example.com (named.conf:2)");
	explain(config, CONFIG_ACCESS_TRANSFER, "192.0.2.66", NULL,
	        "the entry !192.0.2.66 refuses 192.0.2.66; it holds for zone example.com (named.conf:2)");
	config_release(config);

	config = nsd_list("provide-xfr: 192.0.2.7 BLOCKED\n");
	explain(config, CONFIG_ACCESS_TRANSFER, "2001:db8::1", NULL,
	        "no entry matches 2001:db8::1 without key; add `provide-xfr: 2001:db8::1 NOKEY` to zone example.com (nsd.conf:4)");
	explain(config, CONFIG_ACCESS_TRANSFER, "192.0.2.7", NULL,
	        "the entry 192.0.2.7 BLOCKED refuses 192.0.2.7; it holds for zone example.com (nsd.conf:4)");
	config_release(config);
}

static void who_should_have_signed_is_told_so(void **state)
{
	(void)state;
	struct config *config = read_case("named.conf",
		"key tr.example { algorithm hmac-sha256; secret \"YWJj\"; };\n"
		"acl keyed { !192.0.2.66; key tr.example; };\n"
		"zone example.com {\n type primary;\n file \"/z\";\n allow-transfer { keyed; };\n};\n", "");
	explain(config, CONFIG_ACCESS_TRANSFER, "192.0.2.7", NULL,
	        "no entry matches 192.0.2.7 without key; the entry key tr.example wants its key, which the other side has to sign with; it holds for zone example.com (named.conf:3)");
	explain(config, CONFIG_ACCESS_TRANSFER, "192.0.2.66", NULL,
	        "the entry keyed refuses 192.0.2.66; it holds for zone example.com (named.conf:3)");
	config_release(config);
}

static void nothing_is_allowed_by_no_list(void **state)
{
	(void)state;
	struct sockaddr local = {.sa_family = AF_UNIX};
	assert_false(allows(NULL, "192.0.2.1", NULL));
	assert_false(acl_allows(&acl_any, &local, NULL));
	assert_true(allows(&acl_any, "192.0.2.1", NULL));
	assert_false(allows(&acl_none, "192.0.2.1", NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(named_lists_take_the_first_match),
		cmocka_unit_test(named_lists_hold_lists),
		cmocka_unit_test(named_lists_take_keys),
		cmocka_unit_test(named_lists_know_this_machine),
		cmocka_unit_test(transfers_over_tls_let_nobody_in_yet),
		cmocka_unit_test(nsd_lists_refuse_what_is_blocked_anywhere),
		cmocka_unit_test(nsd_addresses_have_four_forms),
		cmocka_unit_test(refusals_name_the_line_that_would_allow),
		cmocka_unit_test(who_should_have_signed_is_told_so),
		cmocka_unit_test(nothing_is_allowed_by_no_list),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
