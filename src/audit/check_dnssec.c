// SPDX-License-Identifier: GPL-3.0-or-later
// The chain from the parent's DS to the zone's keys, and how long signatures last.
// Whether they are right is for a validator to say.
#include <string.h>

#include <libdnssec/keytag.h>
#include <nettle/sha1.h>
#include <nettle/sha2.h>

#include "audit/checks.h"
#include "audit/times.h"

#define DAY 86400
#define DS_HEAD 4     // tag, algorithm, digest type (RFC 4034, 5.1)
#define RRSIG_LEAST 18
#define KEY_IS_ZONE 0x0100u // RFC 4034, 2.1.1

static uint16_t key_tag(const struct reply_record *key)
{
	uint8_t copy[RDATA_MAX];
	memcpy(copy, key->rdata, key->length);
	const dnssec_binary_t rdata = { .size = key->length, .data = copy };
	uint16_t tag = 0;
	dnssec_keytag(&rdata, &tag);
	return tag;
}

// The digest of RFC 4034, 5.1.4 in one of the hashes that registries take.
// Returns its length, 0 where the type is another.
static size_t key_digest(const struct reply_record *key, uint8_t type, uint8_t digest[static SHA384_DIGEST_SIZE])
{
	size_t owner = name_length(key->owner);
	if (type == 1) {
		struct sha1_ctx context;
		sha1_init(&context);
		sha1_update(&context, owner, key->owner);
		sha1_update(&context, key->length, key->rdata);
		sha1_digest(&context, SHA1_DIGEST_SIZE, digest);
		return SHA1_DIGEST_SIZE;
	}
	if (type == 2) {
		struct sha256_ctx context;
		sha256_init(&context);
		sha256_update(&context, owner, key->owner);
		sha256_update(&context, key->length, key->rdata);
		sha256_digest(&context, SHA256_DIGEST_SIZE, digest);
		return SHA256_DIGEST_SIZE;
	}
	if (type == 4) {
		struct sha384_ctx context;
		sha384_init(&context);
		sha384_update(&context, owner, key->owner);
		sha384_update(&context, key->length, key->rdata);
		sha384_digest(&context, SHA384_DIGEST_SIZE, digest);
		return SHA384_DIGEST_SIZE;
	}
	return 0;
}

static bool fits(const struct reply_record *ds, const struct reply_record *key)
{
	uint8_t digest[SHA384_DIGEST_SIZE];
	if (ds->length < DS_HEAD || key->length < 4 || (wire_get16(key->rdata) & KEY_IS_ZONE) == 0 ||
	    key->rdata[3] != ds->rdata[2] || key_tag(key) != wire_get16(ds->rdata))
		return false;
	size_t length = key_digest(key, ds->rdata[3], digest);
	return length > 0 && ds->length == DS_HEAD + length && memcmp(ds->rdata + DS_HEAD, digest, length) == 0;
}

static bool fits_some(const struct facts *facts, const struct reply_record *ds, const struct reply *keys)
{
	const struct reply_record *key = NULL;
	while ((key = reply_find(keys, SECTION_ANSWER, facts->domain, TYPE_DNSKEY, key)) != NULL)
		if (fits(ds, key))
			return true;
	return false;
}

static const struct reply *parent_ds(const struct facts *facts)
{
	for (uint32_t i = 0; facts->parent != NULL && i < facts->parent->addresses.count; i++) {
		const struct reply *reply = facts->parent_ds[i].reply;
		if (reply != NULL && reply->rcode == RCODE_NOERROR && reply_is_authoritative(reply))
			return reply;
	}
	return NULL;
}

// The keys of a server that has the newest version.
static const struct reply *zone_keys(const struct facts *facts)
{
	for (uint32_t i = 0; i < facts->server_count; i++) {
		const struct server *server = facts->servers[i];
		const struct reply *reply = server->probes[PROBE_DNSKEY].reply;
		if (server->is_authoritative && server->soa.serial == facts->newest && reply != NULL &&
		    reply->rcode == RCODE_NOERROR)
			return reply;
	}
	return NULL;
}

