// SPDX-License-Identifier: GPL-3.0-or-later
#include "observe/events.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"

#define RING 64u          // events kept: 16 s of ticks at most
#define RING_BYTES (4u << 20)
#define ZONES_TOLD 40u    // of one event; of more the page asks for what it shows
#define PULSE_MS 1000

struct event {
	char *bytes;
	size_t length;
};

struct events {
	struct page *page;
	struct event ring[RING];
	uint64_t first, next; // numbers of the oldest event kept and of the next one
	size_t bytes;
	unsigned listeners;
	uint64_t pulse_ms;
	uint64_t edition;
};

struct events_listener {
	struct events *events;
	struct text hello;
	size_t hello_sent;
	uint64_t at;  // the event that is next
	size_t sent;  // of it
};

int events_new(struct page *page, struct events **events)
{
	*events = calloc(1, sizeof(**events));
	if (*events == NULL)
		return ERR_MEMORY;
	(*events)->page = page;
	return 0;
}

static void forget_oldest(struct events *e)
{
	struct event *event = &e->ring[e->first++ % RING];
	e->bytes -= event->length;
	free(event->bytes);
	*event = (struct event){ 0 };
}

void events_free(struct events *e)
{
	if (e == NULL)
		return;
	while (e->first < e->next)
		forget_oldest(e);
	free(e);
}

unsigned events_listeners(const struct events *e)
{
	return e->listeners;
}

// Takes the text over.
static void keep(struct events *e, struct text *text)
{
	if (text->failed) { // who listens misses one; the next pulse tells how things are
		text_free(text);
		return;
	}
	while (e->next - e->first >= RING || (e->first < e->next && e->bytes + text->length > RING_BYTES))
		forget_oldest(e);
	e->ring[e->next++ % RING] = (struct event){ text->bytes, text->length };
	e->bytes += text->length;
}

static void put_zones(struct events *e, int64_t now)
{
	struct text text = { 0 };
	struct page *page = e->page;
	const struct board_list *list = board_list(page->board);
	uint32_t index[ZONES_TOLD];
	bool is_more;
	uint32_t count = board_take_changed(page->board, index, ZONES_TOLD, &is_more);
	if (count == 0 && e->edition == board_edition(page->board))
		return;
	e->edition = board_edition(page->board);
	text_put(&text, "event: zones\ndata: {\"now\":");
	text_put_number(&text, now);
	text_put(&text, ",\"edition\":");
	text_put_number(&text, (int64_t)e->edition);
	text_put(&text, is_more ? ",\"more\":true,\"sums\":" : ",\"more\":false,\"sums\":");
	page_put_sums(&text, page, now);
	text_put(&text, ",\"zones\":[");
	for (uint32_t i = 0; i < count; i++) {
		text_put(&text, i == 0 ? "" : ",");
		page_put_row(&text, page, &list->zone[index[i]], now);
	}
	text_put(&text, "]}\n\n");
	keep(e, &text);
}

static void put_pulse(struct events *e, int64_t now)
{
	struct text text = { 0 };
	text_put(&text, "event: pulse\ndata: {\"now\":");
	text_put_number(&text, now);
	text_put(&text, ",\"sums\":");
	page_put_sums(&text, e->page, now);
	text_put(&text, ",\"traffic\":");
	page_put_traffic(&text, e->page, false);
	text_put(&text, "}\n\n");
	keep(e, &text);
}

bool events_tick(struct events *e, uint64_t now_ms)
{
	uint64_t before = e->next;
	if (e->listeners == 0 || board_refresh(e->page->board, true) != 0)
		return false;
	int64_t now = clock_wall_s();
	put_zones(e, now);
	if (now_ms - e->pulse_ms >= PULSE_MS) {
		e->pulse_ms = now_ms;
		put_pulse(e, now);
	}
	return e->next != before;
}

struct events_listener *events_join(struct events *e)
{
	struct events_listener *l = e->listeners >= EVENTS_LISTENERS ? NULL : calloc(1, sizeof(*l));
	if (l == NULL)
		return NULL;
	text_put(&l->hello, "retry: 2000\nevent: hello\ndata: ");
	page_put_summary(&l->hello, e->page, clock_wall_s());
	text_put(&l->hello, "\n\n");
	if (l->hello.failed) {
		text_free(&l->hello);
		free(l);
		return NULL;
	}
	l->events = e;
	l->at = e->next;
	e->listeners++;
	return l;
}

void events_leave(struct events_listener *l)
{
	l->events->listeners--;
	text_free(&l->hello);
	free(l);
}

static ssize_t take(const char *bytes, size_t length, size_t *sent, char *to, size_t room)
{
	size_t left = length - *sent, now = left < room ? left : room;
	memcpy(to, bytes + *sent, now);
	*sent += now;
	return (ssize_t)now;
}

ssize_t events_read(struct events_listener *l, char *to, size_t room)
{
	struct events *e = l->events;
	if (l->hello_sent < l->hello.length)
		return take(l->hello.bytes, l->hello.length, &l->hello_sent, to, room);
	if (l->at < e->first)
		return -1;
	if (l->at == e->next)
		return 0;
	const struct event *event = &e->ring[l->at % RING];
	ssize_t taken = take(event->bytes, event->length, &l->sent, to, room);
	if (l->sent == event->length) {
		l->at++;
		l->sent = 0;
	}
	return taken;
}
