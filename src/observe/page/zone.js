// SPDX-License-Identifier: GPL-3.0-or-later
// The panel that tells one zone in full.
import { address, ago, bytes, count, duration, h, lags, moment, mood, now, number, sentence } from './words.js';

const panel = document.getElementById('panel');
const shade = document.getElementById('shade');
let shown = null;     // the zone's name
let before = null;    // what had the focus
let asked = 0;

export const shownZone = () => shown;

const when = at => at ? h('span', { title: moment(at) }, at > now() ? `in ${duration(at - now())}` : ago(at)) : '–';

function command(text) {
  const button = h('button.copy', { type: 'button', title: 'Copy' }, 'Copy');
  button.addEventListener('click', async () => {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      getSelection().selectAllChildren(button.previousSibling); // no secure context: Ctrl-C does it
      return;
    }
    button.textContent = 'Copied';
    setTimeout(() => { button.textContent = 'Copy'; }, 1500);
  });
  return h('div.command', h('code', text), button);
}

// Verbs one by one, since nobody means all of them; lines of a configuration
// together.
function commands(text) {
  if (!text) return '';
  const lines = text.split('\n');
  return lines.every(line => line.startsWith('understudy ')) ? lines.map(command) : command(text);
}

// The same sentences as `understudy explain` has, and what may be typed.
function explanation(zone) {
  const paragraphs = zone.explain?.paragraphs ?? [];
  if (!paragraphs.length) return [h('p.explain', sentence(zone))];
  const about = (...kinds) => paragraphs.filter(p => kinds.includes(p.about));
  const told = about('state', 'source', 'last'), wrong = about('wrong'), todo = about('do'), comes = about('ahead');
  return [
    h('p.explain', told.map(p => p.text).join(' ')),
    wrong.length ? h('div.wrong', wrong.map(p => h('p', p.text))) : '',
    todo.length ? h('section.advice', h('h3', 'What you can do'),
      todo.map(p => [h('p', p.text), commands(p.command)])) : '',
    comes.length ? h('p.ahead', comes.map(p => p.text).join(' ')) : '',
  ];
}

function facts(zone) {
  const list = [
    ['Part', zone.role === 'primary' ? 'We are the primary' : 'A copy'],
    ['Serial', zone.serial === null ? 'none' : h('span.mono', String(zone.serial))],
    zone.role === 'secondary' && ['Copied from', zone.primary ? h('span.mono', address(zone.primary)) : '–'],
    zone.role === 'secondary' && ['Confirmed', when(zone.confirmed)],
    ['Changed here', when(zone.transferred)],
    zone.role === 'secondary' && ['Asked next', when(zone.refresh_at)],
    zone.role === 'secondary' && ['Expires', when(zone.expires_at)],
    zone.rrsig_expires && ['Signatures until', when(zone.rrsig_expires)],
    ['Size', `${count(zone.records, 'record')}, ${count(zone.names, 'name')}, ${bytes(zone.bytes)}`],
    zone.file && ['Zone file', h('span.mono.path', zone.file)],
  ];
  return h('dl.facts', list.filter(Boolean).map(([name, value]) => h('div', h('dt', name), h('dd', value))));
}

const parts = { primary: 'primary', sibling: 'name server', receiver: 'notified' };

function servers(zone) {
  if (!zone.servers.length) return null;
  const line = server => h('li', { className: lags(server) ? 'late' : server.error ? 'silent' : server.serial === null ? 'unknown' : 'good' },
    h('i', { 'aria-hidden': 'true' }),
    h('span.who', server.name ?? address(server.address),
      h('small', [parts[server.part], server.name && address(server.address),
        server.round_trip_us && `${(server.round_trip_us / 1000).toFixed(1)} ms`].filter(Boolean).join(' · '))),
    h('span.has', server.serial === null ? '–' : String(server.serial),
      h('small', lags(server) ? `behind for ${duration(server.lag_seconds)}`
        : server.error ?? (server.answered ? ago(server.answered) : 'not asked yet'))));
  return h('section', h('h3', 'Serial on every server'),
    h('ul.servers',
      h('li.good.own', h('i', { 'aria-hidden': 'true' }), h('span.who', 'This server'),
        h('span.has', zone.serial === null ? '–' : String(zone.serial))),
      zone.servers.map(line)));
}

function history(zone) {
  const versions = zone.history?.versions ?? [];
  if (versions.length < 2) return null;
  const line = v => h('li', { className: v.served ? 'served' : '' }, h('span.mono', String(v.serial)),
    h('span.delta', v.removed === null ? '' : [h('b.minus', `−${number(v.removed)}`), h('b.plus', `+${number(v.added)}`)]),
    h('span.since', v.since ? ago(v.since) : ''));
  return h('section', h('h3', 'Versions kept'), h('ol.history', [...versions].reverse().slice(0, 8).map(line)));
}

function paint(zone) {
  const [word, tone] = mood(zone);
  const close = h('button.close', { type: 'button', ariaLabel: 'Close' }, '×');
  close.addEventListener('click', hide);
  panel.dataset.tone = tone;
  const focused = panel.contains(document.activeElement) ? document.activeElement.className : '';
  panel.replaceChildren(
    h('header', h('div', h('h2', { id: 'panel-title' }, zone.zone), h('span.mood', word)), close),
    ...explanation(zone), servers(zone) ?? '', facts(zone), history(zone) ?? '');
  if (focused === 'close') close.focus();
}

export async function show(name) {
  const mine = ++asked;
  const opening = shown === null;
  if (opening) before = document.activeElement;
  shown = name;
  const answer = await fetch(`api/zone?${new URLSearchParams({ name })}`).catch(() => null);
  if (mine !== asked) return;
  if (!answer?.ok) {
    if (answer?.status === 404) hide();
    return;
  }
  paint(await answer.json());
  panel.hidden = shade.hidden = false;
  if (location.hash.slice(1) !== encodeURIComponent(name)) history_.replaceState(null, '', `#${encodeURIComponent(name)}`);
  if (opening) panel.focus();
}

const history_ = window.history;

export function hide() {
  if (shown === null) return;
  asked++;
  shown = null;
  panel.hidden = shade.hidden = true;
  history_.replaceState(null, '', location.pathname + location.search);
  if (before?.isConnected) before.focus();
}

shade.addEventListener('click', hide);
addEventListener('keydown', event => { if (event.key === 'Escape') hide(); });
