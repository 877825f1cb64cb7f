// SPDX-License-Identifier: GPL-3.0-or-later
// Names: limits, compression, order, presentation.
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/hash.h"
#include "dns/lower.h"
#include "dns/name.h"

#define NAMES 8

// A name from its text, in one of a few buffers that take turns.
static const uint8_t *n(const char *text)
{
	static uint8_t buffers[NAMES][NAME_MAX_WIRE];
	static unsigned turn;
	uint8_t *buffer = buffers[turn++ % NAMES];
	assert_true(name_from_text(text, buffer) > 0);
	return buffer;
}

// 255 bytes on the wire: three labels of 63 and one of 61.
static void longest(uint8_t name[static NAME_MAX_WIRE])
{
	uint8_t *at = name;
	for (int i = 0; i < 4; i++) {
		uint8_t length = i < 3 ? 63 : 61;
		*at++ = length;
		memset(at, 'a' + i, length);
		at += length;
	}
	*at = 0;
}

static void lengths_and_labels_are_counted(void **state)
{
	(void)state;
	assert_int_equal(name_length(n(".")), 1);
	assert_int_equal(name_length(n("www.example.com")), 17);
	assert_int_equal(name_label_count(n(".")), 0);
	assert_int_equal(name_label_count(n("www.example.com")), 3);
	assert_true(name_equal(name_skip(n("www.example.com"), 1), n("example.com")));
	assert_true(name_equal(name_skip(n("www.example.com"), 9), n(".")));
}

static void a_name_obeys_the_limits(void **state)
{
	(void)state;
	uint8_t name[300];
	longest(name);
	assert_int_equal(name_check(name, sizeof(name)), 255);
	assert_int_equal(name_check(name, 255), 255);
	assert_int_equal(name_check(name, 254), ERR_FORMAT);
	name[192] = 62; // one byte more
	memset(name + 193, 'd', 62);
	name[255] = 0;
	assert_int_equal(name_check(name, sizeof(name)), ERR_FORMAT);
	const uint8_t pointer[] = { 1, 'a', 0xc0, 0 };
	assert_int_equal(name_check(pointer, sizeof(pointer)), ERR_FORMAT);
	const uint8_t extended[] = { 0x41, 1, 0 };
	assert_int_equal(name_check(extended, sizeof(extended)), ERR_FORMAT);
	assert_int_equal(name_check(name, 0), ERR_FORMAT);
}

static void compressed_names_are_followed_backward_only(void **state)
{
	(void)state;
	const uint8_t message[] = {
		3, 'c', 'o', 'm', 0,           // 0
		7, 'E', 'x', 'a', 'm', 'p', 'l', 'e', 0xc0, 0, // 5
		3, 'w', 'w', 'w', 0xc0, 5,     // 15
		0xc0, 15,                      // 21
		0xc0, 23,                      // 23: itself
		0xc0, 27, 0xc0, 25,            // 25, 27: each other
		1, 'x', 0xc0, 29,              // 29: its own beginning
		0xc0,                          // 33: cut
	};
	uint8_t name[NAME_MAX_WIRE];
	assert_int_equal(name_unpack(message, sizeof(message), 0, name), 5);
	assert_int_equal(name_unpack(message, sizeof(message), 5, name), 10);
	assert_true(name_equal(name, n("example.com")));
	assert_int_equal(name[1], 'E');
	assert_int_equal(name_unpack(message, sizeof(message), 15, name), 6);
	assert_true(name_equal(name, n("www.example.com")));
	assert_int_equal(name_unpack(message, sizeof(message), 21, name), 2);
	assert_true(name_equal(name, n("www.example.com")));
	for (size_t at = 23; at <= 29; at += 2)
		assert_int_equal(name_unpack(message, sizeof(message), at, name), ERR_FORMAT);
	assert_int_equal(name_unpack(message, sizeof(message), 33, name), ERR_FORMAT);
	assert_int_equal(name_unpack(message, sizeof(message), 34, name), ERR_FORMAT);
	assert_int_equal(name_unpack(message, sizeof(message), 1000, name), ERR_FORMAT);
}

