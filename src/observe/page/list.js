// SPDX-License-Identifier: GPL-3.0-or-later
// The list: as long as there are zones, drawn only where one looks. Pages of it
// are asked for as they come into sight.
import { address, duration, h, lags, mood, now, number, sentence, serverName } from './words.js';

const PAGE = 100;
const PAGES_KEPT = 30;
const SLACK = 6; // rows drawn beyond what is seen

const rows = document.getElementById('rows');
const table = document.getElementById('table');
const empty = document.getElementById('empty');

const query = { search: '', filter: 'all', order: 'need' };
let pages = new Map();     // number of the page → {zones, fresh}
let pending = new Map();   // number of the page → AbortController
let drawn = new Map();     // index → element
let matched = 0;
let known = false;         // how many match
let height = 64;
let edition = 0;           // of the query: answers to an older one are thrown away
let opened = () => {};
let focusAt = -1;

export function onOpen(open) { opened = open; }

export const matches = () => matched;

export function setQuery(change) {
  Object.assign(query, change);
  edition++;
  for (const controller of pending.values()) controller.abort();
  pending = new Map();
  pages = new Map();
  known = false;
  rows.setAttribute('aria-busy', 'true');
  load(0);
}

async function load(page) {
  const asked = edition;
  const controller = new AbortController();
  pending.set(page, controller);
  try {
    const where = new URLSearchParams({ ...query, offset: page * PAGE, limit: PAGE });
    const answer = await fetch(`api/zones?${where}`, { signal: controller.signal });
    if (!answer.ok) throw new Error(answer.statusText);
    const list = await answer.json();
    if (asked !== edition) return;
    matched = list.matched;
    if (!known) {
      known = true;
      rows.removeAttribute('aria-busy');
      for (const element of drawn.values()) element.remove();
      drawn = new Map();
    }
    pages.set(page, { zones: list.zones, fresh: true });
    forgetFar(page);
    draw();
  } catch (error) {
    if (error.name !== 'AbortError') setTimeout(() => asked === edition && draw(), 2000);
  } finally {
    if (pending.get(page) === controller) pending.delete(page);
  }
}

function forgetFar(near) {
  if (pages.size <= PAGES_KEPT) return;
  const far = [...pages.keys()].sort((a, b) => Math.abs(b - near) - Math.abs(a - near));
  for (const page of far.slice(0, pages.size - PAGES_KEPT)) pages.delete(page);
}

const zoneAt = index => pages.get(Math.floor(index / PAGE))?.zones[index % PAGE];

// What changed is drawn at once where it stands; where it may stand elsewhere
// now, the pages in sight are asked for again.
export function change(zones, mayMove) {
  const byName = new Map(zones.filter(Boolean).map(zone => [zone.zone, zone])); // one may be gone already
  for (const [number, page] of pages) {
    page.zones.forEach((zone, at) => {
      const newer = zone && byName.get(zone.zone);
      if (!newer) return;
      page.zones[at] = newer;
      const element = drawn.get(number * PAGE + at);
      if (element && newer.serial !== zone.serial) flash(element);
    });
  }
  if (mayMove || query.order !== 'name' || query.filter !== 'all') soon();
  draw();
}

let waiting = 0;
export function soon() {
  if (waiting) return;
  waiting = setTimeout(() => {
    waiting = 0;
    for (const page of pages.values()) page.fresh = false;
    draw();
  }, 700);
}

function flash(element) {
  element.classList.remove('changed');
  void element.offsetWidth; // begins the animation anew
  element.classList.add('changed');
}

function makeRow(index) {
  const element = h('div.row', { role: 'row' },
    h('span.c-mark', { 'aria-hidden': 'true' }),
    h('span.c-zone', { role: 'cell' },
      h('span.line', h('button.name', { type: 'button' }), h('span.mood')),
      h('span.say')),
    h('span.c-serial', { role: 'cell' }),
    h('span.c-servers', { role: 'cell' }, h('span.dots', { 'aria-hidden': 'true' }), h('span.share')),
    h('span.c-lag', { role: 'cell' }),
    h('span.c-expiry', { role: 'cell' }, h('span.bar', { 'aria-hidden': 'true' }, h('i')), h('span.left')));
  element.addEventListener('click', () => {
    const zone = zoneAt(Number(element.dataset.index));
    if (zone && !String(getSelection())) opened(zone.zone);
  });
  return element;
}

