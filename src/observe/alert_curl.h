// SPDX-License-Identifier: GPL-3.0-or-later
// libcurl, loaded when a webhook is first called: with all that it brings along
// it would double what a start costs and add 3 MB to each server. Inside
// src/observe only.
#pragma once

#include <curl/curl.h>

struct curl_library {
	CURLcode (*global_init)(long flags);
	CURL *(*easy_init)(void);
	CURLcode (*easy_setopt)(CURL *curl, CURLoption option, ...);
	CURLcode (*easy_perform)(CURL *curl);
	CURLcode (*easy_getinfo)(CURL *curl, CURLINFO info, ...);
	const char *(*easy_strerror)(CURLcode code);
	void (*easy_cleanup)(CURL *curl);
	struct curl_slist *(*slist_append)(struct curl_slist *list, const char *text);
	void (*slist_free_all)(struct curl_slist *list);
};

// The library, for the process's life; NULL with `why` where it is not installed.
// Belongs to one thread.
const struct curl_library *alert_curl(char why[static 256]);
