// SPDX-License-Identifier: GPL-3.0-or-later
// Records of types that libzscanner does not know, put to it so that it does:
// under the name of a type of the same layout where there is one, else with
// their data in the form of RFC 3597, 5.
#include <nettle/base64.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/error.h"
#include "dns/types.h"
#include "zone/file_line.h"
#include "zone/file_reader.h"
#include "zone/file_rdata.h"

struct lacking {
	const char *name;
	uint16_t type;
	const char *alias;           // a known type of the same layout
	uint8_t strings_min, strings_max;
	rdata_from_words *from_words; // where there is no alias
};

static const struct lacking lacking[] = {
	{ "MD", 3, "NS", 0, 0, NULL },
	{ "MF", 4, "NS", 0, 0, NULL },
	{ "MB", 7, "NS", 0, 0, NULL },
	{ "MG", 8, "NS", 0, 0, NULL },
	{ "MR", 9, "NS", 0, 0, NULL },
	{ "NULL", 10, NULL, 0, 0, NULL },
	{ "WKS", 11, NULL, 0, 0, rdata_wks },
	{ "X25", 19, "TXT", 1, 1, NULL },
	{ "ISDN", 20, "TXT", 1, 2, NULL },
	{ "NSAP", 22, NULL, 0, 0, rdata_nsap },
	{ "NSAP-PTR", 23, "NS", 0, 0, NULL },
	{ "SIG", 24, "RRSIG", 0, 0, NULL },
	{ "PX", 26, NULL, 0, 0, rdata_px },
	{ "GPOS", 27, "TXT", 3, 3, NULL },
	{ "NXT", 30, NULL, 0, 0, rdata_nxt },
	{ "EID", 31, NULL, 0, 0, rdata_hex },
	{ "NIMLOC", 32, NULL, 0, 0, rdata_hex },
	{ "ATMA", 34, NULL, 0, 0, rdata_atma },
	{ "A6", 38, NULL, 0, 0, rdata_a6 },
	{ "SINK", 40, NULL, 0, 0, rdata_sink },
	{ "HIP", 55, NULL, 0, 0, rdata_hip },
	{ "NINFO", 56, "TXT", 0, 0, NULL },
	{ "RKEY", 57, "DNSKEY", 0, 0, NULL },
	{ "TALINK", 58, "MINFO", 0, 0, NULL },
	{ "DSYNC", 66, NULL, 0, 0, rdata_dsync },
	{ "HHIT", 67, "OPENPGPKEY", 0, 0, NULL },
	{ "BRID", 68, "OPENPGPKEY", 0, 0, NULL },
	{ "UINFO", 100, NULL, 0, 0, NULL },
	{ "UID", 101, NULL, 0, 0, NULL },
	{ "GID", 102, NULL, 0, 0, NULL },
	{ "UNSPEC", 103, NULL, 0, 0, NULL },
	{ "AVC", 258, "TXT", 0, 0, NULL },
	{ "DOA", 259, NULL, 0, 0, rdata_doa },
	{ "AMTRELAY", 260, NULL, 0, 0, rdata_amtrelay },
	{ "RESINFO", 261, "TXT", 0, 0, NULL },
	{ "WALLET", 262, "TXT", 0, 0, NULL },
	{ "CLA", 263, "TXT", 0, 0, NULL },
	{ "TA", 32768, "DS", 0, 0, NULL },
	{ "DLV", 32769, "DS", 0, 0, NULL },
};

static const struct lacking *find_lacking(const struct line_word *word)
{
	for (size_t i = 0; i < sizeof lacking / sizeof lacking[0]; i++)
		if (line_is(word, lacking[i].name))
			return &lacking[i];
	return NULL;
}

bool file_type_from_word(const struct line_word *word, uint16_t *type)
{
	char text[32];
	const struct lacking *entry = find_lacking(word);
	if (entry != NULL) {
		*type = entry->type;
		return true;
	}
	if (word->length >= sizeof text)
		return false;
	memcpy(text, word->text, word->length);
	text[word->length] = '\0';
	return dns_type_from_text(text, type);
}

