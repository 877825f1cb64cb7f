// SPDX-License-Identifier: GPL-3.0-or-later
// What a request may say that we read ourselves: Host, and the arguments of a
// list. The first byte chooses; an argument's name ends with '='.
#include <stdlib.h>
#include <string.h>

#include "observe/http_host.h"
#include "observe/page_list.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_host(const char *text, size_t length)
{
	static const char *const other[] = { "dns.example.net" };
	const struct http_names names = { .own = "ns2.example.net", .other = other, .other_count = 1 };
	if (http_host_is_ours(&names, text, length) && (length == 0 || length > 255))
		abort();
}

static void read_argument(const char *text, size_t length)
{
	char name[64];
	struct list_query query;
	const char *end = memchr(text, '=', length < sizeof(name) ? length : sizeof(name) - 1);
	if (end == NULL)
		return;
	memcpy(name, text, (size_t)(end - text));
	name[end - text] = '\0';
	list_query_init(&query);
	(void)list_query_set(&query, name, end + 1, length - (size_t)(end - text) - 1);
	if (query.limit > LIST_LIMIT_MOST || memchr(query.search, '\0', sizeof(query.search)) == NULL)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	// A copy without anything behind it, so that a step too far is seen.
	char *text = malloc(size);
	memcpy(text, data + 1, size - 1);
	if ((data[0] & 1) != 0)
		read_host(text, size - 1);
	else
		read_argument(text, size - 1);
	free(text);
	return 0;
}
