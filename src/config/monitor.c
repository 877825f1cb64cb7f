// SPDX-License-Identifier: GPL-3.0-or-later
#include "config/monitor.h"

#include <strings.h>

#include "config/scalar.h"

#define INTERVAL_MIN 10u // seconds; below, it is a load test
#define INTERVAL_MAX 86400u
#define RATE_MAX 10000u
#define LAG_MAX 604800u

static bool set_watched(struct config_policy *policy, const char *text)
{
	bool flag;
	if (strcasecmp(text, "explicit") == 0) {
		policy->monitor = CONFIG_MONITOR_EXPLICIT;
		return true;
	}
	if (!scalar_bool(text, &flag))
		return false;
	policy->monitor = flag ? CONFIG_MONITOR_YES : CONFIG_MONITOR_NO;
	return true;
}

static bool set_seconds(uint32_t *to, const char *text, uint32_t least, uint32_t most)
{
	uint32_t seconds;
	if (!scalar_seconds(text, &seconds) || seconds < least || seconds > most)
		return false;
	*to = seconds;
	return true;
}

const char *monitor_set(struct builder *b, struct config_policy *policy, const char *word, const char *text)
{
	struct config_server *server = &b->config->server;
	uint64_t number;
	if (strcasecmp(word, "monitor") == 0)
		return set_watched(policy, text) ? NULL : "yes, no or explicit";
	if (strcasecmp(word, "monitor-interval") == 0)
		return set_seconds(&server->monitor_interval, text, INTERVAL_MIN, INTERVAL_MAX)
			? NULL : "10 seconds to a day";
	if (strcasecmp(word, "monitor-lag") == 0)
		return set_seconds(&server->monitor_lag, text, 1, LAG_MAX) ? NULL : "1 second to a week";
	if (!scalar_number(text, RATE_MAX, &number) || number == 0)
		return "1 to 10000 questions a second";
	server->monitor_rate = (uint32_t)number;
	return NULL;
}
