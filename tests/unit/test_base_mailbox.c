// SPDX-License-Identifier: GPL-3.0-or-later
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/mailbox.h"

struct letter {
	struct mail mail;
	int sender, number;
};

static atomic_int wakes;
static int last[2];
static size_t received;

static void wake(void *context)
{
	(void)context;
	atomic_fetch_add(&wakes, 1);
}

static void deliver(struct mail *mail, void *receiver)
{
	struct letter *letter = (struct letter *)mail;
	(void)receiver;
	assert_int_equal(letter->number, last[letter->sender] + 1);
	last[letter->sender] = letter->number;
	++received;
	free(letter);
}

static void post(struct mailbox *box, int sender, int number)
{
	struct letter *letter = malloc(sizeof(*letter));
	assert_non_null(letter);
	*letter = (struct letter){ { NULL, deliver }, sender, number };
	mailbox_post(box, &letter->mail);
}

static void the_box_wakes_once_and_keeps_the_order(void **state)
{
	struct mailbox *box;
	(void)state;
	assert_int_equal(mailbox_new(wake, NULL, &box), 0);
	for (int i = 1; i <= 5; ++i)
		post(box, 0, i);
	assert_int_equal(atomic_load(&wakes), 1);
	assert_int_equal(mailbox_deliver(box, NULL, 2), 2);
	assert_int_equal(atomic_load(&wakes), 2); // mail is left, so the loop comes back
	post(box, 0, 6);
	assert_int_equal(mailbox_deliver(box, NULL, 100), 4);
	assert_int_equal(mailbox_deliver(box, NULL, 100), 0);
	assert_int_equal(last[0], 6);
	mailbox_free(box);
}

static void *sender(void *box)
{
	for (int i = 1; i <= 10000; ++i)
		post(box, 1, i);
	return NULL;
}

static void many_senders_one_receiver(void **state)
{
	struct mailbox *box;
	pthread_t thread;
	(void)state;
	last[0] = last[1] = 0;
	received = 0;
	assert_int_equal(mailbox_new(wake, NULL, &box), 0);
	assert_int_equal(pthread_create(&thread, NULL, sender, box), 0);
	for (int i = 1; i <= 10000; ++i)
		post(box, 0, i);
	while (received < 20000)
		mailbox_deliver(box, NULL, 64);
	pthread_join(thread, NULL);
	mailbox_free(box);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_box_wakes_once_and_keeps_the_order),
		cmocka_unit_test(many_senders_one_receiver),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
