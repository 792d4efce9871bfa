# SPDX-License-Identifier: LGPL-2.1-or-later
"""Creates wheels from the stand-ins for mlir-aie and Peano, so that pip can install them."""
import pathlib
import sys
import zipfile

SOURCE = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(SOURCE / 'tests/tools'))
from toolchain_stubs import install  # noqa: E402

WHEEL = 'Wheel-Version: 1.0\nGenerator: npuwhisper\nRoot-Is-Purelib: true\nTag: py3-none-any\n'


def write_wheel(site, package, version, folder):
    """Writes a wheel of `package` to `folder`, from the package's files and metadata in `site`."""
    stem = f'{package.replace("-", "_")}-{version}'
    information = site / f'{stem}.dist-info'
    (information / 'WHEEL').write_text(WHEEL, encoding='utf8')
    files = [path for tree in (site / package, information) for path in sorted(tree.rglob('*')) if path.is_file()]
    names = [str(path.relative_to(site)) for path in files]
    (information / 'RECORD').write_text(''.join(f'{name},,\n' for name in names), encoding='utf8')
    with zipfile.ZipFile(folder / f'{stem}-py3-none-any.whl', 'w') as wheel:
        for path in [*files, information / 'RECORD']:
            wheel.write(path, path.relative_to(site))


def make_wheels(scratch):
    """Writes the wheels of the accepted versions to a folder in `scratch`, and returns the folder."""
    site, folder = scratch / 'site', scratch / 'wheels'
    folder.mkdir()
    install.install(site, scratch / 'unused')
    for package, version in install.accepted().items():
        write_wheel(site, package, version, folder)
    return folder
