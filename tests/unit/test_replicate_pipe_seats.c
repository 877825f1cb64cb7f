// SPDX-License-Identifier: GPL-3.0-or-later
// Questions under way together on one stream: its framing, however the bytes are
// cut, and whose answer each is.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/error.h"
#include "dns/types.h"
#include "dns/wire.h"
#include "replicate/pipe_seats.h"

#define SEATS 4

static const uint8_t *const origin[SEATS] = {
	(const uint8_t *)"\1a\4test", (const uint8_t *)"\1b\4test", (const uint8_t *)"\1c\4test", (const uint8_t *)"\1d\4test",
};
static struct query query[SEATS];
static struct pipe_seat seat[SEATS];
static struct pipe_seats seats;
static struct pipe_reader reader;

static int fresh(void **state)
{
	(void)state;
	seats = (struct pipe_seats){ 0 };
	reader.start = reader.end = 0;
	for (unsigned i = 0; i < SEATS; i++) {
		assert_int_equal(query_build(&query[i], (uint16_t)(100 + i), origin[i], TYPE_SOA, NULL, 0), 0);
		seat[i] = (struct pipe_seat){ .query = &query[i] };
		pipe_seats_put_last(&seats, &seat[i]);
	}
	return 0;
}

// The question sent back as an answer; returns its length.
static size_t answer(unsigned of, uint8_t to[static QUERY_ROOM])
{
	memcpy(to, query[of].bytes, query[of].length);
	to[2] |= 0x80;
	return query[of].length;
}

static struct pipe_seat *find(const uint8_t *message, size_t length)
{
	return pipe_seats_find(&seats, message, length);
}

// --- whose answer it is

static void each_answer_finds_its_question_in_any_order(void **state)
{
	static const unsigned order[SEATS] = { 2, 0, 3, 1 };
	uint8_t message[QUERY_ROOM];

	(void)state;
	for (unsigned i = 0; i < SEATS; i++) {
		size_t length = answer(order[i], message);
		assert_ptr_equal(find(message, length), &seat[order[i]]);
		pipe_seats_remove(&seats, &seat[order[i]]);
		assert_null(find(message, length)); // a second one is nobody's
	}
	assert_int_equal(seats.count, 0);
	assert_null(seats.first);
	assert_null(seats.last);
}

static void another_id_or_question_is_nobodys(void **state)
{
	uint8_t message[QUERY_ROOM];
	size_t length = answer(1, message);

	(void)state;
	wire_put16(message, 102); // that of c, with the question of b
	assert_null(find(message, length));
	wire_put16(message, 99);
	assert_null(find(message, length));
	length = answer(1, message);
	message[2] &= 0x7f; // a question itself
	assert_null(find(message, length));
	length = answer(1, message);
	message[length - 3] = TYPE_NS;
	assert_null(find(message, length));
	assert_null(find(message, 11));
}

static void one_id_may_be_that_of_two_questions(void **state)
{
	uint8_t message[QUERY_ROOM];
	size_t length;

	(void)state;
	assert_int_equal(query_build(&query[3], 100, origin[3], TYPE_SOA, NULL, 0), 0);
	length = answer(3, message);
	assert_ptr_equal(find(message, length), &seat[3]);
	length = answer(0, message);
	assert_ptr_equal(find(message, length), &seat[0]);
	assert_true(pipe_seats_has_id(&seats, 100));
	assert_false(pipe_seats_has_id(&seats, 103));
}

static void seats_keep_their_order(void **state)
{
	(void)state;
	pipe_seats_remove(&seats, &seat[1]);
	pipe_seats_put_first(&seats, &seat[1]);
	pipe_seats_remove(&seats, &seat[0]);
	pipe_seats_put_last(&seats, &seat[0]);
	assert_ptr_equal(seats.first, &seat[1]);
	assert_ptr_equal(seat[1].next, &seat[2]);
	assert_ptr_equal(seat[2].next, &seat[3]);
	assert_ptr_equal(seat[3].next, &seat[0]);
	assert_ptr_equal(seats.last, &seat[0]);
	assert_ptr_equal(seat[0].previous, &seat[3]);
	assert_null(seat[0].next);
	assert_int_equal(seats.count, SEATS);
}