// --- putting the text together

struct splice {
	char *to;
	size_t length, room;
	const char *from; // of the original: up to here it is copied
	const char *end;
};

static void splice_text(struct splice *s, const char *text, size_t length)
{
	if (s->room - s->length >= length) {
		memcpy(s->to + s->length, text, length);
		s->length += length;
	}
}

// Copies the original up to a word, and `with` in place of the word.
static void splice_word(struct splice *s, const struct line_word *word, const char *with)
{
	splice_text(s, s->from, (size_t)(word->text - s->from));
	splice_text(s, with, strlen(with));
	s->from = word->text + word->length;
}

static void splice_rest(struct splice *s)
{
	splice_text(s, s->from, (size_t)(s->end - s->from));
}

static bool splice_class(struct splice *s, const struct line_head *head)
{
	if (!line_is(&head->class, "CLASS1"))
		return false;
	splice_word(s, &head->class, "IN");
	return true;
}

static void splice_generic(struct splice *s, const struct line_head *head, const uint8_t *rdata, size_t length)
{
	char text[24];
	int used = snprintf(text, sizeof text, " \\# %zu ", length);
	s->from = s->end;
	splice_text(s, text, (size_t)used);
	for (size_t i = 0; i < length; i++) {
		snprintf(text, sizeof text, "%02x", rdata[i]);
		splice_text(s, text, 2);
	}
	for (unsigned depth = head->rdata.depth; depth > 0; depth--)
		splice_text(s, ")", 1);
	splice_text(s, "\n", 1);
}

// --- known types with words in them that the scanner does not know

// Types that end with, or hold, the names of types: how many words stand
// before the first, and whether more follow.
static bool holds_types(const struct line_word *type, unsigned *skip, unsigned *count)
{
	static const struct {
		const char *name;
		unsigned skip, count;
	} holders[] = {
		{ "NSEC", 1, 256 }, { "NSEC3", 5, 256 }, { "CSYNC", 2, 256 }, { "RRSIG", 0, 1 },
	};
	for (size_t i = 0; i < sizeof holders / sizeof holders[0]; i++) {
		if (line_is(type, holders[i].name)) {
			*skip = holders[i].skip;
			*count = holders[i].count;
			return true;
		}
	}
	return false;
}

static bool replace_types(struct splice *s, const struct line_head *head)
{
	unsigned skip, count;
	struct line_word word;
	struct line_cursor cursor = head->rdata;
	bool replaced = false;
	if (!holds_types(&head->type, &skip, &count))
		return false;
	for (unsigned i = 0; i < skip + count && line_next(&cursor, &word); i++) {
		const struct lacking *entry = i >= skip ? find_lacking(&word) : NULL;
		char text[16];
		if (entry == NULL)
			continue;
		snprintf(text, sizeof text, "TYPE%u", entry->type);
		splice_word(s, &word, text);
		replaced = true;
	}
	return replaced;
}

// Parameters of RFC 9461 and RFC 9540, under the names of RFC 9460, 2.1 for
// what is unknown.
static bool replace_parameters(struct splice *s, const struct line_head *head)
{
	struct line_word word;
	struct line_cursor cursor = head->rdata;
	bool replaced = false;
	if (!line_is(&head->type, "SVCB") && !line_is(&head->type, "HTTPS"))
		return false;
	while (line_next(&cursor, &word)) {
		struct line_word key = { word.text, word.length, false };
		if (word.quoted)
			continue;
		if (word.length >= 8 && strncasecmp(word.text, "dohpath=", 8) == 0) {
			key.length = 7;
			splice_word(s, &key, "key7");
		} else if (line_is(&word, "OHTTP")) {
			splice_word(s, &key, "key8");
		} else {
			continue;
		}
		replaced = true;
	}
	return replaced;
}

// --- names with characters that the scanner wants escaped

