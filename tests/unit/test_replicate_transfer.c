// SPDX-License-Identifier: GPL-3.0-or-later
// A zone given out and read in again: every record arrives, whatever the
// packing of messages, the cutting of the stream and the signatures.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/arena.h"
#include "base/epoch.h"
#include "base/error.h"
#include "base/hash.h"
#include "dns/tsig.h"
#include "dns/types.h"
#include "replicate/fetch_stream.h"
#include "replicate/provide.h"
#include "replicate/room.h"
#include "zone/file.h"
#include "zone/table.h"

#define NOW INT64_C(1790000000)

static const uint8_t origin[] = "\7example\3com";
static const uint8_t secret[32] = "understudy's own transfer secret";
static const struct tsig_key key = { (const uint8_t *)"\2tr\7example", TSIG_HMAC_SHA256, 32, secret };

static struct zone_table *table;
static struct zone_slot *slot;

// --- a zone, and its stream as a primary sends it

static const struct zone_version *zone_of(const char *text)
{
	struct zone_line *line;
	struct zone_draft *draft;
	struct zone_file_result result = { 0 };
	const struct zone_version *version;

	assert_int_equal(zone_line_new(origin, &line), 0);
	assert_int_equal(zone_draft_new(line, &draft), 0);
	if (zone_file_parse(text, strlen(text), "test", origin, draft, &result) != 0)
		fail_msg("%s", result.message);
	assert_int_equal(zone_draft_seal(draft, &version), 0);
	zone_line_release(line);
	return version;
}

struct stream {
	uint8_t *bytes;
	size_t length, room, messages;
};

struct how {
	size_t room;             // of a message
	const struct tsig_key *key;
	unsigned sign_every;     // 1: each message
	uint16_t type;
	enum answer_transport transport;
};

static struct query asked;
static struct replicate room; // without a configuration: no journal is asked

static void give(const struct zone_version *version, const struct how *how, struct stream *stream)
{
	struct sockaddr source = { .sa_family = AF_INET };
	struct answer_request request = { .source = &source, .transport = how->transport };
	struct answer parsed = { .zone = slot, .type = how->type };
	struct provide *provide;
	struct tsig_stream *tsig = NULL;
	uint8_t *message = malloc(MESSAGE_MAX);
	uint16_t rcode;
	char why[128];
	bool last = false;

	zone_slot_publish(slot, zone_hold(version));
	assert_int_equal(query_build(&asked, 4711, origin, how->type, how->key, NOW), 0);
	request.bytes = asked.bytes;
	request.length = asked.length;
	qname_init(&parsed.qname, origin);
	assert_int_equal(provide_open(&room, &request, &parsed, &provide, &rcode, why), 0);
	if (how->key != NULL)
		assert_int_equal(tsig_stream_new(how->key, asked.mac, asked.mac_length, &tsig), 0);
	*stream = (struct stream){ 0 };
	while (!last) {
		size_t length;
		assert_int_equal(provide_next(provide, message, how->room, &length, &last), 0);
		if (tsig != NULL && (stream->messages == 0 || last || stream->messages % how->sign_every == 0))
			assert_int_equal(tsig_stream_sign(tsig, message, &length, MESSAGE_MAX, NOW), 0);
		else if (tsig != NULL)
			assert_int_equal(tsig_stream_skip(tsig, message, length), 0);
		if (stream->room < stream->length + length + 2)
			stream->bytes = realloc(stream->bytes, stream->room = 2 * stream->room + MESSAGE_MAX);
		wire_put16(stream->bytes + stream->length, (uint16_t)length);
		memcpy(stream->bytes + stream->length + 2, message, length);
		stream->length += length + 2;
		stream->messages++;
	}
	provide_close(provide);
	if (tsig != NULL)
		tsig_stream_free(tsig);
	free(message);
}

// --- reading it in again

