// SPDX-License-Identifier: GPL-3.0-or-later
// What is wrong with a zone, why, and what to do about it.
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "dns/types.h"
#include "observe/explain_parts.h"

// --- why a refresh failed, by the words that replicate and dns have for it

enum cause {
	CAUSE_BADKEY, CAUSE_BADSIG, CAUSE_BADTIME, CAUSE_UNSIGNED, CAUSE_NOTAUTH_SIGNED, CAUSE_NOTAUTH, CAUSE_LOWER,
	CAUSE_REFUSED, CAUSE_LAME, CAUSE_TOO_LARGE, CAUSE_SLOW, CAUSE_CUT, CAUSE_SILENT, CAUSE_NO_ZONE, CAUSE_OTHER,
};

static const struct {
	const char *sign;
	enum cause cause;
} signs[] = {
	{ "BADKEY", CAUSE_BADKEY },
	{ "BADSIG", CAUSE_BADSIG }, { "the secrets differ", CAUSE_BADSIG }, { "TSIG does not verify", CAUSE_BADSIG },
	{ "BADTIME", CAUSE_BADTIME },
	{ "is not signed", CAUSE_UNSIGNED },
	{ "NOTAUTH (not signed)", CAUSE_NOTAUTH_SIGNED }, { "NOTAUTH", CAUSE_NOTAUTH },
	{ "lower than ours", CAUSE_LOWER },
	{ "REFUSED", CAUSE_REFUSED },
	{ "not authoritative", CAUSE_LAME }, { "has no SOA", CAUSE_LAME }, { "NXDOMAIN", CAUSE_LAME },
	{ "larger than allowed", CAUSE_TOO_LARGE }, { "max-records", CAUSE_TOO_LARGE },
	{ "min-transfer-rate-in", CAUSE_SLOW }, { "max-transfer-time-in", CAUSE_SLOW },
	{ "before the last SOA", CAUSE_CUT }, { "max-transfer-idle-in", CAUSE_CUT },
	{ "no connection", CAUSE_SILENT }, { "no answer", CAUSE_SILENT }, { "answers no zone", CAUSE_SILENT },
	{ "without an answer", CAUSE_SILENT }, { "connection refused", CAUSE_SILENT },
	{ "does not tell the serial", CAUSE_SILENT },
	{ "there is no older one to serve", CAUSE_NO_ZONE }, { "the old version stays", CAUSE_NO_ZONE },
};

static enum cause find_cause(const char *error)
{
	for (unsigned i = 0; i < sizeof(signs) / sizeof(signs[0]); i++)
		if (strstr(error, signs[i].sign) != NULL)
			return signs[i].cause;
	return CAUSE_OTHER;
}

// --- what to do about it

static const char *key_of(const struct explainer *e)
{
	const struct config_remote *remote = explain_remote(e);
	return remote != NULL && remote->key != NULL ? remote->key->text : NULL;
}

static const char *algorithm_of(const struct explainer *e)
{
	const struct config_remote *remote = explain_remote(e);
	return remote != NULL && remote->key != NULL ? tsig_algorithm_to_text(remote->key->tsig.algorithm) : "hmac-sha256";
}

// "named.conf:12", where our side of the key is defined.
static const char *key_place(const struct explainer *e, char *text, size_t room)
{
	const struct config_remote *remote = explain_remote(e);
	const struct config *config = e->facts->config;
	if (config != NULL && remote != NULL && remote->key != NULL && remote->key->where.line != 0
	    && remote->key->where.file < config->file_count)
		snprintf(text, room, "%s:%u", config->files[remote->key->where.file], remote->key->where.line);
	else
		snprintf(text, room, "this server's configuration");
	return text;
}

static void advise_key(struct explainer *e, enum cause cause)
{
	char place[300];
	const char *key = key_of(e);
	key_place(e, place, sizeof(place));
	if (key == NULL)
		explain_say(e, EXPLAIN_DO, "This server asks without a key, and the primary seems to want one: name it in the "
		            "primaries of the zone, and define it with the primary's name, algorithm and secret.");
	else if (cause == CAUSE_BADKEY)
		explain_say(e, EXPLAIN_DO, "The primary has no key of this name, or has it with another algorithm. Define it there "
		            "exactly so, with the secret of %s, and let it transfer with it:", place);
	else
		explain_say(e, EXPLAIN_DO, "Compare the secret of key %s at %s with the one at the primary, character by character: "
		            "they differ. Both sides need the same name, algorithm and secret; then reload both:", key, place);
	if (key != NULL && cause == CAUSE_BADKEY)
		explain_command(e, "key \"%s\" { algorithm %s; secret \"...\"; };   # named.conf of the primary", key, algorithm_of(e));
	else if (key != NULL)
		explain_command(e, "understudy reload");
}

