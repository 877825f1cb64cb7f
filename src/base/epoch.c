// SPDX-License-Identifier: GPL-3.0-or-later
// A thread of our own waits for grace periods instead of liburcu's call_rcu
// helper: a batch is whatever came in while the last grace period ran, and the
// place where one ends is in sight of the thread sanitizer.
#include "base/epoch.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include <urcu-qsbr.h>

#include "base/sanitizer.h"

struct retired {
	struct retired *next;
	void (*fn)(void *arg);
	void *arg;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t arrived = PTHREAD_COND_INITIALIZER;
static pthread_cond_t done = PTHREAD_COND_INITIALIZER;
static struct retired *first, **last = &first; // under lock
static uint64_t queued, finished;              // under lock
static bool running;                           // under lock

// What readers did before their quiescent states happens before the end of the
// grace period: this word carries that to the thread sanitizer.
static char grace;

void epoch_register(void)
{
	urcu_qsbr_register_thread();
}

void epoch_unregister(void)
{
	sanitizer_release(&grace);
	urcu_qsbr_unregister_thread();
}

void epoch_quiescent(void)
{
	sanitizer_release(&grace);
	urcu_qsbr_quiescent_state();
}

void epoch_offline(void)
{
	sanitizer_release(&grace);
	urcu_qsbr_thread_offline();
}

void epoch_online(void)
{
	urcu_qsbr_thread_online();
}

void epoch_synchronize(void)
{
	sanitizer_release(&grace);
	urcu_qsbr_synchronize_rcu();
	sanitizer_acquire(&grace);
}

static struct retired *batch_take(size_t *count)
{
	*count = 0;
	pthread_mutex_lock(&lock);
	while (first == NULL)
		pthread_cond_wait(&arrived, &lock);
	struct retired *batch = first;
	*count = (size_t)(queued - finished);
	first = NULL;
	last = &first;
	pthread_mutex_unlock(&lock);
	return batch;
}

static void *epoch_thread(void *unused)
{
	(void)unused;
	pthread_setname_np(pthread_self(), "epoch");
	for (;;) {
		size_t count;
		struct retired *batch = batch_take(&count);
		epoch_synchronize();
		while (batch != NULL) {
			struct retired *next = batch->next;
			batch->fn(batch->arg);
			free(batch);
			batch = next;
		}
		pthread_mutex_lock(&lock);
		finished += count;
		pthread_cond_broadcast(&done);
		pthread_mutex_unlock(&lock);
	}
	return NULL;
}

// Called with the lock held.
static bool thread_start(void)
{
	pthread_t thread;
	if (!running && pthread_create(&thread, NULL, epoch_thread, NULL) == 0) {
		pthread_detach(thread);
		running = true;
	}
	return running;
}

void epoch_retire(void (*fn)(void *arg), void *arg)
{
	struct retired *r = malloc(sizeof(*r));
	bool taken = false;
	if (r != NULL) {
		*r = (struct retired){ NULL, fn, arg };
		pthread_mutex_lock(&lock);
		taken = thread_start();
		if (taken) {
			*last = r;
			last = &r->next;
			++queued;
			pthread_cond_signal(&arrived);
		}
		pthread_mutex_unlock(&lock);
	}
	if (!taken) {
		free(r);
		epoch_synchronize();
		fn(arg);
	}
}

void epoch_barrier(void)
{
	pthread_mutex_lock(&lock);
	uint64_t target = queued;
	while (finished < target)
		pthread_cond_wait(&done, &lock);
	pthread_mutex_unlock(&lock);
}
