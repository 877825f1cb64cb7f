// SPDX-License-Identifier: GPL-3.0-or-later
// A stream connection: messages cut out of the bytes in whatever pieces they
// come, replies in order, and a peer that does not read costs one buffer.
// What answers is a stand-in: it sends each message back.
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "serve/connection.h"
#include "serve/exchange.h"
#include "serve/transfer.h"

// --- the stand-in: a message that begins with 'T' asks for a transfer, one
// with 'S' gets silence, all others are sent back.

struct transfer {
	unsigned left;   // messages
	bool fails;      // after them
	bool barred;
	size_t length;   // of each
};

static struct transfer the_transfer;
static bool transfer_is_open;

size_t exchange_run(struct exchange *x)
{
	x->transfer = NULL;
	if (x->length > 0 && x->bytes[0] == 'S')
		return 0;
	if (x->length > 0 && x->bytes[0] == 'T') {
		transfer_is_open = true;
		x->transfer = &the_transfer;
		return 0;
	}
	memcpy(x->reply, x->bytes, x->length);
	return x->length;
}

bool transfer_admit(struct transfer *transfer, uint32_t limit)
{
	(void)limit;
	return !transfer->barred;
}

int transfer_next(struct transfer *transfer, uint8_t *to, size_t room)
{
	assert_true(room >= 2 + transfer->length);
	if (transfer->left == 0)
		return transfer->fails ? ERR_RANGE : 0;
	transfer->left--;
	wire_put16(to, (uint16_t)transfer->length);
	memset(to + 2, 'x', transfer->length);
	return (int)transfer->length + 2;
}

void transfer_close(struct transfer *transfer)
{
	(void)transfer;
	transfer_is_open = false;
}

// --- a connection with its peer's end

struct fixture {
	struct connection *c;
	int peer;
	struct stream_pool pool;
	struct serve_counters counters;
	struct runtime runtime;
	struct connection_context context;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	int ends[2];
	assert_non_null(f);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
	int small = 16384; // so that a peer which does not read is soon felt
	setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
	f->c = calloc(1, sizeof(*f->c));
	f->c->fd = ends[0];
	f->peer = ends[1];
	f->context = (struct connection_context){
		.runtime = &f->runtime, .counters = &f->counters, .pool = &f->pool, .now_ms = 1,
	};
	the_transfer = (struct transfer){ .length = 1000 };
	transfer_is_open = false;
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	connection_close(f->c, &f->pool);
	assert_false(transfer_is_open);
	stream_pool_free(&f->pool);
	close(f->peer);
	free(f->c);
	free(f);
	return 0;
}

static void say(struct fixture *f, const void *bytes, size_t length)
{
	assert_int_equal(send(f->peer, bytes, length, 0), (ssize_t)length);
}

static enum connection_state turn(struct fixture *f)
{
	return connection_turn(f->c, &f->context);
}

// What came back so far, at most `room` bytes.
static size_t hear(struct fixture *f, uint8_t *bytes, size_t room)
{
	size_t got = 0;
	ssize_t n;
	while (got < room && (n = recv(f->peer, bytes + got, room - got, 0)) > 0)
		got += (size_t)n;
	return got;
}

// --- the tests

static void one_message_comes_back(void **state)
{
	struct fixture *f = *state;
	uint8_t back[64];
	say(f, "\0\5hello", 7);
	assert_int_equal(turn(f), CONNECTION_READING);
	assert_int_equal(hear(f, back, sizeof(back)), 7);
	assert_memory_equal(back, "\0\5hello", 7);
	assert_int_equal(f->counters.tcp_queries, 1);
	assert_null(f->c->in); // an idle connection holds no buffer
	assert_null(f->c->out);
}

static void a_message_may_come_byte_by_byte(void **state)
{
	struct fixture *f = *state;
	uint8_t back[64];
	const char *bytes = "\0\3abc";
	for (size_t i = 0; i < 5; i++) {
		assert_int_equal(hear(f, back, sizeof(back)), 0);
		say(f, bytes + i, 1);
		assert_int_equal(turn(f), CONNECTION_READING);
	}
	assert_int_equal(hear(f, back, sizeof(back)), 5);
}

