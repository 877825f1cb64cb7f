// SPDX-License-Identifier: GPL-3.0-or-later
// Senders push on a stack with one compare-and-swap; the receiver takes the
// whole stack at once and turns it round, so order is kept and nobody waits.
#include "base/mailbox.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "base/error.h"

struct mailbox {
	_Atomic(struct mail *) incoming; // newest first
	struct mail *ready;              // oldest first; the receiver's own
	void (*wake)(void *context);
	void *context;
};

int mailbox_new(void (*wake)(void *context), void *context, struct mailbox **out)
{
	struct mailbox *box = malloc(sizeof(*box));
	if (box == NULL)
		return ERR_MEMORY;
	atomic_init(&box->incoming, NULL);
	box->ready = NULL;
	box->wake = wake;
	box->context = context;
	*out = box;
	return 0;
}

void mailbox_free(struct mailbox *box)
{
	free(box);
}

void mailbox_post(struct mailbox *box, struct mail *mail)
{
	// Read first: once the mail is in, the receiver may free the box.
	void (*wake)(void *context) = box->wake;
	void *context = box->context;
	struct mail *head = atomic_load_explicit(&box->incoming, memory_order_relaxed);
	do
		mail->next = head;
	while (!atomic_compare_exchange_weak_explicit(&box->incoming, &head, mail,
	                                              memory_order_release, memory_order_relaxed));
	if (head == NULL)
		wake(context);
}

// Oldest first, of what came in since; only when nothing is ready.
static struct mail *mailbox_collect(struct mailbox *box)
{
	struct mail *newest = atomic_exchange_explicit(&box->incoming, NULL, memory_order_acquire);
	struct mail *oldest = NULL;
	while (newest != NULL) {
		struct mail *next = newest->next;
		newest->next = oldest;
		oldest = newest;
		newest = next;
	}
	return oldest;
}

size_t mailbox_deliver(struct mailbox *box, void *receiver, size_t most)
{
	size_t delivered = 0;
	while (delivered < most) {
		if (box->ready == NULL)
			box->ready = mailbox_collect(box);
		struct mail *mail = box->ready;
		if (mail == NULL)
			return delivered;
		box->ready = mail->next;
		++delivered;
		mail->deliver(mail, receiver);
	}
	if (box->ready != NULL)
		box->wake(box->context);
	return delivered;
}