function put(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

// One dot a server; of many, a few.
function fillServers(cell, zone) {
  const [dots, share] = cell.children;
  const kinds = zone.servers.slice(0, 8).map(s => lags(s) ? 'late' : s.error ? 'silent' : s.serial === null ? 'unknown' : 'good');
  const look = kinds.join(' ');
  if (dots.dataset.look !== look) {
    dots.dataset.look = look;
    dots.replaceChildren(...kinds.map(kind => h(`i.${kind}`)));
  }
  const good = zone.servers.filter(s => !lags(s) && !s.error && s.serial !== null).length;
  put(share, zone.servers.length ? `${good}/${zone.servers.length}` : '–');
  share.title = zone.servers.map(s => `${serverName(s)}: ${s.serial ?? s.error ?? 'not asked yet'}`).join('\n');
  cell.setAttribute('aria-label', zone.servers.length ? `${good} of ${zone.servers.length} servers have it` : 'no other servers');
}

function fillExpiry(cell, zone) {
  const [bar, left] = cell.children;
  if (zone.role === 'primary' || !zone.expires_at) {
    bar.hidden = true;
    put(left, zone.role === 'primary' ? 'never' : '–');
    return;
  }
  const whole = zone.expires_at - (zone.life_since ?? zone.expires_at);
  const way = zone.state === 'expired' ? 1 : whole > 0 ? Math.min(1, Math.max(0, (now() - zone.life_since) / whole)) : 0;
  bar.hidden = false;
  bar.firstChild.style.width = `${Math.max(1.5, way * 100).toFixed(1)}%`;
  bar.dataset.far = way >= 0.9 ? 'bad' : way >= 0.5 ? 'warn' : 'good';
  put(left, zone.expires_at > now() ? `in ${duration(zone.expires_at - now())}` : 'expired');
}

function fill(element, index) {
  const zone = zoneAt(index);
  element.dataset.index = index;
  element.setAttribute('aria-rowindex', index + 2);
  element.style.transform = `translateY(${index * height}px)`;
  element.classList.toggle('loading', !zone);
  if (!zone) {
    element.dataset.tone = 'none';
    return;
  }
  const [word, tone] = mood(zone);
  const [mark, name, serial, servers, lag, expiry] = element.children;
  void mark;
  element.dataset.tone = tone;
  element.dataset.zone = zone.zone;
  put(name.querySelector('.name'), zone.zone);
  put(name.querySelector('.mood'), word);
  put(name.querySelector('.say'), sentence(zone));
  put(serial, zone.serial === null ? '–' : String(zone.serial));
  fillServers(servers, zone);
  put(lag, zone.behind_since ? duration(now() - zone.behind_since) : zone.serial === null ? '–' : 'none');
  lag.dataset.behind = zone.behind_since ? 'yes' : 'no';
  fillExpiry(expiry, zone);
}

export function draw() {
  const style = getComputedStyle(table);
  height = parseFloat(style.getPropertyValue('--row'));
  rows.style.height = `${matched * height}px`;
  table.setAttribute('aria-rowcount', matched + 1);
  empty.hidden = !known || matched > 0;
  if (known && matched === 0) {
    put(empty, query.search ? `No zone's name has “${query.search}” in it.` : 'No zone is like that.');
  }
  const top = -rows.getBoundingClientRect().top;
  const from = Math.max(0, Math.floor(top / height) - SLACK);
  const to = Math.min(matched, Math.ceil((top + innerHeight) / height) + SLACK);
  for (const [index, element] of drawn) {
    if (index < from || index >= to) {
      element.remove();
      drawn.delete(index);
    }
  }
  let before = null;
  for (let index = from; index < to; index++) {
    let element = drawn.get(index);
    if (!element) {
      element = makeRow(index);
      drawn.set(index, element);
      if (before) before.after(element); else rows.prepend(element); // in the order that one reads
    }
    fill(element, index);
    before = element;
  }
  if (to > from) {
    for (let page = Math.floor(from / PAGE); page <= Math.floor((to - 1) / PAGE); page++) {
      if (!pages.get(page)?.fresh && !pending.has(page)) load(page);
    }
  } else if (known && !pages.get(0)?.fresh && !pending.has(0)) {
    load(0);
  }
  if (focusAt >= 0 && drawn.get(focusAt)?.dataset.zone) {
    drawn.get(focusAt).querySelector('.name').focus({ preventScroll: true });
    focusAt = -1;
  }
}

// --- with the keyboard

export function focusRow(index) {
  if (matched === 0) return;
  focusAt = Math.min(Math.max(0, index), matched - 1);
  const top = rows.getBoundingClientRect().top + focusAt * height;
  if (top < 120) scrollBy(0, top - 120);
  else if (top + height > innerHeight - 20) scrollBy(0, top + height - innerHeight + 20);
  draw();
}

rows.addEventListener('keydown', event => {
  const row = event.target.closest('.row');
  const step = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10, Home: -matched, End: matched }[event.key];
  if (!row || !step) return;
  event.preventDefault();
  if (event.key === 'ArrowUp' && row.dataset.index === '0') document.getElementById('search').focus();
  else focusRow(Number(row.dataset.index) + step);
});

let framed = false;
const drawSoon = () => {
  if (framed) return;
  framed = true;
  requestAnimationFrame(() => { framed = false; draw(); });
};
addEventListener('scroll', drawSoon, { passive: true });
addEventListener('resize', drawSoon);
