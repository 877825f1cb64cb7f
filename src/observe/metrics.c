// SPDX-License-Identifier: GPL-3.0-or-later
// The answer, and the series of zones: family by family, as the format wants,
// each in steps over the board.
#include "observe/metrics.h"

#include <stdlib.h>
#include <string.h>

#include "base/address.h"
#include "base/clock.h"
#include "replicate/watch.h"

#define PART_BYTES (32u << 10)

void metrics_put_head(struct text *to, const char *name, const char *type, const char *help)
{
	text_put(to, "# HELP ");
	text_put(to, name);
	text_put(to, " ");
	text_put(to, help);
	text_put(to, "\n# TYPE ");
	text_put(to, name);
	text_put(to, " ");
	text_put(to, type);
	text_put(to, "\n");
}

void metrics_put_label(struct text *to, const char *value)
{
	for (;;) {
		size_t plain = strcspn(value, "\\\"\n");
		text_put_bytes(to, value, plain);
		value += plain;
		if (*value == '\0')
			return;
		text_put(to, *value == '\n' ? "\\n" : *value == '"' ? "\\\"" : "\\\\");
		value++;
	}
}

// --- series of zones. False: this zone has none.

static bool serial(const struct board_zone *z, int64_t *v) { *v = z->serial; return z->has_version; }
static bool records(const struct board_zone *z, int64_t *v) { *v = z->records; return z->has_version; }
static bool state(const struct board_zone *z, int64_t *v) { *v = z->phase; return true; }
static bool expire(const struct board_zone *z, int64_t *v) { return (*v = z->expires_at) != 0 && !z->is_primary; }
static bool life(const struct board_zone *z, int64_t *v) { return (*v = z->life_since) != 0 && !z->is_primary; }
static bool refresh(const struct board_zone *z, int64_t *v) { return (*v = z->refresh_at) != 0 && !z->is_primary; }
static bool success(const struct board_zone *z, int64_t *v) { return (*v = z->confirmed) != 0 && !z->is_primary; }
static bool transfer(const struct board_zone *z, int64_t *v) { return (*v = z->transferred) != 0; }
static bool behind(const struct board_zone *z, int64_t *v) { *v = z->behind_since; return !z->is_primary; }
static bool held(const struct board_zone *z, int64_t *v) { *v = z->is_held; return true; }
static bool rejected(const struct board_zone *z, int64_t *v) { *v = z->is_rejected; return true; }
static bool rolled_back(const struct board_zone *z, int64_t *v) { *v = z->is_rolled_back; return true; }
static bool unsaved(const struct board_zone *z, int64_t *v) { *v = z->is_unsaved; return true; }
static bool failing(const struct board_zone *z, int64_t *v) { *v = z->has_error || z->has_file_failed; return true; }
static bool rrsig(const struct board_zone *z, int64_t *v) { return (*v = z->rrsig_expires) != 0; }

static const struct family {
	const char *name, *help;
	bool (*value)(const struct board_zone *zone, int64_t *value);
} families[] = {
	{ "understudy_zone_serial", "Serial of the version that is served.", serial },
	{ "understudy_zone_records", "Records of the version that is served.", records },
	{ "understudy_zone_state", "State of the copy: 0 empty, 1 current, 2 stale, 3 expired.", state },
	{ "understudy_zone_expire_timestamp_seconds", "When the copy expires unless a primary confirms it.", expire },
	{ "understudy_zone_life_timestamp_seconds", "From when the life of the copy runs to its expiry.", life },
	{ "understudy_zone_refresh_timestamp_seconds", "When the primaries are asked next.", refresh },
	{ "understudy_zone_last_success_timestamp_seconds", "When a primary last confirmed or sent the copy.", success },
	{ "understudy_zone_transfer_timestamp_seconds", "When the version that is served came.", transfer },
	{ "understudy_zone_behind_since_timestamp_seconds", "Since when a primary is known to have a newer serial; 0: none has.", behind },
	{ "understudy_zone_held", "1 where a version is held back until the operator approves or rejects it.", held },
	{ "understudy_zone_rejected", "1 where the operator rejected a version, which is passed over until a newer one comes.", rejected },
	{ "understudy_zone_rolled_back", "1 where the operator has an older version served.", rolled_back },
	{ "understudy_zone_unsaved", "1 where the store cannot take the newest version.", unsaved },
	{ "understudy_zone_failing", "1 where something went wrong since the last success.", failing },
	{ "understudy_zone_rrsig_expire_timestamp_seconds", "When the first signature in the zone runs out.", rrsig },
};
#define FAMILIES (sizeof(families) / sizeof(families[0]))

// --- series of the servers of zones

enum { SERVER_SERIAL, SERVER_BEHIND, SERVER_ANSWERED, SERVER_FAMILIES };

