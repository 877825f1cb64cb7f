// SPDX-License-Identifier: GPL-3.0-or-later
// The reader of nsd.conf: one pass, statement by statement; a section ends
// where the next begins. Inside src/config only.
#pragma once

#include <stddef.h>

#include "config/builder.h"

#define NSD_MAX_VALUES 8

enum nsd_section {
	NSD_NOWHERE = 0, NSD_SERVER = 1, NSD_ZONE = 2, NSD_PATTERN = 4, NSD_KEY = 8,
	NSD_TLS = 16, NSD_CONTROL = 32, NSD_VERIFY = 64, NSD_DNSTAP = 128,
};

struct nsd_value {
	const char *text;
	struct config_where where;
};

// attr: value …
struct nsd_statement {
	const char *word;        // without its ':'
	struct config_where where;
	unsigned count;
	struct nsd_value value[NSD_MAX_VALUES];
	struct nsd_value extra;  // the first one too many; text NULL where none
};

struct nsd_reader {
	struct builder *builder;
	struct pool *pool;       // where texts go
	uint32_t source;
	const char *at, *end, *line_start;
	uint32_t line;
};

// An array in a pool; copies of it may share what is before room.
struct nsd_vector {
	uint8_t *data;
	uint32_t count, room;
};

// What zone: and pattern: hold.
struct nsd_settings {
	struct config_policy policy;
	struct nsd_vector request_xfr, notify, monitor_server;       // struct config_remote
	struct nsd_vector allow_notify, provide_xfr, allow_query;    // struct acl_entry
	struct sockaddr_storage outgoing[2];
	const char *zonefile;
};

struct nsd_pattern {
	struct nsd_pattern *next;
	const char *name;
	struct config_where where;
	struct nsd_settings settings;
	const struct config_policy *policy; // built when the first zone wants it
	struct nsd_vector statements;       // struct nsd_statement, for patterns on top of something
};

struct nsd {
	struct builder *builder;
	struct pool work;             // for the present section, unless it is a pattern
	enum nsd_section section;
	struct config_where section_where;
	struct nsd_value name;        // of the present zone, pattern, key, tls-auth
	struct nsd_value algorithm, secret;
	struct nsd_settings settings; // of the present zone or pattern
	const struct nsd_pattern *base; // all that the zone says so far comes from it
	bool is_touched;              // and more than that
	struct nsd_vector statements;
	struct nsd_pattern *patterns;
	struct config_policy defaults;
	struct config_tls tls;
	struct { uint32_t count; struct config_where where; } *ignored;
	uint16_t *word_index;
	const char *zonesdir;
	uint32_t generation;
	uint16_t port;
	bool do_ip4, do_ip6, hide_version, hide_identity;
	const char *identity;
	struct nsd_vector interfaces; // struct nsd_statement
	bool has_zone;
	uint32_t errors_before;       // the present zone or pattern
	bool verify_off;
	unsigned pattern_depth;
};

struct nsd_word;
typedef void (*nsd_handler)(struct nsd *n, const struct nsd_word *word, const struct nsd_statement *s);

enum nsd_action {
	NSD_IGNORED, NSD_HANDLED, NSD_OPENS, // opens a section
	NSD_SET_BOOL, NSD_SET_NUMBER, NSD_SET_SECONDS, NSD_SET_SIZE, NSD_SET_TEXT,
	NSD_SERVER_BOOL, NSD_SERVER_NUMBER, NSD_SERVER_SHORT, NSD_SERVER_TEXT, NSD_SERVER_PATH,
};

struct nsd_word {
	const char *name;
	uint16_t sections;
	uint8_t action;
	uint8_t most;           // values, 0: one
	uint32_t offset;        // or the section that opens
	nsd_handler handler;
	const char *meaning;
};

extern const struct nsd_word nsd_words[];
extern const uint32_t nsd_word_count;

// nsd_words.c
void nsd_words_init(struct nsd *n);
const struct nsd_word *nsd_word_find(const struct nsd *n, const char *word, unsigned sections);
const char *nsd_word_suggest(struct nsd *n, const char *word, unsigned sections);
const char *nsd_section_name(unsigned section);