// Who they saw asking, which only the message tells: "we asked from A, key K".
static bool find_asker(const char *error, char address[static ADDRESS_TEXT])
{
	const char *at = strstr(error, "we asked from ");
	size_t length = at != NULL ? strcspn(at + 14, ",) ") : 0;
	snprintf(address, ADDRESS_TEXT, "%.*s", (int)(length < ADDRESS_TEXT ? length : 0), length > 0 ? at + 14 : "");
	return address[0] != '\0';
}

static void advise_refused(struct explainer *e)
{
	const char *key = key_of(e);
	char address[ADDRESS_TEXT];
	bool known = find_asker(e->facts->zone->last_error, address);
	explain_say(e, EXPLAIN_DO, "The primary answers, but its access list does not let this server transfer the zone. Add to "
	            "the zone at the primary, in named.conf or in nsd.conf:");
	if (key != NULL) {
		explain_command(e, "allow-transfer { key %s; };\nprovide-xfr: %s %s", key, known ? address : "0.0.0.0/0", key);
		return;
	}
	explain_command(e, "allow-transfer { %s; };\nprovide-xfr: %s NOKEY", known ? address : "ADDRESS",
	                known ? address : "ADDRESS");
	if (!known)
		explain_say(e, EXPLAIN_DO, "ADDRESS is the one that this server asks from; transfer-source (nsd.conf: "
		            "outgoing-interface) sets it.");
}

static void advise_clock(struct explainer *e)
{
	explain_say(e, EXPLAIN_DO, "The two clocks are further apart than TSIG allows (300 s, RFC 8945). Find out which one is "
	            "wrong, and keep both by NTP; here:");
	explain_command(e, "timedatectl\ntimedatectl set-ntp true");
}

static void advise_silent(struct explainer *e)
{
	char host[ADDRESS_TEXT];
	const struct sockaddr *address = (const struct sockaddr *)&e->facts->zone->primary;
	if (address->sa_family == AF_UNSPEC) {
		explain_say(e, EXPLAIN_DO, "See whether its primaries run, and whether UDP and TCP port 53 reach them from here.");
		return;
	}
	address_host_to_text(address, host);
	explain_say(e, EXPLAIN_DO, "See whether the primary runs and whether both UDP and TCP reach it from here: a firewall that "
	            "passes UDP alone is common. If it is gone for good, name another one in the zone's primaries and reload.");
	explain_command(e, "dig @%s -p %u %s SOA +norec\ndig @%s -p %u %s SOA +norec +tcp", host, address_port(address), e->name,
	                host, address_port(address), e->name);
}

static void advise_lower(struct explainer *e)
{
	explain_say(e, EXPLAIN_DO, "Was the zone restored from a backup there, or its serial scheme changed? Either raise the "
	            "serial at the primary above %" PRIu32 " (RFC 1982: by less than 2^31 at once), or take what is there, "
	            "whatever its serial:", e->facts->zone->serial);
	explain_command(e, "understudy retransfer %s", e->name);
}

static void advise_lame(struct explainer *e, enum cause cause)
{
	char host[ADDRESS_TEXT], primary[ADDRESS_TEXT];
	explain_primary(e, primary);
	address_host_to_text((const struct sockaddr *)&e->facts->zone->primary, host);
	explain_say(e, EXPLAIN_DO, "%s does not serve this zone as an authority: is it configured and loaded there, under exactly "
	            "this name? Has it perhaps expired there, where that server is a secondary itself?", primary);
	if (e->facts->zone->primary.ss_family != AF_UNSPEC)
		explain_command(e, "dig @%s -p %u %s SOA +norec", host,
		                address_port((const struct sockaddr *)&e->facts->zone->primary), e->name);
	if (cause == CAUSE_NOTAUTH && key_of(e) != NULL)
		explain_say(e, EXPLAIN_DO, "If it does serve it, it does not know key %s, or has another secret or algorithm for it.",
		            key_of(e));
}

