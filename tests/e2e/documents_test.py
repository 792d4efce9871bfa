# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tests the commands and the links of the documents.

Every command of the documents must have a rule below. A rule runs the command as it is written,
names the test that runs it, names the hardware that it needs (the document must name it too), or
only checks that the program exists and knows the options. Commands run in a folder of their own,
with media files of the names that the documents use. No machine of the tests has a screen or
speakers, so sinks for them become fakesinks; addresses of example.org become a local web server.

Meson sets GST_PLUGIN_PATH and NPUWHISPER_BUILD.
"""
import collections
import contextlib
import fnmatch
import functools
import http.server
import os
import pathlib
import re
import shlex
import subprocess
import tempfile
import threading
import unittest

import program

SOURCE = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get('NPUWHISPER_BUILD', SOURCE / 'build'))
SPEECH = next(path for path in program.RECORDINGS if '0880' in path)
# The root has the same documents, and neither git nor all programs of the commands.
OUTSIDE_ROOT = unittest.skipIf('NPUWHISPER_IN_NPU_ROOT' in os.environ,
                               'runs outside tools/npu-root')
# Every block that has a line like this consists of commands.
PROGRAMS = (r'apt-get|c\+\+|curl|export|ffmpeg|find|g\+\+|gcc|gst-\S+|lspci|meson|ninja'
            r'|npuwhisper-\S+|pip|(/usr/bin/)?python3|sudo|systemctl|xrt-smi')
COMMAND = rf'(\w+=\S+ )*((examples|tests|tools|build[\w-]*)/\S|({PROGRAMS})( |$))'

Command = collections.namedtuple('Command', 'text comment')

# Actions of the rules.
Run = collections.namedtuple('Run', 'files', defaults=((),))  # run; then these files have content
By = collections.namedtuple('By', 'test')  # the test in this file runs it
Needs = collections.namedtuple('Needs', 'what')  # hardware that the document names
KNOWN = 'known'  # the program and its options exist

# The rules: document, regular expression for the whole command, action. The first match counts.
RULES = (
    ('README.md', r'export GST_PLUGIN_PATH=.*|SPEECH=.*', Run()),
    ('README.md', r'examples/transcribe talk\.mp4', Run()),
    ('README.md', r'.*npuwhisper ! srtenc ! .*', Run(('speech.srt',))),
    ('README.md', r'.*textoverlay.*', Run()),
    ('README.md', r'gst-launch-1\.0 autoaudiosrc.*', Needs('microphone')),
    ('README.md', r'tests/run', By('.ci/run')),
    ('README.md', r'tools/npu-root npuwhisper-emulate .*', By('tests/npu/meson.build')),
    ('CONTRIBUTING.md', r'meson setup .*build-emulator.*', By('tests/tools/options_test.py')),
    ('CONTRIBUTING.md', r'meson devenv .*', Run()),
    ('CONTRIBUTING.md', r'.* examples/transcribe FILE', KNOWN),
    ('CONTRIBUTING.md', r'(NPUWHISPER\S+ )?(tests|tools)/.*', KNOWN),
    ('docs/archive.md', r'examples/archive .*', By('tests/e2e/archive_test.py')),
    ('docs/captions.md', r'export GST_PLUGIN_PATH=.*|SPEECH=.*|gst-launch.*',
     By('tests/e2e/captions_doc_test.py')),
    ('docs/captions.md', r'build/programs/hls/npuwhisper-hls .*', By('tests/media/hls_test.py')),
    ('docs/element.md', r'gst-launch-1\.0 matroskamux .*', Run(('speech.mkv',))),
    ('docs/element.md', r'gst-launch-1\.0 .*', Run()),
    ('docs/install.md', r'npuwhisper-doctor', Run()),
    ('docs/install.md', r'tools/debian-packages', KNOWN),
    ('docs/live.md', r'npuwhisper-monitor .*', Needs('microphone')),
    ('docs/live.md', r'gst-launch-1\.0 cccombiner .*', Needs('DeckLink')),
    ('docs/library.md', r'(g\+\+|gcc) .*|export PYTHONPATH=.*', By('tests/e2e/install_test.py')),
    ('docs/library.md', r'PYTHONPATH=python .*', Run()),
    ('docs/models.md', r'npuwhisper-models list.*', Run()),
    ('docs/models.md', r'npuwhisper-models .*', By('tests/tools/models_commands_test.py')),
    ('docs/monitor.md', r'examples/monitor --source pulsesrc .*', Needs('microphone')),
    ('docs/monitor.md', r'npuwhisper-monitor .*--source pulsesrc', KNOWN),
    ('docs/monitor.md', r"examples/monitor --source 'rtspsrc .*", By('tests/live/meson.build')),
    ('docs/monitor.md', r'(examples/monitor|curl) .*', By('tests/e2e/monitor_test.py')),
    ('docs/npu-laptop.md', r'.*', By('tests/npu/laptop_guide/laptop_guide_test.py')),
    ('docs/players.md', r'gst-launch-1\.0 npuwhisperbin name=b  filesrc .*', Run()),
    ('docs/players.md', r'gst-launch-1\.0 npuwhisperbin .*autovideosrc .*', Needs('Camera')),
    ('docs/players.md', r'gst-launch-1\.0 npuwhisperbin .*cea708 .*', Run(('captioned.ts',))),
    ('docs/players.md', r'tools/setup --tests', By('.ci/run')),
    ('docs/players.md', r'build/programs/player/.*', Run()),
    ('docs/players.md', r'examples/transcribe .*', Run(('talk.srt',))),
    ('docs/players.md', r'gst-launch-1\.0 playbin .*suburi.*', Run()),
    ('docs/players.md', r'.*captioned\.mkv.*', Run(('captioned.mkv',))),
    ('docs/players.md', r'gst-launch-1\.0 playbin .*', Run(('live.srt',))),
    ('docs/server.md', r'examples/server.*', KNOWN),
    ('docs/server.md', r'curl .*', By('tests/e2e/server_test.py')),
    ('docs/server.md', r'XDG_CACHE_HOME=.*|systemctl .*', Needs('systemd')),
    ('docs/transcribe.md', r'.*examples/transcribe .*', Run()),
    ('tests/bench/README.md', r'rivals=\S+', KNOWN),
    ('tests/bench/README.md', r'.*eval/\S+\.py .*', KNOWN),
    ('tests/bench/README.md', r'.*(tests|build)/.*', KNOWN),
    ('tests/fuzz/README.md', r'meson test -C build --suite fuzz', By('tests/fuzz/meson.build')),
    ('tests/fuzz/README.md', r'build-fuzz/tests/fuzz/.*', By('tests/fuzz/run')),
    ('tests/fuzz/README.md', r'tests/.*', KNOWN),
    ('subprojects/xdna-emulator/README.md', r'meson .*', By('tests/tools/options_test.py')),
    ('subprojects/xdna-emulator/*', r'.*npuwhisper-emulate.*',
     By('subprojects/xdna-emulator/tests/driver/meson.build')),
    ('subprojects/xdna-emulator/aie_api/README.md', r'c\+\+ .*',
     By('subprojects/xdna-emulator/tests/aie_api/refusals.sh')),
)


def documents():
    """Returns the documents that git knows, or all outside build folders if there is no git."""
    try:
        listed = subprocess.run(['git', 'ls-files', '*.md'], cwd=SOURCE, capture_output=True,
                                encoding='utf-8', check=False).stdout.split()
    except FileNotFoundError:
        listed = []
    if listed:
        return [SOURCE / name for name in listed]
    return sorted(path for path in SOURCE.glob('**/*.md')
                  if not path.relative_to(SOURCE).parts[0].startswith('build'))


def blocks(text):
    """Yields the code blocks of Markdown: their language, and their lines."""
    language, lines = None, []
    for line in text.splitlines() + ['end']:
        fence = re.match(r' *```(\w*)', line)
        if language is None and re.match(r'    +\S', line):
            lines.append(line[4:])
        elif fence and language is None:
            language, lines = fence[1], []
        elif fence:
            yield language, lines
            language, lines = None, []
        elif language is not None:
            lines.append(line)
        elif lines and line:
            yield '', lines
            lines = []


def commands(document):
    """Returns the commands of a document, with their continuation lines and without comments."""
    found = []
    for language, lines in blocks(document.read_text('utf-8')):
        if language in ('text', 'json', 'python', 'c', 'cpp'):
            continue
        comment = ''
        whole = '\n'.join(lines).replace('\\\n', '').splitlines()
        if not any(re.match(COMMAND, line) for line in whole):
            continue
        for line in whole:
            if line.startswith('#'):
                comment = line
                continue
            bare = re.sub(r'\s+# .*', '', line).rstrip()
            if bare and not bare.startswith('... '):  # the end of a pipeline
                found.append(Command(re.sub(r' {2,}', '  ', bare), comment + line[len(bare):]))
    return found


def number_of_rule(name, command):
    return next((i for i, (pattern, regex, _) in enumerate(RULES)
                 if fnmatch.fnmatchcase(name, pattern) and re.fullmatch(regex, command.text)), None)


def rule_of(name, command):
    number = number_of_rule(name, command)
    return None if number is None else RULES[number][2]


def all_commands():
    for document in documents():
        name = str(document.relative_to(SOURCE))
        for command in commands(document):
            yield name, command


@OUTSIDE_ROOT
class Documents(unittest.TestCase):
    def test_every_command_has_a_rule(self):
        found = list(all_commands())
        self.assertGreater(len(found), 120)
        self.assertEqual([pair for pair in found if rule_of(*pair) is None], [])

    def test_every_rule_has_a_command(self):
        used = {number_of_rule(*pair) for pair in all_commands()}
        self.assertEqual([rule for i, rule in enumerate(RULES) if i not in used], [])

    def test_the_named_tests_exist(self):
        for _, _, action in RULES:
            if isinstance(action, By):
                self.assertTrue((SOURCE / action.test).is_file(), action)

    def test_the_documents_name_the_hardware(self):
        for name, command in all_commands():
            action = rule_of(name, command)
            if isinstance(action, Needs):
                with self.subTest(document=name, command=command.text):
                    text = (SOURCE / name).read_text('utf-8')
                    self.assertIn(action.what, command.comment or text)

    def test_programs_know_their_options(self):
        n_checked = 0
        for name, command in all_commands():
            if rule_of(name, command) != KNOWN:
                continue
            for part in re.split(r' (?:&&|\|) ', command.text):
                with self.subTest(document=name, command=part):
                    n_checked += self.check_options(part)
        self.assertGreater(n_checked, 20)

    def check_options(self, command):
        """Checks the programs of this project in a command. Returns how many there are."""
        words = shlex.split(command)
        n_checked = 0
        for i, word in enumerate(words):
            tool = found_program(word)
            if tool is None:
                continue
            options = []
            for option in words[i + 1:]:
                if option == '--' or found_program(option):
                    break
                if option.startswith('--'):
                    options.append(option.split('=')[0])
            done = subprocess.run([*tool, '--help'], capture_output=True, encoding='utf-8',
                                  stdin=subprocess.DEVNULL, timeout=120, check=False)
            # Some benchmarks print their usage to stderr, with exit status 2.
            known = set(re.findall(r'--[a-z][\w-]*', done.stdout + done.stderr))
            self.assertIn('usage', (done.stdout + done.stderr).lower())
            if word == 'tests/run':
                known |= {'--suite', '--test-args'}  # of meson test
            self.assertEqual(set(options) - known, set())
            n_checked += 1
        return n_checked

    def test_links(self):
        for document in documents():
            prose = re.sub(r'(?ms)^ *```.*?^ *```|^    .*?$|`[^`\n]+`', '',
                           document.read_text('utf-8'))
            for target in re.findall(r'\]\(([^)\s]+)\)', prose):
                if re.match(r'\w+:', target):
                    continue
                with self.subTest(document=str(document.relative_to(SOURCE)), target=target):
                    path, _, anchor = target.partition('#')
                    file = document.parent / path if path else document
                    self.assertTrue(file.exists())
                    if anchor:
                        self.assertIn(anchor, anchors(file))


@functools.cache
def anchors(document):
    """Returns the anchors that web sites give to the headings of a document."""
    found = set()
    for heading in re.findall(r'^#+ +(.*)$', document.read_text('utf-8'), re.M):
        text = re.sub(r'\[([^]]*)\]\([^)]*\)', r'\1', heading).strip().lower()
        found.add(re.sub(r'[^\w\- ]', '', text).replace(' ', '-'))
    return found


def found_program(word):
    """Returns the command of a program of this project, or None."""
    if word.startswith('build/'):
        path = BUILD / word.removeprefix('build/')
    elif re.fullmatch(r'npuwhisper-(doctor|models)', word):
        path = SOURCE / 'tools' / word
    elif re.fullmatch(r'npuwhisper-(monitor|server|transcribe|player|hls)', word):
        path = BUILD / 'programs' / word.removeprefix('npuwhisper-') / word
    elif re.match(r'(examples|tests|tools)/\w', word):
        path = SOURCE / word
    else:
        return None
    if path.is_dir() or not os.access(path, os.X_OK):
        return None
    return [str(path)]


def as_run(command):
    """Returns a command with the paths of this checkout and without windows and speakers."""
    text = re.sub(r'(?<![\w/.$*-])(examples|tools|tests|python)(?=[/ ])', rf'{SOURCE}/\1', command)
    text = re.sub(r'(?<![\w/.-])(\$PWD/)?build(?=[/ ])', str(BUILD), text)
    for name in ('doctor', 'models'):
        text = re.sub(rf'^npuwhisper-{name}', f'{SOURCE}/tools/npuwhisper-{name}', text)
    text = re.sub(r'\bauto(video|audio)sink\b', 'fakesink', text)
    text = re.sub(r'\bplaybin\b', 'playbin video-sink=fakesink audio-sink=fakesink', text)
    return re.sub(r'(npuwhisper-player)\b', r'\1 --videosink fakesink --audiosink fakesink', text)


class Handler(http.server.SimpleHTTPRequestHandler):
    """Serves files, and the rest of a file from a byte on, to which players seek."""
    def send_head(self):
        asked = re.fullmatch(r'bytes=(\d+)-', self.headers.get('Range', ''))
        path = pathlib.Path(self.translate_path(self.path))
        if not asked or not path.is_file():
            return super().send_head()
        begin, end = int(asked[1]), path.stat().st_size
        file = path.open('rb')
        file.seek(begin)
        self.send_response(206)
        self.send_header('Content-Range', f'bytes {begin}-{end - 1}/{end}')
        self.send_header('Content-Length', str(end - begin))
        self.end_headers()
        return file

    def log_message(self, *args):
        pass


@OUTSIDE_ROOT
@program.needs_speech
class RunCommands(unittest.TestCase):
    def setUp(self):
        scope = contextlib.ExitStack()
        self.addCleanup(scope.close)
        self.folder = pathlib.Path(scope.enter_context(
            tempfile.TemporaryDirectory(prefix='npuwhisper-documents-')))
        self.make_media()
        server = http.server.ThreadingHTTPServer(
            ('127.0.0.1', 0), functools.partial(Handler, directory=self.folder))
        scope.callback(server.server_close)
        scope.callback(server.shutdown)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.site = f'http://127.0.0.1:{server.server_address[1]}'

    def make_media(self):
        picture = '-f lavfi -i testsrc2=size=320x240:rate=25:duration=5'
        h264 = '-pix_fmt yuv420p -c:v libx264 -preset ultrafast'
        self.make('talk.mkv', f'{h264} -c:a libvorbis -ac 2 -ar 48000', before=picture)
        self.make('news.ts', '-c:a mp2 -ar 48000')
        self.make('rede.ogg', '-c:a libvorbis')
        for name in ('talk.mp4', 'rede.mp4'):
            self.make(name, '-c:a aac')
        for name in ('talk', 'discours', 'recordings/one', 'talks/two'):
            self.make(f'{name}.mp3', '')
        self.make('note.flac', '')
        # A film of 91 minutes that has speech after 90 minutes, in its second track.
        self.make('film.mkv', '-map 0 -map 1 -ar 8000 -filter:a:1 adelay=5405000:all=1 -c:a flac',
                  before='-f lavfi -i anullsrc=r=8000:cl=mono:d=5460')

    def make(self, name, arguments, before=''):
        """Makes a file that has the recording as its last stream."""
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        subprocess.run(['ffmpeg', '-nostdin', '-v', 'error', *before.split(), '-i', SPEECH,
                        *arguments.split(), str(path)], check=True, timeout=120)

    def test_commands(self):
        n_run = 0
        for document in documents():
            name = str(document.relative_to(SOURCE))
            prelude = [f'SPEECH={SPEECH}', f'cd {self.folder}']
            for command in commands(document):
                action = rule_of(name, command)
                if not isinstance(action, Run):
                    continue
                text = as_run(command.text).replace('https://example.org', self.site)
                if re.match(r'export |\w+=\S+$', text):
                    prelude.append(text)
                    continue
                with self.subTest(document=name, command=text):
                    files = [*action.files, *re.findall(r'--output (\S+\.\w+)', text)]
                    for file in files:
                        (self.folder / file).unlink(missing_ok=True)
                    done = self.run_command(name, '; '.join([*prelude, text]))
                    self.assertEqual(done.returncode, 0, done.stdout[-2000:] + done.stderr[-2000:])
                    for file in files:
                        self.assertGreater((self.folder / file).stat().st_size, 50, file)
                        if file.endswith(('.srt', '.txt')):
                            found = (self.folder / file).read_text('utf-8')
                            self.assertIn('disposed', found.lower())
                    if 'examples/transcribe' in text and '--output' not in text:
                        # With --language de, the text is not that of the recording.
                        self.assertIn('mann' if '--language de' in text else 'disposed',
                                      done.stdout.lower())
                    n_run += 1
        self.assertGreater(n_run, 25)

    @staticmethod
    def run_command(name, text):
        environment = {**os.environ, 'GST_PLUGIN_PATH': str(BUILD / 'gst')}
        # Paths of CONTRIBUTING.md and docs/library.md are those of the checkout.
        folder = SOURCE if name in ('CONTRIBUTING.md', 'docs/library.md') else None
        return subprocess.run(['bash', '-c', text], cwd=folder, env=environment,
                              capture_output=True, stdin=subprocess.DEVNULL, encoding='utf-8',
                              timeout=300, check=False)


if __name__ == '__main__':
    program.main()
