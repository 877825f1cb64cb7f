// SPDX-License-Identifier: GPL-3.0-or-later
// The webhook. Certificates are verified, redirects are not followed: what is
// sent is for the one who was named.
#include <stdio.h>

#include "base/error.h"
#include "observe/alert_curl.h"
#include "observe/alert_parts.h"

#define CONNECT_MOST_S 5
#define REPLY_MOST 65536 // of its reply nothing is wanted

static size_t drop(char *bytes, size_t size, size_t count, void *context)
{
	size_t *taken = context;
	(void)bytes;
	*taken += size * count;
	return *taken > REPLY_MOST ? 0 : size * count;
}

static int look_up(void *context, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
	const struct alert_order *order = context;
	(void)a, (void)b, (void)c, (void)d;
	return atomic_load(order->cancelled);
}

static bool prepare(const struct curl_library *lib, CURL *curl, const char *url, const char *json,
                    const struct curl_slist *headers, const struct alert_order *order, size_t *taken)
{
	const long timeout = (long)order->timeout, connect = timeout < CONNECT_MOST_S ? timeout : CONNECT_MOST_S;
	return lib->easy_setopt(curl, CURLOPT_URL, url) == CURLE_OK
	       && lib->easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK
	       && lib->easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK
	       && lib->easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 1L) == CURLE_OK
	       && lib->easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 2L) == CURLE_OK
	       && lib->easy_setopt(curl, CURLOPT_NOSIGNAL, 1L) == CURLE_OK
	       && lib->easy_setopt(curl, CURLOPT_TIMEOUT, timeout) == CURLE_OK
	       && lib->easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, connect) == CURLE_OK
	       && lib->easy_setopt(curl, CURLOPT_USERAGENT, "understudy/" UNDERSTUDY_VERSION) == CURLE_OK
	       && lib->easy_setopt(curl, CURLOPT_HTTPHEADER, headers) == CURLE_OK
	       && lib->easy_setopt(curl, CURLOPT_POSTFIELDS, json) == CURLE_OK
	       && lib->easy_setopt(curl, CURLOPT_WRITEFUNCTION, drop) == CURLE_OK
	       && lib->easy_setopt(curl, CURLOPT_WRITEDATA, taken) == CURLE_OK
	       && lib->easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, look_up) == CURLE_OK
	       && lib->easy_setopt(curl, CURLOPT_XFERINFODATA, order) == CURLE_OK
	       && lib->easy_setopt(curl, CURLOPT_NOPROGRESS, 0L) == CURLE_OK
	       // Nor is a resolver waited for that takes its time.
	       && lib->easy_setopt(curl, CURLOPT_QUICK_EXIT, 1L) == CURLE_OK;
}

// Too long a reply is no failure: it has come to the one who replies.
static int judge(const struct curl_library *lib, CURL *curl, CURLcode result, size_t taken, char why[static 256])
{
	long code = 0;
	(void)lib->easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &code);
	if (result != CURLE_OK && !(result == CURLE_WRITE_ERROR && taken > REPLY_MOST)) {
		snprintf(why, 256, "%s", lib->easy_strerror(result));
		return ERR_IO;
	}
	if (code >= 200 && code < 300)
		return 0;
	bool is_passing = code >= 500 || code == 408 || code == 429;
	snprintf(why, 256, "it answers with HTTP status %ld%s", code, code >= 300 && code < 400 ? ", which is not followed" : "");
	return is_passing ? ERR_IO : ERR_DENIED;
}

int alert_post(const char *url, const char *json, const struct alert_order *order, char why[static 256])
{
	const struct curl_library *lib = alert_curl(why);
	size_t taken = 0;
	int error = ERR_IO;
	if (lib == NULL)
		return ERR_DENIED;
	CURL *curl = lib->easy_init();
	struct curl_slist *headers = lib->slist_append(NULL, "Content-Type: application/json");
	if (curl == NULL || headers == NULL || !prepare(lib, curl, url, json, headers, order, &taken))
		snprintf(why, 256, "out of memory");
	else
		error = judge(lib, curl, lib->easy_perform(curl), taken, why);
	lib->slist_free_all(headers);
	lib->easy_cleanup(curl);
	return error;
}