static void a_name_that_grows_too_long_by_pointers_is_refused(void **state)
{
	(void)state;
	uint8_t message[600], name[NAME_MAX_WIRE];
	longest(message);
	// One more label before it, by pointer: 255 + 2.
	message[255] = 1;
	message[256] = 'x';
	message[257] = 0xc0;
	message[258] = 0;
	assert_int_equal(name_unpack(message, 259, 0, name), 255);
	assert_int_equal(name_unpack(message, 259, 255, name), ERR_FORMAT);
	// Over its first label, it fits again.
	message[258] = 64;
	assert_int_equal(name_unpack(message, 259, 255, name), 4);
	assert_int_equal(name_length(name), 255 - 64 + 2);
	// A chain of pointers, each to the one before: as many as a name of all
	// labels could use, not as many as a message can hold.
	message[0] = 0;
	for (size_t at = 1; at + 2 <= 599; at += 2) {
		size_t target = at == 1 ? 0 : at - 2;
		message[at] = (uint8_t)(0xc0 | target >> 8);
		message[at + 1] = (uint8_t)target;
	}
	assert_int_equal(name_unpack(message, 599, 1 + 2 * 127, name), 2);
	assert_int_equal(name[0], 0);
	assert_int_equal(name_unpack(message, 599, 1 + 2 * 128, name), ERR_FORMAT);
	assert_int_equal(name_unpack(message, 599, 597, name), ERR_FORMAT);
	// Each label behind a pointer of its own is within that.
	uint8_t labels[4 * 127 + 1] = { 0 };
	for (size_t n = 1; n <= 127; n++) {
		size_t at = 4 * n - 3, target = n == 1 ? 0 : at - 4;
		memcpy(labels + at, (uint8_t[]){ 1, 'a', (uint8_t)(0xc0 | target >> 8), (uint8_t)target }, 4);
	}
	assert_int_equal(name_unpack(labels, sizeof(labels), 4 * 127 - 3, name), 4);
	assert_int_equal(name_length(name), 255);
}

static void case_does_not_count(void **state)
{
	(void)state;
	assert_true(name_equal(n("WWW.eXample.COM"), n("www.example.com")));
	assert_false(name_equal(n("www.example.com"), n("www.example.org")));
	assert_false(name_equal(n("www.example.com"), n("w.ww.example.com")));
	assert_false(name_equal(n("a\\.b.c"), n("a.b.c")));
	assert_false(name_equal(n("[.c"), n("{.c"))); // differ by 0x20, but no letters
	assert_false(name_equal(n("@.c"), n("`.c")));
	uint8_t name[NAME_MAX_WIRE];
	memcpy(name, n("AbcdEFGHijklMNOPQ.ZzAa\\@\\[\\200"), NAME_MAX_WIRE);
	name_lower(name, name);
	assert_memory_equal(name, n("abcdefghijklmnopq.zzaa\\@\\[\\200"), name_length(name));
}

static void every_byte_is_lowered_as_ascii_says(void **state)
{
	(void)state;
	for (size_t length = 0; length < 40; length++) {
		for (int c = 0; c < 256; c++) {
			uint8_t from[48], to[48];
			memset(from, c, sizeof(from));
			memset(to, 0xee, sizeof(to));
			lower_copy(to, from, length);
			int expected = c >= 'A' && c <= 'Z' ? c + 32 : c;
			for (size_t i = 0; i < sizeof(to); i++)
				assert_int_equal(to[i], i < length ? expected : 0xee);
		}
	}
}

static void ancestors_are_recognised_at_label_borders(void **state)
{
	(void)state;
	assert_true(name_is_within(n("www.example.com"), n("EXAMPLE.com")));
	assert_true(name_is_within(n("example.com"), n("example.com")));
	assert_true(name_is_within(n("example.com"), n(".")));
	assert_true(name_is_within(n("."), n(".")));
	assert_false(name_is_within(n("com"), n("example.com")));
	assert_false(name_is_within(n("badexample.com"), n("example.com")));
	assert_false(name_is_within(n("."), n("com")));
	// The bytes end alike, but no label begins there.
	const uint8_t inside[] = { 5, 'x', 1, 'a', 1, 'b', 0 };
	const uint8_t suffix[] = { 1, 'a', 1, 'b', 0 };
	assert_false(name_is_within(inside, suffix));
}

