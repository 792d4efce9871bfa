# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tests the images that npuwhisper-emulate builds, and the emulated NPU as xrt-smi and other
programs see it. All tests need XRT; command_line_test.py has the tests that do not.

usage: programs_test.py EMULATE XCLBIN_NPU1 XCLBIN_NPU2 HOLD_CONTEXT DESIGN

XCLBIN_* hold scripted images; DESIGN is scale.mlir for npu2.
"""

import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import unittest

EMULATE, XCLBIN_NPU1, XCLBIN_NPU2, HOLD_CONTEXT, DESIGN = sys.argv[1:6]
HERE = pathlib.Path(__file__).parent


# In a build with sanitizers, third-party programs may leak.
os.environ["ASAN_OPTIONS"] = os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0"


def emulate(array, *command, check=True, **variables):
    return subprocess.run([EMULATE, array, "--", *command], env={**os.environ, **variables},
                          capture_output=True, text=True, check=check, timeout=60)


class Cleanup(unittest.TestCase):
    def test_nothing_is_left_behind(self):
        with tempfile.TemporaryDirectory() as folder:
            emulate("npu2", "xrt-smi", "examine", TMPDIR=folder)
            self.assertEqual(os.listdir(folder), [])
            with subprocess.Popen([EMULATE, "npu2", "--", "sleep", "60"],
                                  env={**os.environ, "TMPDIR": folder}) as running:
                while not os.listdir(folder):
                    time.sleep(0.01)
                running.send_signal(signal.SIGTERM)
                self.assertEqual(running.wait(10), 128 + signal.SIGTERM)
            self.assertEqual(os.listdir(folder), [])


class Build(unittest.TestCase):
    def build(self, *arguments):
        with tempfile.TemporaryDirectory() as folder:
            source = pathlib.Path(folder) / "broken.cc"
            source.write_text("this is not C++")
            arguments = [str(argument).replace("FOLDER", folder) for argument in arguments]
            done = subprocess.run([EMULATE, "--build", f"{folder}/out.xclbin", *arguments],
                                  capture_output=True, text=True, check=False)
            self.assertEqual(os.path.exists(f"{folder}/out.xclbin"), done.returncode == 0)
            return done.returncode, done.stderr

    def test_mistakes_are_named(self):
        kernel = HERE / "scale.cc"
        for arguments, texts in (
                (["npu2", DESIGN], ["'scale.o'", "not given"]),
                (["npu2", DESIGN, f"other.o={kernel}"], ["no 'other.o'", "scale.o"]),
                (["npu2", DESIGN, "scale.txt"], ["scale.txt", ".cc"]),
                (["npu2", DESIGN, "FOLDER/scale.cc"], ["there is no"]),
                (["npu2", DESIGN, "scale.o=FOLDER/broken.cc"], ["c++ failed", "this is not C++"]),
                (["npu1", DESIGN, kernel], ["npu2", "npu1"]),
                (["npu3", DESIGN, kernel], ["npu3"]),
                (["npu2", kernel], ["there must be a design"]),
                (["npu2", "no.mlir"], ["no.mlir"]),
                (["npu2", XCLBIN_NPU2 + ".mlir"], ["cannot read"])):
            status, message = self.build(*arguments)
            self.assertEqual(status, 2, arguments)
            for text in texts:
                self.assertIn(text, message)

    def test_objects_and_shared_objects_are_taken(self):
        with tempfile.TemporaryDirectory() as folder:
            source = f"{folder}/scale.c"
            pathlib.Path(source).write_text(
                "void scale(const int* from, int* to, int factor) {\n"
                "  for (int i = 0; i < 64; ++i) to[i] = factor * from[i];\n}\n")
            subprocess.run(["cc", "-fPIC", "-c", source, "-o", f"{folder}/scale.o"], check=True)
            for kernel in (source, f"{folder}/scale.o"):
                status, message = self.build("npu2", DESIGN, kernel)
                self.assertEqual(status, 0, message)

    def test_several_files_become_one_object(self):
        with tempfile.TemporaryDirectory() as folder:
            scale, table = f"{folder}/scale.c", f"{folder}/table.c"
            # The file is named .c, but its content is C++.
            pathlib.Path(scale).write_text(
                'extern "C" int factor_of(int i);\n'
                'extern "C" void scale(const int* from, int* to, int factor) {\n'
                "  for (int i = 0; i < 64; ++i) to[i] = factor * factor_of(i) * from[i];\n}\n")
            pathlib.Path(table).write_text(
                "const int table[20000] = {1};\n"
                "int factor_of(int i) { return table[i]; }\n")
            status, message = self.build("npu2", DESIGN, f"scale.o={scale}")
            self.assertEqual(status, 2)
            self.assertIn("factor_of", message)
            status, message = self.build("npu2", DESIGN, f"scale.o={scale}", f"scale.o={table}")
            self.assertEqual(status, 0, message)
            self.assertIn("scale.c is no C; compiled as C++", message)
            self.assertRegex(message, r"tile \(0, 2\) have 80000 bytes of static data, its memory "
                                      r"has \d+ left")

    def test_one_of_several_devices(self):
        device = "aie.device(npu2) @%s { aie.runtime_sequence() { %s } }\n"
        write = ("aiex.npu.write32 {address = 0 : ui32, column = 0 : i32, row = 2 : i32, "
                 "value = 1 : ui32}")
        with tempfile.TemporaryDirectory() as folder:
            both = f"{folder}/both.mlir"
            pathlib.Path(both).write_text(device % ("short", "") + device % ("long", write))
            sizes = {}
            for name, choice in (("first", ""), ("short", "@short"), ("long", "@long")):
                subprocess.run([EMULATE, "--build", f"{folder}/{name}.xclbin", "npu2",
                                both + choice], check=True)
                sizes[name] = os.path.getsize(f"{folder}/{name}.insts.bin")
            self.assertEqual(sizes["first"], sizes["short"])
            self.assertGreater(sizes["long"], sizes["short"])
            status, message = self.build("npu2", both + "@other")
            self.assertEqual(status, 2)
            self.assertIn("no aie.device @other", message)

    def test_what_the_array_refuses_is_said_at_once(self):
        with tempfile.TemporaryDirectory() as folder:
            traced = f"{folder}/traced.mlir"
            pathlib.Path(traced).write_text(
                "aie.device(npu2) { %shim = aie.tile(0, 0) %core = aie.tile(0, 2)\n"
                "aie.packet_flow(0x1) { aie.packet_source<%core, Trace : 0>\n"
                "aie.packet_dest<%shim, DMA : 0> } }\n")
            status, message = self.build("npu2", traced)
            self.assertEqual(status, 2)
            self.assertIn("a stream from tile (0, 2) trace port 0 is not modelled", message)

    def test_the_way_of_placing_buffers_is_checked(self):
        status, message = self.build("npu2", "--alloc-scheme=random", DESIGN, HERE / "scale.cc")
        self.assertEqual(status, 2)
        self.assertIn("allocation scheme 'random'", message)


class XrtSmi(unittest.TestCase):
    def test_examine_shows_each_array(self):
        for array, row in (("npu1", ("NPU Phoenix (emulated)", "aie2", "6x5")),
                           ("npu2", ("NPU Strix (emulated)", "aie2p", "6x8"))):
            output = emulate(array, "xrt-smi", "examine").stdout
            line = next(line for line in output.splitlines() if "0000:c5:00.1" in line)
            cells = tuple(cell.strip() for cell in line.strip("|").split("|"))
            self.assertEqual(cells, ("[0000:c5:00.1]", *row))
            self.assertIn("amdxdna Version      : emulated", output)

    def test_all_reports(self):
        for array in ("npu1", "npu2"):
            output = emulate(array, "xrt-smi", "examine", "-r", "all").stdout
            self.assertIn("(emulated)", output)
            self.assertIn("No hardware contexts running", output)

    def test_the_power_mode_stays_set(self):
        commands = "xrt-smi configure --pmode performance && xrt-smi examine -r platform"
        output = emulate("npu2", "sh", "-c", commands).stdout
        self.assertRegex(output, r"Power Mode\s*:\s*performance")

    def test_contexts_of_other_processes_are_listed(self):
        script = f"""
            {HOLD_CONTEXT} & pid=$!
            {HOLD_CONTEXT} & other=$!
            while [ "$(xrt-smi examine -r aie-partitions | grep -cE "$pid|$other")" != 2 ]
            do sleep 0.1; done
            echo seen both
            kill $pid $other
            wait
            xrt-smi examine -r aie-partitions"""
        output = emulate("npu2", "bash", "-c", script, NPUWHISPER_TEST_XCLBIN=XCLBIN_NPU2).stdout
        self.assertIn("seen both", output)
        # The contexts of a killed process are no longer listed.
        self.assertIn("No hardware contexts running", output.split("seen both")[1])


class Statistics(unittest.TestCase):
    def test_each_process_that_used_the_device_writes_its_own(self):
        with tempfile.TemporaryDirectory() as folder:
            program = f"python3 {HERE}/pyxrt_program.py {XCLBIN_NPU1}"
            emulate("npu1", "sh", "-c", f"{program} && {program}",
                    NPUWHISPER_EMULATOR_STATS=f"{folder}/stats-%p.json")
            files = sorted(pathlib.Path(folder).iterdir())
            self.assertEqual(len(files), 2, files)
            for file in files:
                stats = json.loads(file.read_text())
                self.assertEqual(stats["device"], "NPU Phoenix (emulated)")
                self.assertIs(stats["emulated"], True)
                self.assertEqual(stats["driver"]["n_submissions"], 1)
                self.assertEqual(stats["array"]["n_runs"], 1)


class Pyxrt(unittest.TestCase):
    def test_a_python_program_runs(self):
        emulate("npu1", "python3", str(HERE / "pyxrt_program.py"), XCLBIN_NPU1)
        emulate("npu2", "python3", str(HERE / "pyxrt_program.py"), XCLBIN_NPU2)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
