// SPDX-License-Identifier: GPL-3.0-or-later
// The answer path without sockets: batches go through the same stages as in a
// UDP worker.
//
//   answers count KIND …               asks each kind a fixed number of times, for
//                                      bench/instructions.py, which lets callgrind
//                                      count between the calls of measured()
//   answers time [-n NAMES] [-t THREADS] [-b COUNT] KIND …
//   answers update [-n NAMES] KIND     one record changed at a time
//   answers list
//
// -b COUNT: so many questions a batch, not 64, as a worker has them at a low load.
//
// Prints a line of JSON for each kind.
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "answer/answer.h"
#include "base/arena.h"
#include "base/hash.h"
#include "dns/message.h"
#include "scenes.h"

#define BATCH 64
// Slots as far apart as those of a worker (serve/batch.h).
#define STRIDE (4096 + 192)
#define COUNTED (64 * BATCH)
#define TIMED (UINT64_C(1) << 20)
#define UPDATES 2000
#define THREADS_MOST 16

static unsigned batch_size = BATCH;

static const struct answer_identity identity = { .udp_size = 1232, .minimal_any = true };

struct batch {
	struct answer_request request[BATCH];
	struct answer answer[BATCH];
	uint8_t requests[BATCH][STRIDE];
	uint8_t replies[BATCH][STRIDE];
};

struct questions {
	uint8_t (*message)[SCENE_QUESTION_ROOM];
	uint8_t *length;
	size_t count;
};

static struct questions questions_new(const struct scene *scene, size_t count, uint64_t first)
{
	struct questions q = { calloc(count, sizeof(*q.message)), calloc(count, 1), count };
	if (q.message == NULL || q.length == NULL)
		scene_fail("calloc", -1);
	for (size_t i = 0; i < count; i++)
		q.length[i] = (uint8_t)scene_ask(scene, first + i, q.message[i]);
	return q;
}

static void questions_free(struct questions *q)
{
	free(q->message);
	free(q->length);
}

static struct batch *batch_new(void)
{
	static const struct sockaddr source = { .sa_family = AF_INET };
	struct batch *b = calloc(1, sizeof(*b));
	if (b == NULL)
		scene_fail("calloc", -1);
	for (unsigned i = 0; i < BATCH; i++)
		b->request[i] = (struct answer_request){
			.bytes = b->requests[i], .source = &source, .transport = TRANSPORT_UDP,
			.reply = b->replies[i], .reply_room = 4096,
		};
	return b;
}

// Where the kernel would have put them.
static void batch_receive(struct batch *b, const struct questions *q, size_t first)
{
	for (unsigned i = 0; i < batch_size; i++) {
		memcpy(b->requests[i], q->message[first + i], SCENE_QUESTION_ROOM);
		b->request[i].length = q->length[first + i];
	}
}

static __attribute__((noinline)) size_t measured(const struct zone_table *zones, struct batch *b)
{
	size_t bytes = 0;
	answer_prepare(zones, b->request, b->answer, batch_size);
	for (unsigned i = 0; i < batch_size; i++) {
		answer_write(&identity, &b->request[i], &b->answer[i]);
		bytes += b->answer[i].length;
	}
	return bytes;
}

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec now;
	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

// --- count

static void count_kind(const struct scene_kind *kind, size_t names)
{
	struct scene scene;
	struct batch *b = batch_new();
	size_t bytes = 0;
	scene_open(&scene, kind, names != 0 ? names : kind->names);
	struct questions q = questions_new(&scene, COUNTED, 0);
	for (size_t i = 0; i < COUNTED; i += batch_size) {
		batch_receive(b, &q, i);
		bytes += measured(scene.zones, b);
	}
	printf("{\"kind\": \"%s\", \"about\": \"%s\", \"answers\": %d, \"bytes\": %.1f, \"rcode\": %u}\n", kind->name,
	       kind->about, COUNTED, (double)bytes / COUNTED, b->answer[0].rcode);
	questions_free(&q);
	free(b);
	scene_close(&scene);
}

// --- time

struct work {
	pthread_t thread;
	const struct scene *scene;
	struct questions questions;
	double ns; // CPU of the thread, for one answer
};

