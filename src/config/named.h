// SPDX-License-Identifier: GPL-3.0-or-later
// The reader of named.conf. Two passes: the first checks the syntax, takes in
// all that zones may refer to in any order, and remembers where each zone
// stands; the second reads the zones one by one. Inside src/config only.
#pragma once

#include <stddef.h>

#include "config/named_tree.h"

// Where a word may stand.
enum {
	NAMED_TOP = 1, NAMED_OPTIONS = 2, NAMED_VIEW = 4, NAMED_ZONE = 8,
	NAMED_SERVER = 16, // inside server PREFIX { }
};

struct named;
struct named_scope;

typedef void (*named_handler)(struct named *n, struct named_scope *scope,
                              const struct named_statement *statement);

enum named_action {
	NAMED_IGNORED,  // no effect here: `meaning` says what is lost; "" where nothing is
	NAMED_HANDLED,  // by `handler`
	NAMED_TOPLEVEL, // by named.c
	// One value, stored at `offset` of the policy …
	NAMED_SET_BOOL, NAMED_SET_NUMBER, NAMED_SET_SECONDS, NAMED_SET_MINUTES, NAMED_SET_SIZE,
	NAMED_SET_TEXT,
	// … or of the server.
	NAMED_SERVER_BOOL, NAMED_SERVER_NUMBER, NAMED_SERVER_TEXT, NAMED_SERVER_PATH,
	// The statement itself, stored at `offset` of the scope.
	NAMED_KEEP,
};

struct named_word {
	const char *name;
	uint8_t contexts;
	uint8_t action;
	bool may_repeat;
	uint32_t offset;
	named_handler handler;
	const char *meaning; // of what has no effect: always, or where the value is not the default
};

extern const struct named_word named_words[];
extern const uint32_t named_word_count;

// What stands in a block of options: options, view, template, zone, each
// beginning as a copy of the one around it.
struct named_scope {
	unsigned context;
	uint32_t generation;
	struct config_policy policy;
	struct named_statement *allow_query, *allow_transfer, *allow_notify;
	const struct named_statement *also_notify, *monitor_servers;
	const struct named_statement *primaries, *type, *file, *format, *in_view;
	struct named_statement *match_clients;
	const struct named_statement *match_destinations, *match_recursive;
	struct sockaddr_storage transfer_source[2], notify_source[2]; // v4, v6
	bool uses_view;
};

// acl NAME, primaries NAME, template NAME.
struct named_list {
	struct named_list *next;
	const char *name;
	const struct named_statement *statement;
	const struct acl *acl;  // once compiled
	bool is_open;           // being compiled: a second visit is a cycle
};

// A zone found in the first pass.
struct named_place {
	const char *at, *line_start;
	uint32_t source, line;
	bool in_view;
};

struct named_cache;

struct named_queue { // statements kept for later, in order
	struct named_statement *first, **link;
};

struct named {
	struct builder *builder;
	struct pool work;              // reset for each zone
	struct named_list *acls, *remotes, *templates;
	struct named_queue options, servers, view;
	const struct named_statement *view_head;
	bool in_view, is_second_view, has_top_zone;
	struct named_place *places;
	uint32_t place_count, place_room;
	uint16_t *word_index;          // open addressing: number + 1
	struct {
		uint32_t generation, file, line;
	} *seen;                       // by word: where it stands in the present block
	struct {
		uint32_t count;
		struct config_where where;
		const char *context;
	} *ignored;                    // by word
	uint32_t generation;
	struct config_remote *found;   // a list of remotes being gathered
	uint32_t found_count, found_room;
	struct named_queue listens;
	uint16_t port;
	const char *directory;         // for zone files
	const char *include_directory; // NULL: that of the file that includes
	uint32_t without_transfer;     // zones that no allow-transfer covers
	struct config_where first_without_transfer;
	struct named_cache *includes;
	const struct acl *localhost, *localnets;
	const struct named_statement *logging;
};

// named_words.c
void named_words_init(struct named *n);
const struct named_word *named_word_find_in(const struct named *n, const char *word,
                                            unsigned context);