// nsd_lex.c
void nsd_reader_init(struct nsd_reader *reader, struct builder *builder, struct pool *pool, uint32_t source);
// False at the end of the file.
bool nsd_read(struct nsd_reader *reader, struct nsd_statement *statement);

// nsd.c
void nsd_read_config(struct builder *b);
void nsd_free(struct nsd *n);
void nsd_apply(struct nsd *n, const struct nsd_statement *s);
// Counts a word that has no effect; one warning at the end.
void nsd_ignore(struct nsd *n, const struct nsd_word *word, const struct nsd_statement *s);
struct pool *nsd_pool(struct nsd *n); // for what the present section holds
void *nsd_append(struct nsd *n, struct nsd_vector *vector, size_t each);

// nsd_acl.c: handlers for the lists, and their building blocks.
void nsd_add_acl(struct nsd *n, const struct nsd_word *word, const struct nsd_statement *s);
void nsd_add_remote(struct nsd *n, const struct nsd_word *word, const struct nsd_statement *s);
void nsd_set_outgoing(struct nsd *n, const struct nsd_word *word, const struct nsd_statement *s);

// nsd_zone.c
void nsd_begin_settings(struct nsd *n);
void nsd_finish_zone(struct nsd *n);
void nsd_finish_pattern(struct nsd *n);
void nsd_finish_verify(struct nsd *n);
void nsd_include_pattern(struct nsd *n, const struct nsd_word *word, const struct nsd_statement *s);
void nsd_set_zonefile(struct nsd *n, const struct nsd_word *word, const struct nsd_statement *s);
void nsd_set_min_expire(struct nsd *n, const struct nsd_word *word, const struct nsd_statement *s);
void nsd_set_zonestats(struct nsd *n, const struct nsd_word *word, const struct nsd_statement *s);
void nsd_set_catalog(struct nsd *n, const struct nsd_word *word, const struct nsd_statement *s);
void nsd_set_percent(struct nsd *n, const struct nsd_word *word, const struct nsd_statement *s);
void nsd_set_monitor(struct nsd *n, const struct nsd_word *word, const struct nsd_statement *s);
void nsd_set_verify_zone(struct nsd *n, const struct nsd_word *word, const struct nsd_statement *s);
void nsd_set_verifier(struct nsd *n, const struct nsd_word *word, const struct nsd_statement *s);

// nsd_server.c
void nsd_add_interface(struct nsd *n, const struct nsd_word *word, const struct nsd_statement *s);
void nsd_set_port(struct nsd *n, const struct nsd_word *word, const struct nsd_statement *s);
void nsd_set_flag(struct nsd *n, const struct nsd_word *word, const struct nsd_statement *s);
void nsd_set_username(struct nsd *n, const struct nsd_word *word, const struct nsd_statement *s);
void nsd_set_zonesdir(struct nsd *n, const struct nsd_word *word, const struct nsd_statement *s);
void nsd_set_identity(struct nsd *n, const struct nsd_word *word, const struct nsd_statement *s);
void nsd_set_nsid(struct nsd *n, const struct nsd_word *word, const struct nsd_statement *s);
void nsd_set_edns(struct nsd *n, const struct nsd_word *word, const struct nsd_statement *s);
void nsd_set_chroot(struct nsd *n, const struct nsd_word *word, const struct nsd_statement *s);
void nsd_set_name(struct nsd *n, const struct nsd_word *word, const struct nsd_statement *s);
void nsd_set_key_part(struct nsd *n, const struct nsd_word *word, const struct nsd_statement *s);
void nsd_set_tls_part(struct nsd *n, const struct nsd_word *word, const struct nsd_statement *s);
void nsd_set_verify_enable(struct nsd *n, const struct nsd_word *word, const struct nsd_statement *s);
void nsd_set_telling(struct nsd *n, const struct nsd_word *word, const struct nsd_statement *s);
void nsd_set_http(struct nsd *n, const struct nsd_word *word, const struct nsd_statement *s);
void nsd_finish_server(struct nsd *n);