static void pieces_do_not_count_as_activity(void **state)
{
	struct fixture *f = *state;
	say(f, "\0", 1);
	turn(f);
	assert_int_equal(f->c->active_ms, 0);
	say(f, "\1a", 2);
	turn(f);
	assert_int_equal(f->c->active_ms, 1);
}

static void many_in_one_piece_take_several_turns(void **state)
{
	struct fixture *f = *state;
	uint8_t sent[200 * 4], back[200 * 4 + 1];
	for (unsigned i = 0; i < 200; i++) {
		wire_put16(sent + 4 * i, 2);
		wire_put16(sent + 4 * i + 2, (uint16_t)i);
	}
	say(f, sent, sizeof(sent));
	assert_int_equal(turn(f), CONNECTION_READY); // others have their turn first
	unsigned turns = 1;
	while (f->c->state == CONNECTION_READY && turns < 100) {
		turn(f);
		turns++;
	}
	assert_int_equal(f->c->state, CONNECTION_READING);
	assert_in_range(turns, 2, 10);
	assert_int_equal(hear(f, back, sizeof(back)), sizeof(sent));
	assert_memory_equal(back, sent, sizeof(sent));
}

// What gets no reply (less than a header, an answer) would keep it fresh for ever.
static void silence_ends_the_connection(void **state)
{
	struct fixture *f = *state;
	uint8_t back[16];
	say(f, "\0\1a\0\1S\0\1b", 9);
	assert_int_equal(turn(f), CONNECTION_FINISHED);
	size_t n = hear(f, back, sizeof(back));
	assert_int_equal(n, 3);
	assert_memory_equal(back, "\0\1a", 3);
}

static void the_end_comes_after_the_answers(void **state)
{
	struct fixture *f = *state;
	uint8_t back[16];
	say(f, "\0\1a\0\1b\0\7cut", 11);
	shutdown(f->peer, SHUT_WR);
	for (unsigned i = 0; i < 3 && f->c->state == CONNECTION_READING; i++)
		turn(f);
	assert_int_equal(f->c->state, CONNECTION_FINISHED);
	assert_int_equal(hear(f, back, sizeof(back)), 6);
}

static void a_limit_of_queries_closes(void **state)
{
	struct fixture *f = *state;
	uint8_t back[16];
	f->runtime.tcp_queries = 2;
	say(f, "\0\1a\0\1b\0\1c", 9);
	assert_int_equal(turn(f), CONNECTION_FINISHED);
	assert_int_equal(hear(f, back, sizeof(back)), 6);
}

// 2,000 messages of 1,000 bytes from a peer that reads nothing: we take what
// fits our buffers and the kernel's, then we stop, and nothing is lost.
static void a_peer_that_does_not_read_is_not_read_either(void **state)
{
	struct fixture *f = *state;
	enum { MESSAGE = 1000, COUNT = 2000, TOTAL = COUNT * (2 + MESSAGE) };
	uint8_t *all = calloc(1, TOTAL), *back = calloc(1, TOTAL);
	for (unsigned i = 0; i < COUNT; i++) {
		uint8_t *message = all + i * (2 + MESSAGE);
		wire_put16(message, MESSAGE);
		memset(message + 2, (int)('a' + i % 16), MESSAGE);
	}
	size_t said = 0, heard = 0;
	for (unsigned i = 0; i < 10000 && said < TOTAL; i++) {
		ssize_t n = send(f->peer, all + said, TOTAL - said, 0);
		if (n > 0)
			said += (size_t)n;
		if (n < 0 && turn(f) == CONNECTION_WRITING)
			break;
	}
	assert_int_equal(f->c->state, CONNECTION_WRITING);
	for (unsigned i = 0; i < 100; i++)
		assert_int_equal(turn(f), CONNECTION_WRITING);
	assert_true(said < TOTAL / 2);
	for (unsigned i = 0; i < 100000 && heard < TOTAL; i++) {
		heard += hear(f, back + heard, TOTAL - heard);
		ssize_t n = said < TOTAL ? send(f->peer, all + said, TOTAL - said, 0) : 0;
		if (n > 0)
			said += (size_t)n;
		turn(f);
	}
	assert_int_equal(heard, TOTAL);
	assert_memory_equal(back, all, TOTAL);
	free(all);
	free(back);
}

