// SPDX-License-Identifier: GPL-3.0-or-later
// What surrounds an answer: signatures are checked before it and made after
// it; NOTIFY and transfers go to replication, which is a stand-in here.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/epoch.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/log.h"
#include "config/config.h"
#include "dns/message.h"
#include "dns/types.h"
#include "serve/exchange.h"
#include "serve/transfer.h"
#include "zone/table.h"

static const char configuration[] =
	"key k.example { algorithm hmac-sha256; secret \"c2VjcmV0IHNlY3JldCBzZWNyZXQ=\"; };\n"
	"key other.example { algorithm hmac-sha256; secret \"b3RoZXIgb3RoZXIgb3RoZXI=\"; };\n"
	"zone example.com { type secondary; primaries { 192.0.2.1; }; };\n";

static struct serve server;
static struct runtime *runtime;
static const struct sockaddr_in client = { .sin_family = AF_INET, .sin_port = 0x3930 };

// --- the stand-in for replication

static struct notify_in heard;
static unsigned notifies;
static uint16_t notify_rcode;

void replicate_notify(struct replicate *replicate, const struct notify_in *notify,
                      uint16_t *rcode, char why[static 128])
{
	(void)replicate;
	heard = *notify;
	notifies++;
	*rcode = notify_rcode;
	snprintf(why, 128, "because of a test");
}

int transfer_open(struct exchange *x, uint16_t *rcode, char why[static 128])
{
	(void)x;
	*rcode = RCODE_REFUSED;
	snprintf(why, 128, "transfers are not allowed from here");
	return ERR_DENIED;
}

size_t transfer_by_udp(struct exchange *x, uint16_t *rcode, char why[static 128])
{
	transfer_open(x, rcode, why);
	return 0;
}

// --- requests

struct message {
	uint8_t bytes[1024];
	size_t length;
};

static struct message ask(const char *name, uint16_t type, unsigned opcode)
{
	struct message m = { { 0x12, 0x34, (uint8_t)(opcode << 3), 0, 0, 1 }, 0 };
	struct wire_writer w;
	uint8_t wire[NAME_MAX_WIRE];
	int length = name_from_text(name, wire);
	wire_writer_init(&w, m.bytes, sizeof(m.bytes));
	w.at += MESSAGE_HEADER;
	wire_write_bytes(&w, wire, (size_t)length);
	wire_write16(&w, type);
	wire_write16(&w, CLASS_IN);
	m.length = wire_writer_length(&w);
	return m;
}

static const struct tsig_key *key(const char *name)
{
	uint8_t wire[NAME_MAX_WIRE];
	name_from_text(name, wire);
	return config_tsig_find(runtime->config, wire);
}

struct outcome {
	struct message reply;
	struct exchange x;
};

static struct outcome run(struct message *m, enum answer_transport transport)
{
	static struct serve_counters counters;
	struct outcome o = { 0 };
	uint8_t reply[4096];
	o.x = (struct exchange){
		.serve = &server, .runtime = runtime, .identity = &runtime->udp4, .counters = &counters,
		.bytes = m->bytes, .length = m->length, .source = (const struct sockaddr *)&client,
		.transport = transport, .reply = reply, .reply_room = sizeof(reply),
	};
	o.reply.length = exchange_run(&o.x);
	assert_true(o.reply.length <= sizeof(o.reply.bytes));
	memcpy(o.reply.bytes, reply, o.reply.length);
	return o;
}

static struct tsig_verdict verify(struct message *reply, const struct tsig_key *with, const uint8_t *mac,
                                  size_t mac_length, int expected)
{
	struct tsig_stream *stream;
	struct tsig_verdict verdict = { 0 };
	size_t stripped;
	assert_int_equal(tsig_stream_new(with, mac, mac_length, &stream), 0);
	assert_int_equal(tsig_stream_verify(stream, reply->bytes, reply->length, &stripped, clock_wall_s(), &verdict), expected);
	tsig_stream_free(stream);
	return verdict;
}

// --- the tests

static void an_unsigned_question_gets_an_unsigned_answer(void **state)
{
	struct message m = ask("www.example.net", TYPE_A, OPCODE_QUERY);
	(void)state;
	struct outcome o = run(&m, TRANSPORT_UDP);
	assert_int_equal(message_rcode(o.reply.bytes), RCODE_REFUSED);
	assert_int_equal(message_count(o.reply.bytes, SECTION_ADDITIONAL), 0);
	assert_null(o.x.request.key_name);
}

