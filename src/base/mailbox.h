// SPDX-License-Identifier: GPL-3.0-or-later
// A mailbox: how a thread is told things by others. Many senders, one
// receiver; the receiver's loop is woken by a callback (such as uv_async_send).
#pragma once

#include <stddef.h>

// The head of every message; allocated by the sender, owned by the receiver
// once posted.
struct mail {
	struct mail *next;
	void (*deliver)(struct mail *mail, void *receiver);
};

struct mailbox;

// wake(context) is called when the box turns from empty to full; thread-safe.
int mailbox_new(void (*wake)(void *context), void *context, struct mailbox **box);
void mailbox_free(struct mailbox *box); // undelivered mail is the caller's loss: deliver first

// Never blocks, never fails.
void mailbox_post(struct mailbox *box, struct mail *mail);

// Calls deliver for each message in order; on the receiver's thread. Returns
// how many, at most `most`.
size_t mailbox_deliver(struct mailbox *box, void *receiver, size_t most);
