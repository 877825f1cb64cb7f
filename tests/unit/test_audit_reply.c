// SPDX-License-Identifier: GPL-3.0-or-later
// Replies of strangers taken apart: what is one is understood, what is none is
// refused, and only the answer to our question is one.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "audit/finding.h"
#include "audit/reply.h"
#include "audit/times.h"
#include "base/error.h"

#define ID 0x1234
#define NAME "\1A\4Test"        // "A.Test" with the byte that ends the literal
#define QUESTION NAME "\0" "\0\2\0\1" // NS IN
#define HEADER(flags, answers, authorities, additionals) \
	"\x12\x34" flags "\0\1\0" answers "\0" authorities "\0" additionals
#define NS_RECORD "\xc0\x0c" "\0\2\0\1" "\0\0\1\x2c" "\0\7" "\2NS\1B\xc0\x0c"
#define OPT "\0" "\0\x29" "\x04\xd0" "\1\0\x80\0" "\0\0" // extended rcode 1, DO
#define BYTES(text) (const uint8_t *)(text), sizeof(text) - 1

struct given {
	struct pool pool;
	jmp_buf escape;
};

static int set_up(void **state)
{
	static struct given given;
	memset(&given, 0, sizeof given);
	given.pool.escape = &given.escape;
	if (setjmp(given.escape) != 0)
		return -1;
	*state = &given;
	return 0;
}

static int tear_down(void **state)
{
	struct given *given = *state;
	pool_free(&given->pool);
	return 0;
}

static int parse(void **state, const uint8_t *message, size_t length, struct reply **reply)
{
	struct given *given = *state;
	return reply_parse(&given->pool, message, length, reply);
}

static void a_reply_is_taken_apart(void **state)
{
	struct reply *reply;
	uint8_t name[NAME_MAX_WIRE];
	assert_int_equal(parse(state, BYTES(HEADER("\x84\0", "\1", "\0", "\1") QUESTION NS_RECORD OPT), &reply), 0);
	assert_true(reply_is_authoritative(reply));
	assert_int_equal(reply->count, 1);
	assert_int_equal(reply->rcode, RCODE_BADVERS); // 16: the upper bits come by EDNS
	assert_true(reply->edns.present && reply->edns.dnssec_ok);
	assert_int_equal(reply->edns.udp_size, 1232);
	assert_int_equal(name_from_text("a.test", name), 8);
	const struct reply_record *ns = reply_find(reply, SECTION_ANSWER, name, TYPE_NS, NULL);
	assert_non_null(ns);
	assert_int_equal(ns->ttl, 300);
	// Names within are whole and in lower case, so that sets compare as bytes.
	assert_int_equal(name_from_text("ns.b.a.test", name), 13);
	assert_int_equal(ns->length, 13);
	assert_memory_equal(ns->rdata, name, 13);
	assert_null(reply_find(reply, SECTION_ANSWER, NULL, TYPE_NS, ns));
	assert_null(reply_find(reply, SECTION_AUTHORITY, NULL, TYPE_NS, NULL));
	assert_null(reply_find(NULL, SECTION_ANSWER, NULL, TYPE_NS, NULL));
}

static void every_cut_is_noticed(void **state)
{
	static const char whole[] = HEADER("\x84\0", "\1", "\0", "\1") QUESTION NS_RECORD OPT;
	struct reply *reply;
	for (size_t length = 0; length < sizeof whole - 1; length++) {
		assert_int_equal(parse(state, (const uint8_t *)whole, length, &reply), ERR_FORMAT);
		assert_null(reply);
	}
}

static void what_is_no_reply_is_refused(void **state)
{
	struct reply *reply;
	// A question; more records than bytes; two OPT; an OPT below a name; something
	// behind the end; an address of three bytes.
	assert_int_equal(parse(state, BYTES(HEADER("\0\0", "\0", "\0", "\0") QUESTION), &reply), ERR_FORMAT);
	assert_int_equal(parse(state, BYTES("\x12\x34\x84\0\0\1\xff\xff\0\0\0\0" QUESTION NS_RECORD), &reply), ERR_FORMAT);
	assert_int_equal(parse(state, BYTES(HEADER("\x84\0", "\0", "\0", "\2") QUESTION OPT OPT), &reply), ERR_FORMAT);
	assert_int_equal(parse(state, BYTES(HEADER("\x84\0", "\0", "\0", "\1") QUESTION
	                                    "\xc0\x0c" "\0\x29" "\x04\xd0" "\0\0\0\0" "\0\0"), &reply), ERR_FORMAT);
	assert_int_equal(parse(state, BYTES(HEADER("\x84\0", "\0", "\0", "\0") QUESTION "x"), &reply), ERR_FORMAT);
	assert_int_equal(parse(state, BYTES(HEADER("\x84\0", "\1", "\0", "\0") QUESTION
	                                    "\xc0\x0c" "\0\1\0\1" "\0\0\0\0" "\0\3" "\1\2\3"), &reply), ERR_FORMAT);
}

