// SPDX-License-Identifier: GPL-3.0-or-later
#include "replicate/query.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "dns/edns.h"

static void begin(struct query *query, struct wire_writer *writer, uint16_t id, unsigned flags,
                  uint16_t answers)
{
	query->id = id;
	query->mac_length = 0;
	wire_writer_init(writer, query->bytes, sizeof query->bytes);
	wire_write16(writer, id);
	wire_write16(writer, (uint16_t)flags);
	wire_write16(writer, 1);
	wire_write16(writer, answers);
	wire_write32(writer, 0);
	wire_write_bytes(writer, query->origin, name_length(query->origin));
	wire_write16(writer, query->type);
	wire_write16(writer, CLASS_IN);
}

static int finish(struct query *query, const struct wire_writer *writer, int64_t now)
{
	if (writer->full)
		return ERR_SPACE;
	query->length = wire_writer_length(writer);
	if (query->key == NULL)
		return 0;
	return tsig_sign_request(query->bytes, &query->length, sizeof query->bytes, query->key, now,
	                         query->mac, &query->mac_length);
}

int query_build(struct query *query, uint16_t id, const uint8_t *origin, uint16_t type,
                const struct tsig_key *key, int64_t now)
{
	struct query_ask ask = { .type = type };

	return query_build_ask(query, id, origin, &ask, key, now);
}

int query_build_ask(struct query *query, uint16_t id, const uint8_t *origin, const struct query_ask *ask,
                    const struct tsig_key *key, int64_t now)
{
	struct wire_writer writer;
	struct edns_writer edns;
	struct rrset soa;

	query->origin = origin;
	query->type = ask->type;
	query->key = key;
	begin(query, &writer, id, 0, 0);
	if (ask->base != NULL) {
		// Stored records carry the owner c0 0c, which is the question here.
		zone_soa(ask->base, &soa);
		wire_write_bytes(&writer, soa.wire, soa.length);
		wire_put16(query->bytes + 8, 1);
	}
	if (ask->wants_expire) {
		edns_write_begin(&edns, &writer, EDNS_OWN_SIZE, 0, false);
		edns_write_option(&edns, EDNS_EXPIRE, NULL, 0);
		edns_write_end(&edns);
		wire_put16(query->bytes + 10, 1);
	}
	return finish(query, &writer, now);
}

int query_build_notify(struct query *query, uint16_t id, const uint8_t *origin,
                       const struct zone_version *version, const struct tsig_key *key, int64_t now)
{
	struct wire_writer writer;
	struct rrset soa = { 0 };

	query->origin = origin;
	query->type = TYPE_SOA;
	query->key = key;
	if (version != NULL)
		zone_soa(version, &soa);
	// Stored records carry the owner c0 0c, which is the question here.
	begin(query, &writer, id, (OPCODE_NOTIFY << 11) | FLAG_AA, soa.count > 0);
	if (soa.count > 0)
		wire_write_bytes(&writer, soa.wire, soa.length);
	return finish(query, &writer, now);
}

static const char *tsig_error_text(uint16_t error)
{
	switch (error) {
	case RCODE_BADVERS: return "BADSIG";
	case RCODE_BADKEY: return "BADKEY";
	case RCODE_BADTIME: return "BADTIME";
	case RCODE_BADTRUNC: return "BADTRUNC";
	default: return "failure";
	}
}

static const char *tsig_advice(uint16_t error)
{
	switch (error) {
	case RCODE_BADVERS: return ": the secrets differ";
	case RCODE_BADKEY: return ": the other side does not know this key, or expects another algorithm";
	case RCODE_BADTRUNC: return ": the signature is cut shorter than allowed";
	default: return "";
	}
}

void query_explain_tsig(const struct query *query, const struct tsig_verdict *verdict, int error,
                        char *why, size_t size)
{
	char name[NAME_MAX_TEXT];
	const char *key = query->key != NULL ? name_to_text(query->key->name, name) : "none";

	if (error == ERR_TIME || verdict->error == RCODE_BADTIME) {
		uint64_t skew = verdict->skew < 0 ? 0 - (uint64_t)verdict->skew : (uint64_t)verdict->skew;
		snprintf(why, size, "TSIG BADTIME, our clock is %" PRIu64 " s %s theirs (limit %d)", skew,
		         verdict->skew >= 0 ? "behind" : "ahead of", TSIG_FUDGE);
	} else if (verdict->error != 0) {
		snprintf(why, size, "TSIG %s, key %s%s", tsig_error_text(verdict->error), key,
		         tsig_advice(verdict->error));
	} else if (!verdict->was_signed) {
		snprintf(why, size, "the answer is not signed, though we asked with key %s", key);
	} else {
		snprintf(why, size, "TSIG does not verify with key %s: %s", key, error_text(error));
	}
}

const char *query_advice_unsigned(unsigned rcode)
{
	return rcode == RCODE_NOTAUTH ? ": with TSIG mostly another secret, or another clock" : "";
}

