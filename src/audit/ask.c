// SPDX-License-Identifier: GPL-3.0-or-later
#include "audit/ask.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"

#define OPTION_UNKNOWN 65001 // set aside for local use (RFC 6891, 9): nobody knows it
#define EDNS_VERSION_AT 6    // of an OPT record with the root as owner

static void write_edns(const struct ask *ask, struct wire_writer *writer)
{
	static const uint8_t data[4] = { 'a', 's', 'k', '?' };
	struct edns_writer edns;
	uint8_t *opt = writer->at;
	edns_write_begin(&edns, writer, ask->payload ? ask->payload : EDNS_OWN_SIZE, 0,
	                 (ask->flags & ASK_DNSSEC) != 0);
	if (ask->flags & ASK_UNKNOWN_OPTION)
		edns_write_option(&edns, OPTION_UNKNOWN, data, sizeof data);
	edns_write_end(&edns);
	if (!writer->full && ask->flags & ASK_VERSION_1)
		opt[EDNS_VERSION_AT] = 1;
}

int ask_write(const struct ask *ask, uint16_t id, struct ask_wire *wire)
{
	struct wire_writer writer;
	bool plain = (ask->flags & ASK_PLAIN) != 0;
	wire->id = id;
	wire->mac_length = 0;
	wire_writer_init(&writer, wire->bytes, sizeof wire->bytes);
	wire_write16(&writer, id);
	wire_write16(&writer, ask->flags & ASK_RECURSION ? FLAG_RD : 0);
	wire_write16(&writer, 1);
	wire_write32(&writer, 0);
	wire_write16(&writer, plain ? 0 : 1);
	wire_write_bytes(&writer, ask->name, name_length(ask->name));
	wire_write16(&writer, ask->type);
	wire_write16(&writer, CLASS_IN);
	if (!plain)
		write_edns(ask, &writer);
	if (writer.full)
		return ERR_SPACE;
	wire->length = wire_writer_length(&writer);
	if (ask->key == NULL)
		return 0;
	return tsig_sign_request(wire->bytes, &wire->length, sizeof wire->bytes, ask->key,
	                         clock_wall_s(), wire->mac, &wire->mac_length);
}

static int verify(struct ask *ask, const struct ask_wire *wire, uint8_t *message, size_t *length)
{
	struct tsig_stream *stream;
	int error = tsig_stream_new(ask->key, wire->mac, wire->mac_length, &stream);
	if (error != 0)
		return error;
	error = tsig_stream_verify(stream, message, *length, length, clock_wall_s(), &ask->verdict);
	tsig_stream_free(stream);
	return error;
}

int ask_read(struct ask *ask, const struct ask_wire *wire, struct pool *pool,
             uint8_t *message, size_t length)
{
	struct reply *reply;
	if (!reply_is_to(message, length, wire->id, ask->name, ask->type))
		return 0;
	int error = ask->key != NULL ? verify(ask, wire, message, &length) : 0;
	// An unsigned refusal tells more than that it is unsigned.
	if (error != 0 && (message_rcode(message) == RCODE_NOERROR || error == ERR_MEMORY))
		return error;
	error = reply_parse(pool, message, length, &reply);
	if (error != 0)
		return error;
	ask->reply = reply;
	return 1;
}

const char *ask_failure(const struct ask *ask)
{
	switch (ask->error) {
	case ERR_TIMEOUT:
		return "no answer in time";
	case ERR_CLOSED:
		return "closed the connection without an answer";
	case ERR_FORMAT:
		return "a malformed answer";
	case ERR_LIMIT:
		return "not asked: the audit had reached its bounds";
	case ERR_KEY:
		return "an answer that the key did not sign";
	case ERR_TIME:
		return "an answer signed at another time";
	case ERR_IO:
		if (ask->system_error == ECONNREFUSED)
			return "connection refused";
		return ask->system_error ? strerror(ask->system_error) : "no answer";
	default:
		return error_text(ask->error);
	}
}

bool ask_has_no_route(const struct ask *ask)
{
	int e = ask->system_error;
	return ask->error == ERR_IO && (e == ENETUNREACH || e == EADDRNOTAVAIL || e == EAFNOSUPPORT);
}
