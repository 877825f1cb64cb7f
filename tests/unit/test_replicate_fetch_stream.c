// SPDX-License-Identifier: GPL-3.0-or-later
// What a primary may send wrongly, and the words that an operator then reads.
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
static struct query asked;

// A record as a test writes it: "S7" a SOA with serial 7, "T7" the same with
// another timer, "A name" an address, "C name" of class CHAOS, "B name" with a
// rdata too short, "M name" of a meta type, "N name" an NS.
struct script {
	const char *records[8];
};

struct fault {
	const char *name;
	struct script messages[3];
	uint16_t id;            // 0: the right one
	uint16_t flags;         // 0: QR and AA
	int questions;          // -1: none
	const char *question;   // NULL: the right one
	size_t cut_tail;        // bytes of the last message that never come
	int outcome;
	const char *why;
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

static void put_record(struct wire_writer *w, const char *record)
{
	char kind = record[0];
	const char *owner = kind == 'S' || kind == 'T' ? "example.com" : record + 2;
	uint16_t type = kind == 'S' || kind == 'T' || kind == 'X' ? TYPE_SOA : kind == 'M' ? TYPE_ANY
	                : kind == 'N' ? TYPE_NS : TYPE_A;

	put_name(w, owner);
	wire_write16(w, type);
	wire_write16(w, kind == 'C' ? CLASS_CH : CLASS_IN);
	wire_write32(w, 3600);
	if (type == TYPE_SOA) {
		wire_write16(w, 22);
		wire_write16(w, 0); // two root names
		wire_write32(w, kind == 'X' ? 7 : (uint32_t)atoi(record + 1));
		wire_write32(w, kind == 'T' ? 999 : 3600);
		wire_write32(w, 600);
		wire_write32(w, 86400);
		wire_write32(w, 300);
	} else if (type == TYPE_NS) {
		wire_write16(w, 1);
		wire_write8(w, 0);
	} else {
		wire_write16(w, kind == 'B' ? 3 : 4);
		wire_write_bytes(w, "\xc0\0\2\1", kind == 'B' ? 3 : 4);
	}
}

static size_t put_message(uint8_t *bytes, size_t room, const struct fault *fault, const struct script *script,
                          bool is_first)
{
	struct wire_writer w;
	uint16_t count = 0;
	int questions = fault->questions != 0 ? fault->questions : is_first ? 1 : 0;

	while (count < 8 && script->records[count] != NULL)
		count++;
	wire_writer_init(&w, bytes + 2, room - 2);
	wire_write16(&w, fault->id != 0 ? fault->id : ID);
	wire_write16(&w, fault->flags != 0 ? fault->flags : FLAG_QR | FLAG_AA);
	wire_write16(&w, questions > 0 ? (uint16_t)questions : 0);
	wire_write16(&w, count);
	wire_write32(&w, 0);
	for (int i = 0; i < questions; i++) {
		put_name(&w, fault->question != NULL ? fault->question : "example.com");
		wire_write16(&w, TYPE_AXFR);
		wire_write16(&w, CLASS_IN);
	}
	for (unsigned i = 0; i < count; i++)
		put_record(&w, script->records[i]);
	assert_false(w.full);
	wire_put16(bytes, (uint16_t)wire_writer_length(&w));
	return 2 + wire_writer_length(&w);
}

// The figures of what was played last.
static struct fetch_figures figures;

static int play(const struct fault *fault, const struct fetch_terms *terms, char why[256])
{
	struct fetch_stream *stream;
	uint8_t bytes[4096];
	size_t length = 0;
	int outcome;

	for (unsigned i = 0; i < 3; i++)
		if (fault->messages[i].records[0] != NULL || i == 0)
			length += put_message(bytes + length, sizeof bytes - length, fault, &fault->messages[i], i == 0);
	assert_int_equal(fetch_stream_new(terms, &stream), 0);
	outcome = fetch_stream_bytes(stream, bytes, length - fault->cut_tail, NOW);
	if (outcome == FETCH_MORE)
		outcome = fetch_stream_end(stream);
	if (outcome == FETCH_DONE)
		zone_draft_abandon(fetch_stream_take(stream));
	snprintf(why, 256, "%s", fetch_stream_why(stream));
	fetch_stream_figures(stream, &figures);
	fetch_stream_free(stream);
	return outcome;
}

#define GOOD { { { "S7", "N example.com", "A www.example.com", "S7" } } }

static const struct fault faults[] = {
	{ "a good one", GOOD, .outcome = FETCH_DONE },
	{ "one record a message", { { { "S7" } }, { { "A www.example.com" } }, { { "S7" } } }, .outcome = FETCH_DONE },
	{ "another ID", GOOD, .id = 1, .outcome = ERR_FORMAT, .why = "has the ID 1, we asked with 4711" },
	{ "a query", GOOD, .flags = FLAG_AA, .outcome = ERR_FORMAT, .why = "is a query" },
	{ "another opcode", GOOD, .flags = FLAG_QR | (OPCODE_NOTIFY << 11), .outcome = ERR_FORMAT, .why = "opcode 4" },
	{ "REFUSED", { { { NULL } } }, .flags = FLAG_QR | RCODE_REFUSED, .outcome = ERR_DENIED,
	  .why = "refused: REFUSED, their access list does not allow us" },
	{ "NOTAUTH", { { { NULL } } }, .flags = FLAG_QR | RCODE_NOTAUTH, .outcome = ERR_DENIED, .why = "refused: NOTAUTH" },
	{ "SERVFAIL", { { { NULL } } }, .flags = FLAG_QR | RCODE_SERVFAIL, .outcome = ERR_DENIED, .why = "SERVFAIL" },
	{ "truncated", GOOD, .flags = FLAG_QR | FLAG_TC, .outcome = ERR_FORMAT, .why = "truncated (TC)" },
	{ "no question", GOOD, .questions = -1, .outcome = ERR_FORMAT, .why = "0 questions" },
	{ "two questions", GOOD, .questions = 2, .outcome = ERR_FORMAT, .why = "2 questions" },
	{ "another question", GOOD, .question = "example.net", .outcome = ERR_FORMAT, .why = "another question" },
	{ "empty", { { { NULL } } }, .outcome = ERR_FORMAT, .why = "the answer is empty" },
	{ "no SOA first", { { { "A www.example.com", "S7" } } }, .outcome = ERR_FORMAT, .why = "begins with a record of type A" },
	{ "the SOA of another zone first", { { { "X example.net", "S7" } } }, .outcome = ERR_RANGE, .why = "outside the zone" },
	{ "the SOA of a child", { { { "S7", "X sub.example.com", "S7" } } }, .outcome = ERR_FORMAT,
	  .why = "record 2 is the SOA of another zone, sub.example.com" },
	{ "out of the zone", { { { "S7", "A www.example.net", "S7" } } }, .outcome = ERR_RANGE,
	  .why = "record 2 (www.example.net A) lies outside the zone" },
	{ "another class", { { { "S7", "C www.example.com", "S7" } } }, .outcome = ERR_FORMAT, .why = "class 3) is no zone data" },
	{ "a meta type", { { { "S7", "M www.example.com", "S7" } } }, .outcome = ERR_FORMAT, .why = "is no zone data" },
	{ "a short address", { { { "S7", "B www.example.com", "S7" } } }, .outcome = ERR_FORMAT,
	  .why = "record 2 (www.example.com A) is malformed" },
	{ "the serial changes", { { { "S7", "A www.example.com", "S8" } } }, .outcome = ERR_FORMAT,
	  .why = "began with 7 and ends with 8" },
	{ "the last SOA differs", { { { "S7", "A www.example.com", "T7" } } }, .outcome = ERR_FORMAT,
	  .why = "the SOA at its end differs" },
	{ "records behind the end", { { { "S7", "S7", "A www.example.com" } } }, .outcome = ERR_FORMAT,
	  .why = "behind the last SOA" },
	{ "the last SOA never comes", { { { "S7", "A www.example.com" } } }, .outcome = ERR_CLOSED,
	  .why = "closed the connection after 2 records, before the last SOA" },
	{ "cut within a message", GOOD, .cut_tail = 5, .outcome = ERR_CLOSED, .why = "closed the connection" },
};

static void every_fault_is_named(void **state)
{
	struct fetch_terms terms = { .kind = FETCH_AXFR, .query = &asked, .line = line };
	char why[256];

	(void)state;
	for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
		int outcome = play(&faults[i], &terms, why);
		if (outcome != faults[i].outcome || (faults[i].why != NULL && strstr(why, faults[i].why) == NULL))
			fail_msg("%s: %d, \"%s\"", faults[i].name, outcome, why);
	}
}

