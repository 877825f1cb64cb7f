// SPDX-License-Identifier: GPL-3.0-or-later
// The page: what is above the list, and what keeps all of it live.
import { bytes, count, duration, h, now, number, setClock } from './words.js';
import * as list from './list.js';
import * as zone from './zone.js';

const $ = id => document.getElementById(id);
const POINTS = 120;

// --- filters

const filters = [
  ['all', 'All', s => s.total],
  ['attention', 'Needs you', s => s.attention],
  ['held', 'Held', s => s.held],
  ['stale', 'Stale', s => s.stale],
  ['expired', 'Expired', s => s.expired],
  ['empty', 'No copy', s => s.empty],
  ['behind', 'Behind', s => s.behind],
  ['error', 'Failing', s => s.error],
  ['rolled-back', 'Rolled back', s => s.rolled_back],
  ['servers', 'Servers differ', s => s.servers_behind],
  ['transferring', 'Transferring', s => s.transferring],
];
let filter = 'all';
const chips = new Map(filters.map(([name, label]) => {
  const chip = h('button', { type: 'button', 'aria-pressed': 'false' }, `${label} `, h('b', ''));
  chip.addEventListener('click', () => setFilter(name));
  $('filters').append(chip);
  return [name, chip];
}));

function setFilter(name) {
  filter = name;
  list.setQuery({ filter });
  drawChips();
}

// A chip that would show nothing is not there, but for the first two.
function drawChips() {
  for (const [name, , counted] of filters) {
    const chip = chips.get(name), n = sums ? counted(sums) : 0;
    chip.hidden = n === 0 && name !== 'all' && name !== 'attention' && name !== filter;
    chip.setAttribute('aria-pressed', String(name === filter));
    chip.lastChild.textContent = number(n);
  }
}

// --- the head

let sums = null, traffic = null, rates = [], said = null;

function link(text, name) {
  const button = h('button.link', { type: 'button' }, text);
  button.addEventListener('click', () => setFilter(name));
  return button;
}

function drawVerdict() {
  const worst = sums.critical ? 'bad' : sums.attention ? 'warn' : 'good';
  document.body.dataset.mood = worst;
  const text = sums.total === 0 ? 'There are no zones here.'
    : sums.attention === 0 ? (sums.total === 1 ? 'The zone is fresh.' : `All ${number(sums.total)} zones are fresh.`)
    : `${number(sums.attention)} of ${count(sums.total, 'zone')} ${sums.attention === 1 ? 'needs' : 'need'} you.`;
  if ($('verdict').textContent !== text) $('verdict').textContent = text;
  if (said !== null && said !== text) $('said').textContent = text;
  said = text;
  const why = [
    [sums.expired, 'expired', 'expired'], [sums.empty, 'without a copy', 'empty'], [sums.held, 'held back', 'held'],
    [sums.stale, 'stale', 'stale'], [sums.rolled_back, 'rolled back', 'rolled-back'], [sums.unsaved, 'unsaved', 'unsaved'],
    [sums.error > sums.expired + sums.empty + sums.stale ? sums.error : 0, 'failing', 'error'],
  ].filter(([n]) => n > 0);
  const more = $('verdict-more');
  if (sums.attention === 0) {
    more.textContent = sums.behind ? `${count(sums.behind, 'zone')} ${sums.behind === 1 ? 'is' : 'are'} being brought up to date.`
      : 'Every copy is what its primary has.';
    more.dataset.look = '';
  } else {
    const look = why.map(([n, words]) => n + words).join();
    if (more.dataset.look === look && more.childElementCount) return;
    more.dataset.look = look;
    more.replaceChildren(...why.flatMap(([n, words, name], i) => [i ? ' · ' : '', link(`${number(n)} ${words}`, name)]));
    if (why.length === 0) more.replaceChildren(link('See which', 'attention'));
  }
}

function drawTiles() {
  $('rate').textContent = number(traffic.rate);
  $('zone-count').textContent = number(sums.total);
  $('zone-parts').textContent = [sums.secondary && `${number(sums.secondary)} copied`,
    sums.primary && `${number(sums.primary)} our own`].filter(Boolean).join(', ');
  $('record-count').textContent = number(sums.records);
  $('transfer-count').textContent = number(traffic.transferring);
  $('transfer-note').textContent = traffic.waiting ? `${number(traffic.waiting)} waiting` : traffic.transferring ? 'under way' : 'none under way';
}

