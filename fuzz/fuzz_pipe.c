// SPDX-License-Identifier: GPL-3.0-or-later
// Any bytes as what comes on a connection with several questions for serials
// under way, cut into readings as the first two bytes say: however it is cut, the
// same answers go to the same questions.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "dns/types.h"
#include "replicate/pipe_seats.h"
#include "require.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NOW INT64_C(1700000000)
#define SEATS 8u
#define STREAM_ROOM 65536u

static const uint8_t secret[16] = "0123456789abcde";
static const struct tsig_key key = { (const uint8_t *)"\3key", TSIG_HMAC_SHA256, 16, secret };

struct outcome {
	uint64_t answered;         // the places of those that were, three bits each, in their order
	unsigned count;
	unsigned nobodys;
	int end;                   // 0, or why no more was taken
};

static struct pipe_reader reader;

static void ask(uint8_t name[SEATS][8], struct query query[SEATS], struct pipe_seat seat[SEATS], struct pipe_seats *seats)
{
	memset(seats, 0, sizeof *seats);
	for (unsigned i = 0; i < SEATS; i++) {
		memcpy(name[i], "\1a\4test", 8);
		name[i][1] = (uint8_t)('a' + i);
		// Every other one is signed; the last two have one ID.
		REQUIRE(query_build(&query[i], (uint16_t)(i < SEATS - 1 ? i : i - 1), name[i], TYPE_SOA,
		                    (i & 1) != 0 ? &key : NULL, NOW) == 0);
		seat[i] = (struct pipe_seat){ .query = &query[i] };
		pipe_seats_put_last(seats, &seat[i]);
	}
}

static void take(struct pipe_seat *first, struct pipe_seats *seats, uint8_t *message, size_t length, struct outcome *outcome)
{
	struct pipe_seat *found = pipe_seats_find(seats, message, length);
	struct soa_answer answer;
	char why[256] = "";
	uint8_t *copy;
	int error;

	if (found == NULL) {
		outcome->nobodys++;
		return;
	}
	REQUIRE(query_is_answered_by(found->query, message, length));
	pipe_seats_remove(seats, found);
	outcome->answered = outcome->answered << 3 | (uint64_t)(found - first);
	outcome->count++;
	// Of exactly that length, so that a read behind it is seen.
	copy = malloc(length);
	REQUIRE(copy != NULL);
	memcpy(copy, message, length);
	error = query_read_soa(found->query, copy, length, NOW, &answer, why, sizeof why);
	REQUIRE(error <= 0 && error != ERR_STATE);
	REQUIRE(error == 0 || why[0] != '\0');
	free(copy);
}

static struct outcome run(const uint8_t *data, size_t size, size_t step, size_t next_step)
{
	uint8_t name[SEATS][8];
	struct query query[SEATS];
	struct pipe_seat seat[SEATS];
	struct pipe_seats seats;
	struct outcome outcome = { 0 };

	ask(name, query, seat, &seats);
	reader.start = reader.end = 0;
	while (size > 0 && outcome.end == 0) {
		size_t room, length;
		uint8_t *at = pipe_reader_room(&reader, &room), *message;
		size_t now = step < size ? step : size;
		int next;
		REQUIRE(room > 0 && at + room == reader.bytes + sizeof reader.bytes);
		now = now < room ? now : room;
		memcpy(at, data, now);
		reader.end += now;
		data += now;
		size -= now;
		while ((next = pipe_reader_next(&reader, &message, &length)) == 1) {
			REQUIRE(message >= reader.bytes && message + length <= reader.bytes + reader.end);
			take(seat, &seats, message, length, &outcome);
		}
		outcome.end = next;
		step = next_step;
	}
	REQUIRE(seats.count + outcome.count == SEATS);
	return outcome;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct outcome whole, cut;

	if (size < 2 || size > STREAM_ROOM)
		return 0;
	whole = run(data + 2, size - 2, PIPE_READER_ROOM, PIPE_READER_ROOM);
	cut = run(data + 2, size - 2, (size_t)data[0] + 1, (size_t)data[1] + 1);
	REQUIRE(whole.answered == cut.answered && whole.count == cut.count);
	REQUIRE(whole.nobodys == cut.nobodys && whole.end == cut.end);
	return 0;
}