static void a_zone_beyond_its_limits_is_refused(void **state)
{
	struct fetch_terms terms = { .kind = FETCH_AXFR, .query = &asked, .line = line, .max_records = 2 };
	char why[256];

	(void)state;
	assert_int_equal(play(&faults[0], &terms, why), ERR_LIMIT);
	assert_non_null(strstr(why, "max-records 2"));
}

static void the_serial_alone(void **state)
{
	const struct fault one = { .name = "", .messages = { { { "S7" } } } };
	struct fetch_terms terms = { .kind = FETCH_SOA, .query = &asked, .line = line };
	char why[256];

	(void)state;
	assert_int_equal(play(&one, &terms, why), FETCH_UP_TO_DATE);
}

// What comes behind an answer would be taken for that to the next question on
// the connection.
static void what_comes_behind_the_answer_is_noticed(void **state)
{
	static const struct { struct fault fault; enum fetch_kind kind; bool has_rest; } cases[] = {
		{ { .name = "serial", .messages = { { { "S7" } } } }, FETCH_SOA, false },
		{ { .name = "serial, then more", .messages = { { { "S7" } }, { { "S7" } } } }, FETCH_SOA, true },
		{ { .name = "the whole zone begins", .messages = { { { "S7", "N example.com" } } } }, FETCH_SOA, true },
		{ { .name = "zone", .messages = GOOD }, FETCH_AXFR, false },
		{ { .name = "zone, then more", .messages = { { { "S7", "N example.com", "S7" } }, { { "S7" } } } },
		  FETCH_AXFR, true },
		{ { .name = "zone, then half a message", .cut_tail = 20,
		    .messages = { { { "S7", "N example.com", "S7" } }, { { "S7" } } } }, FETCH_AXFR, true },
	};
	char why[256];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct fetch_terms terms = { .kind = cases[i].kind, .query = &asked, .line = line };
		if (play(&cases[i].fault, &terms, why) <= 0 || figures.has_rest != cases[i].has_rest)
			fail_msg("%s: %d, \"%s\"", cases[i].fault.name, figures.has_rest, why);
	}
}

