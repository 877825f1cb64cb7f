// SPDX-License-Identifier: GPL-3.0-or-later
// Times and states, as people say them.

let ahead = 0; // seconds that the server's clock is ahead of ours

export function setClock(serverNow) {
  ahead = serverNow - Date.now() / 1000;
}

export function now() {
  return Date.now() / 1000 + ahead;
}

const units = [[86400, 'd'], [3600, 'h'], [60, 'min']];

export function duration(seconds) {
  const s = Math.max(0, Math.round(seconds));
  for (const [unit, name] of units) {
    if (s >= unit * 1.5) return `${Math.round(s / unit)} ${name}`;
  }
  return `${s} s`;
}

export function ago(at) {
  const passed = now() - at;
  return passed < 1 ? 'just now' : `${duration(passed)} ago`;
}

export function moment(at) {
  return new Date(at * 1000).toLocaleString(undefined, {
    year: 'numeric', month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit', second: '2-digit',
  });
}

export const number = n => n.toLocaleString('en');

// "1 zone", "2 zones"
export const count = (n, one, many = `${one}s`) => `${number(n)} ${n === 1 ? one : many}`;

export function bytes(n) {
  for (const [size, name] of [[2 ** 30, 'GiB'], [2 ** 20, 'MiB'], [2 ** 10, 'KiB']]) {
    if (n >= size) return `${(n / size).toFixed(n >= size * 10 ? 0 : 1)} ${name}`;
  }
  return `${n} B`;
}

// The address as short as it can be told.
export const address = text => text ? text.replace(/@53$/, '') : 'address unknown';

// The one word for a zone, and its colour.
export function mood(zone) {
  if (zone.state === 'expired') return ['expired', 'bad'];
  if (zone.state === 'empty') return ['no copy', 'bad'];
  if (zone.held && !zone.held.rejected) return ['held', 'held'];
  if (zone.state === 'stale') return ['stale', zone.level === 'critical' ? 'bad' : 'warn'];
  if (zone.rolled_back) return ['rolled back', 'held'];
  if (zone.unsaved || zone.file_failed) return ['unsaved', 'warn'];
  if (zone.last_error) return ['failing', zone.level === 'critical' ? 'bad' : 'warn'];
  if (zone.transferring) return ['transferring', 'busy'];
  if (zone.behind_since) return ['behind', zone.level === 'fine' || zone.level === 'note' ? 'busy' : 'warn'];
  if (zone.way >= 500) return ['ageing', zone.level === 'critical' ? 'bad' : 'warn'];
  if (zone.level === 'critical') return ['signatures', 'bad'];
  if (zone.level === 'troubled') return ['signatures', 'warn'];
  if (zone.servers.some(lags)) return ['differs', 'busy'];
  if (zone.servers.some(server => server.error)) return ['silent server', 'busy'];
  return ['fresh', 'good'];
}

export const lags = server => server.lag_seconds > 0;
export const serverName = server => server.name ?? address(server.address);

// What is to be said about a zone, in a sentence.
export function sentence(zone) {
  const error = zone.last_error ? zone.last_error[0].toUpperCase() + zone.last_error.slice(1) : '';
  if (zone.state === 'expired') {
    return `Expired ${zone.expires_at ? ago(zone.expires_at) : ''}: it is no longer answered for. ${error}`;
  }
  if (zone.state === 'empty') return error || 'There is no copy yet.';
  if (zone.held && !zone.held.rejected) return `Serial ${zone.held.serial} is held back: ${zone.held.why}`;
  if (zone.rolled_back) {
    return `Rolled back ${ago(zone.rolled_back.since)}: serial ${zone.serial} is served, the newest is ${zone.rolled_back.newest}.`;
  }
  if (error) return error;
  if (zone.unsaved) return `The store cannot take the newest version; serial ${zone.serial} is served meanwhile.`;
  if (zone.file_failed) return 'Served and stored, but its zone file could not be written.';
  if (zone.transferring) return `A transfer from ${address(zone.primary)} is under way.`;
  if (zone.behind_since) {
    return `${zone.primary ? address(zone.primary) : 'A primary'} has had serial ${zone.primary_serial} for ${duration(now() - zone.behind_since)}.`;
  }
  if (zone.way >= 500) {
    return `Confirmed ${ago(zone.confirmed)}; ${Math.floor(zone.way / 10)} % of the way to its expiry is gone.`;
  }
  if (zone.rrsig_expires && (zone.level === 'critical' || zone.level === 'troubled')) {
    return zone.rrsig_expires <= now() ? `A signature ran out ${ago(zone.rrsig_expires)}.`
      : `A signature runs out in ${duration(zone.rrsig_expires - now())}.`;
  }
  const late = zone.servers.find(lags);
  if (late) return `${serverName(late)} has lacked this serial for ${duration(late.lag_seconds)}.`;
  const silent = zone.servers.find(server => server.error);
  if (silent) return `${serverName(silent)}: ${silent.error}`;
  if (zone.role === 'primary') return `Our own${zone.transferred ? `, changed ${ago(zone.transferred)}` : ''}.`;
  return `As ${zone.primary ? address(zone.primary) : 'its primary'} has it, confirmed ${zone.confirmed ? ago(zone.confirmed) : 'before the start'}.`;
}

// A quiet little language for elements: h('p.note', {title: '…'}, 'text', child)
export function h(what, ...rest) {
  const [tag, ...classes] = what.split('.');
  const element = document.createElement(tag);
  if (classes.length) element.className = classes.join(' ');
  for (const part of rest.flat(Infinity)) {
    if (part === null || part === undefined || part === false) continue;
    if (part instanceof Node || typeof part !== 'object') {
      element.append(part);
    } else {
      for (const [name, value] of Object.entries(part)) {
        if (name in element && name !== 'role') element[name] = value;
        else element.setAttribute(name, value);
      }
    }
  }
  return element;
}
