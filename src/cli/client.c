// SPDX-License-Identifier: GPL-3.0-or-later
// The other end of the control socket.
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "cli/cli.h"
#include "config/config.h"
#include "daemon/place.h"

// What a verb takes.
struct accepted {
	bool json, zone, primary;
	unsigned serials;
};

static int read_serial(const struct cli_verb *verb, const char *word, struct cli_target *target)
{
	char *end;
	errno = 0;
	unsigned long long value = strtoull(word, &end, 10);
	if (word[0] < '0' || word[0] > '9' || *end != '\0' || errno != 0 || value > UINT32_MAX)
		return cli_usage_error(verb, "\"%s\" is no serial", word) + 1;
	target->serial[target->serials++] = (uint32_t)value;
	return 0;
}

static int read_operands(const struct cli_verb *verb, int argc, char **argv, const struct accepted *accepted,
                         struct cli_target *target)
{
	if (accepted->zone && optind < argc)
		target->zone = argv[optind++];
	for (; target->serials < accepted->serials && optind < argc; optind++) {
		int code = read_serial(verb, argv[optind], target);
		if (code != 0)
			return code;
	}
	return optind < argc ? cli_usage_error(verb, "\"%s\" is too much", argv[optind]) + 1 : 0;
}

static int read_words(const struct cli_verb *verb, int argc, char **argv, const struct accepted *accepted,
                      struct cli_target *target)
{
	enum { OPTION_STATE_DIR = 256, OPTION_JSON, OPTION_PRIMARY };
	static const struct option options[] = {
		{ "help", no_argument, NULL, 'h' },
		{ "config", required_argument, NULL, 'c' },
		{ "state-dir", required_argument, NULL, OPTION_STATE_DIR },
		{ "json", no_argument, NULL, OPTION_JSON },
		{ "primary", no_argument, NULL, OPTION_PRIMARY },
		{ NULL, 0, NULL, 0 },
	};
	int found;
	*target = (struct cli_target){ 0 };
	optind = 1;
	opterr = 0;
	while ((found = getopt_long(argc, argv, ":hc:", options, NULL)) != -1) {
		if (found == 'h') {
			fputs(verb->usage, stdout);
			return EXIT_GOOD + 1;
		} else if (found == 'c') {
			target->config_path = optarg;
		} else if (found == OPTION_STATE_DIR) {
			target->state_dir = optarg;
		} else if (found == OPTION_JSON && accepted->json) {
			target->json = true;
		} else if (found == OPTION_PRIMARY && accepted->primary) {
			target->primary = true;
		} else {
			return cli_option_error(verb, found, argc, argv) + 1;
		}
	}
	return read_operands(verb, argc, argv, accepted, target);
}

int cli_read_target(const struct cli_verb *verb, int argc, char **argv, bool json, bool zone,
                    struct cli_target *target)
{
	struct accepted accepted = { .json = json, .zone = zone };
	return read_words(verb, argc, argv, &accepted, target);
}

int cli_read_serials(const struct cli_verb *verb, int argc, char **argv, unsigned most, bool primary,
                     struct cli_target *target)
{
	struct accepted accepted = { .zone = true, .primary = primary, .serials = most };
	return read_words(verb, argc, argv, &accepted, target);
}

// --- the socket

// The directory that the configuration names, or the default.
static int find_state_dir(const struct cli_target *target, char path[static PATH_MAX])
{
	struct config_report report = { 0 };
	struct config_overrides overrides = { .state_dir = target->state_dir };
	struct config *config = NULL;
	if (target->config_path == NULL || target->state_dir != NULL) {
		if (place_state_dir(target->state_dir, path) == 0)
			return EXIT_GOOD;
		fprintf(stderr, "there is no place where the state would be: name it with --state-dir\n");
		return EXIT_FAILED;
	}
	int code = EXIT_GOOD;
	if (config_read_file(target->config_path, &overrides, &report, &config) != 0) {
		config_report_print(&report, stderr);
		fprintf(stderr, "the state directory may be named instead: --state-dir DIR\n");
		code = EXIT_FAILED;
	} else if (place_state_dir(config->server.state_dir, path) != 0) {
		code = EXIT_FAILED;
	}
	config_release(config);
	config_report_free(&report);
	return code;
}