static void a_signed_question_gets_a_signed_answer(void **state)
{
	struct message m = ask("www.example.net", TYPE_A, OPCODE_QUERY);
	uint8_t mac[TSIG_MAX_MAC];
	size_t mac_length;
	(void)state;
	assert_int_equal(tsig_sign_request(m.bytes, &m.length, sizeof(m.bytes), key("k.example"), clock_wall_s(), mac, &mac_length), 0);
	struct outcome o = run(&m, TRANSPORT_UDP);
	assert_int_equal(message_rcode(o.reply.bytes), RCODE_REFUSED);
	assert_true(name_equal(o.x.request.key_name, key("k.example")->name));
	assert_int_equal(o.x.request.reserve, tsig_reply_size(&o.x.tsig));
	assert_true(verify(&o.reply, key("k.example"), mac, mac_length, 0).was_signed);
}

static void a_wrong_signature_is_badsig(void **state)
{
	struct message m = ask("www.example.net", TYPE_A, OPCODE_QUERY);
	uint8_t mac[TSIG_MAX_MAC];
	size_t mac_length;
	struct tsig_key forged = *key("k.example");
	(void)state;
	forged.secret = key("other.example")->secret;
	forged.secret_length = key("other.example")->secret_length;
	assert_int_equal(tsig_sign_request(m.bytes, &m.length, sizeof(m.bytes), &forged, clock_wall_s(), mac, &mac_length), 0);
	struct outcome o = run(&m, TRANSPORT_UDP);
	assert_int_equal(message_rcode(o.reply.bytes), RCODE_NOTAUTH);
	assert_int_equal(o.x.tsig.error, RCODE_BADVERS); // BADSIG
	assert_int_equal(message_count(o.reply.bytes, SECTION_ADDITIONAL), 1);
}

static void an_unknown_key_is_badkey(void **state)
{
	struct message m = ask("www.example.net", TYPE_A, OPCODE_QUERY);
	uint8_t mac[TSIG_MAX_MAC], name[NAME_MAX_WIRE];
	size_t mac_length;
	struct tsig_key forged = *key("k.example");
	(void)state;
	name_from_text("nobody.example", name);
	forged.name = name;
	assert_int_equal(tsig_sign_request(m.bytes, &m.length, sizeof(m.bytes), &forged, clock_wall_s(), mac, &mac_length), 0);
	struct outcome o = run(&m, TRANSPORT_TCP);
	assert_int_equal(message_rcode(o.reply.bytes), RCODE_NOTAUTH);
	assert_int_equal(o.x.tsig.error, RCODE_BADKEY);
}

static void a_clock_that_differs_is_badtime_and_ours_is_told(void **state)
{
	struct message m = ask("www.example.net", TYPE_A, OPCODE_QUERY);
	uint8_t mac[TSIG_MAX_MAC];
	size_t mac_length;
	(void)state;
	assert_int_equal(tsig_sign_request(m.bytes, &m.length, sizeof(m.bytes), key("k.example"), clock_wall_s() - 1000, mac, &mac_length), 0);
	struct outcome o = run(&m, TRANSPORT_UDP);
	assert_int_equal(message_rcode(o.reply.bytes), RCODE_NOTAUTH);
	assert_int_equal(o.x.tsig.error, RCODE_BADTIME);
	struct tsig_verdict verdict = verify(&o.reply, key("k.example"), mac, mac_length, ERR_TIME);
	assert_int_equal(verdict.error, RCODE_BADTIME);
}

static void a_tsig_that_is_not_last_is_a_format_error(void **state)
{
	struct message m = ask("www.example.net", TYPE_A, OPCODE_QUERY);
	uint8_t mac[TSIG_MAX_MAC];
	size_t mac_length;
	static const uint8_t opt[] = { 0, 0, TYPE_OPT, 4, 208, 0, 0, 0, 0, 0, 0 };
	(void)state;
	assert_int_equal(tsig_sign_request(m.bytes, &m.length, sizeof(m.bytes), key("k.example"), clock_wall_s(), mac, &mac_length), 0);
	memcpy(m.bytes + m.length, opt, sizeof(opt));
	m.length += sizeof(opt);
	m.bytes[11]++;
	struct outcome o = run(&m, TRANSPORT_UDP);
	assert_int_equal(message_rcode(o.reply.bytes), RCODE_FORMERR);
}

