# SPDX-License-Identifier: LGPL-2.1-or-later
"""Installs the stand-ins in the same layout in which pip and XRT install the real tools."""
import pathlib
import re
import shutil
import sys

HERE = pathlib.Path(__file__).resolve().parent
REQUIREMENTS = HERE.parents[2] / 'tools/image_tool/requirements.txt'
# As in AMD's aie_api since release 2026.1 (MA pull request 3262), which mlir-aie's wheel contains.
HEADERS = {
    'aie.hpp': '#pragma once\n#ifdef __AIENGINE__\n#include "aie_adf.hpp"\n#endif\n',
    'aie_adf.hpp': '#ifndef __AIE_API_AIE_ADF_HPP__\n#define __AIE_API_AIE_ADF_HPP__\n'
                   '#include <adf.h>\n#endif\n',
    'utils.hpp': '#pragma once\n'}


def accepted():
    """Returns the accepted version of each package."""
    return dict(re.findall(r'^([\w-]+)==(\S+)$', REQUIREMENTS.read_text(encoding='utf8'), re.MULTILINE))


def put(path, text):
    """Writes an executable file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding='utf8')
    path.chmod(0o755)


def put_program(path, stand_in):
    put(path, f'#!/bin/sh\nexec {sys.executable} {HERE / stand_in} "$@"\n')


def put_package(site, package, version):
    """Writes the metadata by which Python finds a package."""
    name = package.replace('-', '_')
    put(site / f'{name}-{version}.dist-info' / 'METADATA',
        f'Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n')


def install(site, programs):
    """Installs mlir-aie and Peano in the folder `site`, and xclbinutil in the folder `programs`."""
    for package, version in accepted().items():
        put_package(site, package, version)
    put_program(site / 'llvm-aie/bin/clang++', 'clang.py')
    for tool in ('opt', 'llc'):
        put(site / 'llvm-aie/bin' / tool, '#!/bin/sh\n')
    put_program(site / 'mlir_aie/bin/aiecc', 'aiecc.py')
    for name, text in HEADERS.items():
        put(site / 'mlir_aie/include/aie_api' / name, text)
    put_xclbinutil(programs, '2.25.00')


def put_xclbinutil(programs, version):
    """Installs an xclbinutil that prints its version as the one of Debian 13's backports does."""
    put(programs / 'xclbinutil', f'#!/bin/sh\necho "       XRT Build Version: {version}"\n')


def remove_package(site, package):
    """Removes a package's metadata."""
    for folder in site.glob(package.replace('-', '_') + '-*.dist-info'):
        shutil.rmtree(folder)


def rename_package(site, package, version):
    """Gives a package another version."""
    remove_package(site, package)
    put_package(site, package, version)
