// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/lane.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/arena.h"
#include "base/error.h"

// As nice(1) has it where it is told nothing.
#define LOW_PRIORITY 10

struct work {
	struct work *next;
	void (*job)(void *context);
	void *context;
};

struct lane {
	pthread_mutex_t lock;
	pthread_cond_t arrived;
	struct work *first, **last; // under lock, as all below
	size_t length;              // queued or running
	bool stopping;
	char name[16];              // what the kernel shows of a thread's name
	bool is_low;
	unsigned threads;
	pthread_t thread[];
};

static struct work *work_take(struct lane *lane)
{
	pthread_mutex_lock(&lane->lock);
	while (lane->first == NULL && !lane->stopping)
		pthread_cond_wait(&lane->arrived, &lane->lock);
	struct work *work = lane->first;
	if (work != NULL) {
		lane->first = work->next;
		if (lane->first == NULL)
			lane->last = &lane->first;
	}
	pthread_mutex_unlock(&lane->lock);
	return work;
}

static void *lane_thread(void *argument)
{
	struct lane *lane = argument;
	struct work *work;
	pthread_setname_np(pthread_self(), lane->name);
	if (lane->is_low)
		(void)setpriority(PRIO_PROCESS, 0, LOW_PRIORITY); // 0: of Linux's threads, this one
	while ((work = work_take(lane)) != NULL) {
		work->job(work->context);
		free(work);
		pthread_mutex_lock(&lane->lock);
		--lane->length;
		pthread_mutex_unlock(&lane->lock);
	}
	arena_thread_end();
	return NULL;
}

static int start(const char *name, unsigned threads, bool is_low, struct lane **out)
{
	struct lane *lane = calloc(1, sizeof(*lane) + threads * sizeof(lane->thread[0]));
	if (lane == NULL)
		return ERR_MEMORY;
	pthread_mutex_init(&lane->lock, NULL);
	pthread_cond_init(&lane->arrived, NULL);
	lane->last = &lane->first;
	lane->is_low = is_low;
	strncpy(lane->name, name, sizeof(lane->name) - 1);
	for (; lane->threads < threads; ++lane->threads) {
		if (pthread_create(&lane->thread[lane->threads], NULL, lane_thread, lane) != 0) {
			lane_stop(lane);
			return ERR_IO;
		}
	}
	*out = lane;
	return 0;
}

int lane_start(const char *name, unsigned threads, struct lane **lane)
{
	return start(name, threads, false, lane);
}

int lane_start_low(const char *name, unsigned threads, struct lane **lane)
{
	return start(name, threads, true, lane);
}

int lane_post(struct lane *lane, void (*job)(void *context), void *context)
{
	struct work *work = malloc(sizeof(*work));
	if (work == NULL)
		return ERR_MEMORY;
	*work = (struct work){ NULL, job, context };
	pthread_mutex_lock(&lane->lock);
	*lane->last = work;
	lane->last = &work->next;
	++lane->length;
	pthread_cond_signal(&lane->arrived);
	pthread_mutex_unlock(&lane->lock);
	return 0;
}

size_t lane_length(struct lane *lane)
{
	pthread_mutex_lock(&lane->lock);
	size_t length = lane->length;
	pthread_mutex_unlock(&lane->lock);
	return length;
}

void lane_stop(struct lane *lane)
{
	pthread_mutex_lock(&lane->lock);
	lane->stopping = true;
	pthread_cond_broadcast(&lane->arrived);
	pthread_mutex_unlock(&lane->lock);
	for (unsigned i = 0; i < lane->threads; ++i)
		pthread_join(lane->thread[i], NULL);
	pthread_cond_destroy(&lane->arrived);
	pthread_mutex_destroy(&lane->lock);
	free(lane);
}