static void advise(struct explainer *e, enum cause cause)
{
	switch (cause) {
	case CAUSE_BADKEY: case CAUSE_BADSIG: case CAUSE_NOTAUTH_SIGNED: case CAUSE_UNSIGNED:
		advise_key(e, cause);
		return;
	case CAUSE_BADTIME:
		advise_clock(e);
		return;
	case CAUSE_REFUSED:
		advise_refused(e);
		return;
	case CAUSE_LOWER:
		advise_lower(e);
		return;
	case CAUSE_LAME: case CAUSE_NOTAUTH:
		advise_lame(e, cause);
		return;
	case CAUSE_SILENT:
		advise_silent(e);
		return;
	case CAUSE_TOO_LARGE:
		explain_say(e, EXPLAIN_DO, "If the zone may be that large, raise max-zone-size (nsd.conf: size-limit-xfr) or "
		            "max-records, reload, and fetch it:");
		explain_command(e, "understudy reload && understudy retransfer --wait %s", e->name);
		return;
	case CAUSE_SLOW: case CAUSE_CUT:
		explain_say(e, EXPLAIN_DO, "The transfer was broken off on the way: look at the line to the primary and at its log. "
		            "If the zone takes longer by nature, raise the limit that the message names. To try at once, and watch:");
		explain_command(e, "understudy retransfer --wait %s", e->name);
		return;
	case CAUSE_NO_ZONE:
		explain_say(e, EXPLAIN_DO, "What the primary sends is no zone that may be served. Mend it there, with a newer serial; "
		            "it is fetched by itself then. To see it:");
		explain_command(e, "understudy refresh --wait %s", e->name);
		return;
	case CAUSE_OTHER:
		explain_say(e, EXPLAIN_DO, "The log of this server, and that of the primary, may tell more. To try again at once:");
		explain_command(e, "understudy refresh --wait %s", e->name);
		return;
	}
}

static void tell_failure(struct explainer *e)
{
	const struct replica_status *z = e->facts->zone;
	const struct replica_progress *p = e->facts->progress;
	char ago[TIMES_TEXT], times[64] = "";
	if (z->last_error[0] == '\0' || z->unsaved)
		return;
	if (p != NULL && p->failures > 1)
		snprintf(times, sizeof(times), ", %" PRIu32 " attempts in a row having failed", p->failures);
	explain_say(e, EXPLAIN_WRONG, "The last attempt to refresh it failed %s%s: %s.",
	            explain_when(e, z->last_error_at, ago), times, z->last_error);
	advise(e, find_cause(z->last_error));
}

// --- a primary's file

static void tell_broken_file(struct explainer *e)
{
	const struct replica_status *z = e->facts->zone;
	char ago[TIMES_TEXT];
	if (z->last_error[0] == '\0') {
		if (!z->has_version)
			explain_say(e, EXPLAIN_WRONG, "Its file is still being read.");
		return;
	}
	explain_say(e, EXPLAIN_WRONG, "Its file could not be taken %s: %s. %s", explain_when(e, z->last_error_at, ago),
	            z->last_error, z->has_version ? "What was read before is served on." : "There is nothing older to serve.");
	explain_say(e, EXPLAIN_DO, z->has_version ? "Mend the file, with a newer serial than the one that is served, and have it "
	            "read:" : "Mend the file and have it read:");
	explain_command(e, "understudy reload --wait %s", e->name);
}

// --- what is held back

static void advise_held(struct explainer *e)
{
	const struct replica_status *z = e->facts->zone;
	const char *check = z->held_check;
	if (strcmp(check, "max-shrink") == 0)
		explain_say(e, EXPLAIN_DO, "If so many names are meant to go, approve it. If this is a zone that often changes so much, "
		            "raise max-shrink (percent) for it. First see what would change:");
	else if (strcmp(check, "zonemd") == 0)
		explain_say(e, EXPLAIN_DO, "The content does not fit the digest that the zone brings (RFC 8976): it was damaged, or "
		            "changed after the digest was made. Best have the digest made anew at the primary, with a newer serial. "
		            "check-zonemd no switches this check off. To publish it all the same, see what would change first:");
	else if (strcmp(check, "verifier") == 0)
		explain_say(e, EXPLAIN_DO, "Your verifier said no, or did not say anything in time; what it printed is in the log. "
		            "Mend the zone at the primary, with a newer serial, or the verifier. To see what would change, and publish "
		            "it all the same:");
	else if (strncmp(check, "max-records-per", 15) == 0 || strncmp(check, "max-types-per", 13) == 0)
		explain_say(e, EXPLAIN_DO, "If that name may have so many, raise max-records-per-type, or max-types-per-name, and fetch "
		            "the zone anew with retransfer; or approve this version:");
	else if (strcmp(check, "max-records") == 0)
		explain_say(e, EXPLAIN_DO, "If the zone may have so many records, raise max-records and fetch it anew with retransfer, "
		            "or approve this version:");
	else
		explain_say(e, EXPLAIN_DO, "Look at what would change, then publish it or drop it:");
	explain_command(e, "understudy diff %s --primary\nunderstudy approve %s %" PRIu32 "\nunderstudy reject %s", e->name, e->name,
	                z->held_serial, e->name);
}

