// SPDX-License-Identifier: GPL-3.0-or-later
// Incremental transfers as they come: every form that is right, and what does
// not fit the version that we have.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/hash.h"
#include "dns/types.h"
#include "replicate/fetch_stream.h"

#define NOW INT64_C(1790000000)
#define ID 4711

static const uint8_t origin[] = "\7example\3com";
static struct zone_line *line;
static const struct zone_version *base; // serial 5: NS, www, old
static struct query asked;

// A record as a test writes it: "S7" the SOA with serial 7, "T7" the same with
// another timer, "N name" an NS, "A name" an address, "B name" another one, "L name"
// the first with another TTL.
struct reply {
	const char *name;
	const char *records;     // with commas; "|" begins another message
	int outcome;
	const char *why;         // where it fails
	const char *there, *gone; // after it: owners
	uint64_t removed, added;
	bool is_whole;
};

static const uint8_t *wire(const char *text)
{
	static uint8_t name[NAME_MAX_WIRE];

	assert_true(name_from_text(text, name) > 0);
	return name;
}

static void put_name(struct wire_writer *w, const char *text)
{
	const uint8_t *name = wire(text);

	wire_write_bytes(w, name, name_length(name));
}

static size_t put_rdata(uint8_t *to, const char *record)
{
	struct wire_writer w;
	char kind = record[0];

	wire_writer_init(&w, to, 64);
	if (kind == 'S' || kind == 'T') {
		wire_write16(&w, 0); // two root names
		wire_write32(&w, (uint32_t)strtoul(record + 1, NULL, 10));
		wire_write32(&w, kind == 'T' ? 999 : 3600);
		wire_write32(&w, 600);
		wire_write32(&w, 86400);
		wire_write32(&w, 300);
	} else if (kind == 'N') {
		wire_write8(&w, 0);
	} else {
		wire_write32(&w, kind == 'B' ? 0xc0000202 : 0xc0000201);
	}
	return wire_writer_length(&w);
}

static uint16_t type_of(char kind)
{
	return kind == 'S' || kind == 'T' ? TYPE_SOA : kind == 'N' ? TYPE_NS : TYPE_A;
}

static void put_record(struct wire_writer *w, const char *record)
{
	uint8_t rdata[64];
	size_t length = put_rdata(rdata, record);
	uint16_t type = type_of(record[0]);

	put_name(w, type == TYPE_SOA ? "example.com" : record + 2);
	wire_write16(w, type);
	wire_write16(w, CLASS_IN);
	wire_write32(w, record[0] == 'L' ? 60 : 3600);
	wire_write16(w, (uint16_t)length);
	wire_write_bytes(w, rdata, length);
}

static size_t put_message(uint8_t *bytes, size_t room, char *records)
{
	struct wire_writer w;
	uint16_t count = 0;
	char *place;

	wire_writer_init(&w, bytes + 2, room - 2);
	wire_write16(&w, ID);
	wire_write16(&w, FLAG_QR | FLAG_AA);
	wire_write32(&w, 1u << 16);
	wire_write32(&w, 0);
	put_name(&w, "example.com");
	wire_write16(&w, TYPE_IXFR);
	wire_write16(&w, CLASS_IN);
	for (char *record = strtok_r(records, ",", &place); record != NULL; record = strtok_r(NULL, ",", &place)) {
		put_record(&w, record);
		count++;
	}
	wire_put16(bytes + 2 + 6, count);
	assert_false(w.full);
	wire_put16(bytes, (uint16_t)wire_writer_length(&w));
	return 2 + wire_writer_length(&w);
}

static size_t put_messages(uint8_t *bytes, size_t room, const char *records)
{
	char text[512], *place;
	size_t length = 0;

	snprintf(text, sizeof text, "%s", records);
	for (char *message = strtok_r(text, "|", &place); message != NULL; message = strtok_r(NULL, "|", &place))
		length += put_message(bytes + length, room - length, message);
	return length;
}

static bool has_owner(const struct zone_version *version, const char *owner)
{
	struct qname q;

	qname_init(&q, wire(owner));
	return zone_node_at(version, &q) != NULL;
}

// What came is what the records say, and the delta says how it came.
static void check_version(const struct reply *reply, struct zone_draft *draft, struct delta_writer *changes)
{
	const struct zone_version *version;
	struct delta *delta;

	assert_non_null(changes);
	assert_int_equal(zone_draft_seal(draft, &version), 0);
	assert_int_equal(delta_writer_finish(changes, base, version, &delta), 0);
	assert_int_equal(zone_serial(version), 7);
	assert_int_equal(delta_from(delta), 5);
	assert_int_equal(delta_to(delta), 7);
	if (reply->there != NULL && !has_owner(version, reply->there))
		fail_msg("%s: %s is not there", reply->name, reply->there);
	if (reply->gone != NULL && has_owner(version, reply->gone))
		fail_msg("%s: %s is still there", reply->name, reply->gone);
	delta_release(delta);
	zone_release(version);
}