bool query_is_answered_by(const struct query *query, const uint8_t *message, size_t length)
{
	struct wire_reader reader;
	struct message_question question;

	if (length < MESSAGE_HEADER || message_id(message) != query->id || (message_flags(message) & FLAG_QR) == 0)
		return false;
	if (message_count(message, SECTION_QUESTION) != 1)
		return true;
	wire_reader_init(&reader, message, length);
	wire_read_bytes(&reader, MESSAGE_HEADER);
	return message_read_question(&reader, &question) && question.type == query->type
	       && question.class == CLASS_IN && name_equal(question.name, query->origin);
}

static int verify(const struct query *query, uint8_t *message, size_t *length, int64_t now,
                  char *why, size_t size)
{
	struct tsig_stream *stream;
	struct tsig_verdict verdict = { 0 };
	int error;

	if (query->key == NULL)
		return 0;
	error = tsig_stream_new(query->key, query->mac, query->mac_length, &stream);
	if (error != 0) {
		snprintf(why, size, "%s", error_text(error));
		return error;
	}
	error = tsig_stream_verify(stream, message, *length, length, now, &verdict);
	tsig_stream_free(stream);
	if (error != 0 && !verdict.was_signed && *length >= MESSAGE_HEADER && message_rcode(message) != 0) {
		char rcode[DNS_TYPE_TEXT];
		snprintf(why, size, "%s (not signed)%s", dns_rcode_to_text((uint16_t)message_rcode(message), rcode),
		         query_advice_unsigned(message_rcode(message)));
		return message_rcode(message) == RCODE_NOTAUTH ? ERR_KEY : ERR_DENIED;
	}
	if (error != 0)
		query_explain_tsig(query, &verdict, error, why, size);
	return error;
}

static int find_soa(const struct query *query, const uint8_t *message, struct wire_reader *reader,
                    struct soa_answer *answer, char *why, size_t size)
{
	unsigned count = message_count(message, SECTION_ANSWER);
	struct message_record record;

	while (count-- > 0) {
		if (!message_read_record(reader, &record)) {
			snprintf(why, size, "the answer is malformed");
			return ERR_FORMAT;
		}
		if (record.type != TYPE_SOA || record.class != CLASS_IN || !name_equal(record.owner, query->origin))
			continue;
		// Two names, the shortest of one byte each, then the serial and four timers.
		if (record.rdata_length < 22 || record.rdata_length > 2 * NAME_MAX_WIRE + 20) {
			snprintf(why, size, "the SOA in the answer is malformed");
			return ERR_FORMAT;
		}
		answer->serial = wire_get32(record.rdata + record.rdata_length - 20);
		return 0;
	}
	snprintf(why, size, "the answer has no SOA of the zone");
	return ERR_NOT_FOUND;
}

uint32_t query_read_expire(const uint8_t *message, size_t length)
{
	struct wire_reader reader;
	struct message_question question;
	struct message_record record;
	struct edns edns;
	unsigned before, count;

	if (length < MESSAGE_HEADER || message_count(message, SECTION_ADDITIONAL) == 0)
		return 0;
	wire_reader_init(&reader, message, length);
	wire_read_bytes(&reader, MESSAGE_HEADER);
	for (unsigned i = message_count(message, SECTION_QUESTION); i > 0; i--)
		if (!message_read_question(&reader, &question))
			return 0;
	before = (unsigned)message_count(message, SECTION_ANSWER) + message_count(message, SECTION_AUTHORITY);
	count = before + message_count(message, SECTION_ADDITIONAL);
	for (unsigned i = 0; i < count && message_read_record(&reader, &record); i++) {
		if (i < before || record.type != TYPE_OPT || record.owner[0] != 0)
			continue;
		if (edns_read(record.class, record.ttl, record.rdata, record.rdata_length, &edns) != 0)
			return 0;
		if (!edns.expire_given)
			return 0;
		return edns.expire_value != 0 ? edns.expire_value : 1;
	}
	return 0;
}

int query_read_soa(const struct query *query, uint8_t *message, size_t length, int64_t now,
                   struct soa_answer *answer, char *why, size_t size)
{
	struct wire_reader reader;
	struct message_question question;
	char rcode[DNS_TYPE_TEXT];
	int error;

	*answer = (struct soa_answer){ 0 };
	if (!query_is_answered_by(query, message, length))
		return ERR_STATE;
	wire_reader_init(&reader, message, length);
	wire_read_bytes(&reader, MESSAGE_HEADER);
	if (message_count(message, SECTION_QUESTION) == 1)
		(void)message_read_question(&reader, &question);
	error = verify(query, message, &length, now, why, size);
	if (error != 0)
		return error;
	if (message_rcode(message) != RCODE_NOERROR) {
		snprintf(why, size, "%s", dns_rcode_to_text((uint16_t)message_rcode(message), rcode));
		return ERR_DENIED;
	}
	if (message_count(message, SECTION_QUESTION) != 1 || message_opcode(message) != OPCODE_QUERY) {
		snprintf(why, size, "the answer is malformed");
		return ERR_FORMAT;
	}
	if ((message_flags(message) & FLAG_TC) != 0) {
		answer->is_truncated = true;
		return 0;
	}
	reader.end = message + length;
	error = find_soa(query, message, &reader, answer, why, size);
	answer->expire = query_read_expire(message, length);
	if (error == 0 && (message_flags(message) & FLAG_AA) == 0) {
		snprintf(why, size, "the answer is not authoritative");
		return ERR_NOT_FOUND;
	}
	return error;
}