// A connected socket, or -1 with errno.
static int connect_to(const char *state_dir)
{
	struct sockaddr_un address;
	int directory;
	if (place_socket(state_dir, &address, &directory) != 0)
		return -1;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0) {
		int error = errno;
		close(fd);
		errno = error;
		fd = -1;
	}
	int error = errno;
	if (directory >= 0)
		close(directory);
	errno = error;
	return fd;
}

static int not_connected(const char *state_dir)
{
	if (errno == ENOENT || errno == ECONNREFUSED || errno == ENOTDIR) {
		fprintf(stderr, "no server runs on the state directory %s\n"
		        "start it with understudy serve, or name another with --state-dir DIR or -c FILE\n",
		        state_dir);
		return EXIT_NOT_RUNNING;
	}
	fprintf(stderr, "cannot reach the server in %s: %s\n", state_dir, strerror(errno));
	return EXIT_FAILED;
}

static bool send_request(int fd, const struct cli_verb *verb, const struct cli_target *target)
{
	json_t *request = json_pack("{s:s, s:b}", "verb", verb->name, "json", (int)target->json);
	if (request != NULL && target->zone != NULL)
		json_object_set_new(request, "zone", json_string(target->zone));
	if (request != NULL && target->primary)
		json_object_set_new(request, "primary", json_true());
	if (request != NULL && target->serials > 0) {
		json_t *serials = json_array();
		for (unsigned i = 0; i < target->serials; i++)
			json_array_append_new(serials, json_integer(target->serial[i]));
		json_object_set_new(request, "serials", serials);
	}
	char *line = request == NULL ? NULL : json_dumps(request, JSON_COMPACT);
	bool good = line != NULL && dprintf(fd, "%s\n", line) > 0;
	free(line);
	json_decref(request);
	return good;
}

// Takes the reply whole before it prints any of it, so that a pager does not
// keep the server's thread.
static int print_reply(int fd)
{
	int version = 0, code = 0;
	size_t length = 0;
	FILE *from = fdopen(fd, "r");
	char head[PROTOCOL_HEAD_MOST];
	if (from == NULL || fgets(head, sizeof(head), from) == NULL ||
	    sscanf(head, PROTOCOL_HEAD, &version, &code, &length) != 3 || version != PROTOCOL_VERSION) {
		fprintf(stderr, "the server did not answer as this version expects (%d); is it ending, or of another version?\n",
		        PROTOCOL_VERSION);
		code = EXIT_FAILED;
		goto done;
	}
	char *text = malloc(length + 1);
	size_t got = text == NULL ? 0 : fread(text, 1, length, from);
	fwrite(text, 1, got, code == EXIT_GOOD || code == EXIT_DEGRADED ? stdout : stderr);
	free(text);
	if (got != length) {
		fprintf(stderr, "the server's answer was cut short\n");
		code = EXIT_FAILED;
	}
done:
	if (from != NULL)
		fclose(from);
	else
		close(fd);
	return code;
}

int cli_ask(const struct cli_verb *verb, const struct cli_target *target)
{
	char state_dir[PATH_MAX];
	int code = find_state_dir(target, state_dir);
	if (code != EXIT_GOOD)
		return code;
	int fd = connect_to(state_dir);
	if (fd < 0)
		return not_connected(state_dir);
	if (!send_request(fd, verb, target)) {
		fprintf(stderr, "cannot ask the server: %s\n", strerror(errno));
		close(fd);
		return EXIT_FAILED;
	}
	return print_reply(fd);
}

bool cli_wait_gone(const struct cli_target *target, unsigned seconds)
{
	char state_dir[PATH_MAX];
	if (find_state_dir(target, state_dir) != EXIT_GOOD)
		return false;
	const struct timespec pause = { .tv_nsec = 20000000 };
	for (unsigned i = 0; i < seconds * 50; i++) {
		int fd = connect_to(state_dir);
		if (fd < 0)
			return true;
		close(fd);
		nanosleep(&pause, NULL);
	}
	return false;
}

int cli_run_on_zone(const struct cli_verb *verb, int argc, char **argv)
{
	struct cli_target target;
	int code = cli_read_target(verb, argc, argv, false, true, &target);
	if (code != 0)
		return code - 1;
	if (target.zone == NULL)
		return cli_usage_error(verb, "name the zone");
	return cli_ask(verb, &target);
}