static int take(const struct stream *stream, size_t cut, const struct zone_version *base, bool is_forced,
                const struct zone_version **version, char why[256])
{
	struct zone_line *line;
	struct fetch_terms terms = { .kind = FETCH_AXFR, .query = &asked, .base = base, .is_forced = is_forced };
	struct fetch_stream *fetch;
	uint8_t *copy = malloc(stream->length);
	int outcome = FETCH_MORE;

	memcpy(copy, stream->bytes, stream->length);
	assert_int_equal(zone_line_new(origin, &line), 0);
	terms.line = line;
	assert_int_equal(fetch_stream_new(&terms, &fetch), 0);
	for (size_t at = 0; at < stream->length && outcome == FETCH_MORE; at += cut) {
		size_t length = stream->length - at < cut ? stream->length - at : cut;
		outcome = fetch_stream_bytes(fetch, copy + at, length, NOW);
	}
	if (outcome == FETCH_MORE)
		outcome = fetch_stream_end(fetch);
	if (outcome == FETCH_DONE) {
		struct zone_draft *draft = fetch_stream_take(fetch);
		assert_int_equal(zone_draft_seal(draft, version), 0);
	}
	snprintf(why, 256, "%s", fetch_stream_why(fetch));
	fetch_stream_free(fetch);
	zone_line_release(line);
	free(copy);
	return outcome;
}

struct text {
	char *bytes;
	size_t length, room;
};

static int add_node(void *context, const uint8_t *owner, const struct zone_node *node)
{
	struct text *text = context;
	struct rrset set;
	uint16_t covered;
	char line[4096];

	for (unsigned i = 0; zone_node_set(node, i, &set, &covered); i++) {
		const uint8_t *record = set.wire;
		for (unsigned j = 0; j < set.count; j++, record = record_next(record)) {
			int length = record_to_text(owner, set.type, CLASS_IN, wire_get32(record + RECORD_TTL),
			                            record + RECORD_RDATA, wire_get16(record + RECORD_RDLENGTH), line,
			                            sizeof line);
			assert_true(length > 0);
			if (text->room < text->length + (size_t)length + 2)
				text->bytes = realloc(text->bytes, text->room = 2 * text->room + sizeof line);
			memcpy(text->bytes + text->length, line, (size_t)length);
			text->length += (size_t)length;
			text->bytes[text->length++] = '\n';
			text->bytes[text->length] = '\0';
		}
	}
	return 0;
}

static void assert_same(const struct zone_version *a, const struct zone_version *b)
{
	struct text x = { 0 }, y = { 0 };

	assert_int_equal(zone_walk_canonical(a, add_node, &x), 0);
	assert_int_equal(zone_walk_canonical(b, add_node, &y), 0);
	assert_string_equal(x.bytes, y.bytes);
	free(x.bytes);
	free(y.bytes);
}

// --- the zones

static const char small[] =
	"$ORIGIN example.com.\n$TTL 3600\n"
	"@ SOA ns1 Host.Master 7 3600 600 86400 300\n@ NS ns1\n@ NS ns2.elsewhere.test.\n@ MX 10 Mail\n"
	"ns1 A 192.0.2.1\nns1 AAAA 2001:db8::1\nmail A 192.0.2.25\nwww CNAME mail\n*.w TXT \"a\" \"b\"\n"
	"a.b.c.d A 192.0.2.9\nd.b TYPE65280 \\# 4 01020304\n_x._tcp SRV 1 2 53 ns1\n@ TXT \"apex\"\n";

static char *large_zone(void)
{
	char *text = malloc(20000 * 64);
	size_t length = (size_t)sprintf(text, "%s", small);

	for (unsigned i = 0; i < 20000; i++)
		length += (size_t)sprintf(text + length, "host%u.part%u A 10.%u.%u.%u\n", i, i % 100, i >> 16, (i >> 8) & 255, i & 255);
	return text;
}

static int set_up(void **state)
{
	char why[256];

	(void)state;
	hash_seed_fixed(1);
	assert_int_equal(arena_open(UINT64_C(4) << 30, why), 0);
	assert_int_equal(zone_table_new(&table), 0);
	assert_int_equal(zone_table_add(table, origin, &slot), 0);
	atomic_store(&slot->allow_transfer, &acl_any);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	zone_table_free(table);
	epoch_barrier();
	arena_close();
	return 0;
}