static void order_is_canonical(void **state)
{
	(void)state;
	// RFC 4034, 6.1
	static const char *const sorted[] = {
		".", "example", "a.example", "yljkjljk.a.example", "Z.a.example", "zABC.a.EXAMPLE",
		"z.example", "\\001.z.example", "*.z.example", "\\200.z.example",
	};
	const int count = sizeof(sorted) / sizeof(sorted[0]);
	for (int i = 0; i < count; i++) {
		for (int j = 0; j < count; j++) {
			int order = name_compare(n(sorted[i]), n(sorted[j]));
			assert_int_equal((order > 0) - (order < 0), (i > j) - (i < j));
		}
	}
	assert_int_equal(name_compare(n("WWW.Example"), n("www.eXAMPLE")), 0);
	assert_true(name_compare(n("ab.example"), n("abc.example")) < 0);
}

static void text_is_escaped_and_read_back(void **state)
{
	(void)state;
	char text[NAME_MAX_TEXT];
	uint8_t name[NAME_MAX_WIRE], again[NAME_MAX_WIRE];
	assert_string_equal(name_to_text(n("."), text), ".");
	assert_string_equal(name_to_text_absolute(n("."), text), ".");
	assert_string_equal(name_to_text(n("Www.example.com."), text), "Www.example.com");
	assert_string_equal(name_to_text_absolute(n("www.example.com"), text), "www.example.com.");
	assert_string_equal(name_to_text(n("a\\.b.\\032x\\010\\255\\\\.c"), text),
	                    "a\\.b.\\032x\\010\\255\\\\.c");
	assert_string_equal(name_to_text(n("*._tcp.a-b.1/2"), text), "*._tcp.a-b.1/2");
	// Every byte there is, and the longest text there can be.
	for (int c = 0; c < 256; c++) {
		longest(name);
		for (int i = 1; i <= 63; i++)
			name[i] = (uint8_t)c;
		assert_true(strlen(name_to_text_absolute(name, text)) < NAME_MAX_TEXT);
		assert_int_equal(name_from_text(text, again), NAME_MAX_WIRE);
		assert_memory_equal(name, again, NAME_MAX_WIRE);
	}
	longest(name);
	for (size_t at = 0; name[at] != 0; at += (size_t)name[at] + 1)
		memset(name + at + 1, 0xff, name[at]);
	assert_int_equal(strlen(name_to_text_absolute(name, text)), 4 * 250 + 4);
}

static void bad_text_is_refused(void **state)
{
	(void)state;
	uint8_t name[NAME_MAX_WIRE];
	static const char *const malformed[] = {
		"", "..", ".a", "a..b", "a..", "a\\", "a\\25", "a\\2x5", "a\\256", "\\",
	};
	for (size_t i = 0; i < sizeof(malformed) / sizeof(malformed[0]); i++)
		assert_int_equal(name_from_text(malformed[i], name), ERR_FORMAT);
	char text[600];
	memset(text, 'x', 64);
	text[64] = '\0';
	assert_int_equal(name_from_text(text, name), ERR_RANGE);
	text[63] = '\0';
	assert_int_equal(name_from_text(text, name), 65);
	for (size_t i = 0; i < 300; i++)
		text[i] = i % 2 == 0 ? 'x' : '.';
	text[2 * NAME_MAX_LABELS] = '\0';
	assert_int_equal(name_from_text(text, name), 255);
	assert_int_equal(name_label_count(name), NAME_MAX_LABELS);
	text[2 * NAME_MAX_LABELS - 1] = '\0'; // without the final dot
	assert_int_equal(name_from_text(text, name), 255);
	text[2 * NAME_MAX_LABELS - 1] = '.';
	text[2 * NAME_MAX_LABELS] = 'x';
	text[2 * NAME_MAX_LABELS + 1] = '\0';
	assert_int_equal(name_from_text(text, name), ERR_RANGE);
}

