// SPDX-License-Identifier: GPL-3.0-or-later
// Which replies may be given again to whoever sends the same bytes.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <netinet/in.h>
#include <string.h>

#include "answer/answer.h"
#include "base/arena.h"
#include "base/epoch.h"
#include "dns/message.h"
#include "dns/types.h"
#include "zone/draft.h"
#include "zone/file.h"

static const char text[] =
	"$TTL 3600\n"
	"@ SOA ns1 hostmaster 7 3600 600 604800 300\n"
	"@ NS ns1\n"
	"ns1 A 192.0.2.1\n"
	"@ MX 10 mail\n"
	"mail TXT \"none\"\n"
	"$GENERATE 1-40 big A 192.0.2.$\n"
	"$GENERATE 1-26 mx MX $ m$\n"
	"$GENERATE 1-26 m$ A 192.0.2.$\n";

struct scene {
	struct zone_table *zones;
	struct zone_slot *slot;
	struct answer_identity identity;
	uint8_t bytes[512], reply[MESSAGE_MAX];
	struct sockaddr_in source;
	struct answer_request request;
	struct answer answer;
};

static int open_scene(void **state)
{
	static struct scene scene;
	struct scene *s = &scene;
	uint8_t origin[NAME_MAX_WIRE];
	struct zone_line *line;
	struct zone_draft *draft;
	const struct zone_version *version;
	struct zone_file_result result;
	memset(s, 0, sizeof(*s));
	assert_true(name_from_text("example.com", origin) > 0);
	assert_int_equal(zone_table_new(&s->zones), 0);
	assert_int_equal(zone_table_add(s->zones, origin, &s->slot), 0);
	assert_int_equal(zone_line_new(origin, &line), 0);
	assert_int_equal(zone_draft_new(line, &draft), 0);
	assert_int_equal(zone_file_parse(text, strlen(text), "text", origin, draft, &result), 0);
	assert_int_equal(zone_draft_seal(draft, &version), 0);
	zone_line_release(line);
	zone_slot_publish(s->slot, version);
	s->source.sin_family = AF_INET;
	*state = s;
	return 0;
}

static int close_scene(void **state)
{
	struct scene *s = *state;
	epoch_offline();
	epoch_barrier();
	epoch_online();
	zone_table_free(s->zones);
	return 0;
}

static bool ask(struct scene *s, const char *name, uint16_t type, uint16_t udp_size)
{
	struct wire_writer w;
	uint8_t wire[NAME_MAX_WIRE];
	int length = name_from_text(name, wire);
	assert_true(length > 0);
	wire_writer_init(&w, s->bytes, sizeof(s->bytes));
	wire_write32(&w, 0x12340000);
	wire_write32(&w, 0x00010000);
	wire_write32(&w, udp_size != 0);
	wire_write_bytes(&w, wire, (size_t)length);
	wire_write16(&w, type);
	wire_write16(&w, CLASS_IN);
	if (udp_size != 0) {
		struct edns_writer e;
		edns_write_begin(&e, &w, udp_size, 0, false);
		edns_write_end(&e);
	}
	s->request.bytes = s->bytes;
	s->request.length = wire_writer_length(&w);
	s->request.source = (const struct sockaddr *)&s->source;
	s->request.reply = s->reply;
	s->request.reply_room = sizeof(s->reply);
	answer(s->zones, &s->identity, &s->request, &s->answer);
	return s->answer.reusable;
}

static void test_plain_replies_are(void **state)
{
	struct scene *s = *state;
	assert_true(ask(s, "ns1.example.com", TYPE_A, 0));
	assert_true(ask(s, "ns1.example.com", TYPE_A, 1232));
	assert_true(ask(s, "ns1.example.com", TYPE_MX, 0));
	assert_true(ask(s, "nothere.example.com", TYPE_A, 0));
}

static void test_cut_ones_are_not(void **state)
{
	struct scene *s = *state;
	assert_false(ask(s, "big.example.com", TYPE_A, 0));
	assert_true(s->answer.truncated);
	assert_true(ask(s, "big.example.com", TYPE_A, 1232));
}

// Someone with more room would get more.
static void test_incomplete_ones_are_not(void **state)
{
	struct scene *s = *state;
	assert_false(ask(s, "mx.example.com", TYPE_MX, 700));
	assert_false(s->answer.truncated);
	assert_true(ask(s, "mx.example.com", TYPE_MX, 1232));
}

static void test_those_behind_an_access_list_are_not(void **state)
{
	struct scene *s = *state;
	atomic_store(&s->slot->allow_query, &acl_any);
	assert_false(ask(s, "ns1.example.com", TYPE_A, 0));
}

static void test_those_to_a_key_or_over_tcp_are_not(void **state)
{
	struct scene *s = *state;
	s->request.key_name = (const uint8_t *)"\3key";
	assert_false(ask(s, "ns1.example.com", TYPE_A, 0));
	s->request.key_name = NULL;
	s->request.transport = TRANSPORT_TCP;
	assert_false(ask(s, "ns1.example.com", TYPE_A, 0));
}

static void test_refusals_are_not(void **state)
{
	struct scene *s = *state;
	assert_false(ask(s, "www.example.org", TYPE_A, 0));
	assert_null(s->answer.zone);
	zone_slot_set_state(s->slot, ZONE_STATE_EXPIRED);
	assert_false(ask(s, "ns1.example.com", TYPE_A, 0));
	assert_int_equal(s->answer.rcode, RCODE_SERVFAIL);
}

// What other rooms refuse looks like what this one refuses.
static void test_errors_for_other_rooms(void **state)
{
	struct scene *s = *state;
	ask(s, "ns1.example.com", TYPE_A, 1232);
	size_t question = s->request.length - 11;
	size_t length = answer_error(&s->request, &s->answer, RCODE_REFUSED, EDE_PROHIBITED, "no key");
	assert_int_equal(length, question + 11 + 4 + 2 + 6);
	assert_int_equal(message_rcode(s->reply), RCODE_REFUSED);
	assert_memory_equal(s->reply + MESSAGE_HEADER, s->bytes + MESSAGE_HEADER, question - MESSAGE_HEADER);
	assert_int_equal(message_count(s->reply, SECTION_ADDITIONAL), 1);
	ask(s, "ns1.example.com", TYPE_A, 0);
	length = answer_error(&s->request, &s->answer, RCODE_NOTAUTH, EDE_PROHIBITED, "no key");
	assert_int_equal(length, question);
}

int main(void)
{
	char why[256];
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_plain_replies_are, open_scene, close_scene),
		cmocka_unit_test_setup_teardown(test_cut_ones_are_not, open_scene, close_scene),
		cmocka_unit_test_setup_teardown(test_incomplete_ones_are_not, open_scene, close_scene),
		cmocka_unit_test_setup_teardown(test_those_behind_an_access_list_are_not, open_scene, close_scene),
		cmocka_unit_test_setup_teardown(test_those_to_a_key_or_over_tcp_are_not, open_scene, close_scene),
		cmocka_unit_test_setup_teardown(test_refusals_are_not, open_scene, close_scene),
		cmocka_unit_test_setup_teardown(test_errors_for_other_rooms, open_scene, close_scene),
	};
	if (arena_open(1ull << 30, why) != 0)
		return 1;
	epoch_register();
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	epoch_unregister();
	return failed;
}
