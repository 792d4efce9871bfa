# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tests examples/archive: results, repeated runs, failures, and the loss of a worker and of a machine.

Most tests use a stand-in for npuwhisper-transcribe. Meson sets NPUWHISPER_BUILD. examples/archive always
uses the folder `build` of the checkout, so other build folders skip the tests (exit status 77). They are
also skipped without Ray, which tests/run installs (tools/archive-python) except in tools/npu-root.

The commands of docs/archive.md run as written, except for paths, ports and machines.
NPUWHISPER_ARCHIVE_FILES sets the number of files of the test with a cluster (default: 60).
"""
import array
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import textwrap
import time
import unittest
import wave

import program
from program import RECORDINGS, needs_model, needs_speech

SOURCE = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(SOURCE / 'examples'))
from ray_archive.inputs import InputError, Total, names_of  # noqa: E402
from ray_archive.results import OutputError, Results, sole_run  # noqa: E402
from ray_archive.transcriber import Transcriber, TranscriberError  # noqa: E402

DOCUMENT = SOURCE / 'docs' / 'archive.md'
PYTHON = SOURCE / 'build' / 'archive-venv' / 'bin' / 'python3'
LONGEST = 300  # Timeout in seconds, long enough for a busy machine.
MODEL = 'tiny.en'

# Answers like npuwhisper-transcribe with --files-from. The text is the content of the file, whose first
# word may ask for a fault. Appends the names of the files to the file `started` beside the media file.
STAND_IN = '''\
    #!/usr/bin/env python3
    import json, os, pathlib, signal, sys, time
    if '--bad' in sys.argv:
        sys.exit('Unknown option --bad')
    for line in sys.stdin:
        path = pathlib.Path(line[:-1]).resolve()
        if not path.exists():
            print(json.dumps({'error': 'No such file'}), flush=True)
            continue
        text = path.read_text('utf-8', 'replace')
        with open(path.parent / 'started', 'a', encoding='utf-8') as started:
            started.write(path.name + '\\n')
        seen = (path.parent / 'started').read_text('utf-8').splitlines().count(path.name)
        fault = text.split(' ')[0]
        if fault == 'crash':
            print('cannot continue', file=sys.stderr, flush=True)
            os.kill(os.getpid(), signal.SIGSEGV)
        if fault == 'kill' or (fault == 'kill-once' and seen == 1):
            os.kill(os.getppid(), signal.SIGKILL)
            time.sleep(600)
        if fault == 'hang':
            time.sleep(600)
        if fault == 'slow':
            time.sleep(0.5)
        answer = {'file': line[:-1], 'text': text, 'audio_seconds': 1.0}
        if fault == 'error' or (fault == 'error-once' and seen == 1):
            answer['error'] = 'no audio'
        print(json.dumps(answer), flush=True)
    '''


class Case(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix='npuwhisper-archive-')
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.media = self.folder / 'media'
        self.media.mkdir()
        self.output = self.folder / 'output'
        self.stand_in = self.folder / 'stand-in'
        self.stand_in.write_text(textwrap.dedent(STAND_IN))
        self.stand_in.chmod(0o755)

    def write(self, **texts):
        """Writes a media file for the stand-in for each name and text."""
        for name, text in texts.items():
            (self.media / f'{name}.wav').write_text(text)

    def start_archive(self, *arguments):
        """Starts a run with the stand-in."""
        environment = {**os.environ, 'PYTHONPATH': str(SOURCE / 'examples'), 'RAY_AUTH_MODE': 'token',
                       'RAY_USAGE_STATS_ENABLED': '0', 'NPUWHISPER_TRANSCRIBE': str(self.stand_in)}
        run = subprocess.Popen([PYTHON, '-m', 'ray_archive', '--output', self.output, *arguments],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding='utf-8',
                               env=environment)
        self.addCleanup(run.communicate)
        self.addCleanup(run.kill)
        return run

    def archive(self, *arguments):
        """Runs the archive with the stand-in. Returns the exit status and stderr."""
        run = self.start_archive(*arguments)
        _, complaints = run.communicate(timeout=LONGEST)
        return run.returncode, complaints

    def archive_ok(self, *arguments):
        status, complaints = self.archive(*arguments)
        self.assertEqual(status, 0, complaints)

    def wait_for(self, condition, complaint, *processes):
        """Waits for a condition. Fails if it does not become true, or if one of the processes ends."""
        end = time.monotonic() + LONGEST
        while not condition():
            self.assertLess(time.monotonic(), end, complaint)
            self.assertEqual([process.poll() for process in processes], [None] * len(processes),
                             complaint)
            time.sleep(0.05)

    def report(self):
        """Returns the lines of the report by the name of the file, and the summary."""
        *lines, last = map(json.loads, (self.output / 'report.jsonl').read_text('utf-8').splitlines())
        return {pathlib.Path(line['file']).name: line for line in lines}, last['summary']

    def transcript(self, line):
        return json.loads((self.output / line['result'] / 'transcript.json').read_text('utf-8'))

    def results(self):
        return sorted(self.output.glob('results/*/*'))


class Parts(Case):
    """Tests of the parts that need no Ray."""

    def test_names_come_from_folders_files_and_lists(self):
        for name in ('a.wav', 'b.MP3', 'notes.txt', 'deep/er/c.opus', 'output/d.wav'):
            path = self.media / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
        (self.media / 'deep' / 'loop').symlink_to(self.media)
        names = self.folder / 'names'
        names.write_bytes(b'one.wav\r\n\n/two\xff.wav\n')
        found = [name.removeprefix(f'{self.media}/') for name in
                 names_of([str(self.media)], str(self.media / 'output'))]
        self.assertEqual(sorted(found), ['a.wav', 'b.MP3', 'deep/er/c.opus'])
        found = list(names_of([f'@{names}', str(self.media / 'notes.txt')], str(self.output)))
        self.assertEqual(found, [os.path.abspath('one.wav'), '/two\udcff.wav',
                                 str(self.media / 'notes.txt')])

    def test_lists_that_cannot_be_read(self):
        names = self.folder / 'names'
        names.write_bytes(b'a' * 40000)
        for given, reason in ((f'@{names}', 'found a line of more than 32768 bytes'),
                              ('@missing', '@missing: No such file')):
            with self.assertRaisesRegex(InputError, reason):
                list(names_of([given], str(self.output)))

    def test_total_is_counted(self):
        self.write(one='12345', two='123')
        total = Total([str(self.media)], str(self.output))
        total.join(LONGEST)
        self.assertEqual((total.is_known, total.n_files, total.n_bytes), (True, 2, 8))

    def test_key_depends_on_content_and_settings(self):
        self.write(one='a', two='b', same='a')
        key = {name: Results(self.output, {}).key(self.media / f'{name}.wav') for name in
               ('one', 'two', 'same')}
        self.assertEqual(key['one'], key['same'])
        self.assertNotEqual(key['one'], key['two'])
        self.assertNotEqual(key['one'], Results(self.output, {'model': 'x'}).key(self.media / 'one.wav'))

    def test_the_first_result_stays(self):
        results = Results(self.output, {})
        with sole_run(results):
            for text in ('first', 'second'):
                made = results.partial() / text
                made.mkdir()
                (made / 'transcript.json').write_text(text)
                self.assertEqual(results.publish('abc', made), text == 'first')
        self.assertTrue(results.has('abc'))
        self.assertEqual((self.output / results.place('abc') / 'transcript.json').read_text(), 'first')
        self.assertFalse(results.partial().exists())

    def test_an_output_folder_has_one_run(self):
        with sole_run(Results(self.output, {})):
            with self.assertRaisesRegex(OutputError, 'another run uses this folder'):
                with sole_run(Results(self.output, {})):
                    pass
        with self.assertRaisesRegex(OutputError, 'Not a directory|File exists'):
            with sole_run(Results(self.stand_in, {})):
                pass

    def test_a_transcriber_survives_its_process(self):
        self.write(good='hello', crash='crash now', hang='hang', bad='error')
        work = self.folder / 'work'
        work.mkdir()
        transcriber = Transcriber([str(self.stand_in)], ['json'], work, 2)
        self.addCleanup(transcriber.close)

        def text(name):
            return transcriber.transcribe(str(self.media / f'{name}.wav'))[0]['text']

        transcriber.start()
        self.assertEqual(text('good'), 'hello')
        with self.assertRaisesRegex(TranscriberError, 'was ended by SIGSEGV: cannot continue'):
            text('crash')
        with self.assertRaisesRegex(TranscriberError, 'not transcribed within 2 s'):
            text('hang')
        with self.assertRaisesRegex(TranscriberError, 'no audio'):
            text('bad')
        self.assertEqual(text('good'), 'hello')
        bad = Transcriber([str(self.stand_in), '--bad'], ['json'], work, 2)
        self.addCleanup(bad.close)
        with self.assertRaisesRegex(TranscriberError, 'ended with status 1: Unknown option --bad'):
            bad.start()


class Runs(Case):
    """Tests of runs on this machine, with the stand-in."""

    def test_each_content_has_one_result(self):
        self.write(**{f'clip{n}': f'text {n}' for n in range(20)}, again='text 7', once_more='text 7')
        self.archive_ok(self.media, '--workers', '2')
        lines, summary = self.report()
        self.assertEqual(len(lines), 22)
        for name, line in lines.items():
            self.assertEqual(self.transcript(line)['text'], (self.media / name).read_text())
        self.assertEqual(len(self.results()), 20)
        self.assertEqual({name: summary[name] for name in (
            'files', 'transcribed', 'present', 'failed', 'complete', 'transcriptions_started',
            'transcriptions_repeated', 'workers_lost')},
            {'files': 22, 'transcribed': 20, 'present': 2, 'failed': 0, 'complete': True,
             'transcriptions_started': 20, 'transcriptions_repeated': 0, 'workers_lost': 0})

        self.archive_ok(self.media)
        self.assertEqual(self.report()[1]['present'], 22)
        self.assertEqual(self.report()[1]['transcriptions_started'], 0)
        self.assertEqual(len((self.media / 'started').read_text().splitlines()), 20)

        self.archive_ok(self.media / 'clip1.wav', '--option', 'language=en')
        self.assertEqual(self.report()[1]['transcribed'], 1)
        self.assertEqual(len(self.results()), 21)

    def test_failures_do_not_stop_a_run(self):
        self.write(good='text', crash='crash', bad='error', kill='kill', late='error-once',
                   lost='kill-once')
        (self.media / 'dup.wav').write_text('error')
        status, complaints = self.archive('--attempts', '2', '--workers', '2', self.media,
                                          self.media / 'missing.wav')
        self.assertEqual(status, 1, complaints)
        lines, summary = self.report()
        self.assertEqual({name for name, line in lines.items() if line['status'] == 'failed'},
                         {'crash.wav', 'bad.wav', 'dup.wav', 'kill.wav', 'missing.wav'})
        reasons = {name: line.get('error') for name, line in lines.items()}
        self.assertIn('SIGSEGV: cannot continue', reasons['crash.wav'])
        self.assertEqual(reasons['bad.wav'], 'no audio')
        self.assertRegex(reasons['kill.wav'], r'^worker \S+:\d+ was lost: ')
        self.assertIn('No such file', reasons['missing.wav'])
        started = (self.media / 'started').read_text().splitlines()
        self.assertEqual(started.count('good.wav'), 1)
        self.assertEqual(started.count('late.wav'), 2)
        self.assertEqual(started.count('lost.wav'), 2)
        self.assertEqual(len(self.results()), 3)
        self.assertEqual(summary['transcriptions_started'], len(started))
        self.assertEqual(summary['workers_lost'], 3)
        self.assertFalse((self.output / 'partial').exists())

    def test_a_run_that_was_killed_continues(self):
        self.write(**{f'clip{n}': f'slow {n}' for n in range(20)})
        for number, status in ((signal.SIGKILL, -signal.SIGKILL), (signal.SIGTERM, 143)):
            n_before = len(self.results())
            run = self.start_archive(self.media, '--workers', '2')
            self.wait_for(lambda: len(self.results()) >= n_before + 4, 'no results', run)
            run.send_signal(number)
            _, complaints = run.communicate(timeout=LONGEST)
            self.assertEqual(run.returncode, status, complaints)
        self.assertFalse(self.report()[1]['complete'])
        self.assertIn('The same command continues the run', complaints)
        n_before = len(self.results())
        self.assertLess(n_before, 20)
        self.archive_ok(self.media, '--workers', '2')
        _, summary = self.report()
        self.assertEqual((summary['transcribed'], summary['present']), (20 - n_before, n_before))
        # Each of the two interruptions stopped at most two transcriptions.
        self.assertLessEqual(len((self.media / 'started').read_text().splitlines()), 24)

    def test_workers_that_cannot_start_end_the_run(self):
        self.write(good='text')
        status, complaints = self.archive(self.media, '--option', 'bad')
        self.assertEqual(status, 1, complaints)
        self.assertIn('archive: 5 workers failed to start, the last one with: npuwhisper-transcribe '
                      'ended with status 1: Unknown option --bad', complaints)
        self.assertFalse(self.report()[1]['complete'])

    def test_wrong_usage(self):
        for arguments, complaint in (
                ([], 'required: INPUT'), (['--formats', 'doc', 'a'], "format 'doc' is not one of"),
                (['--option', 'model=x', 'a'], "'model=x': wanted NAME"),
                (['--workers', '0', 'a'], "invalid positive number value: '0'")):
            status, complaints = self.archive(*arguments)
            self.assertEqual(status, 2, complaints)
            self.assertIn(complaint, complaints)
        status, complaints = self.archive('--memory', '1000000000', self.media)
        self.assertEqual(status, 1, complaints)
        self.assertIn('found 0 places in the cluster, wanted a machine with 1 CPUs and 1000000000 MiB',
                      complaints)
        status, complaints = self.archive('@missing')
        self.assertEqual(status, 1, complaints)
        self.assertIn('archive: @missing: No such file or directory', complaints)


def descendants(pid):
    """Returns (pid, command line) of all living processes below the process."""
    parents, commands = {}, {}
    for folder in pathlib.Path('/proc').glob('[0-9]*'):
        try:
            state, parent = (folder / 'stat').read_text().rpartition(')')[2].split()[:2]
            commands[int(folder.name)] = (folder / 'cmdline').read_bytes().replace(b'\0', b' ').decode()
        except OSError:
            continue  # The process has ended.
        if state != 'Z':
            parents[int(folder.name)] = int(parent)

    def is_below(child):
        while child in parents:
            child = parents[child]
            if child == pid:
                return True
        return False

    return [(child, commands[child]) for child in parents if is_below(child)]


def documented(pattern):
    """Returns the commands of the document that match a regular expression, without comments."""
    commands = re.findall(r'^    (examples/archive .*?) *(?:#.*)?$', DOCUMENT.read_text('utf-8'), re.M)
    return [command for command in commands if re.search(pattern, command)]


@needs_speech
@needs_model(MODEL)
class Document(Case):
    """Runs the commands of the document for one machine."""

    def test_commands_for_one_machine(self):
        recordings = self.folder / 'recordings'
        recordings.mkdir()
        for path in RECORDINGS[1:3]:
            shutil.copy(path, recordings)
        shutil.copy(RECORDINGS[4], self.folder / 'talk.mkv')  # The content decides the decoder.
        (self.folder / 'names.txt').write_text(f'{recordings}/{pathlib.Path(RECORDINGS[1]).name}\n')
        commands = documented('--output texts ')
        self.assertEqual(len(commands) + len(documented('--head|--join|--address')), len(documented('')))
        self.output = self.folder / 'texts'
        for command, n_transcribed, n_present in zip(commands, (2, 1, 2, 2), (0, 1, 0, 0), strict=True):
            with self.subTest(command=command):
                done = subprocess.run(['bash', '-c', f'{SOURCE}/{command}'], cwd=self.folder,
                                      capture_output=True, encoding='utf-8', timeout=LONGEST, check=False)
                self.assertEqual(done.returncode, 0, done.stderr)
                lines, summary = self.report()
                self.assertEqual((summary['transcribed'], summary['present']), (n_transcribed, n_present))
                for line in lines.values():
                    self.assertTrue(self.transcript(line)['text'].strip(), line)


@needs_speech
@needs_model(MODEL)
class Cluster(Case):
    """Tests of a cluster with two nodes on this machine, and the real program."""

    N_FILES = int(os.environ.get('NPUWHISPER_ARCHIVE_FILES', '60'))

    def setUp(self):
        super().setUp()
        self.n_logs = 0
        # Ray and examples/archive keep their files in the folder of the test.
        self.environment = {**os.environ, 'XDG_CONFIG_HOME': str(self.folder / 'config'),
                            'RAY_TMPDIR': str(self.folder)}
        with socket.socket() as probe:
            probe.bind(('', 0))
            self.port = probe.getsockname()[1]
        self.head = self.driver = self.start(self.documented('--head') + f' {self.port}')
        self.wait_for(lambda: 'Ray runtime started' in self.said(self.head), 'no head', self.head)
        self.node = self.start(self.documented('--join'))
        self.wait_for(lambda: 'Ray runtime started' in self.said(self.node), 'no node', self.node)

    def documented(self, option):
        """Returns the command of the document with this option, for this machine."""
        [command] = documented(option)
        command = command.replace('first:6379', f'127.0.0.1:{self.port}')
        return command.replace('/net/recordings', str(self.media)).replace('/net/texts', str(self.output))

    def start(self, command):
        """Starts examples/archive. It runs at most until the test ends."""
        self.n_logs += 1
        log = self.folder / f'log{self.n_logs}'
        with open(log, 'w', encoding='utf-8') as output:
            process = subprocess.Popen([SOURCE / 'examples' / 'archive', *command.split()[1:]],
                                       stdout=output, stderr=subprocess.STDOUT, env=self.environment,
                                       start_new_session=True)
        process.log = log
        self.addCleanup(self.stop, process)
        return process

    @staticmethod
    def stop(process):
        process.terminate()
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    @staticmethod
    def said(process):
        return process.log.read_text('utf-8')

    def write_clips(self):
        """Cuts clips of three seconds from the recordings, each with another start."""
        samples = array.array('h')
        for recording in RECORDINGS:
            piece, rate = program.read_samples(recording)
            samples += piece
        length = 3 * rate
        step = (len(samples) - length) // self.N_FILES
        for n in range(self.N_FILES):
            with wave.open(str(self.media / f'clip{n:03}.wav'), 'wb') as clip:
                clip.setnchannels(1)
                clip.setsampwidth(2)
                clip.setframerate(rate)
                clip.writeframes(samples[n * step:n * step + length].tobytes())

    def kill_worker(self, node):
        """Kills a worker of the node during a transcription."""
        workers = {pid for pid, command in descendants(node.pid) if command.startswith('ray::Worker')}
        busy = [worker for worker in workers if descendants(worker)]
        self.assertTrue(busy, 'no worker runs npuwhisper-transcribe')
        os.kill(busy[0], signal.SIGKILL)

    def kill_raylet(self, node):
        [raylet] = [pid for pid, command in descendants(node.pid)
                    if command.split(' ')[0].endswith('/raylet')]
        os.kill(raylet, signal.SIGKILL)

    def start_run(self):
        self.driver = self.start(self.documented('--address') +
                              f' --model {MODEL} --formats json,srt --workers 4')

    def finish_run(self):
        self.assertEqual(self.driver.wait(LONGEST), 0, self.said(self.driver))

    def test_lost_workers_and_nodes_lose_and_repeat_nothing(self):
        self.write_clips()
        self.start_run()
        begin = time.monotonic()
        self.wait_for(lambda: len(self.results()) > self.N_FILES // 4, 'no results', self.driver)
        self.kill_worker(self.head)
        self.wait_for(lambda: len(self.results()) > self.N_FILES // 2, 'no results after a lost worker',
                      self.driver)
        before = {path: path.stat().st_ino for path in self.results()}
        self.kill_raylet(self.node)
        self.finish_run()
        lines, summary = self.report()
        print(f'{self.N_FILES} files in {time.monotonic() - begin:.1f} s: {summary}', file=sys.stderr)

        self.assertEqual(len(lines), self.N_FILES)
        self.assertEqual(len(self.results()), self.N_FILES)
        self.assertEqual({line['status'] for line in lines.values()}, {'transcribed'})
        self.assertEqual(summary['transcriptions_repeated'], 0)
        n_again = summary['transcriptions_started'] - self.N_FILES
        self.assertLessEqual(n_again, summary['workers_lost'])
        self.assertEqual(n_again, sum(line['started'] - 1 for line in lines.values()))
        # One worker, and those of the lost node.
        self.assertGreaterEqual(summary['workers_lost'], 2)
        for path, number in before.items():
            self.assertEqual(path.stat().st_ino, number)
        self.check_equal_to_a_plain_run(lines)

        before = {path: path.stat().st_ino for path in self.results()}
        self.start_run()
        self.finish_run()
        self.assertEqual(self.report()[1]['present'], self.N_FILES)
        self.assertEqual(self.report()[1]['transcriptions_started'], 0)
        self.assertEqual({path: path.stat().st_ino for path in self.results()}, before)

    def check_equal_to_a_plain_run(self, lines):
        plain = self.folder / 'plain'
        done = program.transcribe(
            '--model', MODEL, '--output', '-', '--format', 'json', '--output', f'{plain}/', '--format',
            'srt', *sorted(self.media.iterdir()))
        self.assertEqual(done.returncode, 0, done.stderr)
        wanted = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual(len(wanted), self.N_FILES)
        self.assertTrue(any(transcript['text'] for transcript in wanted))
        for transcript in wanted:
            name = pathlib.Path(transcript['file']).name
            found = self.transcript(lines[name])
            for member in ('file', 'language', 'text', 'audio_seconds', 'segments', 'device'):
                self.assertEqual(found[member], transcript[member], name)
            captions = self.output / lines[name]['result'] / 'transcript.srt'
            self.assertEqual(captions.read_bytes(), (plain / name).with_suffix('.srt').read_bytes())


if __name__ == '__main__':
    if os.environ.get('NPUWHISPER_BUILD') != str(SOURCE / 'build') or not PYTHON.exists():
        print(f'skipped: needs a test of {SOURCE}/build, and Ray in it (tools/archive-python)')
        sys.exit(77)
    program.main()
