// SPDX-License-Identifier: GPL-3.0-or-later
// Any bytes as a request to a server of several zones. The first byte chooses
// transport, reserve and settings; the rest is the message. Whatever comes
// back must be a proper reply within the asker's limits.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "answer/answer.h"
#include "base/arena.h"
#include "base/epoch.h"
#include "dns/message.h"
#include "dns/types.h"
#include "query_zones.h"
#include "zone/draft.h"
#include "zone/file.h"
#include "require.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

static struct zone_table *zones;
// Held to the end: the leak sanitizer does not look into the arena, where the
// versions refer to them.
static struct zone_line *held[16];
static unsigned held_count;

static size_t join(const char *const *lines, char *text, size_t room)
{
	size_t length = 0;
	for (; *lines != NULL; lines++)
		length += (size_t)snprintf(text + length, room - length, "%s\n", *lines);
	REQUIRE(length < room);
	return length;
}

static void load(const struct query_zone *zone)
{
	static char text[1 << 16];
	uint8_t origin[NAME_MAX_WIRE];
	struct zone_slot *slot;
	struct zone_draft *draft;
	const struct zone_version *version;
	struct zone_file_result result;
	REQUIRE(name_from_text(zone->origin, origin) > 0);
	REQUIRE(zone_table_add(zones, origin, &slot) == 0);
	if (zone->lines == NULL)
		return;
	struct zone_line **line = &held[held_count++];
	REQUIRE(zone_line_new(origin, line) == 0 && zone_draft_new(*line, &draft) == 0);
	size_t length = join(zone->lines, text, sizeof(text));
	if (zone_file_parse(text, length, zone->origin, origin, draft, &result) != 0) {
		fprintf(stderr, "%s\n", result.message);
		abort();
	}
	REQUIRE(zone_draft_seal(draft, &version) == 0);
	zone_slot_publish(slot, version);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	char why[256];
	(void)argc;
	(void)argv;
	REQUIRE(arena_open(256u << 20, why) == 0);
	epoch_register();
	REQUIRE(zone_table_new(&zones) == 0);
	for (const struct query_zone *zone = query_zones; zone->origin != NULL; zone++)
		load(zone);
	return 0;
}

static size_t limit_of(const struct answer_request *request, const struct answer *answer,
                       const struct answer_identity *identity)
{
	size_t limit = MESSAGE_MAX;
	if (request->transport == TRANSPORT_UDP) {
		size_t own = identity->udp_size != 0 ? identity->udp_size : EDNS_OWN_SIZE;
		limit = answer->edns.present ? answer->edns.udp_size : 512;
		limit = limit < own ? limit : own;
	}
	return limit - request->reserve > MESSAGE_HEADER ? limit - request->reserve : MESSAGE_HEADER;
}

// Reads the reply as its receiver would.
static void read_reply(const struct answer_request *request, const struct answer *answer)
{
	static uint8_t rdata[RDATA_MAX];
	struct wire_reader r;
	unsigned opts = 0;
	wire_reader_init(&r, request->reply, answer->length);
	REQUIRE(wire_read_bytes(&r, MESSAGE_HEADER) != NULL);
	for (unsigned n = message_count(request->reply, SECTION_QUESTION); n > 0; n--) {
		struct message_question question;
		REQUIRE(message_read_question(&r, &question));
	}
	for (unsigned section = SECTION_ANSWER; section <= SECTION_ADDITIONAL; section++) {
		for (unsigned n = message_count(request->reply, section); n > 0; n--) {
			struct message_record record;
			REQUIRE(message_read_record(&r, &record));
			if (record.type == TYPE_OPT)
				opts++;
			else
				REQUIRE(rdata_unpack(request->reply, answer->length, &record, rdata) >= 0);
		}
	}
	REQUIRE(wire_reader_left(&r) == 0);
	REQUIRE(opts <= 1 && (opts == 0 || answer->edns.present));
}

static void check_reply(const struct answer_request *request, const struct answer *answer,
                        const struct answer_identity *identity)
{
	const uint8_t *reply = request->reply;
	uint16_t flags = message_flags(reply);
	REQUIRE(answer->length >= MESSAGE_HEADER);
	REQUIRE(answer->length <= limit_of(request, answer, identity));
	REQUIRE(memcmp(reply, request->bytes, 2) == 0);
	REQUIRE((flags & FLAG_QR) != 0 && (flags & (FLAG_RA | FLAG_Z | FLAG_AD | FLAG_CD)) == 0);
	REQUIRE(message_opcode(reply) == message_opcode(request->bytes));
	REQUIRE(((flags & FLAG_RD) != 0) == ((message_flags(request->bytes) & FLAG_RD) != 0));
	REQUIRE(((flags & FLAG_TC) != 0) == answer->truncated);
	REQUIRE((flags & 15u) == (answer->rcode & 15u));
	REQUIRE(message_count(reply, SECTION_QUESTION) <= 1);
	REQUIRE(!answer->reusable || answer->zone != NULL);
	read_reply(request, answer);
}

// What was found ahead of the writing only saves time.
static void check_shortcuts(const struct answer_request *request, const struct answer *answer,
                            const struct answer_identity *identity)
{
	static uint8_t reply[MESSAGE_MAX];
	struct answer_request again = *request;
	struct answer outcome;
	again.reply = reply;
	answer_prepare(zones, &again, &outcome, 1);
	outcome.glue_plain = false;
	outcome.glue_count = 0;
	outcome.closer = NULL;
	answer_write(identity, &again, &outcome);
	REQUIRE(outcome.length == answer->length && memcmp(reply, request->reply, answer->length) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t reply[MESSAGE_MAX];
	static const struct sockaddr_in source = { .sin_family = AF_INET };
	if (size < 1 || size > 4096)
		return 0;
	unsigned choice = data[0];
	struct answer_identity identity = {
		.version = "1", .server_id = "here", .nsid = (const uint8_t *)"here", .nsid_length = 4,
		.keepalive = 100, .minimal_any = choice & 4, .minimal_responses = choice & 8,
		.udp_size = choice & 16 ? 4096 : 0,
	};
	// A buffer of just that length, so that the sanitizer sees its end.
	uint8_t *message = malloc(size);
	REQUIRE(message != NULL);
	memcpy(message, data + 1, size - 1);
	struct answer_request request = {
		.bytes = message, .length = size - 1, .source = (const struct sockaddr *)&source,
		.transport = choice & 1 ? TRANSPORT_TCP : TRANSPORT_UDP,
		.reserve = choice & 2 ? (uint16_t)(choice >> 5) * 64 : 0,
		.reply = reply, .reply_room = sizeof(reply),
	};
	struct answer outcome;
	answer(zones, &identity, &request, &outcome);
	if (outcome.action == ANSWER_REPLY) {
		check_reply(&request, &outcome, &identity);
		check_shortcuts(&request, &outcome, &identity);
	} else if (outcome.action != ANSWER_SILENCE) {
		REQUIRE(outcome.zone != NULL);
		outcome.length = answer_error(&request, &outcome, RCODE_REFUSED, EDE_PROHIBITED, "no");
		REQUIRE(outcome.length >= MESSAGE_HEADER);
	}
	free(message);
	epoch_quiescent();
	return 0;
}
