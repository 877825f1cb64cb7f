// SPDX-License-Identifier: GPL-3.0-or-later
// Connections are bounded in all and for each peer.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <string.h>

#include "base/hash.h"
#include "serve/peers.h"

static struct sockaddr_storage at(const char *text)
{
	struct sockaddr_storage address = { 0 };
	struct sockaddr_in *v4 = (struct sockaddr_in *)&address;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&address;
	if (inet_pton(AF_INET, text, &v4->sin_addr) == 1)
		address.ss_family = AF_INET;
	else if (inet_pton(AF_INET6, text, &v6->sin6_addr) == 1)
		address.ss_family = AF_INET6;
	return address;
}

static enum peers_verdict enter(struct peers *peers, const char *text)
{
	struct sockaddr_storage address = at(text);
	return peers_enter(peers, (const struct sockaddr *)&address, 5, 2);
}

static void leave(struct peers *peers, const char *text)
{
	struct sockaddr_storage address = at(text);
	peers_leave(peers, (const struct sockaddr *)&address);
}

static void a_peer_has_its_share_and_no_more(void **state)
{
	struct peers *peers;
	(void)state;
	assert_int_equal(peers_new(&peers), 0);
	assert_int_equal(enter(peers, "192.0.2.1"), PEERS_ADMITTED);
	assert_int_equal(enter(peers, "192.0.2.1"), PEERS_ADMITTED);
	assert_int_equal(enter(peers, "192.0.2.1"), PEERS_ONE_HAS_TOO_MANY);
	assert_int_equal(enter(peers, "192.0.2.2"), PEERS_ADMITTED);
	leave(peers, "192.0.2.1");
	assert_int_equal(enter(peers, "192.0.2.1"), PEERS_ADMITTED);
	assert_int_equal(peers_count(peers), 3);
	peers_free(peers);
}

static void a_network_of_ipv6_is_one_peer(void **state)
{
	struct peers *peers;
	(void)state;
	assert_int_equal(peers_new(&peers), 0);
	assert_int_equal(enter(peers, "2001:db8::1"), PEERS_ADMITTED);
	assert_int_equal(enter(peers, "2001:db8::2"), PEERS_ADMITTED);
	assert_int_equal(enter(peers, "2001:db8::3"), PEERS_ONE_HAS_TOO_MANY);
	assert_int_equal(enter(peers, "2001:db8:0:1::3"), PEERS_ADMITTED);
	peers_free(peers);
}

static void all_together_are_bounded(void **state)
{
	struct peers *peers;
	(void)state;
	assert_int_equal(peers_new(&peers), 0);
	assert_int_equal(enter(peers, "192.0.2.1"), PEERS_ADMITTED);
	assert_int_equal(enter(peers, "192.0.2.2"), PEERS_ADMITTED);
	assert_int_equal(enter(peers, "192.0.2.3"), PEERS_ADMITTED);
	assert_int_equal(enter(peers, "192.0.2.4"), PEERS_ADMITTED);
	assert_int_equal(enter(peers, "192.0.2.5"), PEERS_ADMITTED);
	assert_int_equal(enter(peers, "192.0.2.6"), PEERS_FULL);
	leave(peers, "192.0.2.3");
	assert_int_equal(enter(peers, "192.0.2.6"), PEERS_ADMITTED);
	peers_free(peers);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_peer_has_its_share_and_no_more),
		cmocka_unit_test(a_network_of_ipv6_is_one_peer),
		cmocka_unit_test(all_together_are_bounded),
	};
	hash_seed_fixed(1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
