// SPDX-License-Identifier: GPL-3.0-or-later
// A whole audit whose servers say any bytes: the resolver, all that is learnt from
// replies, every check, and the report. The input is a row of replies, each a byte
// for its kind, two for its length, and its bytes; they go to the questions in the
// order in which they are asked. Nobody is asked: asker_run() stands here.
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>

#include "audit/asker.h"
#include "audit/audit.h"
#include "base/clock.h"
#include "base/error.h"
#include "require.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum kind {
	KIND_SILENCE,  // no reply
	KIND_RAW,      // the message, but for its ID
	KIND_RECORDS,  // flags, three counts of a byte, and what comes behind the question
	KINDS,
};

static const uint8_t *at, *end;

static void say(struct ask *ask, struct asker *asker, enum kind kind, const uint8_t *bytes, size_t length)
{
	struct ask_wire wire;
	REQUIRE(ask_write(ask, 4711, &wire) == 0);
	uint8_t *message = malloc(ASK_MOST_BYTES + length);
	size_t head = 0;
	REQUIRE(message != NULL);
	if (kind == KIND_RECORDS && length >= 5) {
		head = MESSAGE_HEADER + name_length(ask->name) + 4;
		memcpy(message, wire.bytes, head);
		wire_put16(message + 2, (uint16_t)(wire_get16(bytes) | FLAG_QR));
		for (unsigned i = 0; i < 3; i++)
			wire_put16(message + 6 + 2 * i, bytes[2 + i]);
		bytes += 5;
		length -= 5;
	}
	memcpy(message + head, bytes, length);
	length += head;
	if (length >= 2)
		wire_put16(message, wire.id);
	// A copy of just that length, so that the sanitizer sees its end.
	uint8_t *exact = malloc(length > 0 ? length : 1);
	REQUIRE(exact != NULL);
	memcpy(exact, message, length);
	int error = ask_read(ask, &wire, asker->pool, exact, length);
	ask->error = error == 1 ? 0 : error == 0 ? ERR_TIMEOUT : error;
	REQUIRE((ask->reply != NULL) == (error == 1));
	free(exact);
	free(message);
}

static void answer(struct asker *asker, struct ask *ask)
{
	ask->reply = NULL;
	ask->error = ERR_TIMEOUT;
	if (asker->left == 0 || end - at < 3) {
		asker->reached_bounds |= asker->left == 0;
		return;
	}
	asker->left--;
	enum kind kind = at[0] % KINDS;
	size_t length = wire_get16(at + 1);
	at += 3;
	if (length > (size_t)(end - at))
		length = (size_t)(end - at);
	if (kind != KIND_SILENCE)
		say(ask, asker, kind, at, length);
	at += length;
}

void asker_init(struct asker *asker, struct pool *pool, uint32_t timeout_ms, uint32_t seconds, uint32_t questions)
{
	*asker = (struct asker){ .pool = pool, .timeout_ms = timeout_ms, .left = questions,
	                         .deadline = clock_boot_ms() + seconds };
}

void asker_run(struct asker *asker, struct ask *asks, size_t count)
{
	for (size_t i = 0; i < count; i++)
		answer(asker, &asks[i]);
}

void asker_close(struct asker *asker)
{
	(void)asker;
}

static void add_address(struct audit_addresses *addresses, const char *text)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(53) };
	REQUIRE(inet_pton(AF_INET, text, &in.sin_addr) == 1);
	memcpy(&addresses->at[addresses->count++], &in, sizeof in);
}

static void print(const struct audit *audit)
{
	char *text = NULL;
	size_t length = 0;
	FILE *to = open_memstream(&text, &length);
	REQUIRE(to != NULL);
	audit_print_text(audit, true, to);
	REQUIRE(audit_print_json(audit, to) == 0);
	audit_print_nagios(audit, to);
	fclose(to);
	for (size_t i = 0; i < length; i++) // nothing of theirs may move a terminal's cursor
		REQUIRE((unsigned char)text[i] >= ' ' || text[i] == '\n' || text[i] == '\033');
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t domain[] = "\6signed\4test", new_name[] = "\3new\6signed\4test";
	static struct audit_options options;
	struct audit *audit;
	options = (struct audit_options){ .domain = domain, .port = 53 };
	add_address(&options.roots, "127.10.0.1");
	if (size > 0 && data[0] & 0x80) {
		options.new_name = new_name;
		add_address(&options.new_addresses, "127.10.9.1");
	}
	at = data;
	end = data + size;
	REQUIRE(audit_run(&options, &audit) == 0);
	print(audit);
	audit_free(audit);
	return 0;
}