static void round_trip(const char *text, const struct how *how, size_t cut, size_t least_messages)
{
	const struct zone_version *version = zone_of(text), *copy = NULL;
	struct stream stream;
	char why[256];

	give(version, how, &stream);
	assert_true(stream.messages >= least_messages);
	if (take(&stream, cut, NULL, false, &copy, why) != FETCH_DONE)
		fail_msg("%s", why);
	assert_same(version, copy);
	zone_release(copy);
	zone_release(version);
	free(stream.bytes);
}

static void a_small_zone_in_one_message(void **state)
{
	(void)state;
	round_trip(small, &(struct how){ .room = MESSAGE_MAX, .type = TYPE_AXFR, .transport = TRANSPORT_TCP }, SIZE_MAX / 2, 1);
}

static void cut_at_every_byte(void **state)
{
	(void)state;
	for (size_t cut = 1; cut < 40; cut++) // the SOA alone takes 102 bytes
		round_trip(small, &(struct how){ .room = 110, .type = TYPE_AXFR, .transport = TRANSPORT_TCP }, cut, 5);
}

static void large_messages_and_the_reach_of_pointers(void **state)
{
	char *text = large_zone();

	(void)state;
	round_trip(text, &(struct how){ .room = MESSAGE_MAX, .type = TYPE_AXFR, .transport = TRANSPORT_TCP }, 65536, 5);
	round_trip(text, &(struct how){ .room = 20000, .type = TYPE_AXFR, .transport = TRANSPORT_TCP }, 7777, 20);
	free(text);
}

static void signed_each_and_signed_seldom(void **state)
{
	char *text = large_zone();
	struct how how = { .room = 2000, .key = &key, .type = TYPE_AXFR, .transport = TRANSPORT_TCP };

	(void)state;
	for (how.sign_every = 1; how.sign_every <= 100; how.sign_every += 33)
		round_trip(text, &how, 30000, 200);
	free(text);
}

static void too_seldom_signed_is_refused(void **state)
{
	char *text = large_zone(), why[256];
	struct how how = { .room = 2000, .key = &key, .sign_every = 150, .type = TYPE_AXFR, .transport = TRANSPORT_TCP };
	const struct zone_version *version = zone_of(text), *copy;
	struct stream stream;

	(void)state;
	give(version, &how, &stream);
	assert_true(take(&stream, 65536, NULL, false, &copy, why) < 0);
	assert_non_null(strstr(why, "refused"));
	zone_release(version);
	free(stream.bytes);
	free(text);
}

static void a_changed_byte_is_noticed_where_it_is_signed(void **state)
{
	const struct how how = { .room = 200, .key = &key, .sign_every = 1, .type = TYPE_AXFR, .transport = TRANSPORT_TCP };
	const struct zone_version *version = zone_of(small), *copy;
	struct stream stream;
	char why[256];

	(void)state;
	give(version, &how, &stream);
	for (size_t at = 2; at < stream.length; at += 3) {
		uint8_t kept = stream.bytes[at];
		stream.bytes[at] ^= 1;
		int outcome = take(&stream, SIZE_MAX / 2, NULL, false, &copy, why);
		if (outcome >= 0)
			fail_msg("byte %zu changed and nobody noticed", at);
		assert_true(strlen(why) > 10);
		stream.bytes[at] = kept;
	}
	zone_release(version);
	free(stream.bytes);
}

static void a_stream_that_ends_early_is_not_taken(void **state)
{
	const struct how how = { .room = 200, .type = TYPE_AXFR, .transport = TRANSPORT_TCP };
	const struct zone_version *version = zone_of(small), *copy;
	struct stream stream, part;
	char why[256];

	(void)state;
	give(version, &how, &stream);
	for (size_t length = 1; length < stream.length; length += 5) {
		part = stream;
		part.length = length;
		assert_int_equal(take(&part, SIZE_MAX / 2, NULL, false, &copy, why), ERR_CLOSED);
		assert_non_null(strstr(why, "closed the connection"));
	}
	zone_release(version);
	free(stream.bytes);
}

