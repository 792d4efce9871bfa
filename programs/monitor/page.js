// SPDX-License-Identifier: LGPL-2.1-or-later

// Shows the events of /events (caption_feed.h). Pieces of text become lines. A new line begins
// after a sentence that is long enough, after a pause, and before a line grows too long.
'use strict';

const MAX_LINES = 200;
const LINE_CHARACTERS = 160;
const SENTENCE_CHARACTERS = 60;
const PAUSE_SECONDS = 2;
const SENTENCE_END = /[.?!…。？！]["'”’»)]*$/u;
const STATES = {
  connecting: 'Connecting', disconnected: 'Connection lost, trying again', loading: 'Loading the model',
  listening: 'Listening', ended: 'The recording has ended', stopped: 'Stopped', failed: 'Failed',
};

const by = id => document.getElementById(id);
const main = document.querySelector('main');
const lines = by('lines');
const partial = by('partial');
const follow = by('follow');

let line = null;      // The current line, the last <li>: {words, text, end, language}.
let following = true;

function clock(seconds) {
  const whole = Math.floor(seconds);
  const two = n => String(n).padStart(2, '0');
  return `${two(Math.floor(whole / 3600))}:${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)}`;
}

function stay_at_the_end() {
  if (following) main.scrollTop = main.scrollHeight;
}

function show_state(state) {
  by('state').dataset.state = state;
  const text = STATES[state] ?? state;
  if (by('state').textContent !== text) by('state').textContent = text;
}

function add_item(item) {
  lines.append(item);
  while (lines.childElementCount > MAX_LINES) lines.firstElementChild.remove();
}

function begins_line(piece) {
  if (line === null || line.language !== piece.language) return true;
  if (piece.start - line.end > PAUSE_SECONDS || piece.start < line.end - PAUSE_SECONDS) return true;
  if (line.text.length + piece.text.length > LINE_CHARACTERS) return true;
  return line.text.length > SENTENCE_CHARACTERS && SENTENCE_END.test(line.text);
}

function add_final(piece) {
  if (begins_line(piece)) {
    const item = document.createElement('li');
    const time = document.createElement('time');
    const words = document.createElement('span');
    item.dir = 'auto';
    if (piece.language) item.lang = piece.language;
    time.textContent = clock(piece.start);
    item.append(time, words);
    add_item(item);
    line = {words, text: '', end: piece.start, language: piece.language};
  }
  line.text += piece.text;
  line.end = piece.end;
  const text = line.text.trimStart();
  const shown = line.words.textContent.length;
  line.words.append(text.slice(shown));  // Appended: screen readers read only new words.
  stay_at_the_end();
}

// Partial words follow the final ones of their line.
function show_partial(piece) {
  const text = (piece.text ?? '').trim();
  partial.textContent = '';
  partial.hidden = true;
  document.querySelector('#lines .partial')?.remove();
  if (text === '') return;
  if (line === null || !line.words.isConnected || begins_line(piece)) {
    partial.textContent = text;
    partial.hidden = false;
  } else {
    const words = document.createElement('span');
    words.className = 'partial';
    words.setAttribute('aria-hidden', 'true');
    words.textContent = piece.text;
    line.words.after(words);
  }
  stay_at_the_end();
}

function show_status(status) {
  show_state(status.state);
  by('source').textContent = status.source;
  by('delay').textContent = status.delay === null ? '–' : `${status.delay.toFixed(1)} s`;
  by('longest').textContent = status.delay === null ? '–' : `${status.longest_delay.toFixed(1)} s`;
  by('load').textContent = `${Math.round(100 * status.cores)} % of a core`;
  by('position').textContent = clock(status.position) +
      (status.skipped > 0 ? `, ${status.skipped.toFixed(1)} s skipped` : '');
  by('device').textContent = status.device || '–';
  by('device').title = status.kernels;
  by('message').hidden = status.message === '';
  if (by('message').textContent !== status.message) by('message').textContent = status.message;
}

function greet(hello) {
  if (hello.resumed) return;
  // The events begin at the oldest stored piece, so the page discards its lines.
  lines.textContent = '';
  line = null;
  show_partial({});
}

function mark_missed(missed) {
  const item = document.createElement('li');
  item.className = 'missed';
  item.textContent = `… ${missed.pieces} pieces of text were missed …`;
  add_item(item);
  line = null;
}

main.addEventListener('scroll', () => {
  following = main.scrollHeight - main.scrollTop - main.clientHeight < 40;
  follow.hidden = following;
});
new ResizeObserver(stay_at_the_end).observe(main);
follow.addEventListener('click', () => {
  following = true;
  stay_at_the_end();
});

const events = new EventSource('events' + location.search);  // Includes the token, if there is one.
const on = (name, show) =>
  events.addEventListener(name, event => show(JSON.parse(event.data)));
on('hello', greet);
on('final', add_final);
on('partial', show_partial);
on('status', show_status);
on('missed', mark_missed);
events.addEventListener('error', () => {
  show_state('disconnected');
  // A browser gives up after a response that is not a stream, such as "too many browsers".
  if (events.readyState === EventSource.CLOSED) setTimeout(() => location.reload(), 5000);
});
