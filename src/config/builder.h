// SPDX-License-Identifier: GPL-3.0-or-later
// What both readers build with: the sources, the messages, the model under
// construction. Inside src/config only.
#pragma once

#include <glob.h>
#include <setjmp.h>

#include "config/config.h"
#include "config/pool.h"

#define SOURCE_MAX_BYTES (1u << 30) // a file larger than this is no configuration
#define SOURCE_MAX_DEPTH 16         // include in include
#define SOURCE_MAX_FILES 1000000u
#define REPORT_MAX_MESSAGES 1000u
#define REPORT_MAX_ERRORS 20u
#define REPORT_MAX_SUGGESTIONS 50u

// A file in memory.
struct source {
	const char *path;   // as messages show it
	char *text;         // NUL behind it
	size_t length;
	uint32_t included_by; // UINT32_MAX for the first
	bool holds_secret, world_readable;
};

struct ifaddrs;

// One address of this host, for localhost, localnets and interface names.
struct host_address {
	char device[32];
	struct sockaddr_storage address;
	uint8_t prefix_length;
};

// Bounds that zones take from one place: what is wrong with them is said there.
struct shared_bounds {
	struct config_where where; // line 0: none
	uint32_t least, most;
	bool is_told;
};

struct builder {
	jmp_buf escape;
	struct pool pool;      // becomes the model's
	struct pool scratch;   // until the reader is done
	struct intern intern;
	struct config *config;
	struct config_report *report;
	bool may_open;         // false: memory alone
	struct source *sources;
	uint32_t source_count, source_room;
	uint32_t zone_room;
	struct config_key **keys; // may be referred to before they are defined
	uint32_t key_count, key_room;
	struct config_tls **tls;
	uint32_t tls_count, tls_room;
	uint32_t listen_room, peer_room;
	struct host_address *host;
	uint32_t host_count;
	bool host_is_known;
	// Held by nothing else while a jump may come.
	char *pending_text;
	glob_t pending_glob;
	struct ifaddrs *pending_host;
	struct config_remotes *remotes; // being compared with those stored
	uint32_t remotes_room;
	struct named *named;   // the reader at work, to free after a jump
	struct nsd *nsd;
	struct shared_bounds refresh, retry; // of all zones that do not say otherwise
};

// What config_release() needs besides the model.
struct config_private {
	_Atomic uint32_t holders;
	struct pool pool;
	uint32_t *zone_index; // open addressing: zone number + 1
	uint32_t zone_index_mask;
};

// Messages, with "file:line:column: " before them.
void builder_error(struct builder *b, struct config_where where, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void builder_warn(struct builder *b, struct config_where where, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

// True where so much is wrong that guessing at words is a waste of time.
bool builder_has_said_enough(const struct builder *b);

// "file:line" of a place, for the inside of a message; in scratch.
const char *builder_place(struct builder *b, struct config_where where);

// realloc() for an array that is freed with the builder or the model; jumps
// without memory. *room grows to at least `need`.
void *builder_grow(struct builder *b, void *array, uint32_t need, uint32_t *room, size_t each);

// Takes a file, or bytes, in; its number or -1 after an error was reported.
// `at` is the include statement (line 0 for the first).
int source_open(struct builder *b, const char *path, struct config_where at, uint32_t by);
int source_add(struct builder *b, const char *name, const char *text, size_t length, uint32_t by);

// Expands an include pattern, relative to `directory` where that is not NULL
// and has such a file, else to the folder of the file that includes; opens
// what matches, in order. Calls each(context, source) for it.
// Reports what fails: no match, depth, a cycle.
void source_include(struct builder *b, const char *pattern, const char *directory,
                    struct config_where at,
                    void (*each)(void *context, uint32_t source), void *context);

// The key or TLS setting of that name, an undefined one where it is new.
// Never NULL but for a name that is none (reported).
struct config_key *builder_key(struct builder *b, const char *name, struct config_where where);
struct config_tls *builder_tls(struct builder *b, const char *name, struct config_where where);

// Fills in a key from its text forms; reports a double definition, an unknown
// algorithm, a bad secret.
void builder_define_key(struct builder *b, struct config_key *key, struct config_where where,
                        const char *algorithm, struct config_where algorithm_where,
                        const char *secret, struct config_where secret_where);

// A zone at the end of the list; NULL for a name that is none (reported).
struct config_zone *builder_zone(struct builder *b, const char *name, struct config_where where);

// Its name in presentation form, without the final dot; as long as the reading.
const char *builder_zone_text(struct builder *b, const struct config_zone *zone);

struct config_listen *builder_listen(struct builder *b, const struct sockaddr_storage *address,
                                     struct config_where where);
struct config_peer *builder_peer(struct builder *b);

// Whether we can speak to that server; reports what is not implemented, so
// that nothing meant for TLS ever goes in the clear.
bool builder_can_reach(struct builder *b, const struct config_remote *remote,
                       struct config_where where);

// Shared copies.
const struct acl *builder_acl(struct builder *b, enum acl_rule rule, const char *name,
                              const struct acl_entry *entries, uint32_t count);
const struct config_remotes *builder_remotes(struct builder *b,
                                             const struct config_remote *remotes, uint32_t count);
const struct config_policy *builder_policy(struct builder *b, const struct config_policy *policy);

// `path` made absolute under `directory` (itself under the process's own),
// in the model's pool.
const char *builder_path(struct builder *b, const char *directory, const char *path);

// The same for a zone's file: it lies in scratch, until builder_keep_files().
const char *builder_zone_path(struct builder *b, const char *directory, const char *path);

// Moves the paths of the zones' files into the model. From then on
// config_zone_file() tells them.
void builder_keep_files(struct builder *b);
// The process's working directory; in scratch.
const char *builder_working_directory(struct builder *b);
// The folder of the file that is read (not of those it includes), absolute;
// the working directory where it is no file. May be in scratch.
const char *builder_own_folder(struct builder *b);

// The addresses of this host, asked for once; none where may_open is false
// but the loopback ones.
const struct host_address *builder_host(struct builder *b, uint32_t *count);

// What both dialects start from: everything that is a default of our own.
void builder_default_policy(struct builder *b, struct config_policy *policy);
void builder_default_server(struct builder *b, struct config_server *server);

// The known word most like `word`, or NULL where none is near. `words` ends
// with NULL.
const char *builder_nearest(const char *word, const char *const *words);
