// SPDX-License-Identifier: GPL-3.0-or-later
#include "config/arguments.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/http.h"
#include "config/scalar.h"

#define SECRET_MAX 4096 // bytes of a secret file

// The command line is no file.
static const struct config_where nowhere = {.file = UINT32_MAX};

// The first line of a secret file, blanks cut off; "" after a report.
static const char *read_secret_file(struct builder *b, const char *path)
{
	char text[SECRET_MAX + 1];
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	ssize_t length = fd < 0 ? -1 : read(fd, text, SECRET_MAX);
	if (length < 0) {
		builder_error(b, nowhere, "--key: %s: %s", path, strerror(errno));
		if (fd >= 0)
			close(fd);
		return "";
	}
	text[length] = '\0';
	if (fstat(fd, &st) == 0 && (st.st_mode & S_IROTH))
		builder_warn(b, nowhere, "--key: anyone on this machine can read the secret in %s; chmod o-r %s",
		             path, path);
	close(fd);
	const char *start = text + strspn(text, " \t\r\n");
	return pool_text(&b->scratch, start, strcspn(start, " \t\r\n"));
}

// NAME:ALG:SECRETFILE
static const struct config_key *read_key(struct builder *b, const char *text)
{
	const char *first = strchr(text, ':'), *second = first ? strchr(first + 1, ':') : NULL;
	if (!second || second[1] == '\0') {
		builder_error(b, nowhere, "--key wants NAME:ALGORITHM:SECRETFILE, not '%s'", text);
		return NULL;
	}
	const char *name = pool_text(&b->scratch, text, (size_t)(first - text));
	const char *algorithm = pool_text(&b->scratch, first + 1, (size_t)(second - first - 1));
	uint32_t errors = b->report->errors;
	const char *secret = read_secret_file(b, second + 1);
	struct config_key *key = b->report->errors == errors ? builder_key(b, name, nowhere) : NULL;
	if (key)
		builder_define_key(b, key, nowhere, algorithm, nowhere, secret, nowhere);
	return key;
}

static void add_default_listeners(struct builder *b)
{
	static const char *const addresses[] = {"0.0.0.0", "::"};
	for (size_t i = 0; i < 2; i++) {
		struct sockaddr_storage address;
		if (scalar_address(addresses[i], 53, &address))
			builder_listen(b, &address, nowhere)->is_default = true;
	}
}

void arguments_read(struct builder *b, const struct config_arguments *arguments)
{
	struct config_remote *remotes =
		pool_new(&b->scratch, (arguments->primary_count + 1) * sizeof *remotes);
	struct acl_entry *entries = pool_new(&b->scratch, (arguments->primary_count * 2 + 1) * sizeof *entries);
	const struct config_key *key = arguments->key ? read_key(b, arguments->key) : NULL;
	struct config_policy policy;
	uint32_t count = 0, entry_count = 0;
	builder_default_policy(b, &policy);
	for (size_t i = 0; i < arguments->primary_count; i++) {
		const char *text = arguments->primaries[i];
		struct config_remote *remote = &remotes[count];
		if (!scalar_endpoint(text, 53, &remote->address)) {
			builder_error(b, nowhere, "--primary wants ADDR or ADDR@PORT, not '%s'", text);
			continue;
		}
		remote->key = key;
		count++;
		struct acl_entry *entry = &entries[entry_count++];
		uint8_t length = scalar_address_bytes(&remote->address, entry->low);
		entry->what = ACL_MASKED;
		entry->family = remote->address.ss_family;
		scalar_mask((uint8_t)(length * 8), entry->high);
	}
	if (key)
		entries[entry_count++] = (struct acl_entry){
			.what = ACL_EVERYWHERE, .signed_how = ACL_SIGNED_BY, .key_name = key->tsig.name,
		};
	policy.primaries = builder_remotes(b, remotes, count);
	policy.allow_notify = builder_acl(b, ACL_FIRST, NULL, entries, entry_count);
	policy.min_refresh = 300;
	for (size_t i = 0; i < arguments->secondary_count; i++) {
		struct config_zone *zone = builder_zone(b, arguments->secondaries[i], nowhere);
		if (!zone)
			continue;
		zone->role = CONFIG_SECONDARY;
		zone->policy = builder_policy(b, &policy);
	}
	b->config->server.directory = builder_path(b, "/", builder_working_directory(b));
	add_default_listeners(b);
}

void arguments_override(struct builder *b, const struct config_overrides *overrides)
{
	struct config_server *server = &b->config->server;
	if (!overrides)
		return;
	if (overrides->listen_count)
		server->listen_count = 0;
	for (size_t i = 0; i < overrides->listen_count; i++) {
		struct sockaddr_storage address;
		if (scalar_endpoint(overrides->listen[i], 53, &address))
			builder_listen(b, &address, nowhere);
		else
			builder_error(b, nowhere, "--listen wants ADDR or ADDR@PORT, not '%s'", overrides->listen[i]);
	}
	if (overrides->state_dir)
		server->state_dir = builder_path(b, builder_working_directory(b), overrides->state_dir);
	if (overrides->user)
		server->user = pool_text(&b->pool, overrides->user, strlen(overrides->user));
	if (overrides->workers)
		server->workers = overrides->workers;
	if (overrides->http_listen_count)
		server->http.listen_count = 0;
	for (size_t i = 0; i < overrides->http_listen_count; i++)
		if (!http_add_listen(b, overrides->http_listen[i], nowhere))
			builder_error(b, nowhere, "--http wants ADDR or ADDR@PORT, not '%s'", overrides->http_listen[i]);
}