static void only_the_answer_to_our_question_counts(void **state)
{
	uint8_t name[NAME_MAX_WIRE], other[NAME_MAX_WIRE];
	(void)state;
	assert_int_equal(name_from_text("a.test", name), 8);
	assert_int_equal(name_from_text("b.test", other), 8);
	assert_true(reply_is_to(BYTES(HEADER("\x84\0", "\0", "\0", "\0") QUESTION), ID, name, TYPE_NS));
	assert_false(reply_is_to(BYTES(HEADER("\x84\0", "\0", "\0", "\0") QUESTION), ID + 1, name, TYPE_NS));
	assert_false(reply_is_to(BYTES(HEADER("\x84\0", "\0", "\0", "\0") QUESTION), ID, other, TYPE_NS));
	assert_false(reply_is_to(BYTES(HEADER("\x84\0", "\0", "\0", "\0") QUESTION), ID, name, TYPE_SOA));
	assert_false(reply_is_to(BYTES(HEADER("\0\0", "\0", "\0", "\0") QUESTION), ID, name, TYPE_NS));
	assert_false(reply_is_to(BYTES("\x12\x34"), ID, name, TYPE_NS));
	// FORMERR may come without the question, NOERROR may not.
	assert_true(reply_is_to(BYTES("\x12\x34\x80\1\0\0\0\0\0\0\0\0"), ID, name, TYPE_NS));
	assert_false(reply_is_to(BYTES("\x12\x34\x80\0\0\0\0\0\0\0\0\0"), ID, name, TYPE_NS));
}

static void times_are_said_in_their_largest_unit(void **state)
{
	static const struct {
		int64_t seconds;
		const char *text;
	} spans[] = {
		{ 0, "0 seconds" }, { 1, "1 second" }, { 59, "59 seconds" }, { 60, "1 minute" }, { 90, "90 seconds" },
		{ 600, "10 minutes" }, { 3600, "1 hour" }, { 5400, "90 minutes" }, { 86400, "1 day" }, { 604740, "7 days" },
		{ 604800, "1 week" }, { 1209600, "2 weeks" }, { 4294967295, "7101 weeks" },
	};
	char text[TIMES_TEXT];
	(void)state;
	for (size_t i = 0; i < sizeof spans / sizeof *spans; i++)
		assert_string_equal(times_span(spans[i].seconds, text), spans[i].text);
	assert_string_equal(times_moment(1795382460, text), "2026-11-22 21:21 UTC");
}

static void findings_come_worst_first_and_are_bounded(void **state)
{
	struct given *given = *state;
	struct findings findings = { .pool = &given->pool };
	finding_add(&findings, FINDING_SOA_MNAME, NULL, NULL, 53, "one");
	finding_add(&findings, FINDING_SERIAL_BEHIND, NULL, NULL, 53, "two");
	finding_add(&findings, FINDING_NO_TCP, NULL, NULL, 53, "three");
	struct finding *milder = finding_add(&findings, FINDING_NO_ANSWER, NULL, NULL, 53, "four");
	finding_set_severity(&findings, milder, AUDIT_INFO);
	findings_sort(&findings);
	const char *const order[] = { "three", "two", "four", "one" };
	const struct finding *f = findings.first;
	for (size_t i = 0; i < 4; i++, f = f->next)
		assert_string_equal(f->what, order[i]);
	assert_null(f);
	assert_int_equal(findings.counts[AUDIT_INFO], 2);
	for (unsigned i = 0; i < 2 * FINDINGS_MOST; i++)
		finding_add(&findings, FINDING_NO_UDP, NULL, NULL, 53, "number %u", i);
	unsigned listed = 0;
	for (f = findings.first; f != NULL; f = f->next)
		listed++;
	assert_int_equal(listed, FINDINGS_MOST);
	assert_int_equal(findings.counts[AUDIT_ERROR], 1 + 2 * FINDINGS_MOST);
}

static void every_kind_says_what_why_and_how(void **state)
{
	(void)state;
	for (unsigned i = 0; i < FINDING_COUNT; i++) {
		const struct finding_kind *kind = &finding_kinds[i];
		assert_non_null(kind->id);
		assert_true(strlen(kind->title) > 10 && strlen(kind->title) < 80);
		assert_true(kind->why[strlen(kind->why) - 1] == '.');
		assert_true(strlen(kind->mend) > 10);
		for (unsigned j = 0; j < i; j++)
			assert_string_not_equal(kind->id, finding_kinds[j].id);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_reply_is_taken_apart, set_up, tear_down),
		cmocka_unit_test_setup_teardown(every_cut_is_noticed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_is_no_reply_is_refused, set_up, tear_down),
		cmocka_unit_test(only_the_answer_to_our_question_counts),
		cmocka_unit_test(times_are_said_in_their_largest_unit),
		cmocka_unit_test_setup_teardown(findings_come_worst_first_and_are_bounded, set_up, tear_down),
		cmocka_unit_test(every_kind_says_what_why_and_how),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