// "; did you mean 'x'?" or "", among the words of the context; in work.
const char *named_word_suggest(struct named *n, const char *word, unsigned context);
const char *named_context_name(unsigned context);

// named_scope.c: applies the statements of a block.
void named_apply(struct named *n, struct named_scope *scope, const struct named_statement *first);
void named_apply_one(struct named *n, struct named_scope *scope, const struct named_statement *s);
// Counts a word that has no effect; one warning at the end.
void named_ignore(struct named *n, const struct named_word *word,
                  const struct named_statement *statement, const char *context);
void named_warn_ignored(struct named *n);
// The one value of a statement; NULL after a report.
const struct named_value *named_single(struct named *n, const struct named_statement *s);
// Reports what stands behind the last value that belongs there.
void named_too_much(struct named *n, const struct named_statement *s,
                    const struct named_value *value);
// The block of a statement, or NULL after a report.
const struct named_value *named_block_of(struct named *n, const struct named_statement *s);

// named_options.c: handlers.
void named_set_source(struct named *n, struct named_scope *scope, const struct named_statement *s);
void named_set_notify(struct named *n, struct named_scope *scope, const struct named_statement *s);
void named_set_identity(struct named *n, struct named_scope *scope, const struct named_statement *s);
void named_set_minimal(struct named *n, struct named_scope *scope, const struct named_statement *s);
void named_set_edns(struct named *n, struct named_scope *scope, const struct named_statement *s);
void named_set_idle(struct named *n, struct named_scope *scope, const struct named_statement *s);
void named_set_port(struct named *n, struct named_scope *scope, const struct named_statement *s);
void named_set_statistics(struct named *n, struct named_scope *scope, const struct named_statement *s);
void named_set_rate(struct named *n, struct named_scope *scope, const struct named_statement *s);
void named_set_percent(struct named *n, struct named_scope *scope, const struct named_statement *s);
void named_set_differences(struct named *n, struct named_scope *scope, const struct named_statement *s);
void named_set_recursion(struct named *n, struct named_scope *scope, const struct named_statement *s);
void named_set_pid_file(struct named *n, struct named_scope *scope, const struct named_statement *s);
void named_set_template(struct named *n, struct named_scope *scope, const struct named_statement *s);
void named_add_listen(struct named *n, struct named_scope *scope, const struct named_statement *s);
void named_set_telling(struct named *n, struct named_scope *scope, const struct named_statement *s);
void named_set_monitor(struct named *n, struct named_scope *scope, const struct named_statement *s);
void named_set_http(struct named *n, struct named_scope *scope, const struct named_statement *s);
void named_include_here(struct named *n, struct named_scope *scope, const struct named_statement *s);
// After the options: listeners, with the default port known.
void named_build_listeners(struct named *n);

// named_logging.c: logging { … } is kept until the options are known.
void named_keep_logging(struct named *n, const struct named_statement *s);
void named_apply_logging(struct named *n);

// named_acl.c
// The compiled list of `allow-x [port N] [transport T] { … }`; NULL after a report.
const struct acl *named_acl(struct named *n, struct named_statement *s);
struct named_list *named_list_find(struct named_list *lists, const char *name);
void named_list_add(struct named *n, struct named_list **lists, const char *what,
                    const struct named_statement *s);
// Compiles lists that no zone used, so that their faults are found as well.
void named_check_lists(struct named *n);

// named_remotes.c
// Servers of `primaries …` or `also-notify …`, with where to send from.
const struct config_remotes *named_remotes(struct named *n, const struct named_statement *s,
                                           const struct sockaddr_storage source[2]);
void named_read_server(struct named *n, const struct named_statement *s);

// named_zone.c
void named_read_zone(struct named *n, const struct named_scope *around,
                     const struct named_statement *s);

// named_top.c: key, tls, and the channels.
void named_read_key(struct named *n, const struct named_statement *s);
void named_read_tls(struct named *n, const struct named_statement *s);

// named.c
void named_read_config(struct builder *b);
// Gives back what is not on the builder's pools.
void named_free(struct named *n);