static void *work_main(void *argument)
{
	struct work *w = argument;
	struct batch *b = batch_new();
	uint64_t spent = 0, rounds = 0;
	for (size_t first = 0; first + batch_size <= w->questions.count;
	     first += batch_size, rounds += batch_size) {
		batch_receive(b, &w->questions, first);
		uint64_t began = clock_ns(CLOCK_THREAD_CPUTIME_ID);
		measured(w->scene->zones, b);
		spent += clock_ns(CLOCK_THREAD_CPUTIME_ID) - began;
	}
	w->ns = (double)spent / (double)rounds;
	free(b);
	return NULL;
}

static void time_kind(const struct scene_kind *kind, size_t names, unsigned threads)
{
	struct scene scene;
	struct work work[THREADS_MOST];
	double sum = 0;
	scene_open(&scene, kind, names != 0 ? names : kind->names);
	for (unsigned i = 0; i < threads; i++)
		work[i] = (struct work){ .scene = &scene, .questions = questions_new(&scene, TIMED, i * TIMED) };
	for (unsigned i = 0; i < threads; i++)
		if (pthread_create(&work[i].thread, NULL, work_main, &work[i]) != 0)
			scene_fail("pthread_create", -1);
	for (unsigned i = 0; i < threads; i++) {
		pthread_join(work[i].thread, NULL);
		questions_free(&work[i].questions);
		sum += work[i].ns;
	}
	printf("{\"kind\": \"%s\", \"names\": %zu, \"threads\": %u, \"ns\": %.1f}\n", kind->name, scene.names, threads,
	       sum / threads);
	scene_close(&scene);
}

// --- update

static int compare_ns(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return (x > y) - (x < y);
}

static void update_kind(const struct scene_kind *kind, size_t names)
{
	struct scene scene;
	uint64_t took[UPDATES];
	scene_open(&scene, kind, names != 0 ? names : kind->names);
	for (unsigned i = 0; i < UPDATES; i++) {
		uint64_t began = clock_ns(CLOCK_MONOTONIC);
		scene_change(&scene, i);
		took[i] = clock_ns(CLOCK_MONOTONIC) - began;
	}
	qsort(took, UPDATES, sizeof(took[0]), compare_ns);
	printf("{\"kind\": \"%s\", \"names\": %zu, \"us\": %.2f, \"us_99\": %.2f}\n", kind->name, scene.names,
	       (double)took[UPDATES / 2] / 1e3, (double)took[UPDATES * 99 / 100] / 1e3);
	scene_close(&scene);
}

// --- the program

static const struct scene_kind *kind_named(const char *name)
{
	const struct scene_kind *kind = scene_kinds;
	while (kind->name != NULL && strcmp(kind->name, name) != 0)
		kind++;
	if (kind->name == NULL)
		scene_fail(name, -1);
	return kind;
}

static void list(void)
{
	for (const struct scene_kind *kind = scene_kinds; kind->name != NULL; kind++)
		printf("%s\n", kind->name);
}

static void run(const char *mode, const struct scene_kind *kind, size_t names, unsigned threads)
{
	if (strcmp(mode, "count") == 0)
		count_kind(kind, names);
	else if (strcmp(mode, "time") == 0)
		time_kind(kind, names, threads);
	else if (strcmp(mode, "update") == 0)
		update_kind(kind, names);
	else
		scene_fail("usage: answers count|time|update|list [-n NAMES] [-t THREADS] [-b COUNT] KIND …", -1);
	fflush(stdout);
}

int main(int count, char **argument)
{
	size_t names = 0;
	unsigned threads = 1;
	int at = 2;
	char why[256];
	if (count < 2 || strcmp(argument[1], "list") == 0) {
		list();
		return 0;
	}
	for (; at + 1 < count && argument[at][0] == '-'; at += 2) {
		if (argument[at][1] == 'n')
			names = strtoul(argument[at + 1], NULL, 10);
		else if (argument[at][1] == 'b')
			batch_size = (unsigned)strtoul(argument[at + 1], NULL, 10);
		else
			threads = (unsigned)strtoul(argument[at + 1], NULL, 10);
	}
	if (threads < 1 || threads > THREADS_MOST)
		scene_fail("threads", -1);
	if (batch_size < 1 || batch_size > BATCH || COUNTED % batch_size != 0)
		scene_fail("a batch is a power of two up to 64", -1);
	hash_seed_fixed(1);
	int error = arena_open(ARENA_DEFAULT_RESERVE, why);
	if (error != 0)
		scene_fail(why, error);
	for (; at < count; at++)
		run(argument[1], kind_named(argument[at]), names, threads);
	arena_close();
	return 0;
}
