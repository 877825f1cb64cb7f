// SPDX-License-Identifier: GPL-3.0-or-later
#include "config/telling.h"

#include <string.h>
#include <strings.h>

#include "config/scalar.h"

#define SECONDS_MOST (365u * 86400u)
#define TIMEOUT_MOST 300u
#define URL_MOST 2000u

static const char *const targets[] = {
	[LOG_TO_STDERR] = "stderr", [LOG_TO_JOURNAL] = "journal", [LOG_TO_SYSLOG] = "syslog", NULL,
};
static const char *const formats[] = {
	[LOG_AS_TEXT] = "text", [LOG_AS_LOGFMT] = "logfmt", [LOG_AS_JSON] = "json", NULL,
};
static const char *const levels[] = {
	[LEVEL_ERROR] = "error", [LEVEL_WARNING] = "warning", [LEVEL_NOTICE] = "notice", [LEVEL_INFO] = "info",
	[LEVEL_DEBUG] = "debug", NULL,
};

static bool choose(const char *const *words, const char *value, int8_t *chosen)
{
	for (int8_t i = 0; words[i] != NULL; i++) {
		if (strcasecmp(words[i], value) == 0) {
			*chosen = i;
			return true;
		}
	}
	return false;
}

static bool take_number(const char *value, uint64_t least, uint64_t most, uint32_t *number)
{
	uint64_t read;
	if (!scalar_number(value, most, &read) || read < least)
		return false;
	*number = (uint32_t)read;
	return true;
}

static bool take_url(struct builder *b, const char *value, const char **url)
{
	size_t length = strlen(value), scheme = strncasecmp(value, "https://", 8) == 0 ? 8
	                                      : strncasecmp(value, "http://", 7) == 0 ? 7 : 0;
	if (scheme == 0 || length == scheme || value[scheme] == '/' || length > URL_MOST)
		return false;
	for (const char *at = value; *at != '\0'; at++)
		if ((unsigned char)*at <= ' ' || *at == 0x7f)
			return false;
	*url = pool_text(&b->pool, value, length);
	return true;
}

bool telling_set(struct builder *b, const char *option, const char *value)
{
	struct config_server *server = &b->config->server;
	struct config_alert *alert = &server->alert;
	if (strcasecmp(option, "log-target") == 0)
		return choose(targets, value, &server->log_target);
	if (strcasecmp(option, "log-format") == 0)
		return choose(formats, value, &server->log_format);
	if (strcasecmp(option, "log-level") == 0)
		return choose(levels, value, &server->log_level);
	if (strcasecmp(option, "alert-url") == 0)
		return take_url(b, value, &alert->url);
	if (strcasecmp(option, "alert-behind") == 0)
		return take_number(value, 0, SECONDS_MOST, &alert->behind);
	if (strcasecmp(option, "alert-delay") == 0)
		return take_number(value, 0, SECONDS_MOST, &alert->delay);
	if (strcasecmp(option, "alert-timeout") == 0)
		return take_number(value, 1, TIMEOUT_MOST, &alert->timeout);
	if (*value == '\0') // alert-program
		return false;
	alert->program = pool_text(&b->pool, value, strlen(value));
	return true;
}

const char *telling_wanted(const char *option)
{
	if (strcasecmp(option, "log-target") == 0)
		return "stderr, journal or syslog";
	if (strcasecmp(option, "log-format") == 0)
		return "text, logfmt or json";
	if (strcasecmp(option, "log-level") == 0)
		return "error, warning, notice, info or debug";
	if (strcasecmp(option, "alert-url") == 0)
		return "an address that begins with https:// or http://";
	if (strcasecmp(option, "alert-timeout") == 0)
		return "a number of seconds, 1 to 300";
	if (strcasecmp(option, "alert-program") == 0)
		return "a command";
	return "a number of seconds";
}

int telling_facility(const char *name)
{
	static const char *const names[] = {
		"kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp", "", "", "",
		"", "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7",
	};
	for (int i = 0; i < (int)(sizeof names / sizeof names[0]); i++)
		if (names[i][0] != '\0' && strcasecmp(names[i], name) == 0)
			return i;
	return -1;
}
