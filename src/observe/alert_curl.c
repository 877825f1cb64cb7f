// SPDX-License-Identifier: GPL-3.0-or-later
#include "observe/alert_curl.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <stdio.h>

// The one on GnuTLS, which we are linked with already; whose headers they are.
#define LIBRARY "libcurl-gnutls.so.4"

static bool find_all(void *handle, struct curl_library *library)
{
	const struct {
		const char *name;
		void *to;
	} functions[] = {
		{ "curl_global_init", &library->global_init }, { "curl_easy_init", &library->easy_init },
		{ "curl_easy_setopt", &library->easy_setopt }, { "curl_easy_perform", &library->easy_perform },
		{ "curl_easy_getinfo", &library->easy_getinfo }, { "curl_easy_strerror", &library->easy_strerror },
		{ "curl_easy_cleanup", &library->easy_cleanup }, { "curl_slist_append", &library->slist_append },
		{ "curl_slist_free_all", &library->slist_free_all },
	};
	for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++) {
		// As dlopen(3) has it: ISO C knows no way from an object to a function.
		void **to = functions[i].to;
		*to = dlsym(handle, functions[i].name);
		if (*to == NULL)
			return false;
	}
	return true;
}

const struct curl_library *alert_curl(char why[static 256])
{
	static struct curl_library library;
	static bool is_loaded;
	if (is_loaded)
		return &library;
	void *handle = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
	is_loaded = handle != NULL && find_all(handle, &library) && library.global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
	if (is_loaded)
		return &library;
	snprintf(why, 256, "%s cannot be used; install libcurl3-gnutls", LIBRARY);
	if (handle != NULL)
		dlclose(handle);
	return NULL;
}
