// SPDX-License-Identifier: LGPL-2.1-or-later

// Captions for a screen beside a stage: the last lines of the final text, in large letters. A new
// paragraph begins after a pause. F or a double click switches the full screen.
'use strict';

const PAUSE_SECONDS = 3;
const MAX_CHARACTERS = 600;   // More than the screen shows.
const CLEAR_SECONDS = 12;     // The screen is cleared after this time without text.
const lines = document.getElementById('lines');
let paragraph = null;
let end = 0;
let clearing = 0;

function clear() {
  lines.textContent = '';
  paragraph = null;
}

function add(piece) {
  const pauses = piece.start - end > PAUSE_SECONDS || piece.start < end - PAUSE_SECONDS;
  if (paragraph === null || pauses) {
    paragraph = document.createElement('p');
    paragraph.dir = 'auto';
    lines.append(paragraph);
    while (lines.childElementCount > 3) lines.firstElementChild.remove();
  }
  end = piece.end;
  if (piece.language) paragraph.lang = piece.language;
  paragraph.append(paragraph.textContent === '' ? piece.text.trimStart() : piece.text);
  while (paragraph.textContent.length > MAX_CHARACTERS && paragraph.childNodes.length > 1) {
    paragraph.firstChild.remove();
  }
  clearTimeout(clearing);
  clearing = setTimeout(clear, CLEAR_SECONDS * 1000);
}

function switch_full_screen() {
  if (document.fullscreenElement) document.exitFullscreen();
  else document.documentElement.requestFullscreen();
}

document.addEventListener('dblclick', switch_full_screen);
document.addEventListener('keydown', event => {
  if (event.key === 'f' && !event.ctrlKey && !event.metaKey && !event.altKey) {
    switch_full_screen();
  }
});

const events = new EventSource('events' + location.search);
events.addEventListener('hello', event => {
  if (!JSON.parse(event.data).resumed) clear();
});
events.addEventListener('final', event => add(JSON.parse(event.data)));
events.addEventListener('error', () => {
  if (events.readyState === EventSource.CLOSED) setTimeout(() => location.reload(), 5000);
});
