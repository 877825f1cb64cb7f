// SPDX-License-Identifier: GPL-3.0-or-later
// A zone version as text.
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/error.h"
#include "dns/message.h"
#include "dns/types.h"
#include "dns/wire.h"
#include "zone/file.h"

#define BUFFER_SIZE ((size_t)256 << 10)
// The longest record in text is 65,535 bytes of \DDD and the quotes between
// them, or of hex, behind an owner of \DDD.
#define RECORD_TEXT_MAX ((size_t)512 << 10)

struct output {
	zone_text_sink *sink;
	void *context;
	size_t filled;
	char *buffer; // BUFFER_SIZE + RECORD_TEXT_MAX
};

static int flush(struct output *out)
{
	size_t length = out->filled;
	out->filled = 0;
	return length > 0 ? out->sink(out->context, out->buffer, length) : 0;
}

static int write_set(struct output *out, const uint8_t *owner, const struct rrset *set)
{
	const uint8_t *record = set->wire;
	for (unsigned i = 0; i < set->count; i++, record = record_next(record)) {
		int length = record_to_text(owner, set->type, CLASS_IN, wire_get32(record + RECORD_TTL),
		                            record + RECORD_RDATA, wire_get16(record + RECORD_RDLENGTH),
		                            out->buffer + out->filled, RECORD_TEXT_MAX - 1);
		if (length < 0)
			return ERR_RANGE;
		out->filled += (size_t)length;
		out->buffer[out->filled++] = '\n';
		int error = out->filled >= BUFFER_SIZE ? flush(out) : 0;
		if (error != 0)
			return error;
	}
	return 0;
}

// The SOA stands first at the apex, everything else by type.
static int write_node(void *context, const uint8_t *owner, const struct zone_node *node)
{
	struct output *out = context;
	struct rrset set;
	uint16_t covered;
	int error = 0;
	bool has_soa = zone_node_rrset(node, TYPE_SOA, &set);
	if (has_soa)
		error = write_set(out, owner, &set);
	for (unsigned i = 0; error == 0 && zone_node_set(node, i, &set, &covered); i++)
		if (!has_soa || set.type != TYPE_SOA)
			error = write_set(out, owner, &set);
	return error;
}

static void write_title(struct output *out, const struct zone_version *version)
{
	char name[NAME_MAX_TEXT], when[32];
	time_t now = (time_t)clock_wall_s();
	struct tm utc;
	gmtime_r(&now, &utc);
	strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", &utc);
	name_to_text_absolute(zone_origin(version), name);
	int length = snprintf(out->buffer, BUFFER_SIZE, "; %s serial %u, written by Understudy %s at %s\n", name,
	                      zone_serial(version), UNDERSTUDY_VERSION, when);
	out->filled = (size_t)length;
}

int zone_text_write(const struct zone_version *version, zone_text_sink *sink, void *context)
{
	struct output out = { .sink = sink, .context = context, .buffer = malloc(BUFFER_SIZE + RECORD_TEXT_MAX) };
	if (out.buffer == NULL)
		return ERR_MEMORY;
	write_title(&out, version);
	int error = zone_walk_canonical(version, write_node, &out);
	if (error == 0)
		error = flush(&out);
	free(out.buffer);
	return error;
}