// --- the stream

static void come(const uint8_t *bytes, size_t length)
{
	size_t room;
	uint8_t *at = pipe_reader_room(&reader, &room);

	assert_true(room >= length);
	memcpy(at, bytes, length);
	reader.end += length;
}

static size_t frame(unsigned of, uint8_t *to)
{
	size_t length = answer(of, to + 2);

	wire_put16(to, (uint16_t)length);
	return 2 + length;
}

static void answers_that_come_together_are_taken_one_by_one(void **state)
{
	uint8_t stream[SEATS * (2 + QUERY_ROOM)], *message;
	size_t length = 0, size;

	(void)state;
	for (unsigned i = 0; i < SEATS; i++)
		length += frame(i, stream + length);
	come(stream, length);
	for (unsigned i = 0; i < SEATS; i++) {
		assert_int_equal(pipe_reader_next(&reader, &message, &size), 1);
		assert_ptr_equal(find(message, size), &seat[i]);
	}
	assert_int_equal(pipe_reader_next(&reader, &message, &size), 0);
	assert_int_equal(reader.start, reader.end);
}

static void wherever_the_bytes_are_cut_the_answers_are_the_same(void **state)
{
	uint8_t stream[2 * (2 + QUERY_ROOM)], *message;
	size_t length = 0, size;

	(void)state;
	length += frame(0, stream);
	length += frame(1, stream + length);
	for (size_t cut = 0; cut <= length; cut++) {
		unsigned taken = 0;
		come(stream, cut);
		while (pipe_reader_next(&reader, &message, &size) == 1)
			assert_ptr_equal(find(message, size), &seat[taken++]);
		come(stream + cut, length - cut);
		while (pipe_reader_next(&reader, &message, &size) == 1)
			assert_ptr_equal(find(message, size), &seat[taken++]);
		assert_int_equal(taken, 2);
		assert_int_equal(reader.start, reader.end);
	}
}

static void a_length_that_is_no_answers_ends_it(void **state)
{
	static const uint16_t wrong[] = { 0, 1, 11, PIPE_ANSWER_MAX + 1, UINT16_MAX };
	uint8_t head[2], *message;
	size_t size;

	(void)state;
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		reader.start = reader.end = 0;
		wire_put16(head, wrong[i]);
		come(head, 1);
		assert_int_equal(pipe_reader_next(&reader, &message, &size), 0);
		come(head + 1, 1);
		assert_int_equal(pipe_reader_next(&reader, &message, &size), ERR_FORMAT);
	}
}

static void the_longest_answer_has_room_behind_a_part_of_it(void **state)
{
	static uint8_t longest[2 + PIPE_ANSWER_MAX];
	uint8_t *message;
	size_t size, room;

	(void)state;
	wire_put16(longest, PIPE_ANSWER_MAX);
	for (unsigned i = 0; i < 20; i++) {
		come(longest, sizeof longest - 1);
		assert_int_equal(pipe_reader_next(&reader, &message, &size), 0);
		(void)pipe_reader_room(&reader, &room);
		assert_true(room > 0);
		come(longest + sizeof longest - 1, 1);
		assert_int_equal(pipe_reader_next(&reader, &message, &size), 1);
		assert_int_equal(size, PIPE_ANSWER_MAX);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(each_answer_finds_its_question_in_any_order, fresh),
		cmocka_unit_test_setup(another_id_or_question_is_nobodys, fresh),
		cmocka_unit_test_setup(one_id_may_be_that_of_two_questions, fresh),
		cmocka_unit_test_setup(seats_keep_their_order, fresh),
		cmocka_unit_test_setup(answers_that_come_together_are_taken_one_by_one, fresh),
		cmocka_unit_test_setup(wherever_the_bytes_are_cut_the_answers_are_the_same, fresh),
		cmocka_unit_test_setup(a_length_that_is_no_answers_ends_it, fresh),
		cmocka_unit_test_setup(the_longest_answer_has_room_behind_a_part_of_it, fresh),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