static void a_notify_goes_to_replication_and_is_acknowledged(void **state)
{
	struct message m = ask("Example.COM", TYPE_SOA, OPCODE_NOTIFY);
	(void)state;
	notify_rcode = RCODE_NOERROR;
	notifies = 0;
	struct outcome o = run(&m, TRANSPORT_UDP);
	assert_int_equal(notifies, 1);
	assert_ptr_equal(heard.slot, zone_table_get(server.zones, (const uint8_t *)"\7example\3com"));
	assert_false(heard.has_serial);
	assert_null(heard.key_name);
	assert_int_equal(message_opcode(o.reply.bytes), OPCODE_NOTIFY);
	assert_int_equal(message_rcode(o.reply.bytes), RCODE_NOERROR);
	assert_int_equal(message_flags(o.reply.bytes) & (FLAG_QR | FLAG_AA), FLAG_QR | FLAG_AA);
	assert_memory_equal(o.reply.bytes + MESSAGE_HEADER, "\7Example\3COM", 13);
}

static void a_notify_may_tell_the_serial(void **state)
{
	struct message m = ask("example.com", TYPE_SOA, OPCODE_NOTIFY);
	static const uint8_t soa[] = {
		0xc0, 0x0c, 0, TYPE_SOA, 0, CLASS_IN, 0, 0, 0, 0, 0, 24, 0xc0, 0x0c, 0xc0, 0x0c,
		0, 0, 0, 77, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1,
	};
	(void)state;
	memcpy(m.bytes + m.length, soa, sizeof(soa));
	m.length += sizeof(soa);
	m.bytes[7] = 1;
	run(&m, TRANSPORT_UDP);
	assert_true(heard.has_serial);
	assert_int_equal(heard.serial, 77);
}

static void a_notify_that_is_refused_is_refused(void **state)
{
	struct message m = ask("example.com", TYPE_SOA, OPCODE_NOTIFY);
	(void)state;
	notify_rcode = RCODE_REFUSED;
	struct outcome o = run(&m, TRANSPORT_UDP);
	assert_int_equal(message_rcode(o.reply.bytes), RCODE_REFUSED);
	assert_int_equal(message_flags(o.reply.bytes) & FLAG_AA, 0);
}

static void a_transfer_that_is_refused_is_refused(void **state)
{
	struct message m = ask("example.com", TYPE_AXFR, OPCODE_QUERY);
	(void)state;
	struct outcome o = run(&m, TRANSPORT_TCP);
	assert_null(o.x.transfer);
	assert_int_equal(message_rcode(o.reply.bytes), RCODE_REFUSED);
}

static void responses_get_silence(void **state)
{
	struct message m = ask("example.com", TYPE_A, OPCODE_QUERY);
	(void)state;
	m.bytes[2] |= 0x80;
	assert_int_equal(run(&m, TRANSPORT_UDP).reply.length, 0);
	m.length = 5;
	assert_int_equal(run(&m, TRANSPORT_TCP).reply.length, 0);
}

static int setup(void **state)
{
	struct config_report report = { 0 };
	struct config *config;
	struct zone_table *table;
	struct zone_slot *slot;
	char why[256];
	(void)state;
	log_set_level(LEVEL_ERROR);
	hash_seed_fixed(1);
	epoch_register();
	if (arena_open(1u << 30, why) != 0 || zone_table_new(&table) != 0 ||
	    zone_table_add(table, (const uint8_t *)"\7example\3com", &slot) != 0 ||
	    config_read_memory("test.conf", configuration, sizeof(configuration) - 1, NULL, &report, &config) != 0 ||
	    runtime_new(config, &runtime) != 0) {
		config_report_print(&report, stderr);
		return -1;
	}
	config_release(config);
	config_report_free(&report);
	server.zones = table;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	runtime_free(runtime);
	epoch_offline();
	epoch_barrier();
	epoch_online();
	zone_table_free((struct zone_table *)(uintptr_t)server.zones);
	epoch_unregister();
	arena_thread_end();
	arena_close();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_unsigned_question_gets_an_unsigned_answer),
		cmocka_unit_test(a_signed_question_gets_a_signed_answer),
		cmocka_unit_test(a_wrong_signature_is_badsig),
		cmocka_unit_test(an_unknown_key_is_badkey),
		cmocka_unit_test(a_clock_that_differs_is_badtime_and_ours_is_told),
		cmocka_unit_test(a_tsig_that_is_not_last_is_a_format_error),
		cmocka_unit_test(a_notify_goes_to_replication_and_is_acknowledged),
		cmocka_unit_test(a_notify_may_tell_the_serial),
		cmocka_unit_test(a_notify_that_is_refused_is_refused),
		cmocka_unit_test(a_transfer_that_is_refused_is_refused),
		cmocka_unit_test(responses_get_silence),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
