# SPDX-License-Identifier: LGPL-2.1-or-later
"""Finds mlir-aie, Peano and xclbinutil, and compares their versions with the accepted ones."""

import dataclasses
import importlib.metadata
import os
import pathlib
import re
import shutil
import subprocess

from image_tool.reporting import BuildError, say

REQUIREMENTS = pathlib.Path(__file__).with_name('requirements.txt')
OLDEST_XRT = (2, 18)  # The version that runtime/device/npu needs.
INSTALL = 'pip install -r tools/image_tool/requirements.txt'


@dataclasses.dataclass
class Tool:
    """A Python package that holds a compiler.

    package: the package's name for pip; folder: the compiler's folder; version: None if unknown."""
    package: str
    folder: pathlib.Path
    version: str | None


@dataclasses.dataclass
class Toolchain:
    """The tools that build an image.

    aiecc: mlir-aie's compiler driver; clang: Peano's compiler; include: the folder with aie_api."""
    mlir_aie: Tool
    peano: Tool
    aiecc: pathlib.Path
    clang: pathlib.Path
    include: pathlib.Path

    def versions(self):
        """Returns the versions of both packages as text."""
        return ', '.join(f'{tool.package} {tool.version or "of unknown version"}'
                         for tool in (self.mlir_aie, self.peano))


def accepted_versions():
    """Returns the accepted version of each package, by the package's name."""
    pins = re.findall(r'^([\w-]+)==(\S+)$', REQUIREMENTS.read_text(encoding='utf8'), re.MULTILINE)
    return dict(pins)


def installed_folder(package, folder):
    """Returns the path of a folder of an installed package; None if this Python has no such package."""
    try:
        return pathlib.Path(importlib.metadata.distribution(package).locate_file(folder))
    except importlib.metadata.PackageNotFoundError:
        return None


def version_beside(folder):
    """Returns the version in the metadata that pip installs beside a package's folder, or None."""
    name = folder.name.replace('-', '_')
    found = [re.fullmatch(re.escape(name) + r'-(.+)\.dist-info', path.name)
             for path in folder.parent.glob(f'{name}-*.dist-info')]
    versions = [match[1] for match in found if match]
    return versions[0] if len(versions) == 1 else None


def find_tool(package, folder, variable, needed):
    """Finds a package's folder: the value of the environment variable, or the installed package.

    needed: a path in this folder that must exist. Raises BuildError."""
    named = os.environ.get(variable)
    path = pathlib.Path(named) if named else installed_folder(package, folder)
    if path is None:
        raise BuildError(
            f'{package} was not found: {variable} is not set, and this Python has no package '
            f'{package}. To install it in an active virtual environment: {INSTALL}')
    if not (path / needed).is_file():
        raise BuildError(f"no {needed} in {package}'s folder ({path})" +
                         (f', which {variable} names' if named else ''))
    path = path.resolve()
    return Tool(package, path, version_beside(path))


def check_xclbinutil():
    """Checks that aiecc will find a usable xclbinutil: on PATH, or the program that AIE_XCLBINUTIL
    names. Raises BuildError."""
    named = os.environ.get('AIE_XCLBINUTIL')
    program = shutil.which(named or 'xclbinutil')
    if not program:
        raise BuildError(
            f"AIE_XCLBINUTIL names '{named}', which is no program" if named else
            'xclbinutil is not on PATH: it comes with XRT (Debian and Ubuntu: libxrt-utils)')
    done = subprocess.run([program, '--version'], capture_output=True, encoding='utf8', check=False)
    version = re.search(r'XRT Build Version: (\d+)\.(\d+)', done.stdout)
    if not version or (int(version[1]), int(version[2])) < OLDEST_XRT:
        found = f'version {version[1]}.{version[2]}' if version else 'no version'
        raise BuildError(f'{program}: found {found}, wanted {OLDEST_XRT[0]}.{OLDEST_XRT[1]} or later '
                         "(on Debian 13, from backports: Debian's older xclbinutil makes no images)")


def check_versions(tools, accept_others):
    """Compares the tools' versions with the accepted ones. Raises BuildError unless accept_others."""
    accepted = accepted_versions()
    differences = [f'{tool.package}: found {tool.version or "no version"} in {tool.folder}, '
                   f'wanted {accepted[tool.package]}'
                   for tool in tools if tool.version != accepted[tool.package]]
    if not differences:
        return
    text = '; '.join(differences)
    if not accept_others:
        raise BuildError(f'{text}. The accepted versions fit each other: {INSTALL}. '
                         '--any-version builds with the versions found')
    say(f'warning: {text}')


def find_toolchain(accept_other_versions):
    """Finds all tools. Raises BuildError if one is missing or has another version."""
    peano = find_tool('llvm-aie', 'llvm-aie', 'PEANO_INSTALL_DIR', 'bin/clang++')
    mlir_aie = find_tool('mlir_aie', 'mlir_aie', 'MLIR_AIE_INSTALL_DIR', 'include/aie_api/aie.hpp')
    aiecc = mlir_aie.folder / 'bin' / 'aiecc'
    if not aiecc.is_file():
        raise BuildError(f'no bin/aiecc in {mlir_aie.folder}')
    check_xclbinutil()
    check_versions((mlir_aie, peano), accept_other_versions)
    return Toolchain(mlir_aie, peano, aiecc, peano.folder / 'bin' / 'clang++',
                     mlir_aie.folder / 'include')
