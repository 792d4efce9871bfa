#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Parses the array programs with an independent MLIR parser, LLVM's mlir-opt. mlir-opt checks the
syntax and types of arith, scf, memref and func, values, their dominance, blocks and regions. It
does not support the dialect aie, which generic_form.py translates to the generic form.

usage: mlir_opt_test.py NPU_DESIGN [MLIR_OPT]

Without MLIR_OPT, the exit status is 77 (skipped). mlir-opt is in Debian's packages mlir-19-tools
(Debian 13) and mlir-16-tools (Debian 12).
"""

import re
import subprocess
import sys

from generic_form import UnknownForm, generic_form

SKIPPED = 77
SIZES = (('npu1', 1, 1), ('npu1', 2, 2), ('npu1', 4, 4), ('npu2', 1, 1), ('npu2', 4, 1),
         ('npu2', 2, 3), ('npu2', 4, 4), ('npu2', 4, 8))

# Each mutation makes the text invalid in one place. The parser must reject the mutated text. This
# shows that the parser does check the text.
MUTATIONS = {
    'a value that is not defined': (r'aie\.use_lock\(%a_full', 'aie.use_lock(%no_lock'),
    'a block that is not there': (r'aie\.next_bd \^\w+', 'aie.next_bd ^nowhere'),
    'a loop value that is not yielded': (
        r'scf\.yield (%\w+), %\w+ : i32, i32', r'scf.yield \1 : i32'),
    'a load of another type': (r'(= memref\.load .*) : memref<\d+xi32>', r'\1 : memref<7xi32>'),
    'an index where an i32 is wanted': (
        r'arith\.xori (%\w+), %one : i32', r'arith.xori \1, %c0 : i32'),
    'a region that is not closed': (r'\}\n$', ''),
}


def refusal(mlir_opt, text):
    """Returns mlir-opt's error message for the text; empty if it accepts the text."""
    done = subprocess.run([mlir_opt, '--allow-unregistered-dialect', '-o', '/dev/null'], input=text,
                          capture_output=True, text=True, check=False)
    return done.stderr.strip() or ('' if done.returncode == 0 else f'exit status {done.returncode}')


def main():
    design, *mlir_opt = sys.argv[1:]
    if not mlir_opt:
        print('skipped: no mlir-opt (Debian 13 has it in mlir-19-tools, 12 in mlir-16-tools)')
        return SKIPPED
    failures = []
    for array, rows, columns in SIZES:
        text = subprocess.run([design, array, str(rows), str(columns)], capture_output=True,
                              text=True, check=True).stdout
        generic = generic_form(text)
        said = refusal(*mlir_opt, generic)
        n_before = len(re.findall(r'\baie\.\w+[ (\n]', re.sub('//.*', '', text)))
        n_after = len(re.findall(r'"aie\.(?!call)\w+"', generic))
        print(f'{array} {rows} x {columns}: {n_after} operations of aie, '
              f'{len(generic.splitlines())} lines: {said or "parsed"}')
        if said or n_before != n_after:
            failures.append(f'{array} {rows} x {columns}: {said or f"{n_before} became {n_after}"}')
    for what, (pattern, replacement) in MUTATIONS.items():
        broken, n = re.subn(pattern, replacement, text, count=1)
        if n != 1:
            failures.append(f'{what}: there is no place for it')
        elif not refusal(*mlir_opt, generic_form(broken)):
            failures.append(f'{what}: parsed')
    for pattern, replacement, wanted in (
            (r'aie\.end', 'aie.stop', UnknownForm),
            (r'(func\.call @encoder_begin_pass\(.*\)) : \(memref<\d+xi32>, i32, i32\)',
             r'\1 : (memref<7xi32>, i32, i32)', ValueError)):
        try:
            generic_form(re.sub(pattern, replacement, text, count=1))
            failures.append(f'{replacement}: taken')
        except wanted:
            pass
    for failure in failures:
        print(f'FAILED: {failure}')
    return 1 if failures else 0


if __name__ == '__main__':
    sys.exit(main())
