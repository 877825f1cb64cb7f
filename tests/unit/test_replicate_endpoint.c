// SPDX-License-Identifier: GPL-3.0-or-later
// Addresses as replication keeps them.
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "replicate/endpoint.h"

static struct endpoint parse(const char *text)
{
	struct endpoint endpoint = { .family = strchr(text, ':') != NULL ? AF_INET6 : AF_INET, .port = 53 };
	assert_int_equal(inet_pton(endpoint.family, text, endpoint.bytes), 1);
	return endpoint;
}

static void what_a_zone_may_have_us_send_to(void **state)
{
	static const char *const hosts[] = { "192.0.2.1", "10.0.0.1", "127.0.0.1", "223.255.255.1", "2001:db8::1", "fd00::1", "::1" };
	static const char *const others[] = { "0.0.0.0", "0.1.2.3", "224.0.0.251", "239.1.1.1", "255.255.255.255", "::", "ff02::fb" };
	(void)state;
	for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); ++i) {
		struct endpoint endpoint = parse(hosts[i]);
		assert_true(endpoint_is_of_one_host(&endpoint));
	}
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); ++i) {
		struct endpoint endpoint = parse(others[i]);
		assert_false(endpoint_is_of_one_host(&endpoint));
	}
}

static void the_port_is_told_where_it_is_not_53(void **state)
{
	char text[ADDRESS_TEXT];
	struct endpoint endpoint = parse("192.0.2.1");
	(void)state;
	assert_string_equal(endpoint_text(&endpoint, text), "192.0.2.1");
	endpoint.port = 5300;
	assert_string_equal(endpoint_text(&endpoint, text), "192.0.2.1@5300");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_zone_may_have_us_send_to),
		cmocka_unit_test(the_port_is_told_where_it_is_not_53),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
