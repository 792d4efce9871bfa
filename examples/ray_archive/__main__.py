# SPDX-License-Identifier: LGPL-2.1-or-later
"""The command line of examples/archive, after it has set up the checkout."""
import argparse
import contextlib
import json
import os
import pathlib
import secrets
import signal
import sys
import tempfile

import ray

from .fleet import Fleet, FleetError
from .inputs import InputError, Total, names_of
from .report import Progress, Report, summary_text
from .results import OutputError, Results, sole_run
from .run import Run
from .worker import Worker

FORMATS = ('txt', 'srt', 'vtt', 'json')
# Options of npuwhisper-transcribe that this program sets itself, or that do not affect a result.
RESERVED = ('batch', 'files-from', 'format', 'help', 'model', 'n-threads', 'output', 'plan', 'quiet',
            'trace', 'version')
MODELS = pathlib.Path(__file__).resolve().parents[2] / 'tools' / 'models.json'
# Memory of a worker besides its model: Python with Ray, and GStreamer.
OTHER_MEMORY_BYTES = 150 << 20
OBJECT_STORE_BYTES = 100 << 20  # The store holds only small answers.


def complain(message):
    print(f'archive: {message}', file=sys.stderr, flush=True)


class Parser(argparse.ArgumentParser):
    def error(self, message):
        complain(f'{message} (see --help)')
        sys.exit(2)


def positive(text):
    if (number := int(text)) < 1:
        raise ValueError
    return number


positive.__name__ = 'positive number'  # argparse names the wanted type in its message.


def formats(text):
    names = text.split(',')
    for name in names:
        if name not in FORMATS:
            raise argparse.ArgumentTypeError(f"format '{name}' is not one of {', '.join(FORMATS)}")
    return sorted({'json', *names})


def option(text):
    name = text.partition('=')[0]
    if not name or name.startswith('-') or name in RESERVED:
        raise argparse.ArgumentTypeError(
            f"'{text}': wanted NAME or NAME=VALUE, an option of npuwhisper-transcribe without --, "
            f"and none of {', '.join(RESERVED)}")
    return text


def parse(arguments):
    parser = Parser(add_help=False, allow_abbrev=False)
    parser.add_argument('--address')
    parser.add_argument('--output', required=True)
    parser.add_argument('--model', default='base')
    parser.add_argument('--batch', default='1')
    parser.add_argument('--formats', type=formats, default=['json'])
    parser.add_argument('--option', type=option, action='append', default=[])
    parser.add_argument('--workers', type=positive)
    parser.add_argument('--threads', type=positive, default=1)
    parser.add_argument('--memory', type=positive)
    parser.add_argument('--attempts', type=positive, default=3)
    parser.add_argument('--time-limit', type=positive, default=6 * 3600)
    parser.add_argument('inputs', nargs='+', metavar='INPUT')
    return parser.parse_args(arguments)


@contextlib.contextmanager
def cluster(address):
    """Connects to the cluster at the address, or starts one on this machine if there is no address."""
    quiet = {'log_to_driver': False, 'logging_level': 'ERROR'}
    # Ray keeps the logs of a local cluster in this folder. The path of a socket in it may have 107 bytes.
    with tempfile.TemporaryDirectory(prefix='npuwhisper-', dir='/tmp',
                                     ignore_cleanup_errors=True) as folder:
        if address:
            ray.init(address=address, **quiet)
        else:
            # Other users of this machine, and other machines, cannot use the cluster without the token.
            os.environ['RAY_AUTH_TOKEN'] = secrets.token_hex()
            ray.init(address='local', include_dashboard=False, _temp_dir=folder,
                     object_store_memory=OBJECT_STORE_BYTES, **quiet)
        try:
            yield
        finally:
            ray.shutdown()


def on_signals(run):
    """Makes the first SIGINT or SIGTERM stop the run, and the second one end the program. Replaces the
    handlers of ray.init(). Returns a list that will contain the number of the first signal."""
    received = []

    def stop(number, _):
        received.append(number)
        signal.signal(number, signal.SIG_DFL)
        run.stop()

    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
    return received


def settings_of(line):
    """Returns what affects the content of a result beside the media file."""
    return {'model': line.model, 'batch': line.batch, 'formats': line.formats,
            'options': sorted(line.option)}


def options_of(line):
    """Returns the options of the workers' npuwhisper-transcribe."""
    return [f'--model={line.model}', f'--batch={line.batch}', f'--n-threads={line.threads}',
            *(f'--{option}' for option in line.option)]


def memory_of(line):
    """Returns the memory that a worker requests, in bytes. 0: no limit, for a model that is not in the
    table."""
    if line.memory:
        return line.memory << 20
    models = json.loads(MODELS.read_text('utf-8'))['whisper']
    needed = [model['memory_bytes'] for model in models
              if line.model in (model['name'], *model['aliases'])]
    return needed[0] + OTHER_MEMORY_BYTES if needed else 0


def transcribe(line):
    """Runs over the archive. Returns the exit status. Raises FleetError, InputError, OutputError."""
    output = os.path.abspath(line.output)
    results = Results(output, settings_of(line))
    with sole_run(results), cluster(line.address):
        # A call is not repeated by Ray: Run checks first whether the result exists.
        actor = ray.remote(num_cpus=line.threads, memory=memory_of(line), max_restarts=0,
                           max_task_retries=0, scheduling_strategy='SPREAD')(Worker)
        fleet = Fleet(lambda: actor.remote(output, settings_of(line), options_of(line), line.formats,
                                           line.time_limit),
                      line.threads, memory_of(line), line.workers, may_grow=bool(line.address))
        report = Report(results.folder / 'report.jsonl', fleet)
        progress = Progress(report, fleet, Total(line.inputs, output))
        run = Run(results, fleet, line.attempts, report, progress.show)
        received = on_signals(run)
        is_complete = False
        try:
            is_complete = run.process(names_of(line.inputs, output))
        finally:
            progress.clear()
            summary = report.finish(is_complete)
            complain(f'{summary_text(summary)}; see {results.folder}/report.jsonl')
            if not is_complete:
                complain('stopped before the end. The same command continues the run')
    if received:
        return 128 + received[0]
    return 1 if summary['failed'] else 0


def main():
    line = parse(sys.argv[1:])
    try:
        return transcribe(line)
    except (FleetError, InputError, OutputError, ConnectionError) as error:
        complain(error)
        return 1


if __name__ == '__main__':
    sys.exit(main())