static void check_chain(const struct facts *facts, const struct reply *ds_set, const struct reply *keys,
                        struct findings *findings)
{
	uint32_t fitting = 0, strange = 0, known = 0;
	const struct reply_record *ds = NULL;
	uint8_t digest[SHA384_DIGEST_SIZE];
	bool has_keys = reply_find(keys, SECTION_ANSWER, facts->domain, TYPE_DNSKEY, NULL) != NULL;
	uint16_t odd_tag = 0;
	while ((ds = reply_find(ds_set, SECTION_ANSWER, facts->domain, TYPE_DS, ds)) != NULL) {
		const struct reply_record *any = reply_find(keys, SECTION_ANSWER, facts->domain, TYPE_DNSKEY, NULL);
		if (ds->length < DS_HEAD || (any != NULL && key_digest(any, ds->rdata[3], digest) == 0)) {
			strange++; // a hash that is not known here
			continue;
		}
		known++;
		if (fits_some(facts, ds, keys))
			fitting++;
		else
			odd_tag = wire_get16(ds->rdata);
	}
	if (known == 0 && strange == 0 && has_keys)
		finding_add(findings, FINDING_DS_MISSING, NULL, NULL, 0, "The parent has no DS record for %s.",
		            facts->domain_text);
	else if (known > 0 && fitting == 0 && strange == 0)
		finding_add(findings, FINDING_DS_MISMATCH, NULL, NULL, 0,
		            has_keys ? "The parent's DS (key tag %u) fits none of the zone's DNSKEY records."
		                     : "The parent has a DS record (key tag %u); the zone has no DNSKEY at all.", odd_tag);
	else if (fitting < known)
		finding_add(findings, FINDING_DS_PARTIAL, NULL, NULL, 0, "The DS record with key tag %u fits no DNSKEY.",
		            odd_tag);
}

// The signature that ends first among those that the server's replies carry.
struct earliest {
	bool found;
	uint16_t covered;
	int64_t expires, begins; // wall seconds
};

// The times are 32 bits, of the years around now (RFC 4034, 3.1.5).
static int64_t moment(const struct facts *facts, uint32_t time)
{
	return facts->now + (int32_t)(time - (uint32_t)facts->now);
}

static void look_at_signatures(const struct facts *facts, const struct reply *reply, struct earliest *earliest)
{
	const struct reply_record *sig = NULL;
	while ((sig = reply_find(reply, SECTION_ANSWER, facts->domain, TYPE_RRSIG, sig)) != NULL) {
		if (sig->length < RRSIG_LEAST)
			continue;
		int64_t expires = moment(facts, wire_get32(sig->rdata + 8));
		int64_t begins = moment(facts, wire_get32(sig->rdata + 12));
		if (!earliest->found || expires < earliest->expires) {
			earliest->expires = expires;
			earliest->covered = wire_get16(sig->rdata);
		}
		if (!earliest->found || begins > earliest->begins)
			earliest->begins = begins;
		earliest->found = true;
	}
}

static struct earliest earliest_signature(const struct facts *facts, const struct server *server)
{
	struct earliest earliest = { 0 };
	static const enum probe probes[] = { PROBE_SOA, PROBE_NS, PROBE_DNSKEY };
	for (unsigned i = 0; i < sizeof probes / sizeof *probes; i++)
		look_at_signatures(facts, server->probes[probes[i]].reply, &earliest);
	return earliest;
}