static const char *const server_names[][2] = {
	[SERVER_SERIAL] = { "understudy_server_serial", "Serial that a server of the zone answered with last." },
	[SERVER_BEHIND] = { "understudy_server_behind_since_timestamp_seconds",
	                    "Since when a server of the zone lacks the newest serial known; 0: it has it." },
	[SERVER_ANSWERED] = { "understudy_server_answered_timestamp_seconds", "When a server of the zone answered last." },
};

struct metrics {
	const struct page *page;
	struct board_list *list; // held
	enum config_metrics_zones zones;
	int64_t now;
	size_t family;           // the next one: zones', then servers'
	uint32_t at;             // the zone that is next
	bool has_server;         // what there is one of is written
};

struct metrics *metrics_begin(const struct page *page, enum config_metrics_zones zones)
{
	struct metrics *m = calloc(1, sizeof(*m));
	if (m == NULL)
		return NULL;
	m->page = page;
	m->list = board_list_hold(board_list(page->board));
	m->zones = zones;
	m->now = clock_wall_s();
	return m;
}

void metrics_end(struct metrics *m)
{
	board_list_release(m->list);
	free(m);
}

static void put_zone(struct metrics *m, struct text *to, const struct family *family, const struct board_zone *zone)
{
	int64_t value;
	if (!family->value(zone, &value))
		return;
	text_put(to, family->name);
	text_put(to, "{zone=\"");
	metrics_put_label(to, board_text(m->list, zone));
	text_put(to, "\"} ");
	text_put_number(to, value);
	text_put(to, "\n");
}

struct server_line {
	struct metrics *metrics;
	struct text *to;
	const struct board_zone *zone;
	unsigned family;
};

static bool server_value(const struct zone_server *server, unsigned family, int64_t *value)
{
	*value = family == SERVER_SERIAL ? server->serial : family == SERVER_BEHIND ? server->behind_since
	         : server->answered_at;
	return family == SERVER_ANSWERED ? server->answered_at != 0 : server->has_serial;
}

static int put_server(void *context, const uint8_t *origin, const struct zone_server *server)
{
	static const char *const parts[] = {
		[SERVER_PRIMARY] = "primary", [SERVER_SIBLING] = "sibling", [SERVER_RECEIVER] = "receiver",
	};
	struct server_line *l = context;
	char text[NAME_MAX_TEXT];
	int64_t value;
	(void)origin;
	if (!server_value(server, l->family, &value))
		return 0;
	text_put(l->to, server_names[l->family][0]);
	text_put(l->to, "{zone=\"");
	metrics_put_label(l->to, board_text(l->metrics->list, l->zone));
	text_put(l->to, "\",address=\"");
	metrics_put_label(l->to, address_to_text((const struct sockaddr *)&server->address, text));
	text_put(l->to, "\",server=\"");
	if (server->name[0] != 0)
		metrics_put_label(l->to, name_to_text(server->name, text));
	text_put(l->to, "\",part=\"");
	text_put(l->to, parts[server->part]);
	text_put(l->to, "\"} ");
	text_put_number(l->to, value);
	text_put(l->to, "\n");
	return 0;
}

static void put_servers(struct metrics *m, struct text *to, unsigned family, const struct board_zone *zone)
{
	struct server_line line = { m, to, zone, family };
	if (zone->servers > 0)
		(void)replicate_servers_each(m->page->sources.replicate, board_wire(m->list, zone), put_server, &line);
}

static bool is_shown(const struct metrics *m, const struct board_zone *zone)
{
	return m->zones == CONFIG_METRICS_ZONES_YES || board_level(zone, m->now) >= BOARD_TROUBLED;
}

static void put_family_head(const struct metrics *m, struct text *to)
{
	if (m->family < FAMILIES)
		metrics_put_head(to, families[m->family].name, "gauge", families[m->family].help);
	else
		metrics_put_head(to, server_names[m->family - FAMILIES][0], "gauge", server_names[m->family - FAMILIES][1]);
}

bool metrics_next(struct metrics *m, struct text *to)
{
	if (!m->has_server) {
		metrics_put_server(to, m->page, m->now);
		m->has_server = true;
		return m->zones != CONFIG_METRICS_ZONES_NO;
	}
	while (to->length < PART_BYTES && !to->failed) {
		if (m->family == FAMILIES + SERVER_FAMILIES)
			return false;
		if (m->at == 0)
			put_family_head(m, to);
		const struct board_zone *zone = &m->list->zone[m->at];
		if (m->at < m->list->count && is_shown(m, zone)) {
			if (m->family < FAMILIES)
				put_zone(m, to, &families[m->family], zone);
			else
				put_servers(m, to, (unsigned)(m->family - FAMILIES), zone);
		}
		if (++m->at >= m->list->count) {
			m->at = 0;
			m->family++;
		}
	}
	return !to->failed;
}