static void what_we_have_already_is_not_fetched_again(void **state)
{
	const struct how how = { .room = 200, .type = TYPE_AXFR, .transport = TRANSPORT_TCP };
	const struct zone_version *version = zone_of(small), *copy;
	struct stream stream;
	char why[256];

	(void)state;
	give(version, &how, &stream);
	assert_int_equal(take(&stream, 100, version, false, &copy, why), FETCH_UP_TO_DATE);
	zone_release(version);
	free(stream.bytes);
}

static void an_ixfr_without_a_history_gets_the_whole_zone(void **state)
{
	// The request's SOA stands in its authority section.
	uint8_t request[] = "\x12\x34\0\0\0\1\0\0\0\1\0\0\7example\3com\0\0\xfb\0\1"
	                    "\xc0\x0c\0\6\0\1\0\0\0\0\0\x16\0\0\0\0\0\5\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
	struct sockaddr source = { .sa_family = AF_INET };
	struct answer_request in = { .bytes = request, .length = sizeof request - 1, .source = &source,
	                             .transport = TRANSPORT_TCP };
	struct answer parsed = { .zone = slot, .type = TYPE_IXFR };
	const struct zone_version *version = zone_of(small);
	struct provide *provide;
	uint8_t message[4096];
	size_t length;
	uint16_t rcode;
	char why[128];
	bool last;

	(void)state;
	zone_slot_publish(slot, version);
	qname_init(&parsed.qname, origin);
	// Serial 5, ours is 7: the zone.
	assert_int_equal(provide_open(&room, &in, &parsed, &provide, &rcode, why), 0);
	assert_int_equal(provide_next(provide, message, sizeof message, &length, &last), 0);
	assert_true(last);
	assert_int_equal(message_count(message, SECTION_ANSWER), 14);
	provide_close(provide);
	// The same over UDP: our SOA alone.
	in.transport = TRANSPORT_UDP;
	assert_int_equal(provide_open(&room, &in, &parsed, &provide, &rcode, why), 0);
	assert_int_equal(provide_next(provide, message, sizeof message, &length, &last), 0);
	assert_true(last);
	assert_int_equal(message_count(message, SECTION_ANSWER), 1);
	provide_close(provide);
	// Serial 7, as ours: our SOA alone.
	in.transport = TRANSPORT_TCP;
	request[sizeof request - 1 - 17] = 7;
	assert_int_equal(provide_open(&room, &in, &parsed, &provide, &rcode, why), 0);
	assert_int_equal(provide_next(provide, message, sizeof message, &length, &last), 0);
	assert_true(last);
	assert_int_equal(message_count(message, SECTION_ANSWER), 1);
	provide_close(provide);
	// No SOA at all.
	wire_put16(request + 8, 0);
	assert_int_equal(provide_open(&room, &in, &parsed, &provide, &rcode, why), ERR_FORMAT);
	assert_int_equal(rcode, RCODE_FORMERR);
	// An expired zone is given to nobody.
	zone_slot_set_state(slot, ZONE_STATE_EXPIRED);
	parsed.type = TYPE_AXFR;
	assert_int_equal(provide_open(&room, &in, &parsed, &provide, &rcode, why), ERR_STATE);
	assert_int_equal(rcode, RCODE_SERVFAIL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_small_zone_in_one_message),
		cmocka_unit_test(cut_at_every_byte),
		cmocka_unit_test(large_messages_and_the_reach_of_pointers),
		cmocka_unit_test(signed_each_and_signed_seldom),
		cmocka_unit_test(too_seldom_signed_is_refused),
		cmocka_unit_test(a_changed_byte_is_noticed_where_it_is_signed),
		cmocka_unit_test(a_stream_that_ends_early_is_not_taken),
		cmocka_unit_test(what_we_have_already_is_not_fetched_again),
		cmocka_unit_test(an_ixfr_without_a_history_gets_the_whole_zone),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