static void a_transfer_goes_at_the_pace_of_its_reader(void **state)
{
	struct fixture *f = *state;
	enum { COUNT = 5000, TOTAL = COUNT * 1002 + 3 };
	uint8_t *back = calloc(1, TOTAL + 1);
	size_t heard = 0;
	the_transfer.left = COUNT;
	say(f, "\0\1T\0\1q", 6); // a query behind the transfer waits for its end
	assert_int_equal(turn(f), CONNECTION_WRITING);
	assert_true(the_transfer.left > COUNT - 400); // what two buffers hold, and no more
	for (unsigned i = 0; i < 100000 && heard < TOTAL; i++) {
		heard += hear(f, back + heard, TOTAL + 1 - heard);
		if (f->c->state != CONNECTION_READING)
			turn(f);
	}
	assert_int_equal(heard, TOTAL);
	assert_memory_equal(back + TOTAL - 3, "\0\1q", 3);
	assert_int_equal(turn(f), CONNECTION_READING);
	free(back);
}

static void a_transfer_that_breaks_closes(void **state)
{
	struct fixture *f = *state;
	the_transfer.left = 3;
	the_transfer.fails = true;
	say(f, "\0\1T", 3);
	assert_int_equal(turn(f), CONNECTION_FINISHED);
}

static void a_transfer_waits_for_its_admission(void **state)
{
	struct fixture *f = *state;
	uint8_t back[2000];
	the_transfer.left = 1;
	the_transfer.barred = true;
	say(f, "\0\1T", 3);
	assert_int_equal(turn(f), CONNECTION_WAITING);
	assert_int_equal(turn(f), CONNECTION_WAITING);
	assert_int_equal(hear(f, back, sizeof(back)), 0);
	the_transfer.barred = false;
	assert_int_equal(turn(f), CONNECTION_READING);
	assert_int_equal(hear(f, back, sizeof(back)), 1002);
}

static void a_peer_that_is_gone_is_noticed(void **state)
{
	struct fixture *f = *state;
	say(f, "\0\1a", 3);
	close(f->peer);
	f->peer = open("/dev/null", O_RDONLY);
	assert_int_equal(turn(f), CONNECTION_FINISHED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(one_message_comes_back, setup, teardown),
		cmocka_unit_test_setup_teardown(a_message_may_come_byte_by_byte, setup, teardown),
		cmocka_unit_test_setup_teardown(pieces_do_not_count_as_activity, setup, teardown),
		cmocka_unit_test_setup_teardown(many_in_one_piece_take_several_turns, setup, teardown),
		cmocka_unit_test_setup_teardown(silence_ends_the_connection, setup, teardown),
		cmocka_unit_test_setup_teardown(the_end_comes_after_the_answers, setup, teardown),
		cmocka_unit_test_setup_teardown(a_limit_of_queries_closes, setup, teardown),
		cmocka_unit_test_setup_teardown(a_peer_that_does_not_read_is_not_read_either, setup, teardown),
		cmocka_unit_test_setup_teardown(a_transfer_goes_at_the_pace_of_its_reader, setup, teardown),
		cmocka_unit_test_setup_teardown(a_transfer_that_breaks_closes, setup, teardown),
		cmocka_unit_test_setup_teardown(a_transfer_waits_for_its_admission, setup, teardown),
		cmocka_unit_test_setup_teardown(a_peer_that_is_gone_is_noticed, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