static void play(const struct reply *reply, size_t piece)
{
	struct fetch_terms terms = { .kind = FETCH_IXFR, .query = &asked, .line = line, .base = base };
	struct fetch_figures figures;
	struct fetch_stream *stream;
	uint8_t bytes[4096];
	size_t length = put_messages(bytes, sizeof bytes, reply->records);
	int outcome = FETCH_MORE;

	assert_int_equal(fetch_stream_new(&terms, &stream), 0);
	for (size_t at = 0; at < length && outcome == FETCH_MORE; at += piece)
		outcome = fetch_stream_bytes(stream, bytes + at, length - at < piece ? length - at : piece, NOW);
	if (outcome == FETCH_MORE)
		outcome = fetch_stream_end(stream);
	if (outcome != reply->outcome)
		fail_msg("%s: %d, \"%s\"", reply->name, outcome, fetch_stream_why(stream));
	if (reply->why != NULL && strstr(fetch_stream_why(stream), reply->why) == NULL)
		fail_msg("%s: \"%s\"", reply->name, fetch_stream_why(stream));
	fetch_stream_figures(stream, &figures);
	if (outcome == FETCH_DONE) {
		struct delta_writer *changes = fetch_stream_take_changes(stream);
		assert_int_equal(figures.is_incremental, !reply->is_whole);
		assert_int_equal(figures.removed, reply->removed);
		assert_int_equal(figures.added, reply->added);
		check_version(reply, fetch_stream_take(stream), changes);
	}
	fetch_stream_free(stream);
}

static const struct reply replies[] = {
	{ .name = "one step", .records = "S7,S5,A old.example.com,S7,A new.example.com,S7", .outcome = FETCH_DONE,
	  .there = "new.example.com", .gone = "old.example.com", .removed = 1, .added = 1 },
	{ .name = "several steps", .records = "S7,S5,A old.example.com,S6,A a.b.example.com,S6,A a.b.example.com,S7,A c.example.com,S7",
	  .outcome = FETCH_DONE, .there = "c.example.com", .gone = "b.example.com", .removed = 2, .added = 2 },
	{ .name = "a record a message", .records = "S7|S5|A old.example.com|S7|A new.example.com|S7", .outcome = FETCH_DONE,
	  .there = "new.example.com", .gone = "old.example.com", .removed = 1, .added = 1 },
	{ .name = "a step that changes the SOA alone", .records = "S7,S5,S7,S7", .outcome = FETCH_DONE, .there = "old.example.com" },
	{ .name = "a step that changes another timer", .records = "T7,S5,T7,T7", .outcome = FETCH_DONE },
	{ .name = "another TTL", .records = "S7,S5,A www.example.com,S7,L www.example.com,S7", .outcome = FETCH_DONE,
	  .there = "www.example.com", .removed = 1, .added = 1 },
	{ .name = "the whole zone", .records = "S7,N example.com,A new.example.com,S7", .outcome = FETCH_DONE,
	  .there = "new.example.com", .gone = "old.example.com", .is_whole = true },
	{ .name = "the whole zone, its SOA alone first", .records = "S7|N example.com,A www.example.com|S7", .outcome = FETCH_DONE,
	  .gone = "old.example.com", .is_whole = true },
	{ .name = "the serial we have", .records = "S5", .outcome = FETCH_UP_TO_DATE },
	{ .name = "a lower serial", .records = "S4", .outcome = FETCH_UP_TO_DATE },
	{ .name = "a newer serial alone", .records = "S7", .outcome = ERR_CLOSED, .why = "the SOA alone" },
	{ .name = "it begins elsewhere", .records = "S7,S4,A old.example.com,S7,S7", .outcome = ERR_STATE,
	  .why = "it begins at serial 4, but we have 5" },
	{ .name = "another SOA of the same serial", .records = "S7,T5,S7,S7", .outcome = ERR_NOT_FOUND,
	  .why = "its SOA with serial 5 is not the one that we have" },
	{ .name = "a removal of what is not there", .records = "S7,S5,A no.example.com,S7,S7", .outcome = ERR_NOT_FOUND,
	  .why = "it removes no.example.com A, which is not there" },
	{ .name = "a removal of another address", .records = "S7,S5,B www.example.com,S7,S7", .outcome = ERR_NOT_FOUND,
	  .why = "it removes www.example.com A, which is not there" },
	{ .name = "an addition of what is there", .records = "S7,S5,S7,A www.example.com,S7", .outcome = ERR_EXISTS,
	  .why = "it adds www.example.com A, which is there already" },
	{ .name = "a set of the apex once more, as NSD sends it", .records = "S7,S5,S7,N example.com,A new.example.com,S7",
	  .outcome = FETCH_DONE, .there = "new.example.com", .added = 1 },
	{ .name = "a gap between steps", .records = "S9,S5,S6,S7,S9,S9", .outcome = ERR_STATE,
	  .why = "a step begins at serial 7, but the one before ended at 6" },
	{ .name = "a step backwards", .records = "S7,S5,S4,S4,S7,S7", .outcome = ERR_STATE, .why = "a step leads from serial 5 to 4" },
	{ .name = "a step in place", .records = "S7,S5,S5,S5,S7,S7", .outcome = ERR_STATE, .why = "a step leads from serial 5 to 5" },
	{ .name = "a step beyond the end", .records = "S7,S5,S8,S8,S7,S7", .outcome = ERR_STATE, .why = "on the way to 7" },
	{ .name = "another end", .records = "S7,S5,S7,S8", .outcome = ERR_STATE, .why = "it ends with serial 8, but promised 7" },
	{ .name = "another SOA at the end", .records = "S7,S5,S7,T7", .outcome = ERR_FORMAT, .why = "the SOA at its end differs" },
	{ .name = "records behind the end", .records = "S7,S5,S7,S7,A new.example.com", .outcome = ERR_FORMAT, .why = "behind the last SOA" },
	{ .name = "no end", .records = "S7,S5,S7,A new.example.com", .outcome = ERR_CLOSED, .why = "before the last SOA" },
	{ .name = "out of the zone", .records = "S7,S5,S7,A www.example.net,S7", .outcome = ERR_RANGE, .why = "outside the zone" },
};

