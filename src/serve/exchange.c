// SPDX-License-Identifier: GPL-3.0-or-later
#include "serve/exchange.h"

#include <stdio.h>

#include "base/address.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "dns/message.h"
#include "dns/types.h"
#include "serve/counters.h"
#include "serve/transfer.h"

static struct log_limit tsig_failures = { .per_second = 5, .burst = 20 };
static struct log_limit queries = { .per_second = 250, .burst = 500 };

static const char *tsig_error_text(uint16_t error)
{
	switch (error) {
	case RCODE_BADVERS: return "BADSIG: the signature does not match; do both sides have the same secret?";
	case RCODE_BADKEY: return "BADKEY: no such key here, or with another algorithm";
	case RCODE_BADTRUNC: return "BADTRUNC: the signature is cut too short";
	default: return "malformed";
	}
}

static void log_tsig_failure(const struct exchange *x, int64_t now)
{
	uint64_t suppressed;
	if (!log_limit_allows(&tsig_failures, &suppressed))
		return;
	char from[ADDRESS_TEXT], key[NAME_MAX_TEXT] = "?";
	address_to_text(x->source, from);
	if (x->tsig.present)
		name_to_text(x->tsig.key_name, key);
	if (x->tsig.error == RCODE_BADTIME) {
		int64_t ahead = (int64_t)x->tsig.time_signed - now;
		log_line(LEVEL_WARNING, NULL, "request from %s with key %s refused: TSIG BADTIME, "
		         "their clock is %lld s %s ours (limit %d)", from, key,
		         (long long)(ahead < 0 ? -ahead : ahead), ahead < 0 ? "behind" : "ahead of", TSIG_FUDGE);
	} else {
		log_line(LEVEL_WARNING, NULL, "request from %s with key %s refused: TSIG %s", from, key,
		         tsig_error_text(x->tsig.error));
	}
}

// What a request that failed verification gets (RFC 8945, 5.2).
static size_t refuse_tsig(struct exchange *x, int error, int64_t now)
{
	uint16_t rcode = error == ERR_FORMAT ? RCODE_FORMERR : RCODE_NOTAUTH;
	log_tsig_failure(x, now);
	answer_parse(x->serve->zones, &x->request, &x->answer);
	if (x->answer.action == ANSWER_SILENCE)
		return 0;
	x->answer.rcode = rcode;
	size_t length = answer_error(&x->request, &x->answer, rcode, EDE_NONE, NULL);
	if (error != ERR_FORMAT && tsig_sign_reply(x->reply, &length, x->reply_room, &x->tsig, now) != 0)
		return 0;
	return length;
}

// The serial that a NOTIFY may tell in its answer section (RFC 1996, 3.7).
static bool read_notify_serial(const struct exchange *x, uint32_t *serial)
{
	struct wire_reader r;
	struct message_question question;
	struct message_record record;
	struct soa soa;
	uint8_t rdata[RDATA_MAX];
	if (message_count(x->bytes, SECTION_ANSWER) == 0)
		return false;
	wire_reader_init(&r, x->bytes, x->request.length);
	wire_read_bytes(&r, MESSAGE_HEADER);
	if (!message_read_question(&r, &question) || !message_read_record(&r, &record) ||
	    record.type != TYPE_SOA || !name_equal(record.owner, question.name))
		return false;
	int length = rdata_unpack(x->bytes, x->request.length, &record, rdata);
	if (length < 0 || soa_read(rdata, (size_t)length, &soa) != 0)
		return false;
	*serial = soa.serial;
	return true;
}

static size_t run_notify(struct exchange *x)
{
	char why[128] = "";
	uint16_t rcode = RCODE_SERVFAIL;
	struct notify_in notify = {
		.slot = x->answer.zone,
		.source = x->source,
		.key_name = x->request.key_name,
	};
	counter_add(&x->counters->notifies, 1);
	notify.has_serial = read_notify_serial(x, &notify.serial);
	replicate_notify(x->serve->replicate, &notify, &rcode, why);
	x->answer.rcode = rcode;
	x->answer.action = ANSWER_REPLY;
	if (rcode != RCODE_NOERROR)
		return answer_error(&x->request, &x->answer, rcode, EDE_PROHIBITED, why);
	size_t length = answer_error(&x->request, &x->answer, rcode, EDE_NONE, NULL);
	if (length >= MESSAGE_HEADER)
		x->reply[2] |= (uint8_t)(FLAG_AA >> 8);
	return length;
}

