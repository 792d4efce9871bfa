# SPDX-License-Identifier: LGPL-2.1-or-later
"""The report of a run, and its progress."""
import json
import sys
import time

_STATUSES = ('transcribed', 'present', 'failed')


class Report:
    """Writes a line of JSON for each file as soon as it is done, and a last line with a summary.

    path: the file, which is replaced; fleet: a Fleet. Belongs to one thread."""

    def __init__(self, path, fleet):
        self._file = open(path, 'w', encoding='utf-8')
        self._fleet = fleet
        self._begin = time.monotonic()
        self.counts = dict.fromkeys(_STATUSES, 0)
        self.n_started = 0  # Transcriptions that were started.
        self._n_repeated = 0  # Transcriptions of content that had a result.
        self.audio_seconds = 0.0  # Audio that was transcribed in this run.
        self.n_bytes = 0  # Size of all files that are done.
        self.n_transcribed_bytes = 0

    def add(self, file, status, place=None, error=None, worker=None, audio_seconds=None,
            wall_seconds=None, is_new=True):
        """Adds a file. place: its result, from the output folder; wall_seconds: the time from the start of
        its transcription to its result; is_new: whether the result did not exist yet."""
        self.counts[status] += 1
        self._n_repeated += not is_new
        self.n_bytes += file.n_bytes
        if status == 'transcribed':
            self.audio_seconds += audio_seconds or 0
            self.n_transcribed_bytes += file.n_bytes
        line = {'file': file.path, 'status': status, 'result': None if place is None else str(place),
                'bytes': file.n_bytes, 'audio_seconds': audio_seconds, 'wall_seconds': wall_seconds,
                'started': file.n_started, 'failed_attempts': file.n_failed, 'worker': worker,
                'error': error}
        self._write({name: value for name, value in line.items() if value is not None})

    def finish(self, is_complete):
        """Writes and returns the summary. is_complete: whether all inputs were processed."""
        wall = self.wall_seconds()
        summary = {'files': self.n_files(), **self.counts, 'complete': is_complete,
                   'transcriptions_started': self.n_started,
                   'transcriptions_repeated': self._n_repeated, 'workers_lost': self._fleet.n_lost,
                   'audio_seconds': self.audio_seconds, 'wall_seconds': wall,
                   'times_real_time': self.audio_seconds / wall}
        self._write({'summary': summary})
        self._file.close()
        return summary

    def n_files(self):
        return sum(self.counts.values())

    def wall_seconds(self):
        return time.monotonic() - self._begin

    def _write(self, line):
        self._file.write(json.dumps(line) + '\n')
        self._file.flush()


class Progress:
    """Shows the state of a run on stderr: a line that is redrawn on a terminal, and a line a minute
    elsewhere. total: a Total."""

    def __init__(self, report, fleet, total):
        self._report, self._fleet, self._total = report, fleet, total
        self._terminal = sys.stderr.isatty()
        self._shown = time.monotonic()

    def show(self):
        now = time.monotonic()
        if now - self._shown < (0.5 if self._terminal else 60):
            return
        self._shown = now
        if self._terminal:
            print('\r' + self._text() + '\x1b[K', end='', file=sys.stderr, flush=True)
        else:
            print(self._text(), file=sys.stderr, flush=True)

    def clear(self):
        if self._terminal:
            print('\r\x1b[K', end='', file=sys.stderr, flush=True)

    def _text(self):
        report = self._report
        wall = report.wall_seconds()
        total = f' of {self._total.n_files}' if self._total.is_known else ''
        parts = [f'{report.n_files()}{total} files', f'{report.audio_seconds / 3600:.2f} h transcribed',
                 f'{report.audio_seconds / wall:.0f} x real time', f'{len(self._fleet)} workers']
        if report.counts['failed']:
            parts.append(f"{report.counts['failed']} failed")
        if self._total.is_known and report.n_transcribed_bytes:
            # Assumes that the other files take as long, for each byte, as those that are done.
            n_left = max(0, self._total.n_bytes - report.n_bytes)
            parts.append(clock_text(wall * n_left / report.n_transcribed_bytes) + ' left')
        return 'archive: ' + ', '.join(parts)


def summary_text(summary):
    """Returns the summary of a report as text for the user."""
    hours = summary['audio_seconds'] / 3600
    return (f"{summary['transcribed']} transcribed, {summary['present']} present, "
            f"{summary['failed']} failed; {hours:.2f} h of audio in "
            f"{clock_text(summary['wall_seconds'])}, {summary['times_real_time']:.1f} x real time; "
            f"{summary['workers_lost']} workers lost")


def clock_text(seconds):
    """Returns "1:02:03"."""
    minutes, seconds = divmod(round(seconds), 60)
    return f'{minutes // 60}:{minutes % 60:02}:{seconds:02}'
