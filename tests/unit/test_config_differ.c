// SPDX-License-Identifier: GPL-3.0-or-later
// In what two configurations set a zone apart, told by what they say.
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/hash.h"
#include "config/config.h"
#include "config/differ.h"

#define KEY "key \"tr.example\" { algorithm hmac-sha256; secret \"MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=\"; };\n"
#define OTHER_KEY "key \"tr.example\" { algorithm hmac-sha256; secret \"QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWY=\"; };\n"
#define OPTIONS "options { directory \"/var\"; };\n"
#define ZONE(more) "zone \"example.com\" { type secondary; file \"example.com\"; primaries { 192.0.2.1 key tr.example; }; " more " };\n"

static struct config *read_text(const char *text, size_t length)
{
	struct config_report report = { 0 };
	struct config *config;

	if (config_read_memory("named.conf", text, length, NULL, &report, &config) != 0) {
		config_report_print(&report, stderr);
		fail();
	}
	config_report_free(&report);
	return config;
}

static unsigned differs(const char *one, size_t one_length, const char *other, size_t other_length)
{
	struct config *a = read_text(one, one_length), *b = read_text(other, other_length);
	struct config_differ differ = { 0 };
	uint8_t name[] = "\7example\3com";
	unsigned result = config_zone_differs(&differ, config_zone_find(a, name), config_zone_find(b, name));

	// Once found, it is remembered.
	assert_int_equal(config_zone_differs(&differ, config_zone_find(a, name), config_zone_find(b, name)), result);
	config_release(a);
	config_release(b);
	return result;
}
#define DIFFERS(one, other) differs(one, sizeof(one) - 1, other, sizeof(other) - 1)

static void the_same_said_elsewhere(void **state)
{
	(void)state;
	assert_int_equal(DIFFERS(KEY OPTIONS ZONE("allow-query { 192.0.2.0/24; };"),
	                         "// moved\n" OPTIONS "zone \"new.test\" { type primary; file \"n\"; };\n" KEY
	                         "acl ours { 192.0.2.0/24; };\n" ZONE("allow-query {\n 192.0.2.0/24; };")), 0);
}

static void what_is_another(void **state)
{
	(void)state;
	assert_int_equal(DIFFERS(KEY OPTIONS ZONE(""), OTHER_KEY OPTIONS ZONE("")),
	                 CONFIG_DIFFERS_PRIMARIES);
	assert_int_equal(DIFFERS(KEY OPTIONS ZONE(""), KEY OPTIONS ZONE("also-notify { 192.0.2.9; };")),
	                 CONFIG_DIFFERS_TARGETS);
	assert_int_equal(DIFFERS(KEY OPTIONS ZONE("allow-query { 192.0.2.0/24; };"),
	                         KEY OPTIONS ZONE("allow-query { 192.0.2.0/25; };")), CONFIG_DIFFERS_ACCESS);
	assert_int_equal(DIFFERS(KEY OPTIONS ZONE(""), KEY OPTIONS ZONE("max-records 7;")), CONFIG_DIFFERS_POLICY);
	assert_int_equal(DIFFERS(KEY OPTIONS ZONE(""), KEY "options { directory \"/srv\"; };\n" ZONE("")),
	                 CONFIG_DIFFERS_FILE);
}

static bool is_pointer(size_t at)
{
	static const size_t pointer[] = {
		offsetof(struct config_policy, primaries), offsetof(struct config_policy, also_notify),
		offsetof(struct config_policy, monitor_servers), offsetof(struct config_policy, allow_query),
		offsetof(struct config_policy, allow_transfer), offsetof(struct config_policy, allow_notify),
		offsetof(struct config_policy, verifier), offsetof(struct config_policy, statistics_group),
	};

	for (size_t i = 0; i < sizeof pointer / sizeof *pointer; i++)
		if (at >= pointer[i] && at < pointer[i] + sizeof(void *))
			return true;
	return false;
}

// Whatever is added to a policy: none of it is taken for the same.
static void each_byte_of_a_policy_counts(void **state)
{
	static const char text[] = KEY OPTIONS ZONE("");
	struct config *config = read_text(text, sizeof text - 1);
	uint8_t name[] = "\7example\3com";
	const struct config_zone *zone = config_zone_find(config, name);
	struct config_zone other = *zone;

	(void)state;
	for (size_t at = 0; at < sizeof *zone->policy; at++) {
		struct config_differ differ = { 0 };
		union { struct config_policy policy; uint8_t bytes[sizeof *zone->policy]; } changed;
		memcpy(&changed, zone->policy, sizeof changed);
		changed.bytes[at] ^= 1;
		other.policy = &changed.policy;
		if (!is_pointer(at))
			assert_int_not_equal(config_zone_differs(&differ, zone, &other), 0);
	}
	config_release(config);
}

static void a_copied_list_decides_alike(void **state)
{
	static const char text[] = KEY OPTIONS "acl inner { !192.0.2.1; 192.0.2.0/24; };\n"
		ZONE("allow-transfer { inner; key tr.example; };");
	struct config *config = read_text(text, sizeof text - 1);
	uint8_t name[] = "\7example\3com";
	const struct acl *list = config_zone_find(config, name)->policy->allow_transfer;
	struct acl *copy = acl_copy(list);

	(void)state;
	assert_non_null(copy);
	assert_true(acl_equal(copy, list));
	assert_true(acl_hash(copy) == acl_hash(list));
	config_release(config); // the copy needs nothing of it
	assert_int_equal(copy->count, 2);
	assert_false(acl_equal(copy, &acl_any));
	free(copy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_same_said_elsewhere), cmocka_unit_test(what_is_another),
		cmocka_unit_test(each_byte_of_a_policy_counts),
		cmocka_unit_test(a_copied_list_decides_alike),
	};

	hash_seed_fixed(1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
