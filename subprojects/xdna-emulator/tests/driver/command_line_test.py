# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tests the command line of npuwhisper-emulate.

usage: command_line_test.py EMULATE
"""

import os
import re
import subprocess
import sys
import tempfile
import unittest

EMULATE = os.path.abspath(sys.argv[1])
# In a build with sanitizers, third-party programs may leak.
os.environ["ASAN_OPTIONS"] = os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0"

VARIABLES = [f"NPUWHISPER_EMULATOR_{name}" for name in
             ("FAULTS", "CLOCK", "WATCHDOG_MS", "TIMELINES", "STATS", "TRACE", "OCCUPANCY")]


def emulate(*arguments, **variables):
    return subprocess.run([EMULATE, *arguments], env={**os.environ, **variables},
                          capture_output=True, text=True, check=False, timeout=60)


class Help(unittest.TestCase):
    def test_names_all_options_and_variables(self):
        for option in ("--help", "-h"):
            done = emulate(option)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            for name in ("--image", "--build", "-D", "-I", "--alloc-scheme", "--elf", "--pack",
                         "NPUWHISPER_NPU_IMAGE", "NPUWHISPER_NPU_TIMEOUT_MS", *VARIABLES):
                self.assertRegex(done.stdout, rf"(?m)^ +{re.escape(name)}\b")
            for line in done.stdout.splitlines():
                self.assertLessEqual(len(line), 100, line)

    def test_is_the_commands_after_the_dashes(self):
        self.assertEqual(emulate("npu2", "--", "echo", "--help", "-h").stdout, "--help -h\n")


class UsageErrors(unittest.TestCase):
    def test_say_what_is_found_and_wanted(self):
        for arguments, texts in (
                ([], ["ARRAY is required"]),
                (["npu3", "--", "true"], ["ARRAY", "'npu3'", "'npu1' or 'npu2'"]),
                (["npu1"], ["after --", "found none", "wanted a command"]),
                (["npu1", "--"], ["after --", "found none", "wanted a command"]),
                (["npu1", "true"], ["between npu1 and --", "found 1 ('true')", "wanted none"]),
                (["npu1", "--imag", "x", "--", "true"], ["--imag"]),
                (["npu1", "--image"], ["--image", "FILE missing"]),
                (["npu1", "--elf", "--", "true"], ["--elf requires --build"]),
                (["-DX=1", "npu1", "--", "true"], ["-D requires --build"]),
                (["--build"], ["--build", "OUT.xclbin missing"]),
                (["--build", "o", "npu1"], ["--build", "found no design", "FILE.mlir"]),
                (["--build", "o", "npu1", "a.mlir", "--", "b"], ["found 1 ('b')", "wanted none"]),
                (["--build", "o", "--pack", "o", "npu1", "a"], ["--build excludes --pack"]),
                (["--build", "o", "--image", "i", "npu1", "a"], ["--build", "--image"]),
                (["--pack", "o", "npu1"], ["images", "found none", "wanted one"]),
                (["--pack", "o", "npu1", "a", "b"], ["found 2 ('a', 'b')", "wanted one"])):
            done = emulate(*arguments)
            self.assertEqual((done.returncode, done.stdout), (2, ""), arguments)
            self.assertTrue(done.stderr.startswith("npuwhisper-emulate: "), done.stderr)
            for text in [*texts, "--help"]:
                self.assertIn(text, done.stderr)

    def test_precede_the_command(self):
        done = emulate("npu2", "--", "echo", "started", NPUWHISPER_EMULATOR_FAULTS="error@1,fire@2")
        self.assertEqual(done.returncode, 2)
        self.assertIn("fire@2", done.stderr)
        self.assertNotIn("started", done.stdout)


class Run(unittest.TestCase):
    def test_ends_with_the_commands_exit_status(self):
        self.assertEqual(emulate("npu2", "--", "sh", "-c", "exit 7").returncode, 7)
        self.assertEqual(emulate("npu2", "--", "true").returncode, 0)
        self.assertEqual(emulate("npu2", "--", "sh", "-c", "kill -9 $$").returncode, 128 + 9)
        self.assertEqual(emulate("npu2", "--", "no-such-program").returncode, 127)

    def test_passes_arguments_unchanged(self):
        words = ["--image", "-DX", "--", "a b", "", "[x,y]", "--build=1"]
        done = emulate("npu1", "--", "printf", "%s\n", *words)
        self.assertEqual(done.stdout.splitlines(), words)

    def test_passes_the_image_on(self):
        shown = ["--", "sh", "-c", 'echo "$NPUWHISPER_NPU_IMAGE"']
        for arguments in (["npu2", "--image", "an.xclbin"], ["--image=an.xclbin", "npu2"]):
            done = emulate(*arguments, *shown, NPUWHISPER_NPU_IMAGE="other")
            self.assertEqual(done.stdout.strip(), os.path.abspath("an.xclbin"))
        self.assertEqual(emulate("npu2", *shown, NPUWHISPER_NPU_IMAGE="other").stdout, "other\n")


class Pack(unittest.TestCase):
    def test_names_an_image_that_it_cannot_read(self):
        with tempfile.TemporaryDirectory() as folder:
            done = emulate("--pack", f"{folder}/out.xclbin", "npu1", f"{folder}/none.image")
            self.assertEqual(done.returncode, 2)
            self.assertIn(f"{folder}/none.image", done.stderr)


class Build(unittest.TestCase):
    def build(self, *arguments):
        with tempfile.TemporaryDirectory() as folder:
            files = {"empty.mlir": "aie.device(npu2) { aie.runtime_sequence() {} }\n",
                     "kernel.cc": "",
                     # Replaces XRT's xclbinutil. The last argument is the path of the xclbin.
                     "xclbinutil": "#!/bin/sh\nfor last; do :; done\ntouch \"$last\"\n"}
            for name, text in files.items():
                with open(f"{folder}/{name}", "w", encoding="utf-8") as file:
                    file.write(text)
            os.chmod(f"{folder}/xclbinutil", 0o755)
            done = subprocess.run([EMULATE, *arguments], cwd=folder, capture_output=True, text=True,
                                  env={**os.environ, "PATH": f"{folder}:{os.environ['PATH']}"},
                                  check=False, timeout=60)
            return done.returncode, done.stderr, set(os.listdir(folder)) - set(files)

    def test_takes_options_anywhere(self):
        written = {"o.xclbin", "o.insts.bin", "o.insts.txt", "o.insts.elf"}
        options = ("-DX=1", "-D", "Y", "-I.", "--alloc-scheme=bank-aware")
        for arguments in (
                ["--build", "o.xclbin", "npu2", "--elf", "empty.mlir", *options],
                [*options, "npu2", "empty.mlir", "--elf", "--build=o.xclbin"]):
            status, message, files = self.build(*arguments)
            self.assertEqual((status, message, files), (0, "", written), arguments)

    def test_a_kernel_follows_its_design(self):
        start = ("--build", "o.xclbin", "npu2")
        status, message, files = self.build(*start, "kernel.cc", "empty.mlir")
        self.assertEqual((status, files), (2, set()))
        self.assertIn("before 'kernel.cc' there must be a design", message)
        status, message, files = self.build(*start, "empty.mlir", "kernel.cc")
        self.assertEqual((status, files), (2, set()))
        self.assertIn("links no 'kernel.o'", message)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
