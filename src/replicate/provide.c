// SPDX-License-Identifier: GPL-3.0-or-later
#include "replicate/provide.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "dns/message.h"
#include "dns/serial.h"
#include "dns/types.h"
#include "replicate/provide_parts.h"
#include "replicate/replica.h"
#include "replicate/room.h"

// Deltas that are sent are in memory as long as the client takes; where they
// come to more, the whole zone, which is there anyway, costs less.
#define CHAIN_BYTES_MAX ((size_t)8 << 20)

// What old versions that are being sent may keep, however small the zone is.
#define PINNED_ALWAYS ((size_t)16 << 20)

static struct log_limit refused_lines = { .per_second = 5, .burst = 20 };
static struct log_limit sent_lines = { .per_second = 20, .burst = 100 };

// --- opening

static void log_refused(struct replicate *room, const struct zone_slot *slot, const struct answer_request *request)
{
	const struct config *config = room_config(room);
	const struct config_zone *zone = config_zone_find(config, slot->origin);
	char name[NAME_MAX_TEXT], client[ADDRESS_TEXT], advice[400] = "";
	uint64_t suppressed;

	if (!log_limit_allows(&refused_lines, &suppressed))
		return;
	if (zone != NULL)
		config_explain_refusal(config, zone, CONFIG_ACCESS_TRANSFER, request->source, request->key_name, advice,
		                       sizeof advice);
	address_host_to_text(request->source, client);
	log_event(LEVEL_WARNING, "transfer-refused", name_to_text(slot->origin, name),
	          LOG_FIELDS(log_text("client", client), log_text("reason", advice)), "transfer to %s refused: %s", client,
	          advice);
	if (suppressed > 0)
		log_event(LEVEL_WARNING, "transfer-refused", NULL, LOG_FIELDS(log_number("count", suppressed)), "%" PRIu64 " more transfers were refused without a line", suppressed);
}

// The serial that an IXFR's client has: the SOA in its authority section.
static int client_serial(const struct answer_request *request, uint32_t *serial)
{
	struct wire_reader reader;
	struct message_question question;
	struct message_record record;

	if (request->length < MESSAGE_HEADER || message_count(request->bytes, SECTION_AUTHORITY) != 1
	    || message_count(request->bytes, SECTION_ANSWER) != 0)
		return ERR_FORMAT;
	wire_reader_init(&reader, request->bytes, request->length);
	wire_read_bytes(&reader, MESSAGE_HEADER);
	if (!message_read_question(&reader, &question) || !message_read_record(&reader, &record)
	    || record.type != TYPE_SOA || record.rdata_length < 22 || !name_equal(record.owner, question.name))
		return ERR_FORMAT;
	*serial = wire_get32(record.rdata + record.rdata_length - 20);
	return 0;
}

// provide-ixfr, of the zone or of a server statement about the client.
static bool may_have_deltas(struct replicate *room, const struct zone_slot *slot, const struct answer_request *request)
{
	const struct config *config = room_config(room);
	const struct config_zone *zone = config != NULL ? config_zone_find(config, slot->origin) : NULL;
	const struct config_peer *peer = config != NULL ? config_peer_find(config, request->source) : NULL;

	if (peer != NULL && peer->provide_ixfr >= 0)
		return peer->provide_ixfr != 0;
	return zone != NULL && zone->policy->provide_ixfr;
}

// Deltas that come to more than the zone are not worth sending, nor those that
// no datagram holds worth reading.
static size_t chain_bound(const struct zone_version *version, enum answer_transport transport)
{
	struct zone_figures figures;

	// What a datagram can hold, and little enough to read on a query worker.
	if (transport == TRANSPORT_UDP)
		return 1536;
	zone_figures(version, &figures);
	return figures.bytes < 4096 ? 4096 : figures.bytes > CHAIN_BYTES_MAX ? CHAIN_BYTES_MAX : figures.bytes;
}

