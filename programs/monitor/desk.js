// SPDX-License-Identifier: LGPL-2.1-or-later

// The operator's page: shows each text that is held, with the time that remains, and sends
// corrections (docs/monitor.md).
'use strict';

const MAX_OUT = 50;
const by = id => document.getElementById(id);
const held = new Map();  // number: {item, field, left, text, due}
let start = null;  // The monitor's start in milliseconds of performance.now(), once it is known.

function tell(text) {
  by('message').hidden = text === '';
  by('message').textContent = text;
}

async function correct(number, entry) {
  const text = entry.field.value;
  try {
    const answer = await fetch('desk/corrections' + location.search, {
      method: 'POST', headers: {'Content-Type': 'application/json'},
      body: JSON.stringify({number, text}),
    });
    tell(answer.ok ? '' : await answer.text());
  } catch (error) {
    tell(`The correction was not sent: ${error.message}`);
  }
}

function add_held(piece) {
  const item = document.createElement('li');
  const field = document.createElement('input');
  const left = document.createElement('progress');
  const entry = {item, field, left, text: piece.text.trim(), due: piece.due * 1000};
  field.value = entry.text;
  field.dir = 'auto';
  field.spellcheck = true;
  field.setAttribute('aria-label', `Text ${piece.number}`);
  left.max = piece.milliseconds;
  left.value = piece.milliseconds;
  left.setAttribute('aria-hidden', 'true');
  field.addEventListener('input', () => item.classList.toggle('changed', field.value !== entry.text));
  field.addEventListener('keydown', event => {
    if (event.isComposing) return;  // The key belongs to an input method.
    if (event.key === 'Enter') correct(piece.number, entry);
    if (event.key === 'Escape') {
      field.value = entry.text;
      item.classList.remove('changed');
    }
  });
  item.append(left, field);
  by('held').append(item);
  held.set(piece.number, entry);
}

function mark_corrected({number, text}) {
  const entry = held.get(number);
  if (entry === undefined) return;
  entry.text = text.trim();
  if (document.activeElement !== entry.field) entry.field.value = entry.text;
  entry.item.classList.toggle('changed', entry.field.value !== entry.text);
  entry.item.classList.add('corrected');
}

function mark_out({number}) {
  const entry = held.get(number);
  if (entry === undefined) return;
  held.delete(number);
  entry.item.remove();
  const item = document.createElement('li');
  item.dir = 'auto';
  item.textContent = entry.text === '' ? '(withheld)' : entry.text;
  item.className = entry.item.className;
  by('out').append(item);
  while (by('out').childElementCount > MAX_OUT) by('out').firstElementChild.remove();
  if (entry.item.classList.contains('changed')) tell('A text went out before its correction was sent.');
}

const KINDS = {held: add_held, corrected: mark_corrected, out: mark_out};

setInterval(() => {
  if (start === null) return;
  const now = performance.now() - start;
  for (const entry of held.values()) entry.left.value = Math.max(entry.due - now, 0);
}, 100);

const events = new EventSource('desk/events' + location.search);
const on = (name, show) => events.addEventListener(name, event => show(JSON.parse(event.data)));
on('hello', hello => {
  if (hello.resumed) return;
  start = null;
  held.clear();
  by('held').textContent = '';
  by('out').textContent = '';
});
on('final', piece => KINDS[piece.kind]?.(piece));
on('partial', piece => { by('partial').textContent = (piece.text ?? '').trim(); });
// The events that were missed may include those of texts that have gone out.
events.addEventListener('missed', () => location.reload());
on('status', status => {
  // The status that a new connection gets first may be up to a second old.
  start = Math.min(start ?? Infinity, performance.now() - status.uptime * 1000);
  by('state').dataset.state = status.state;
  if (by('state').textContent !== status.state) by('state').textContent = status.state;
});
events.addEventListener('error', () => {
  by('state').dataset.state = 'disconnected';
  by('state').textContent = 'Connection lost, trying again';
  if (events.readyState === EventSource.CLOSED) setTimeout(() => location.reload(), 5000);
});