static void clocks_that_differ_are_explained(void **state)
{
	static const struct tsig_key key = { (const uint8_t *)"\2tr", TSIG_HMAC_SHA256, 4, (const uint8_t *)"1234" };
	struct tsig_verdict verdict = { .was_signed = true, .error = RCODE_BADTIME, .skew = 412 };
	struct query query = { .key = &key };
	char why[256];

	(void)state;
	query_explain_tsig(&query, &verdict, ERR_TIME, why, sizeof why);
	assert_string_equal(why, "TSIG BADTIME, our clock is 412 s behind theirs (limit 300)");
	verdict.skew = -1000;
	query_explain_tsig(&query, &verdict, ERR_TIME, why, sizeof why);
	assert_string_equal(why, "TSIG BADTIME, our clock is 1000 s ahead of theirs (limit 300)");
	verdict.error = RCODE_BADKEY;
	query_explain_tsig(&query, &verdict, ERR_KEY, why, sizeof why);
	assert_non_null(strstr(why, "TSIG BADKEY, key tr"));
}

static int set_up(void **state)
{
	char why[256];

	(void)state;
	hash_seed_fixed(1);
	assert_int_equal(arena_open(UINT64_C(1) << 30, why), 0);
	assert_int_equal(zone_line_new(origin, &line), 0);
	return query_build(&asked, ID, origin, TYPE_AXFR, NULL, NOW);
}

static int tear_down(void **state)
{
	(void)state;
	zone_line_release(line);
	arena_close();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_fault_is_named),
		cmocka_unit_test(a_zone_beyond_its_limits_is_refused),
		cmocka_unit_test(the_serial_alone),
		cmocka_unit_test(what_comes_behind_the_answer_is_noticed),
		cmocka_unit_test(clocks_that_differ_are_explained),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