static void a_qname_knows_its_suffixes(void **state)
{
	(void)state;
	struct qname q, suffix;
	qname_init(&q, n("Www.Example.COM"));
	assert_int_equal(q.length, 17);
	assert_int_equal(q.label_count, 3);
	assert_memory_equal(q.wire, n("www.example.com"), 17);
	assert_int_equal(q.offset[0], 16);
	assert_int_equal(q.offset[1], 12);
	assert_int_equal(q.offset[2], 4);
	assert_int_equal(q.offset[3], 0);
	qname_init(&suffix, n("example.com"));
	for (int labels = 0; labels <= 2; labels++)
		assert_true(q.hash[labels] == suffix.hash[labels]);
	assert_true(q.hash[0] == hash_root());
	assert_true(q.hash[3] == hash_label(q.hash[2], (const uint8_t *)"www", 3));
	assert_true(q.hash[3] != q.hash[2] && q.hash[2] != q.hash[1]);
	qname_init(&suffix, n("www.exam.plecom"));
	assert_true(q.hash[3] != suffix.hash[3]);
}

static void a_qname_is_parsed_from_anything(void **state)
{
	(void)state;
	struct qname q, same;
	uint8_t name[NAME_MAX_WIRE + 10];
	memset(name, 0, sizeof(name));
	longest(name);
	assert_int_equal(qname_parse(&q, name, sizeof(name)), 255);
	qname_init(&same, name);
	assert_memory_equal(q.hash, same.hash, 5 * sizeof(q.hash[0]));
	assert_memory_equal(q.wire, name, 255);
	assert_int_equal(qname_parse(&q, name, 254), ERR_FORMAT);
	assert_int_equal(qname_parse(&q, name, 0), ERR_FORMAT);
	const uint8_t root[] = { 0, 0xc0 };
	assert_int_equal(qname_parse(&q, root, 1), 1);
	assert_int_equal(q.label_count, 0);
	assert_int_equal(q.offset[0], 0);
	const uint8_t compressed[] = { 1, 'a', 0xc0, 0 };
	assert_int_equal(qname_parse(&q, compressed, sizeof(compressed)), ERR_FORMAT);
	const uint8_t cut[] = { 3, 'a', 'b' };
	assert_int_equal(qname_parse(&q, cut, sizeof(cut)), ERR_FORMAT);
	for (size_t i = 0; i < 2 * NAME_MAX_LABELS; i += 2)
		memcpy(name + i, "\001Q", 2);
	name[2 * NAME_MAX_LABELS] = 0;
	assert_int_equal(qname_parse(&q, name, sizeof(name)), 255);
	assert_int_equal(q.label_count, NAME_MAX_LABELS);
	assert_int_equal(q.offset[NAME_MAX_LABELS], 0);
	name[2 * NAME_MAX_LABELS] = 1; // a label more
	assert_int_equal(qname_parse(&q, name, sizeof(name)), ERR_FORMAT);
}

static void no_byte_beyond_what_is_available_is_read(void **state)
{
	(void)state;
	for (size_t length = 1; length <= 64; length++) { // the sanitizer watches
		uint8_t *exact = malloc(length);
		assert_non_null(exact);
		memset(exact, 'A', length);
		if (length > 1)
			exact[0] = (uint8_t)(length - 2);
		exact[length - 1] = 0;
		struct qname q;
		if (length != 2) // a zero label would be the root, early
			assert_int_equal(qname_parse(&q, exact, length), length);
		exact[length - 1] = 1;
		if (length > 2)
			assert_int_equal(qname_parse(&q, exact, length), ERR_FORMAT);
		free(exact);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lengths_and_labels_are_counted),
		cmocka_unit_test(a_name_obeys_the_limits),
		cmocka_unit_test(compressed_names_are_followed_backward_only),
		cmocka_unit_test(a_name_that_grows_too_long_by_pointers_is_refused),
		cmocka_unit_test(case_does_not_count),
		cmocka_unit_test(every_byte_is_lowered_as_ascii_says),
		cmocka_unit_test(ancestors_are_recognised_at_label_borders),
		cmocka_unit_test(order_is_canonical),
		cmocka_unit_test(text_is_escaped_and_read_back),
		cmocka_unit_test(bad_text_is_refused),
		cmocka_unit_test(a_qname_knows_its_suffixes),
		cmocka_unit_test(a_qname_is_parsed_from_anything),
		cmocka_unit_test(no_byte_beyond_what_is_available_is_read),
	};
	hash_seed_fixed(42);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