static bool is_plain(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c != '\0' && strchr("-_/*.\\\"();", c) != NULL) || c <= ' ' || c == 127;
}

static bool escape_word(struct splice *s, const struct line_word *word)
{
	bool changed = false;
	if (word->quoted || line_is(word, "@"))
		return false;
	for (size_t i = 0; i < word->length; i++) {
		const char *c = word->text + i;
		if (*c == '\\') {
			i++;
		} else if (!is_plain(*c)) {
			splice_text(s, s->from, (size_t)(c - s->from));
			splice_text(s, "\\", 1);
			s->from = c;
			changed = true;
		}
	}
	return changed;
}

// In types whose every word is a name or a number.
static bool escape_names(struct splice *s, const struct line_head *head)
{
	static const char *const types[] = { "NS", "CNAME", "PTR", "DNAME", "MX", "SOA", "SRV", "RP", "AFSDB",
	                                     "KX", "RT", "MINFO", "LP" };
	struct line_word word;
	struct line_cursor cursor = head->rdata;
	bool changed = false;
	for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
		if (line_is(&head->type, types[i]))
			while (line_next(&cursor, &word))
				changed |= escape_word(s, &word);
	return changed;
}

// --- the whole

static int rewrite_lacking(struct splice *s, const struct line_head *head, const struct lacking *entry,
                           const uint8_t *origin, struct rewrite *rewrite, const char **why)
{
	struct line_word first;
	struct line_cursor cursor = head->rdata;
	char type[16];
	snprintf(type, sizeof type, "TYPE%u", entry->type);
	if (line_next(&cursor, &first) && line_is(&first, "\\#")) {
		splice_word(s, &head->type, type);
		return 0;
	}
	if (entry->alias != NULL) {
		splice_word(s, &head->type, entry->alias);
		rewrite->type = entry->type;
		rewrite->strings_min = entry->strings_min;
		rewrite->strings_max = entry->strings_max;
		return 0;
	}
	if (entry->from_words == NULL) {
		*why = "this type has no text form but that of RFC 3597: \\# length hex";
		return ERR_FORMAT;
	}
	uint8_t *rdata = malloc(RDATA_MAX);
	if (rdata == NULL)
		return ERR_MEMORY;
	struct rdata_builder builder = { rdata, 0, RDATA_MAX, false, origin };
	cursor = head->rdata;
	bool good = entry->from_words(&builder, &cursor) && !builder.full && !line_next(&cursor, &first);
	if (good) {
		splice_word(s, &head->type, type);
		splice_generic(s, head, rdata, builder.length);
	} else {
		*why = "the data does not fit the type of the record";
	}
	free(rdata);
	return good ? 0 : ERR_FORMAT;
}

int reader_rewrite(const uint8_t *origin, const struct reader_stop *stop, struct rewrite *rewrite, const char **why)
{
	struct line_head head;
	if (!line_head(stop->text, stop->length, &head))
		return ERR_NOT_FOUND;
	const struct lacking *entry = find_lacking(&head.type);
	// Each byte at most escaped, 257 words replaced, or RDATA_MAX bytes in hex.
	struct splice s = { .room = stop->length * 2 + 2 * RDATA_MAX + 4096,
	                    .from = stop->text, .end = stop->text + stop->length };
	s.to = malloc(s.room);
	if (s.to == NULL)
		return ERR_MEMORY;
	bool changed = head.has_owner && escape_word(&s, &head.owner);
	changed |= splice_class(&s, &head);
	int error = 0;
	if (entry != NULL)
		error = rewrite_lacking(&s, &head, entry, origin, rewrite, why);
	else if (!replace_types(&s, &head) && !replace_parameters(&s, &head) &&
	         !(stop->code == ZS_BAD_DNAME_CHAR && escape_names(&s, &head)) && !changed)
		error = ERR_NOT_FOUND;
	if (error != 0) {
		free(s.to);
		return error;
	}
	splice_rest(&s);
	rewrite->text = s.to;
	rewrite->length = s.length;
	return 0;
}
