# SPDX-License-Identifier: LGPL-2.1-or-later
"""Summarises test results from Meson's logs, at the end of tests/run.

usage: summary.py [--also PASSED FAILED] LOG...

Prints the minutes of each suite, the names of skipped tests, and each failed test with the end of
its output. The last line is "N passed, N failed, N skipped"; --also adds to the first two numbers.
The exit status is 0 if no test failed.
"""

import argparse
import json
import pathlib
import sys

PASSED = {"OK", "EXPECTEDFAIL"}
# Number of lines repeated from a failed test's output, for readers who see only the end of the log.
# Tests name the failure in their last lines.
LINES_OF_A_FAILURE = 15


def read(log):
    """Returns the results in one log, which has one JSON object per line."""
    with open(log, encoding="utf-8", errors="replace") as lines:
        return [json.loads(line) for line in lines]


def minutes(log, results):
    """Returns one line with the log's build folder and the minutes of each suite."""
    of_suite = {}
    for result in results:
        suites = result["name"].rpartition(" / ")[0].rpartition(":")[2] or "tests"
        of_suite[suites] = of_suite.get(suites, 0.0) + result["duration"] / 60
    parts = ", ".join(f"{suite} {time:.1f}" for suite, time in of_suite.items())
    return f"{log.parent.parent.name}: minutes of tests (up to two run in parallel): {parts}"


def output_of(result):
    """Returns the last lines of a test's output."""
    lines = (result.get("stdout", "") + result.get("stderr", "")).splitlines()
    return "\n".join("  " + line for line in lines[-LINES_OF_A_FAILURE:])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--also", nargs=2, type=int, default=[0, 0])
    parser.add_argument("logs", nargs="+", type=pathlib.Path, metavar="LOG")
    options = parser.parse_args()

    results = []
    for log in options.logs:
        if log.exists():
            found = read(log)
            print(minutes(log, found))
            results += found
    skipped = [result["name"] for result in results if result["result"] == "SKIP"]
    failed = [result for result in results if result["result"] not in PASSED | {"SKIP"}]
    if skipped:
        print("skipped:", " ".join(skipped))
    for result in failed:
        print(f"FAILED: {result['name']} ({result['result']})")
        print(output_of(result))
    n_passed = len(results) - len(skipped) - len(failed) + options.also[0]
    n_failed = len(failed) + options.also[1]
    print(f"{n_passed} passed, {n_failed} failed, {len(skipped)} skipped")
    return 1 if n_failed else 0


if __name__ == "__main__":
    sys.exit(main())
