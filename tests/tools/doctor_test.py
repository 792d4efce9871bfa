#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tests npuwhisper-doctor with the files of other machines, other registries, and models that are missing or wrong.

usage: doctor_test.py PATH_OF_NPUWHISPER_MODELS [unittest options]
"""
import json
import os
import pathlib
import resource
import subprocess
import sys
import unittest
import unittest.mock

from model_case import PATH, Case

from doctor import commands, gstreamer, machine, models, npu
from doctor.findings import OK, PROBLEM, WARNING, Finding, as_text, has_problem

DOCTOR = pathlib.Path(PATH).resolve().parent / 'npuwhisper-doctor'
CPUINFO = ('processor\t: 0\nmodel name\t: A CPU\nflags\t\t: fpu {}\n\n'
           'processor\t: 1\nmodel name\t: B\nflags\t\t: avx2 fma\n')
AVX512 = 'avx2 fma avx512f avx512bw avx512cd avx512dq avx512vl'


class DoctorCase(Case):
    def setUp(self):
        super().setUp()
        self.root = self.folder / 'root'

    def write(self, path, text):
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def check_finding(self, finding, state, text, command=None):
        self.assertEqual((finding.state, finding.command), (state, command), finding)
        self.assertIn(text, finding.text)


class Cpu(DoctorCase):
    def check_instructions(self, flags, state, text):
        self.write('proc/cpuinfo', CPUINFO.format(flags))
        self.check_finding(machine.check_instructions(self.root), state, text)

    def test_instruction_sets(self):
        for flags, name in {
                f'{AVX512} avx512_vnni avx512_bf16 amx_tile amx_int8 amx_bf16': 'amx',
                f'{AVX512} avx512_vnni avx512_bf16 amx_tile': 'avx512_bf16',
                f'{AVX512} avx512_vnni': 'avx512',
                'avx2 fma avx_vnni avx512f': 'avx2_vnni',
                'avx2 fma': 'avx2'}.items():
            with self.subTest(flags=flags):
                self.check_instructions(flags, OK, f'A CPU, {name}')

    def test_cpu_without_avx2_is_slow(self):
        self.check_instructions('sse4_2 avx', WARNING, 'A CPU: found no AVX2')

    def test_other_cpus_have_no_flags(self):
        self.write('proc/cpuinfo', 'processor\t: 0\nFeatures\t: fp asimd\n')
        self.check_finding(machine.check_instructions(self.root), WARNING, 'found no flags')

    def test_variable_limits_the_instruction_set(self):
        self.assertEqual(machine.check_variable(), [])
        for value, state in {'avx2': WARNING, 'avx3': PROBLEM}.items():
            with unittest.mock.patch.dict(os.environ, NPUWHISPER_MAX_ISA=value):
                [finding] = machine.check_variable()
            self.check_finding(finding, state, value, 'unset NPUWHISPER_MAX_ISA')

    def check_processors(self, state, text, n_all=8, n_allowed=8):
        with unittest.mock.patch('os.cpu_count', return_value=n_all), \
                unittest.mock.patch('os.sched_getaffinity', return_value=set(range(n_allowed))):
            self.check_finding(machine.check_processors(self.root), state, text)

    def test_all_processors(self):
        self.write('proc/self/cgroup', '0::/\n')
        self.write('sys/fs/cgroup/cpu.max', 'max 100000\n')
        self.check_processors(OK, '8 processors')

    def test_affinity(self):
        self.check_processors(WARNING, '2 of 8 processors may be used: the affinity', n_allowed=2)

    def test_quota_of_a_parent_in_version_2(self):
        self.write('proc/self/cgroup', '0::/a/b\n')
        self.write('sys/fs/cgroup/a/b/cpu.max', '600000 100000\n')
        self.write('sys/fs/cgroup/a/cpu.max', '150000 100000\n')
        self.check_processors(WARNING, f'1.5 of 8 processors may be used: the limit in {self.root}/sys/fs/cgroup/a/cpu')

    def test_quota_in_version_1(self):
        self.write('proc/self/cgroup', '3:memory:/x\n2:cpu,cpuacct:/x\n')
        self.write('sys/fs/cgroup/cpu/x/cpu.cfs_quota_us', '200000\n')
        self.write('sys/fs/cgroup/cpu/x/cpu.cfs_period_us', '100000\n')
        self.check_processors(WARNING, '2 of 8 processors')

    def test_unlimited_quota_in_version_1(self):
        self.write('proc/self/cgroup', '2:cpu,cpuacct:/x\n')
        self.write('sys/fs/cgroup/cpu/x/cpu.cfs_quota_us', '-1\n')
        self.write('sys/fs/cgroup/cpu/x/cpu.cfs_period_us', '100000\n')
        self.check_processors(OK, '8 processors')


class Memory(DoctorCase):
    def check_memory(self, state, text):
        self.write('proc/self/cgroup', '0::/a\n')
        unlimited = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
        with unittest.mock.patch('resource.getrlimit', return_value=unlimited):
            [finding] = machine.check_memory(self.root)
        self.check_finding(finding, state, text)

    def test_large_machine(self):
        self.write('proc/meminfo', 'MemTotal:       16000000 kB\n')
        self.check_memory(OK, '16.4 GB, the memory of this machine: all models fit')

    def test_cgroup_allows_small_models(self):
        self.write('proc/meminfo', 'MemTotal:       16000000 kB\n')
        self.write('sys/fs/cgroup/a/memory.max', '200000000\n')
        self.check_memory(WARNING, f'0.2 GB, the limit in {self.root}/sys/fs/cgroup/a/memory.max: these models fit: '
                          'tiny, tiny.en, base')

    def test_no_model_fits(self):
        self.write('proc/meminfo', 'MemTotal:       16000000 kB\n')
        self.write('sys/fs/cgroup/memory.max', '50000000\n')
        self.check_memory(PROBLEM, 'found no model that fits, wanted at least 100 MB')

    def test_resource_limit(self):
        self.write('proc/meminfo', 'MemTotal:       16000000 kB\n')
        with unittest.mock.patch('resource.getrlimit', return_value=(300_000_000, 300_000_000)):
            [finding] = machine.check_memory(self.root)
        self.check_finding(finding, WARNING, '0.3 GB, ulimit -')

    def test_unknown_limit(self):
        self.check_memory(WARNING, 'found no limit')


# A stand-in for gst-inspect-1.0 whose output depends on environment variables.
INSPECT = '''#!/bin/sh
case $1 in
  --version) echo "gst-inspect-1.0 version $TEST_VERSION" ;;
  --exists) case " $TEST_ELEMENTS " in *" $2 "*) exit 0 ;; *) exit 1 ;; esac ;;
  --print-blacklist) echo "$TEST_BLACKLIST" ;;
  *) echo "$TEST_ERROR" >&2; test -z "$TEST_ERROR" ;;
esac
'''
ALL = ' '.join(gstreamer.ELEMENTS)


class GStreamer(DoctorCase):
    def findings(self, version='1.24.2', elements=f'npuwhisper {ALL}', blacklist='', error='', plugin=None):
        folder = self.folder / 'commands'
        folder.mkdir(exist_ok=True)
        (folder / 'gst-inspect-1.0').write_text(INSPECT)
        (folder / 'gst-inspect-1.0').chmod(0o755)
        environment = {'PATH': f'{folder}:{os.environ["PATH"]}', 'TEST_VERSION': version, 'TEST_ELEMENTS': elements,
                       'TEST_BLACKLIST': blacklist, 'TEST_ERROR': error}
        with unittest.mock.patch.dict(os.environ, environment), \
                unittest.mock.patch('doctor.gstreamer.own_plugin', return_value=plugin):
            return gstreamer.check_gstreamer()

    def test_everything_is_found(self):
        self.assertEqual([finding.state for finding in self.findings()], [OK, OK, OK])

    def test_no_gstreamer(self):
        with unittest.mock.patch.dict(os.environ, PATH=str(self.folder)):
            [finding] = gstreamer.check_gstreamer()
        self.check_finding(finding, PROBLEM, 'found no gst-inspect-1.0', 'apt-get install gstreamer1.0-tools')

    def test_old_gstreamer(self):
        [finding] = self.findings(version='1.20.3')
        self.check_finding(finding, PROBLEM, 'version 1.20.3, wanted 1.22 or later')

    def test_missing_elements(self):
        finding = self.findings(elements='npuwhisper decodebin audioresample wavparse')[2]
        self.check_finding(finding, WARNING, 'found no audioconvert, srtenc',
                           'apt-get install gstreamer1.0-plugins-bad gstreamer1.0-plugins-base')

    def test_no_plugin(self):
        self.check_finding(self.findings(elements=ALL)[1], PROBLEM, 'found no libgstnpuwhisper.so',
                           str(commands.HERE / 'setup'))

    def test_plugin_outside_the_registry(self):
        plugin = self.folder / 'my plugins' / 'libgstnpuwhisper.so'
        self.check_finding(self.findings(elements=ALL, plugin=plugin)[1], WARNING, str(plugin),
                           f"export GST_PLUGIN_PATH='{plugin.parent}'")

    def test_plugin_that_cannot_be_loaded(self):
        plugin = self.folder / 'libgstnpuwhisper.so'
        self.check_finding(self.findings(elements=ALL, plugin=plugin, error='no libdnnl.so')[1], PROBLEM,
                           'cannot be loaded: no libdnnl.so')

    def test_plugin_in_the_blacklist(self):
        plugin = self.folder / 'libgstnpuwhisper.so'
        findings = self.findings(elements=ALL, plugin=plugin, error='blacklisted',
                                 blacklist='Blacklisted files:\n  libgstnpuwhisper.so')
        self.check_finding(findings[1], PROBLEM, 'could not load libgstnpuwhisper.so before',
                           'rm ~/.cache/gstreamer-1.0/registry.*.bin')


class Models(DoctorCase):
    def test_no_models(self):
        whisper, detector = models.check_models()
        self.check_finding(whisper, PROBLEM, 'found no Whisper model', 'npuwhisper-models fetch base')
        self.check_finding(detector, WARNING, 'found no silero-vad', 'npuwhisper-models fetch silero-vad')

    def test_correct_model(self):
        self.place(self.in_cache('small'))
        self.check_finding(models.check_models()[0], OK, f'small in {self.in_cache("small")}: all checksums are correct')

    def test_wrong_model(self):
        self.place(self.in_cache('small'))
        (self.in_cache('small') / 'config.json').write_text('[]')
        self.check_finding(models.check_models()[0], PROBLEM, 'config.json: ',
                           'npuwhisper-models remove small && npuwhisper-models fetch small')

    def test_wrong_model_of_another_program(self):
        folder = self.folder / 'models' / 'small'
        self.place(folder)
        (folder / 'config.json').write_text('[]')
        with unittest.mock.patch.dict(os.environ, NPUWHISPER_MODEL_DIR=str(folder.parent)):
            self.check_finding(models.check_models()[0], PROBLEM, 'config.json: ')

    def test_model_without_sums(self):
        self.place(self.in_cache('tiny'))
        self.check_finding(models.check_models()[0], WARNING, 'no checksums are known')


class Npu(DoctorCase):
    def add_device(self, vendor, device):
        folder = f'sys/bus/pci/devices/0000:c4:00.{len(list(self.root.rglob("vendor")))}'
        self.write(f'{folder}/vendor', f'{vendor}\n')
        self.write(f'{folder}/device', f'{device}\n')

    def findings(self, script=None):
        program = None
        if script:
            program = self.folder / 'npuwhisper-transcribe'
            program.write_text(f'#!/bin/sh\n{script}\n')
            program.chmod(0o755)
        with unittest.mock.patch('doctor.npu.own_program', return_value=program and str(program)):
            return npu.check_npu(self.root)

    def test_none(self):
        self.add_device('0x8086', '0x17f0')
        self.add_device('0x1022', '0x1630')
        [finding] = self.findings()
        self.check_finding(finding, OK, 'none on the PCI bus')

    def test_without_a_program(self):
        self.add_device('0x1022', '0x17f0')
        [finding] = self.findings()
        self.check_finding(finding, WARNING, 'Strix or Krackan: not tried, because there is no npuwhisper-transcribe')

    def test_without_a_model(self):
        self.add_device('0x1022', '0x1502')
        [finding] = self.findings('exit 0')
        self.check_finding(finding, WARNING, 'Phoenix or Hawk Point: not tried, because there is no model')

    def test_message_of_the_library(self):
        self.place(self.in_cache('small'))
        self.add_device('0x1022', '0x1502')
        [finding] = self.findings('echo "NPU: $*" >&2; exit 1')
        self.check_finding(finding, PROBLEM, 'NPU: --device npu --model small --plan')

    def test_usable(self):
        self.place(self.in_cache('small'))
        self.add_device('0x1022', '0x17f0')
        [finding] = self.findings('exit 0')
        self.check_finding(finding, OK, 'Strix or Krackan: prepared small')


class Output(DoctorCase):
    def test_text_has_commands_and_numbers(self):
        findings = [Finding('cpu', OK, 'fast'), Finding('models', PROBLEM, 'none', 'fetch one'),
                    Finding('npu', WARNING, 'slow')]
        self.assertEqual(as_text(findings).splitlines(), [
            'ok       cpu: fast', 'problem  models: none', '         -> fetch one', 'warning  npu: slow',
            '1 problem, 1 warning'])
        self.assertTrue(has_problem(findings))
        self.assertFalse(has_problem(findings[::2]))

    def run_doctor(self, *arguments):
        return subprocess.run([sys.executable, DOCTOR, *arguments], capture_output=True, encoding='utf8', check=False,
                              env={**os.environ, 'PYTHONDONTWRITEBYTECODE': '1'}, timeout=300)

    def test_json_has_all_areas(self):
        done = self.run_doctor('--json')
        findings = json.loads(done.stdout)
        self.assertEqual(list(dict.fromkeys(finding['area'] for finding in findings)),
                         ['cpu', 'memory', 'gstreamer', 'models', 'npu'])
        self.assertIn({'area': 'models', 'state': PROBLEM, 'text': 'found no Whisper model, wanted one',
                       'command': 'npuwhisper-models fetch base'}, findings)
        self.assertEqual((done.returncode, done.stderr), (1, ''))

    def test_text_and_json_agree(self):
        text = self.run_doctor().stdout
        for finding in json.loads(self.run_doctor('--json').stdout):
            self.assertIn(f'{finding["area"]}: {finding["text"]}', text)

    def test_wrong_arguments(self):
        done = self.run_doctor('--fix')
        self.assertEqual((done.returncode, done.stdout), (2, ''))
        self.assertIn('--fix', done.stderr)


if __name__ == '__main__':
    unittest.main()