static void every_form_and_fault(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof replies / sizeof replies[0]; i++)
		play(&replies[i], 4096);
}

static void cut_anywhere(void **state)
{
	(void)state;
	for (size_t piece = 1; piece < 64; piece += 7)
		play(&replies[1], piece);
}

static void add(struct zone_draft *draft, const char *record)
{
	uint8_t rdata[64];
	size_t length = put_rdata(rdata, record);
	uint16_t type = type_of(record[0]);

	assert_int_equal(zone_draft_add(draft, wire(type == TYPE_SOA ? "example.com" : record + 2), type, 3600, rdata,
	                                (uint16_t)length, NULL), 0);
}

static int set_up(void **state)
{
	struct query_ask ask = { .type = TYPE_IXFR, .wants_expire = true };
	struct zone_draft *draft;
	char why[256];

	(void)state;
	hash_seed_fixed(1);
	assert_int_equal(arena_open(UINT64_C(1) << 30, why), 0);
	assert_int_equal(zone_line_new(origin, &line), 0);
	assert_int_equal(zone_draft_new(line, &draft), 0);
	add(draft, "S5");
	add(draft, "N example.com");
	add(draft, "A www.example.com");
	add(draft, "A old.example.com");
	assert_int_equal(zone_draft_seal(draft, &base), 0);
	ask.base = base;
	return query_build_ask(&asked, ID, origin, &ask, NULL, NOW);
}

static int tear_down(void **state)
{
	(void)state;
	zone_release(base);
	zone_line_release(line);
	arena_close();
	return 0;
}

// Header, question, our SOA in the authority section, EXPIRE in the OPT.
static void the_request_tells_what_we_have(void **state)
{
	(void)state;
	assert_int_equal(message_count(asked.bytes, SECTION_AUTHORITY), 1);
	assert_int_equal(message_count(asked.bytes, SECTION_ADDITIONAL), 1);
	assert_int_equal(asked.length, 12 + 17 + 12 + 22 + 15);
	assert_int_equal(wire_get32(asked.bytes + 12 + 17 + 12 + 2), 5);
}

// A grant that has run out is not the same as none.
static void what_is_granted(void **state)
{
	uint8_t answer[12 + 11 + 8] = { [2] = 0x84, [11] = 1, [14] = TYPE_OPT, [15] = 4, [16] = 208,
	                                [22] = 8, [24] = 9, [26] = 4, [29] = 1, [30] = 44 };
	(void)state;
	assert_int_equal(query_read_expire(answer, sizeof answer), 300);
	answer[29] = answer[30] = 0;
	assert_int_equal(query_read_expire(answer, sizeof answer), 1);
	answer[24] = 10; // a cookie, which is none
	assert_int_equal(query_read_expire(answer, sizeof answer), 0);
	answer[11] = 0;
	assert_int_equal(query_read_expire(answer, sizeof answer), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_form_and_fault),
		cmocka_unit_test(cut_anywhere),
		cmocka_unit_test(the_request_tells_what_we_have),
		cmocka_unit_test(what_is_granted),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