static void tell_held(struct explainer *e)
{
	const struct replica_status *z = e->facts->zone;
	char since[TIMES_TEXT];
	if (z->held) {
		explain_say(e, EXPLAIN_WRONG, "Serial %" PRIu32 " has come and is held back since %s by the check %s: %s. %s", z->held_serial,
		            times_absolute(z->held_since, since), z->held_check, z->held_why,
		            z->has_version ? "The version before is served on." : "There is nothing older to serve.");
		advise_held(e);
	} else if (z->rejected) {
		explain_say(e, EXPLAIN_WRONG, "Serial %" PRIu32 " was rejected by the operator and is passed over until a newer one "
		            "comes; the check %s had held it: %s.", z->held_serial, z->held_check, z->held_why);
		explain_say(e, EXPLAIN_DO, "Nothing, if that is still meant. To fetch it after all:");
		explain_command(e, "understudy retransfer --wait %s", e->name);
	}
}

static void tell_rollback(struct explainer *e)
{
	const struct replica_status *z = e->facts->zone;
	if (!z->rolled_back)
		return;
	explain_say(e, EXPLAIN_WRONG, "By the operator's order serial %" PRIu32 " is served in place of %" PRIu32 ", which is newer; "
	            "nothing new is fetched while that holds.", z->serial, z->newest_serial);
	explain_say(e, EXPLAIN_DO, "When what was wrong with the newer one is mended, serve the newest again:");
	explain_command(e, "understudy resume %s", e->name);
}

// --- the disk

static void tell_disk(struct explainer *e)
{
	const struct replica_status *z = e->facts->zone;
	const struct replica_progress *p = e->facts->progress;
	const char *state_dir = e->facts->state_dir != NULL ? e->facts->state_dir : "its state directory";
	if (z->unsaved) {
		explain_say(e, EXPLAIN_WRONG, "A new version cannot be stored: %s.",
		            z->last_error[0] != '\0' ? status_store_error(z) : "the log has the reason");
		// What a primary reads at its first start is served before it is stored.
		if (z->role != CONFIG_PRIMARY)
			explain_say(e, EXPLAIN_WRONG, "Nothing is served that is not stored, so the version before stays until it can.");
		explain_say(e, EXPLAIN_DO, "Make room in %s; it is tried again by itself within a minute%s:", state_dir,
		            z->role == CONFIG_PRIMARY ? "" : ", and then served");
		explain_command(e, "df -h %s", state_dir);
	}
	if (!z->file_failed)
		return;
	explain_say(e, EXPLAIN_WRONG, "Its zone file cannot be written: %s. The zone is served all the same, and kept in %s.",
	            p != NULL && p->file_error[0] != '\0' ? p->file_error : "the log has the reason", state_dir);
	explain_say(e, EXPLAIN_DO, "Let the user that the server runs as write into that folder (as a systemd service: name it in "
	            "ReadWritePaths=); then have it written:");
	explain_command(e, "understudy write %s", e->name);
}

// --- the serials

static void tell_behind(struct explainer *e)
{
	const struct replica_status *z = e->facts->zone;
	char lag[TIMES_TEXT];
	// What was rejected is not wanted; tell_held() speaks of it.
	if (z->behind_since == 0 || z->rolled_back || (z->rejected && z->primary_serial == z->held_serial))
		return;
	explain_say(e, EXPLAIN_WRONG, "It is behind: for %s a primary has had serial %" PRIu32 ", and %" PRIu32 " is served.",
	            times_duration(e->facts->now - z->behind_since, lag), z->primary_serial, z->serial);
	if (z->held || z->unsaved || z->last_error[0] != '\0')
		return; // which says why
	explain_say(e, EXPLAIN_DO, "It is fetched by itself. To do it at once, and see what comes of it:");
	explain_command(e, "understudy refresh --wait %s", e->name);
}

static void tell_server(struct explainer *e, const struct zone_server *server)
{
	char address[ADDRESS_TEXT], name[NAME_MAX_TEXT] = "", lag[TIMES_TEXT];
	address_to_text((const struct sockaddr *)&server->address, address);
	if (server->name[0] != 0)
		name_to_text(server->name, name);
	times_duration(servers_lag(server, e->facts->now), lag);
	explain_say(e, EXPLAIN_WRONG, "%s%s%s is behind the newest serial for %s: it has %" PRIu32 ".", name, name[0] != '\0' ? ", " : "",
	            address, lag, server->serial);
}