// Returns whether it told of something.
static bool check_lifetime(const struct facts *facts, const struct server *server, const struct earliest *earliest,
                           struct findings *findings)
{
	char at[TIMES_TEXT], span[TIMES_TEXT], type[DNS_TYPE_TEXT];
	int64_t left = earliest->expires - facts->now;
	int64_t needed = (int64_t)server->soa.refresh + server->soa.retry;
	times_moment(earliest->expires, at);
	dns_type_to_text(earliest->covered, type);
	if (left <= 0)
		finding_add(findings, FINDING_SIGNATURE_EXPIRED, AT_SERVER(facts, server),
		            "serves a signature of %s that ended %s, %s ago.", type, at, times_span(-left, span));
	else if (earliest->begins > facts->now)
		finding_add(findings, FINDING_SIGNATURE_EARLY, AT_SERVER(facts, server),
		            "serves a signature that begins %s.", times_moment(earliest->begins, at));
	else if (left < DAY || left < needed)
		finding_add(findings, FINDING_SIGNATURE_SOON, AT_SERVER(facts, server),
		            "serves a signature of %s that ends %s, in %s.", type, at, times_span(left, span));
	else
		return false;
	return true;
}

static void check_against_expire(const struct facts *facts, const struct server *server,
                                 const struct earliest *earliest, struct findings *findings)
{
	char at[TIMES_TEXT], left[TIMES_TEXT], expire[TIMES_TEXT];
	if (earliest->expires - facts->now >= server->soa.expire)
		return;
	finding_add(findings, FINDING_SIGNATURE_OUTLIVED, NULL, NULL, 0,
	            "The first signature ends %s, in %s; a secondary goes on for %s without its primary.",
	            times_moment(earliest->expires, at), times_span(earliest->expires - facts->now, left),
	            times_span(server->soa.expire, expire));
}

static void check_same(const struct facts *facts, uint32_t at, const struct earliest all[static SERVERS_MOST],
                       struct findings *findings)
{
	char place[PLACE_TEXT], here[TIMES_TEXT], there[TIMES_TEXT];
	const struct server *server = facts->servers[at];
	for (uint32_t i = 0; i < at; i++) {
		const struct server *other = facts->servers[i];
		if (!all[i].found || other->soa.serial != server->soa.serial)
			continue;
		int64_t apart = all[i].expires - all[at].expires;
		if (apart == 0)
			return;
		struct finding *finding = finding_add(findings, FINDING_SIGNATURES_DIFFER, AT_SERVER(facts, server),
			"has serial %u as %s has; its first signature ends %s, there %s.", server->soa.serial,
			facts_place(facts, other, place), times_moment(all[at].expires, here),
			times_moment(all[i].expires, there));
		// Servers that sign each answer themselves are seconds apart.
		if (apart > -DAY && apart < DAY)
			finding_set_severity(findings, finding, AUDIT_INFO);
		return;
	}
}

void check_dnssec(const struct facts *facts, struct findings *findings)
{
	struct earliest all[SERVERS_MOST] = { { 0 } };
	const struct reply *ds = parent_ds(facts), *keys = zone_keys(facts);
	bool is_secured = reply_find(ds, SECTION_ANSWER, facts->domain, TYPE_DS, NULL) != NULL;
	bool told_of_expire = false;
	if (ds != NULL && keys != NULL)
		check_chain(facts, ds, keys, findings);
	for (uint32_t i = 0; i < facts->server_count; i++) {
		const struct server *server = facts->servers[i];
		if (!server->is_authoritative || !server->speaks_edns)
			continue;
		all[i] = earliest_signature(facts, server);
		if (!all[i].found) {
			bool others_have = reply_find(keys, SECTION_ANSWER, facts->domain, TYPE_DNSKEY, NULL) != NULL;
			if (is_secured && others_have)
				finding_add(findings, FINDING_SIGNATURES_MISSING, AT_SERVER(facts, server),
				            "gives no RRSIG with its answers.");
			continue;
		}
		if (!check_lifetime(facts, server, &all[i], findings) && !told_of_expire) {
			check_against_expire(facts, server, &all[i], findings);
			told_of_expire = true;
		}
		check_same(facts, i, all, findings);
	}
}