function drawSpark() {
  const most = Math.max(10, ...rates) * 1.1;
  const y = rate => (38 - rate / most * 34).toFixed(2);
  const first = POINTS - rates.length;
  const points = rates.map((rate, i) => `${(first + i) * POINTS / (POINTS - 1)} ${y(rate)}`);
  const [area, line] = $('spark').children;
  line.setAttribute('d', points.length > 1 ? `M${points.join('L')}` : '');
  area.setAttribute('d', points.length > 1 ? `M${points[0].split(' ')[0]} 40L${points.join('L')}L${POINTS} 40Z` : '');
}

function drawHead() {
  drawVerdict();
  drawTiles();
  drawChips();
  document.title = sums.attention ? `(${number(sums.attention)}) Understudy` : 'Understudy';
}

// --- live

const states = { live: 'live', lost: 'lost, trying again', connecting: 'connecting' };
function setLive(state) {
  if ($('live').dataset.state === state) return;
  $('live').dataset.state = state;
  $('live-text').textContent = states[state];
}

let server = null, heard = 0, source = null;

function hello(data) {
  setClock(data.now);
  server = data;
  ({ zones: sums, traffic } = data);
  rates = traffic.history.slice(-POINTS);
  $('host').textContent = data.host;
  $('version').textContent = `Understudy ${data.version}, up for ${duration(now() - data.started)}`;
  $('record-bytes').textContent = `${bytes(data.zone_bytes)} of memory`;
  drawHead();
  drawSpark();
  setLive('live');
  list.soon();
  if (zone.shownZone()) zone.show(zone.shownZone());
}

function pulse(data) {
  setClock(data.now);
  const moved = sums && (sums.attention !== data.sums.attention || sums.total !== data.sums.total);
  ({ sums, traffic } = data);
  rates = [...rates, traffic.rate].slice(-POINTS);
  if (!document.hidden) {
    drawHead();
    drawSpark();
    list.draw(); // times go on
  }
  if (moved) list.soon();
}

function changed(data) {
  setClock(data.now);
  const mayMove = data.more || sums === null || data.sums.total !== sums.total || data.edition !== server?.edition;
  if (server) server.edition = data.edition;
  sums = data.sums;
  drawHead();
  list.change(data.zones, mayMove);
  const shown = zone.shownZone();
  if (shown && (data.more || data.zones.some(z => z?.zone === shown))) zone.show(shown);
}

function listen() {
  source?.close();
  source = new EventSource('api/events');
  const on = (name, take) => source.addEventListener(name, event => {
    heard = Date.now();
    setLive('live');
    take(JSON.parse(event.data));
  });
  on('hello', hello);
  on('pulse', pulse);
  on('zones', changed);
  source.onerror = () => setLive('lost');
}

// A connection that died without a word is made anew, and so is one that the
// browser gave up.
setInterval(() => {
  if (Date.now() - heard > 8000 || source.readyState === EventSource.CLOSED) {
    setLive('lost');
    heard = Date.now();
    listen();
  }
}, 2000);

// --- what one types

let typing = 0;
$('search').addEventListener('input', event => {
  clearTimeout(typing);
  typing = setTimeout(() => list.setQuery({ search: event.target.value.trim().toLowerCase() }), 80);
});
$('search').addEventListener('keydown', event => {
  if (event.key !== 'ArrowDown') return;
  event.preventDefault();
  list.focusRow(0);
});
$('order').addEventListener('change', event => list.setQuery({ order: event.target.value }));
addEventListener('keydown', event => {
  if (event.key !== '/' || event.ctrlKey || event.metaKey || event.target.matches('input, select')) return;
  event.preventDefault();
  $('search').focus();
});

list.onOpen(name => zone.show(name));
list.setQuery({});
listen();
heard = Date.now();
const openHash = () => {
  let name = '';
  try { name = decodeURIComponent(location.hash.slice(1)); } catch { /* no name */ }
  if (name && name !== zone.shownZone()) zone.show(name);
};
addEventListener('hashchange', openHash);
openHash();