// Of the others: resolvers ask them as often as us.
static void tell_servers(struct explainer *e)
{
	const struct servers *servers = e->facts->servers;
	bool is_primary = e->facts->zone->role == CONFIG_PRIMARY, any = false;
	for (unsigned i = 0; servers != NULL && i < servers->count; i++) {
		const struct zone_server *server = &servers->server[i];
		if (server->part == SERVER_PRIMARY || server->is_self || server->behind_since == 0 || !server->has_serial)
			continue;
		tell_server(e, server);
		any = true;
	}
	if (!any)
		return;
	explain_say(e, EXPLAIN_DO, is_primary ? "Tell it once more, and see that it may transfer the zone from here:"
	            : "Its operator, or its log, knows why; from here it can be asked whether it gets to its primary.");
	if (is_primary)
		explain_command(e, "understudy notify --wait %s", e->name);
}

// Those that tell no serial: no fault of this copy, but resolvers ask them too.
// Where no address is known, nothing can be said of the server.
void explain_silent(struct explainer *e)
{
	const struct servers *servers = e->facts->servers;
	const struct zone_server *first = NULL;
	unsigned others = 0;
	for (unsigned i = 0; servers != NULL && i < servers->count; i++) {
		const struct zone_server *server = &servers->server[i];
		if (server->part == SERVER_PRIMARY || server->is_self || server->error[0] == '\0'
		    || server->address.ss_family == AF_UNSPEC)
			continue;
		others += first != NULL;
		first = first != NULL ? first : server;
	}
	if (first == NULL)
		return;
	char address[ADDRESS_TEXT], host[ADDRESS_TEXT], name[NAME_MAX_TEXT] = "", more[48] = "";
	const struct sockaddr *at = (const struct sockaddr *)&first->address;
	if (first->name[0] != 0)
		name_to_text(first->name, name);
	if (others > 0)
		snprintf(more, sizeof(more), ", and %u more of its servers", others);
	explain_say(e, EXPLAIN_DO, "No serial is known of %s%s%s%s: %s. If resolvers are to get answers there, see that it runs and "
	            "serves the zone:", name, name[0] != '\0' ? ", " : "", address_to_text(at, address), more, first->error);
	explain_command(e, "dig @%s -p %u %s SOA +norec\nunderstudy status %s", address_host_to_text(at, host), address_port(at),
	                e->name, e->name);
}

static void tell_contradiction(struct explainer *e)
{
	const struct status_answered *answered = e->facts->answered;
	char address[ADDRESS_TEXT], rcode[DNS_TYPE_TEXT];
	if (answered == NULL || !status_is_contradicted(e->facts->zone, answered))
		return;
	address_to_text((const struct sockaddr *)&answered->address, address);
	if (answered->error[0] != '\0')
		explain_say(e, EXPLAIN_WRONG, "Asked over the network at %s, this server does not answer: %s.", address, answered->error);
	else if (answered->has_serial)
		explain_say(e, EXPLAIN_WRONG, "Asked over the network at %s, it answers with serial %" PRIu32 ", not with what should be "
		            "served: does another server listen there?", address, answered->serial);
	else
		explain_say(e, EXPLAIN_WRONG, "Asked over the network at %s, it answers %s, which does not fit its state: does another "
		            "server listen there?", address, dns_rcode_to_text(answered->rcode, rcode));
	explain_say(e, EXPLAIN_DO, "See who listens there, and what others get:");
	explain_command(e, "ss -lnup sport = :%u", address_port((const struct sockaddr *)&answered->address));
}

static void tell_first(struct explainer *e)
{
	const struct replica_status *z = e->facts->zone;
	if (z->has_version || z->role != CONFIG_SECONDARY || z->last_error[0] != '\0' || z->held || z->unsaved)
		return;
	explain_say(e, EXPLAIN_WRONG, "The first copy has not come yet, and nothing has failed so far: it is under way, or waits "
	            "for its turn.");
	explain_say(e, EXPLAIN_DO, "To see it come:");
	explain_command(e, "understudy refresh --wait %s", e->name);
}

void explain_trouble(struct explainer *e)
{
	tell_contradiction(e);
	tell_rollback(e);
	tell_first(e);
	tell_behind(e);
	tell_held(e);
	tell_disk(e);
	if (e->facts->zone->role == CONFIG_PRIMARY)
		tell_broken_file(e);
	else
		tell_failure(e);
	tell_servers(e);
}