static size_t run_transfer(struct exchange *x)
{
	char why[128] = "";
	uint16_t rcode = RCODE_SERVFAIL;
	if (x->transport == TRANSPORT_UDP) {
		size_t length = transfer_by_udp(x, &rcode, why);
		if (length > 0)
			return length;
	} else if (transfer_open(x, &rcode, why) == 0) {
		return 0;
	}
	x->answer.rcode = rcode;
	x->answer.action = ANSWER_REPLY;
	return answer_error(&x->request, &x->answer, rcode,
	                    rcode == RCODE_REFUSED ? EDE_PROHIBITED : why[0] != '\0' ? EDE_OTHER : EDE_NONE, why);
}

static size_t dispatch(struct exchange *x)
{
	answer(x->serve->zones, x->identity, &x->request, &x->answer);
	switch (x->answer.action) {
	case ANSWER_REPLY: return x->answer.length;
	case ANSWER_NOTIFY: return run_notify(x);
	case ANSWER_TRANSFER: return run_transfer(x);
	case ANSWER_SILENCE: break;
	}
	return 0;
}

static void take_account(struct exchange *x, size_t length)
{
	counter_add_question(x->counters, &x->answer);
	if (x->runtime->log_queries)
		exchange_log(x->source, &x->answer, x->transport);
	if (length == 0) {
		if (x->transfer == NULL)
			counter_add(&x->counters->dropped, 1);
		return;
	}
	counter_add_rcode(x->counters, x->answer.rcode);
	if (x->answer.truncated)
		counter_add(&x->counters->truncated, 1);
}

size_t exchange_run(struct exchange *x)
{
	int64_t now = clock_wall_s();
	size_t stripped = x->length;
	x->transfer = NULL;
	x->tsig.present = false;
	int error = tsig_verify_request(x->bytes, x->length, &stripped, config_tsig_find,
	                                x->runtime->config, now, &x->tsig);
	bool sign = error == 0 && x->tsig.present;
	x->request = (struct answer_request){
		.bytes = x->bytes,
		.length = stripped,
		.source = x->source,
		.transport = x->transport,
		.key_name = sign ? x->tsig.key->name : NULL,
		.reserve = x->tsig.present ? (uint16_t)tsig_reply_size(&x->tsig) : 0,
		.now = (uint32_t)(clock_boot_ms() / 1000),
		.reply = x->reply,
		.reply_room = x->reply_room,
	};
	size_t length = error == 0 ? dispatch(x) : refuse_tsig(x, error, now);
	if (sign && length > 0 &&
	    tsig_sign_reply(x->reply, &length, x->reply_room, &x->tsig, now) != 0)
		length = 0;
	take_account(x, length);
	return length;
}

void exchange_log(const struct sockaddr *source, const struct answer *answer,
                  enum answer_transport transport)
{
	uint64_t suppressed;
	if (!log_limit_allows(&queries, &suppressed))
		return;
	char from[ADDRESS_TEXT], name[NAME_MAX_TEXT], type[DNS_TYPE_TEXT], rcode[DNS_TYPE_TEXT];
	const char *how = transport == TRANSPORT_UDP ? "UDP" : transport == TRANSPORT_TCP ? "TCP" : "TLS";
	address_to_text(source, from);
	if (suppressed > 0)
		log_line(LEVEL_INFO, NULL, "%llu queries were not logged here: there were too many",
		         (unsigned long long)suppressed);
	if (answer->qname.length == 0) {
		log_line(LEVEL_INFO, NULL, "query from %s by %s: no question could be read", from, how);
		return;
	}
	const char *outcome = answer->action == ANSWER_REPLY ? dns_rcode_to_text(answer->rcode, rcode)
	                    : answer->action == ANSWER_TRANSFER ? "transfer begun" : "no reply";
	log_line(LEVEL_INFO, NULL, "%s from %s by %s: %s %s%s: %s",
	         answer->opcode == OPCODE_NOTIFY ? "NOTIFY" : "query", from, how,
	         name_to_text(answer->qname.wire, name), dns_type_to_text(answer->type, type),
	         answer->edns.dnssec_ok ? " +dnssec" : "", outcome);
}
