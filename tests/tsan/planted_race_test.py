#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs a program with a planted race. ThreadSanitizer must report the race.

usage: planted_race_test.py PROGRAM CLASS   the class whose functions race
"""

import subprocess
import sys


def main() -> int:
    program, class_name = sys.argv[1:]
    done = subprocess.run([program], capture_output=True, text=True, timeout=300, check=False)
    wanted = ["WARNING: ThreadSanitizer: data race", f"npuwhisper::{class_name}::"]
    missing = [text for text in wanted if text not in done.stderr]
    if done.returncode == 66 and not missing:
        return 0
    print(f"{program}: status {done.returncode}, wanted 66; not reported: {missing}", file=sys.stderr)
    print(done.stderr[-8000:], file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
