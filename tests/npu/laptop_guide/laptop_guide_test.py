#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Follows docs/npu-laptop.md, command by command, in a Debian 13 system with XRT and without an NPU.

usage: laptop_guide_test.py BUILD EMULATE

BUILD: the build folder. The page's commands use the checkout's folder build, so the test is skipped
(exit status 77) for other folders. The word after ```sh names a need of the commands that this system
does not meet. It determines how the test runs the commands:

  (none)     The commands run unchanged.
  root       The commands change the system. They run with a stand-in for sudo, which simulates the
             installation of packages and changes files of a scratch folder.
  wheels     The commands need a network. pip installs wheels of stand-ins for mlir-aie and Peano
             (toolchain_stubs).
  compilers  The commands need mlir-aie and Peano. The stand-ins build the image.
  npu        The commands need an NPU. They must fail only because there is none, and succeed on the
             emulated NPU.

If the page shows the output of commands, their output must match it.
"""
import doctest
import importlib.util
import json
import os
import pathlib
import re
import shlex
import sys
import tempfile
import unittest

from page import PageError, read_fences, read_inline, read_messages
from session import Session
from wheels import make_wheels

SOURCE = pathlib.Path(__file__).resolve().parents[3]
STAND_INS = pathlib.Path(__file__).resolve().parent / 'stand_ins'
TEXT = (SOURCE / 'docs/npu-laptop.md').read_text(encoding='utf8')
FENCES = read_fences(TEXT)
USER = 'owner'
SKIPPED = 77
# The exit status and a part of the output of each command that needs an NPU, on a system without one.
# A key is the beginning of a command.
ENDS_WITHOUT_NPU = {
    'lspci ': (1, ''),
    'xrt-smi examine': (0, '0 devices found'),
    # Without a device, xrt-smi rejects the options of AMD's driver.
    'sudo xrt-smi configure ': (1, 'Unrecognized arguments'),
    'examples/transcribe ': (1, 'no NPU (AMD XDNA)'),
    'build/programs/npu_check/': (1, 'no NPU (AMD XDNA)')}
# The page transcribes longer recordings, but the emulated NPU would need a minute for them. It therefore gets the
# shortest recording.
RECORDING = min(pathlib.Path('/usr/share/pocketsphinx/test/data/librivox').glob('*.wav'),
                key=lambda path: path.stat().st_size)


def joined_literals(folder):
    """Returns the text of all .cpp files in `folder`, with neighbouring string literals joined."""
    return ''.join(re.sub(r'"\n\s*"', '', path.read_text(encoding='utf8')) for path in sorted(folder.rglob('*.cpp')))


MESSAGES = joined_literals(SOURCE / 'runtime/device')


def commands(needs):
    """Returns the lines of all fences whose need is `needs`."""
    return [line for fence in FENCES if fence.needs == needs for line in fence.commands.splitlines()]


class GuideCase(unittest.TestCase):
    """A base class: a scratch folder with the files that the stand-ins need, and a session that uses this folder."""

    def setUp(self):
        scratch = tempfile.TemporaryDirectory(prefix='npuwhisper-guide-')
        self.addCleanup(scratch.cleanup)
        self.scratch = pathlib.Path(scratch.name)
        self.root, self.image = self.scratch / 'root', self.scratch / 'image.xclbin'
        self.checkout = self.scratch / 'checkout'
        (self.checkout / 'build').mkdir(parents=True)
        (self.checkout / 'tools').symlink_to(SOURCE / 'tools')
        self.write_root()
        self.session = Session(self.scratch, self.variables())

    def write_root(self):
        """Writes the initial version of the files that the commands with sudo change."""
        for folder in ('apt/sources.list.d', 'security/limits.d'):
            (self.root / 'etc' / folder).mkdir(parents=True)
        for name, line in (('passwd', f'{USER}:x:1000:1000::/home/{USER}:/bin/bash'), ('shadow', f'{USER}:!::::::'),
                           ('group', 'render:x:105:'), ('gshadow', 'render:!::')):
            (self.root / 'etc' / name).write_text(line + '\n', encoding='utf8')

    def variables(self):
        pip = importlib.util.find_spec('pip')
        return {
            'PATH': f'{STAND_INS}:{os.environ["PATH"]}', 'USER': USER, 'GUIDE_ROOT': str(self.root),
            'GUIDE_PYTHON': sys.executable, 'GUIDE_PIP': str(pathlib.Path(pip.origin).parents[1]),
            'CALLS': str(self.scratch / 'calls'), 'PEANO_INSTALL_DIR': '', 'MLIR_AIE_INSTALL_DIR': '',
            'PIP_FIND_LINKS': str(make_wheels(self.scratch)), 'PIP_NO_INDEX': '1', 'PIP_RETRIES': '0',
            'https_proxy': 'http://localhost:9'}

    def succeed(self, line, folder=SOURCE):
        """Runs commands that must succeed. Returns their output."""
        done = self.session.run(line, folder)
        self.assertEqual(done.status, 0, f'{line}\n{done.output}')
        return done.output


class Following(GuideCase):
    """Runs the page's commands in order, in one session."""

    def test_every_command(self):
        follow = {'': self.follow, 'root': self.follow, 'wheels': self.follow_in_scratch,
                  'compilers': self.follow_to_image, 'npu': self.follow_on_npu}
        for fence in FENCES:
            follow[fence.needs](fence)
        self.check_changes()

    def check_output(self, fence, found):
        options = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
        if fence.shown is not None and not doctest.OutputChecker().check_output(fence.shown, found, options):
            self.fail(f'line {fence.line}: found\n{found}\nwanted\n{fence.shown}')

    def follow(self, fence):
        self.check_output(fence, self.succeed(fence.commands))

    def follow_in_scratch(self, fence):
        self.check_output(fence, self.succeed(fence.commands, self.checkout))

    def follow_to_image(self, fence):
        # The stand-ins' image must not replace a real image in the build folder.
        output = self.succeed(f'{fence.commands} {self.image}')
        self.check_output(fence, output)
        self.succeed(output.split('To use it: ')[1])

    def follow_on_npu(self, fence):
        line, = fence.commands.splitlines()
        if not pathlib.Path('/dev/accel').exists():
            self.fail_without_npu(line)
        if line.startswith('examples/transcribe ') and '--plan' not in line:
            line += f' {RECORDING}'
        # The stand-ins' image cannot run, so the emulated NPU uses its own image.
        emulated = f'{EMULATE} npu2 -- bash -ec {shlex.quote(line)}'
        output = self.succeed(f'(unset NPUWHISPER_NPU_IMAGE; export GUIDE_PCI_IDS=17f0; {emulated})')
        self.check_output(fence, output.replace(' (emulated)', ''))

    def fail_without_npu(self, line):
        (status, message), = (end for start, end in ENDS_WITHOUT_NPU.items() if line.startswith(start))
        done = self.session.run(line, SOURCE)
        self.assertEqual(done.status, status, f'{line}\n{done.output}')
        self.assertIn(message, done.output, line)

    def check_changes(self):
        """Checks the files that the commands with sudo have changed."""
        etc = self.root / 'etc'
        self.assertEqual((etc / 'group').read_text(), f'render:x:105:{USER}\n')
        limit = re.search(r"add the line '(.*?)' to /etc/security/limits.conf", MESSAGES)[1]
        self.assertEqual([path.read_text() for path in (etc / 'security/limits.d').iterdir()], [limit + '\n'])
        sources, = (etc / 'apt/sources.list.d').iterdir()
        listed = self.succeed(f'apt-get -o Dir::Etc::sourcelist={sources} -o Dir::Etc::sourceparts=/dev/null '
                              "indextargets --no-release-info --format '$(RELEASE) $(COMPONENT)' "
                              "'Created-By: Packages'")
        self.assertEqual(set(listed.splitlines()), {'trixie-backports main', 'trixie-backports non-free-firmware'})


class Details(GuideCase):
    """Checks the page's statements about its commands."""

    def test_without_wheels_the_message_names_the_step(self):
        line, = commands('compilers')
        done = self.session.run(f'{line} {self.image}', SOURCE)
        self.assertEqual(done.status, 1, done.output)
        self.assertIn('llvm-aie was not found', done.output)
        self.assertIn(re.search(r'pip install -r \S+', done.output)[0], commands('wheels'))

    def test_the_other_array_has_an_image_too(self):
        stand_ins = 'PEANO_INSTALL_DIR={0}/llvm-aie MLIR_AIE_INSTALL_DIR={0}/mlir_aie'.format(self.scratch / 'site')
        line = commands('compilers')[0].replace('npu2', 'npu1')
        self.assertIn('npu1-4x4: building', self.succeed(f'{stand_ins} {line} {self.image} --optimize s'))

    def test_lspci_lists_the_supported_npus(self):
        identities = (SOURCE / 'runtime/device/npu/npu_identity.cpp').read_text(encoding='utf8')
        ids = dict(re.findall(r'\{0x(\w{4}), (\{\}|"npu\d")\}', identities))
        line, = (line for line in commands('npu') if line.startswith('lspci '))
        listed = self.succeed(f'export GUIDE_PCI_IDS="{" ".join(ids)}"; {line}')
        self.assertEqual(re.findall(r'\[1022:(\w+)\]', listed), [npu for npu, array in ids.items() if array != '{}'])

    def test_messages_are_those_of_the_library(self):
        messages = read_messages(TEXT)
        self.assertGreater(len(messages), 15)
        for message in messages:
            # The sources do not contain the parts of a message that depend on the computer.
            for part in re.split(r'\.\.\.|/dev/accel/accel0|amd_iommu=off', message):
                self.assertTrue(part in MESSAGES, f'{message}: no source has "{part}"')

    def test_files_and_options_exist(self):
        options = self.succeed('tools/build-npu-image --help')
        for code in read_inline(TEXT):
            if code.startswith(('docs/', 'examples/', 'tools/')):
                self.assertTrue((SOURCE / code.split()[0]).exists(), code)
            if code.startswith('--'):
                self.assertIn(f'  {code.split()[0]} ', options)
            for option in re.findall(r' -D(\w+)=', code):
                self.assertIn(f"option('{option}'", (SOURCE / 'meson_options.txt').read_text(encoding='utf8'))

    def test_statistics_have_the_named_values(self):
        named = re.search(r'object `(\w+)` of the output, `(\w+)` divided by `(\w+)`', TEXT)
        line, = (line for line in commands('npu') if '--format json' in line)
        output = self.succeed(f'{line.replace("--device npu", "--device cpu")} --quiet {RECORDING}')
        statistics = json.loads(output)[named[1]]
        self.assertGreater(statistics[named[2]] / statistics[named[3]], 0)


class Refusals(unittest.TestCase):
    """Checks that read_fences() rejects pages with commands that the test would not run."""

    def test_unclear_pages(self):
        for text, word in (('```sh later\ntrue\n```\n', '```sh later'), ('```\ntrue\n```\n', 'found ```,'),
                           ('```bash\ntrue\n```\n', '```bash'), ('    true\n', 'indented'),
                           ('```text\nyes\n```\n', '```text'), ('```sh\ntrue\n', 'no end')):
            with self.subTest(text), self.assertRaisesRegex(PageError, re.escape(word)):
                read_fences(text)


if __name__ == '__main__':
    BUILD, EMULATE = (pathlib.Path(path).resolve() for path in sys.argv[1:3])
    if BUILD != (SOURCE / 'build').resolve():
        print('skipped: the commands use the folder build, and this is another')
        sys.exit(SKIPPED)
    unittest.main(argv=sys.argv[:1] + sys.argv[3:])
