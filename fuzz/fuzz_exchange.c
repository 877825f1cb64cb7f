// SPDX-License-Identifier: GPL-3.0-or-later
// Any bytes as a message by UDP or stream, through all that surrounds an
// answer: signatures, NOTIFY, transfers. The first byte chooses the transport
// and whether we sign the message first, so that what lies behind a good
// signature is reached. A request that was verified must get a reply that its
// sender would accept. Replication is a stand-in that agrees to everything.
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/epoch.h"
#include "base/error.h"
#include "base/log.h"
#include "config/config.h"
#include "dns/message.h"
#include "dns/types.h"
#include "replicate/provide.h"
#include "serve/exchange.h"
#include "serve/transfer.h"
#include "require.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

static const char configuration[] =
	"key k.test { algorithm hmac-sha256; secret \"c2VjcmV0IHNlY3JldCBzZWNyZXQ=\"; };\n"
	"zone plain.test { type secondary; primaries { 192.0.2.1; }; };\n";

static struct serve server;
static struct runtime *runtime;
static const struct tsig_key *key;

// --- the stand-in

void replicate_notify(struct replicate *replicate, const struct notify_in *notify,
                      uint16_t *rcode, char why[static 128])
{
	(void)replicate;
	REQUIRE(notify->slot != NULL);
	why[0] = '\0';
	*rcode = notify->serial & 1 ? RCODE_REFUSED : RCODE_NOERROR;
}

struct provide {
	unsigned left;
	uint16_t id;
};

int provide_open(struct replicate *replicate, const struct answer_request *request,
                 const struct answer *parsed, struct provide **provide,
                 uint16_t *rcode, char why[static 128])
{
	(void)replicate;
	(void)rcode;
	(void)why;
	REQUIRE(parsed->zone != NULL);
	*provide = calloc(1, sizeof(**provide));
	REQUIRE(*provide != NULL);
	// One by UDP may not fit: its ID tells.
	(*provide)->left = request->transport == TRANSPORT_UDP ? 1 + (message_id(request->bytes) & 1) : 3;
	(*provide)->id = message_id(request->bytes);
	return 0;
}

int provide_next(struct provide *provide, uint8_t *message, size_t room, size_t *length, bool *last)
{
	REQUIRE(room >= MESSAGE_HEADER);
	memset(message, 0, MESSAGE_HEADER);
	wire_put16(message, provide->id);
	wire_put16(message + 2, FLAG_QR | FLAG_AA);
	*length = MESSAGE_HEADER;
	*last = --provide->left == 0;
	return 0;
}

void provide_shorten(struct provide *provide)
{
	provide->left = 1;
}

void provide_rest(struct provide *provide)
{
	(void)provide;
}

int provide_resume(struct provide *provide)
{
	(void)provide;
	return 0;
}

int provide_refuse(struct provide *provide, uint16_t rcode, const char *why, uint8_t *message, size_t room,
                   size_t *length)
{
	bool last;
	(void)rcode;
	(void)why;
	provide->left = 1;
	return provide_next(provide, message, room, length, &last);
}

bool provide_pins_too_much(const struct provide *provide)
{
	(void)provide;
	return false;
}

void provide_blame(struct provide *provide, const char *why)
{
	(void)provide;
	(void)why;
}

void provide_close(struct provide *provide)
{
	free(provide);
}

// --- one input

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	struct config_report report = { 0 };
	struct config *config;
	struct zone_table *table;
	struct zone_slot *slot;
	char why[256];
	(void)argc;
	(void)argv;
	log_set_level(LEVEL_ERROR);
	REQUIRE(arena_open(256u << 20, why) == 0);
	epoch_register();
	REQUIRE(zone_table_new(&table) == 0);
	REQUIRE(zone_table_add(table, (const uint8_t *)"\5plain\4test", &slot) == 0);
	REQUIRE(config_read_memory("fuzz.conf", configuration, sizeof(configuration) - 1, NULL, &report, &config) == 0);
	REQUIRE(runtime_new(config, &runtime) == 0);
	config_report_free(&report);
	key = config_tsig_find(config, (const uint8_t *)"\1k\4test");
	REQUIRE(key != NULL);
	server.zones = table;
	return 0;
}

// Verifies as the sender does.
static void verify(struct tsig_stream *stream, const uint8_t *bytes, size_t length)
{
	static uint8_t copy[MESSAGE_MAX];
	struct tsig_verdict verdict;
	size_t stripped;
	memcpy(copy, bytes, length);
	REQUIRE(tsig_stream_verify(stream, copy, length, &stripped, clock_wall_s(), &verdict) == 0);
	REQUIRE(verdict.was_signed);
}

static void draw(struct transfer *transfer, struct tsig_stream *stream)
{
	static uint8_t message[2 + MESSAGE_MAX];
	unsigned count = 0;
	int n;
	REQUIRE(transfer_admit(transfer, 1));
	while ((n = transfer_next(transfer, message, sizeof(message))) > 0) {
		REQUIRE(n == 2 + wire_get16(message) && ++count <= 3);
		if (stream != NULL)
			verify(stream, message + 2, (size_t)n - 2);
	}
	REQUIRE(n == 0 && count == 3);
	transfer_close(transfer);
}

static void run(uint8_t *bytes, size_t length, bool by_udp, struct tsig_stream *stream)
{
	static uint8_t reply[MESSAGE_MAX];
	static struct serve_counters counters;
	static const struct sockaddr_in source = { .sin_family = AF_INET };
	struct exchange x = {
		.serve = &server, .runtime = runtime, .counters = &counters,
		.identity = by_udp ? &runtime->udp4 : &runtime->tcp,
		.bytes = bytes, .length = length, .source = (const struct sockaddr *)&source,
		.transport = by_udp ? TRANSPORT_UDP : TRANSPORT_TCP,
		.reply = reply, .reply_room = by_udp ? RUNTIME_UDP_MAX : MESSAGE_MAX,
	};
	size_t n = exchange_run(&x);
	REQUIRE(n == 0 || (n >= MESSAGE_HEADER && n <= x.reply_room && (reply[2] & 0x80) != 0));
	REQUIRE(n == 0 || x.transfer == NULL);
	// Bytes behind the last record hide our signature: then nothing was signed.
	if (x.request.key_name == NULL)
		stream = NULL;
	if (x.transfer != NULL)
		draw(x.transfer, stream);
	else if (n > 0 && stream != NULL)
		verify(stream, reply, n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum { SIGN_ROOM = TSIG_MAX_RECORD };
	uint8_t mac[TSIG_MAX_MAC];
	size_t mac_length, length = size - 1;
	struct tsig_stream *stream = NULL;
	if (size < 1 || size > 4096)
		return 0;
	bool sign = (data[0] & 2) != 0 && length >= MESSAGE_HEADER;
	uint8_t *bytes = malloc(length + (sign ? SIGN_ROOM : 1));
	REQUIRE(bytes != NULL);
	memcpy(bytes, data + 1, length);
	// What cannot be read by ourselves cannot be signed either.
	if (sign && tsig_sign_request(bytes, &length, length + SIGN_ROOM, key, clock_wall_s(), mac, &mac_length) == 0)
		REQUIRE(tsig_stream_new(key, mac, mac_length, &stream) == 0);
	run(bytes, length, data[0] & 1, stream);
	tsig_stream_free(stream);
	free(bytes);
	epoch_quiescent();
	return 0;
}