static enum provide_what choose(const struct provide_ask *ask, const struct zone_version *version,
                                struct provide_chain *chain)
{
	if (ask->type != TYPE_IXFR)
		return PROVIDE_ZONE;
	// RFC 1995, 2: up to date, or newer than we are.
	if (!serial_newer(zone_serial(version), ask->serial))
		return PROVIDE_SERIAL;
	if (ask->may_have_deltas
	    && provide_chain_read(ask->room->store, zone_origin(version), ask->serial, zone_serial(version),
	                          chain_bound(version, ask->transport), chain) == 0)
		return PROVIDE_DELTAS;
	// 2: the whole zone does not go by UDP.
	return ask->transport == TRANSPORT_UDP ? PROVIDE_SERIAL : PROVIDE_ZONE;
}

static void take(struct provide *provide, const struct zone_slot *slot, const struct zone_version *version)
{
	provide->expire = zone_slot_expire(slot, version, (uint32_t)(clock_boot_ms() / 1000));
	provide->version = zone_hold(version);
	provide->what = choose(&provide->ask, version, &provide->chain);
	zone_cursor_start(&provide->cursor, version);
}

static void fill(struct provide *provide, const struct answer_request *request, const struct answer *parsed,
                 struct replicate *room)
{
	provide->ask.room = room;
	provide->ask.transport = request->transport;
	provide->ask.type = parsed->type;
	provide->ask.may_have_deltas = may_have_deltas(room, parsed->zone, request);
	memcpy(provide->ask.origin, parsed->zone->origin, name_length(parsed->zone->origin));
	provide->has_edns = parsed->edns.present;
	provide->wants_expire = parsed->edns.expire;
	provide->id = message_id(request->bytes);
	provide->type = parsed->type;
	provide->is_first = true;
	provide->origin_length = (uint16_t)name_length(parsed->zone->origin);
	provide->started = clock_boot_ms();
	address_host_to_text(request->source, provide->client);
	if (request->key_name != NULL)
		name_to_text(request->key_name, provide->key);
}

int provide_open(struct replicate *replicate, const struct answer_request *request,
                 const struct answer *parsed, struct provide **provide,
                 uint16_t *rcode, char why[static 128])
{
	struct zone_slot *slot = parsed->zone;
	const struct zone_version *version;
	struct provide *made;
	uint32_t serial = 0;

	why[0] = '\0';
	if (slot == NULL || !name_equal(parsed->qname.wire, slot->origin)) {
		*rcode = RCODE_NOTAUTH;
		snprintf(why, 128, "no such zone here");
		return ERR_STATE;
	}
	if (!acl_allows(atomic_load_explicit(&slot->allow_transfer, memory_order_acquire), request->source,
	                request->key_name)) {
		*rcode = RCODE_REFUSED;
		snprintf(why, 128, "transfers are not allowed from this address%s",
		         request->key_name != NULL ? " with this key" : "");
		log_refused(replicate, slot, request);
		return ERR_DENIED;
	}
	version = atomic_load_explicit(&slot->version, memory_order_acquire);
	if (version == NULL || atomic_load_explicit(&slot->state, memory_order_acquire) != ZONE_STATE_SERVED) {
		*rcode = RCODE_SERVFAIL;
		snprintf(why, 128, version == NULL ? "the zone is not loaded yet" : "the zone has expired");
		return ERR_STATE;
	}
	if (parsed->type == TYPE_IXFR && client_serial(request, &serial) != 0) {
		*rcode = RCODE_FORMERR;
		snprintf(why, 128, "an IXFR has the client's SOA in its authority section (RFC 1995, 3)");
		return ERR_FORMAT;
	}
	made = calloc(1, sizeof *made);
	if (made == NULL) {
		*rcode = RCODE_SERVFAIL;
		return ERR_MEMORY;
	}
	fill(made, request, parsed, replicate);
	made->ask.serial = serial;
	take(made, slot, version);
	*rcode = RCODE_NOERROR;
	*provide = made;
	return 0;
}

// --- waiting for its turn

void provide_rest(struct provide *provide)
{
	provide_chain_free(&provide->chain);
	if (provide->version != NULL)
		zone_release(provide->version);
	provide->version = NULL;
}

