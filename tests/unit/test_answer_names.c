// SPDX-License-Identifier: GPL-3.0-or-later
// Compression: what is shared, what may not be, and how it is forgotten.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "answer/names.h"
#include "dns/message.h"

struct scene {
	uint8_t message[MESSAGE_MAX];
	struct wire_writer w;
	struct qname question;
	struct names names;
};

static void open_zone_scene(struct scene *s, const char *question, unsigned common)
{
	uint8_t name[NAME_MAX_WIRE];
	int length = name_from_text(question, name);
	assert_true(length > 0);
	qname_init(&s->question, name);
	wire_writer_init(&s->w, s->message, sizeof(s->message));
	memset(wire_write_room(&s->w, MESSAGE_HEADER), 0, MESSAGE_HEADER);
	wire_write_bytes(&s->w, name, (size_t)length);
	wire_write32(&s->w, 0x00010001);
	names_start(&s->names, &s->question, common);
}

static void open_scene(struct scene *s, const char *question)
{
	open_zone_scene(s, question, 0);
}

// Writes a name; checks that it reads back; returns the octets that it took.
static size_t put(struct scene *s, const char *text, uint16_t *at)
{
	uint8_t name[NAME_MAX_WIRE], back[NAME_MAX_WIRE];
	size_t before = wire_writer_length(&s->w);
	assert_true(name_from_text(text, name) > 0);
	uint16_t place = names_write(&s->names, &s->w, name);
	size_t length = wire_writer_length(&s->w);
	assert_int_equal(name_unpack(s->message, length, before, back), length - before);
	assert_true(name_equal(name, back));
	if (at != NULL)
		*at = place;
	return length - before;
}

static void test_the_question_is_shared(void **state)
{
	struct scene s;
	uint16_t at;
	(void)state;
	open_scene(&s, "www.example.com");
	assert_int_equal(put(&s, "www.example.com", &at), 2);
	assert_int_equal(at, MESSAGE_HEADER);
	assert_int_equal(put(&s, "example.com", &at), 2);
	assert_int_equal(at, MESSAGE_HEADER + 4);
	assert_int_equal(put(&s, "mail.example.com", NULL), 5 + 2);
	assert_int_equal(put(&s, "example.org", NULL), 13);
	assert_int_equal(put(&s, "com", NULL), 2);
}

static void test_what_was_written_is_shared(void **state)
{
	struct scene s;
	uint16_t first, second;
	(void)state;
	open_scene(&s, "example.com");
	put(&s, "a.b.c.example.org", &first);
	assert_int_equal(put(&s, "a.b.c.example.org", &second), 2);
	assert_int_equal(first, second);
	assert_int_equal(put(&s, "x.b.c.example.org", NULL), 2 + 2);
	assert_int_equal(put(&s, "c.example.org", NULL), 2);
	assert_int_equal(put(&s, "org", NULL), 2);
}

static void test_case_does_not_matter(void **state)
{
	struct scene s;
	(void)state;
	open_scene(&s, "WWW.Example.COM");
	assert_int_equal(put(&s, "www.example.com", NULL), 2);
	assert_int_equal(put(&s, "MAIL.EXAMPLE.com", NULL), 5 + 2);
	assert_int_equal(put(&s, "mail.example.COM", NULL), 2);
}

static void test_labels_are_compared_whole(void **state)
{
	struct scene s;
	(void)state;
	open_scene(&s, "ab.example.com");
	assert_int_equal(put(&s, "b.example.com", NULL), 2 + 2);
	assert_int_equal(put(&s, "aab.example.com", NULL), 4 + 2);
	assert_int_equal(put(&s, "ab.xexample.com", NULL), 3 + 9 + 2);
	// The same label below another parent is another name.
	assert_int_equal(put(&s, "ab.com", NULL), 3 + 2);
}

static void test_the_root_is_never_pointed_at(void **state)
{
	struct scene s;
	uint16_t at = 1;
	(void)state;
	open_scene(&s, "example.com");
	assert_int_equal(put(&s, ".", &at), 1);
	assert_int_equal(at, 0);
}

static void test_rewinding_forgets(void **state)
{
	struct scene s;
	(void)state;
	open_scene(&s, "example.com");
	unsigned count = s.names.count;
	uint8_t *mark = s.w.at;
	put(&s, "one.two.example.com", NULL);
	names_rewind(&s.names, count);
	s.w.at = mark;
	assert_int_equal(put(&s, "two.example.com", NULL), 4 + 2);
	assert_int_equal(put(&s, "one.two.example.com", NULL), 4 + 2);
}

static void test_names_of_one_zone(void **state)
{
	struct scene s;
	uint16_t at;
	(void)state;
	open_zone_scene(&s, "www.Example.com", 2);
	assert_int_equal(put(&s, "ns1.example.com", NULL), 4 + 2);
	assert_int_equal(put(&s, "NS2.EXAMPLE.com", NULL), 4 + 2);
	assert_int_equal(put(&s, "ns1.example.com", NULL), 2);
	assert_int_equal(put(&s, "example.com", &at), 2);
	assert_int_equal(at, MESSAGE_HEADER + 4);
	assert_int_equal(put(&s, "ns1.xexample.com", NULL), 4 + 9 + 2);
	assert_int_equal(put(&s, "com", NULL), 2);
	assert_int_equal(put(&s, "ns1.example.org", NULL), 17);
}

static void test_more_names_than_are_remembered(void **state)
{
	struct scene s;
	char text[64];
	(void)state;
	open_scene(&s, "example.com");
	for (unsigned round = 0; round < 2; round++) {
		for (unsigned i = 0; i < 3 * NAMES_NODES; i++) {
			snprintf(text, sizeof(text), "host-%u.example.com", i);
			put(&s, text, NULL);
		}
	}
	assert_true(s.names.count <= NAMES_NODES);
}

static void test_what_is_too_far_is_not_pointed_at(void **state)
{
	struct scene s;
	uint16_t at = 1;
	(void)state;
	open_scene(&s, "example.com");
	memset(wire_write_room(&s.w, NAMES_FARTHEST), 0, NAMES_FARTHEST);
	put(&s, "far.example.com", &at);
	assert_int_equal(at, 0);
	assert_int_equal(put(&s, "far.example.com", NULL), 4 + 2);
}

static void test_a_full_writer_takes_nothing(void **state)
{
	struct scene s;
	uint8_t name[NAME_MAX_WIRE];
	(void)state;
	open_scene(&s, "example.com");
	unsigned count = s.names.count;
	s.w.end = s.w.at + 4;
	name_from_text("mail.example.com", name);
	assert_int_equal(names_write(&s.names, &s.w, name), 0);
	assert_true(s.w.full);
	assert_int_equal(s.names.count, count);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_question_is_shared),
		cmocka_unit_test(test_what_was_written_is_shared),
		cmocka_unit_test(test_case_does_not_matter),
		cmocka_unit_test(test_labels_are_compared_whole),
		cmocka_unit_test(test_the_root_is_never_pointed_at),
		cmocka_unit_test(test_rewinding_forgets),
		cmocka_unit_test(test_names_of_one_zone),
		cmocka_unit_test(test_more_names_than_are_remembered),
		cmocka_unit_test(test_what_is_too_far_is_not_pointed_at),
		cmocka_unit_test(test_a_full_writer_takes_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
