// SPDX-License-Identifier: GPL-3.0-or-later
// The snapshot that answering threads see: complete, bounded, and swapped
// under a reader without the reader noticing.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/epoch.h"
#include "config/config.h"
#include "serve/runtime.h"

static struct runtime *make(const char *options)
{
	char text[512];
	struct config_report report = { 0 };
	struct config *config = NULL;
	struct runtime *runtime = NULL;
	int length = snprintf(text, sizeof(text), "options { %s };\n", options);
	int error = config_read_memory("test.conf", text, (size_t)length, NULL, &report, &config);
	if (error != 0)
		config_report_print(&report, stderr);
	assert_int_equal(error, 0);
	assert_int_equal(runtime_new(config, &runtime), 0);
	config_release(config); // the snapshot holds it
	config_report_free(&report);
	return runtime;
}

static void options_become_identity_and_limits(void **state)
{
	(void)state;
	struct runtime *r = make("version \"none of yours\"; server-id \"one\"; tcp-clients 40; max-udp-size 1400;");
	assert_string_equal(r->udp4.version, "none of yours");
	assert_string_equal(r->tcp.server_id, "one");
	assert_int_equal(r->udp4.udp_size, 1400);
	assert_int_equal(r->udp6.udp_size, 1400);
	assert_int_equal(r->tcp_clients, 40);
	assert_int_equal(r->tcp_per_peer, 20);
	assert_int_equal(r->udp4.keepalive, 0);
	assert_int_equal(r->tcp.keepalive, r->tcp_idle_ms / 100);
	runtime_free(r);
}

static void replies_never_outgrow_the_buffers(void **state)
{
	(void)state;
	struct runtime *r = make("max-udp-size 4096;");
	assert_true(r->udp4.udp_size <= RUNTIME_UDP_MAX);
	runtime_free(r);
}

static void few_connections_are_still_shared_sensibly(void **state)
{
	(void)state;
	struct runtime *r = make("tcp-clients 4;");
	assert_int_equal(r->tcp_clients, 4);
	assert_int_equal(r->tcp_per_peer, 10);
	runtime_free(r);
}

static runtime_slot slot;
static atomic_bool reading, ending;

static void *read_it(void *argument)
{
	unsigned long *seen = argument;
	epoch_register();
	while (!atomic_load(&ending)) {
		for (unsigned i = 0; i < 100; i++) {
			const struct runtime *r = runtime_get(&slot);
			*seen += strlen(r->udp4.version) == 5;
		}
		atomic_store(&reading, true);
		epoch_quiescent();
	}
	epoch_unregister();
	return NULL;
}

static void a_reader_always_has_a_whole_one(void **state)
{
	pthread_t thread;
	unsigned long seen = 0;
	(void)state;
	runtime_swap(&slot, make("version \"first\";"));
	assert_int_equal(pthread_create(&thread, NULL, read_it, &seen), 0);
	while (!atomic_load(&reading))
		sched_yield();
	for (unsigned i = 0; i < 200; i++)
		runtime_swap(&slot, make(i % 2 == 0 ? "version \"other\";" : "version \"again\";"));
	atomic_store(&ending, true);
	pthread_join(thread, NULL);
	assert_true(seen > 0);
	runtime_swap(&slot, NULL);
	epoch_barrier();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options_become_identity_and_limits),
		cmocka_unit_test(replies_never_outgrow_the_buffers),
		cmocka_unit_test(few_connections_are_still_shared_sensibly),
		cmocka_unit_test(a_reader_always_has_a_whole_one),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