int provide_resume(struct provide *provide)
{
	const struct zone_slot *slot = zone_table_get(provide->ask.room->table, provide->ask.origin);
	const struct zone_version *version = slot != NULL ? atomic_load_explicit(&slot->version, memory_order_acquire)
	                                                  : NULL;

	if (version == NULL || atomic_load_explicit(&slot->state, memory_order_acquire) != ZONE_STATE_SERVED)
		return ERR_STATE;
	take(provide, slot, version);
	return 0;
}

bool provide_pins_too_much(const struct provide *provide)
{
	const struct zone_slot *slot;
	struct zone_figures figures;
	size_t most = PINNED_ALWAYS;

	if (provide->version == NULL)
		return false;
	slot = zone_table_get(provide->ask.room->table, provide->ask.origin);
	if (slot != NULL && atomic_load_explicit(&slot->version, memory_order_acquire) == provide->version)
		return false;
	zone_figures(provide->version, &figures);
	if (figures.bytes / 2 > most)
		most = figures.bytes / 2;
	return zone_pinned(provide->version) > most;
}

void provide_blame(struct provide *provide, const char *why)
{
	provide->blame = why;
}

// --- the end

// What a program wants to know of it, and the sentence.
static void log_sent(const struct provide *provide, const char *form, bool is_complete)
{
	char name[NAME_MAX_TEXT];
	const char *blame = !is_complete && provide->blame != NULL ? provide->blame : NULL;
	uint64_t took = clock_boot_ms() - provide->started;

	log_event(LEVEL_INFO, is_complete ? "transfer-out" : "transfer-out-failed",
	          name_to_text(zone_origin(provide->version), name),
	          LOG_FIELDS(log_text("client", provide->client),
	                     log_text("kind", provide->what == PROVIDE_DELTAS ? "IXFR"
	                                      : provide->what == PROVIDE_SERIAL ? "SOA" : "AXFR"),
	                     log_text("key", provide->key), log_number("serial", zone_serial(provide->version)),
	                     log_number("records", provide->records), log_number("bytes", provide->bytes),
	                     log_number("messages", provide->messages), log_number("duration_ms", took),
	                     log_text("reason", blame)),
	          "transfer to %s %s: %s, serial %" PRIu32 ", %" PRIu64 " record%s, %" PRIu64 " bytes in %" PRIu64
	          " message%s, %" PRIu64 " ms, %s%s%s%s", provide->client, is_complete ? "complete" : "broken off", form,
	          zone_serial(provide->version), provide->records, plural(provide->records), provide->bytes,
	          provide->messages, plural(provide->messages), took, provide->key[0] != '\0' ? "key " : "unsigned",
	          provide->key, blame != NULL ? ": " : "", blame != NULL ? blame : "");
}

void provide_close(struct provide *provide)
{
	char name[NAME_MAX_TEXT];
	uint64_t suppressed;
	bool is_complete;
	char form[48];

	if (provide == NULL)
		return;
	if (provide->version == NULL) {
		if (log_limit_allows(&sent_lines, &suppressed))
			log_line(LEVEL_WARNING, name_to_text(provide->ask.origin, name), "transfer to %s not begun after %" PRIu64
			         " ms: %s", provide->client, clock_boot_ms() - provide->started,
			         provide->blame != NULL ? provide->blame : "they did not wait for their turn");
		free(provide);
		return;
	}
	if (provide->what == PROVIDE_DELTAS)
		snprintf(form, sizeof form, "IXFR of %u step%s", provide->chain.count, provide->chain.count == 1 ? "" : "s");
	else
		snprintf(form, sizeof form, "%s", provide->what == PROVIDE_SERIAL ? "the serial alone"
		         : provide->type == TYPE_IXFR ? "AXFR in answer to IXFR" : "AXFR");
	is_complete = provide->is_soa_sent && provide->left == 0;
	if (log_limit_allows(&sent_lines, &suppressed))
		log_sent(provide, form, is_complete);
	zone_release(provide->version);
	provide_chain_free(&provide->chain);
	free(provide);
}
