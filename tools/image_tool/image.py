# SPDX-License-Identifier: LGPL-2.1-or-later
"""Builds an image from its configurations: compiles the cores' functions, writes the array programs,
calls aiecc, and measures the cores' images."""

import dataclasses
import hashlib
import pathlib
import re
import subprocess

from image_tool import core_image, steps
from image_tool.reporting import BuildError, say

SOURCE = pathlib.Path(__file__).resolve().parents[2]
GENERATIONS = {'npu1': 'aie2', 'npu2': 'aie2p'}
HASH_DIGITS = 12


@dataclasses.dataclass(frozen=True)
class Configuration:
    """A kernel of the image.

    core: the name of the folder in kernels/ and of the source file in it with the cores' functions;
    aiecc: options that set the kernel's name and number. The first kernel has aiecc's default name,
    MLIR_AIE."""
    name: str
    core: str
    aiecc: tuple = ()


# runtime/device/npu expects kernels of these names. Each takes at least five buffers, which is
# aiecc's default.
CONFIGURATIONS = (
    Configuration('encoder', 'encoder_core'),
    Configuration('mel', 'mel_core', ('--xclbin-kernel-name=mel', '--xclbin-kernel-id=0x902',
                                      '--xclbin-instance-name=MEL')))


@dataclasses.dataclass(frozen=True)
class Request:
    """A request to build an image for an array ("npu1" or "npu2") with the given core rows and columns,
    at a level of optimisation ("1", "2" or "s")."""
    array: str
    rows: int
    columns: int
    level: str

    def shape(self):
        return f'{self.array}-{self.rows}x{self.columns}'


class ImageBuilder:
    """Builds the image of one request in the folder `work`.

    writer: the path of npuwhisper-npu-design."""

    def __init__(self, request, toolchain, writer, work):
        self._request, self._toolchain, self._writer, self._work = request, toolchain, writer, work
        self._hashes = []
        self.measured = {}  # Result of core_image.measure_all() for each configuration.

    def build(self):
        """Builds all configurations. Returns the path of the image in the work folder."""
        image = None
        for configuration in CONFIGURATIONS:
            image = self._build_configuration(configuration, image)
        return image

    def image_name(self):
        """Returns the image's name, with a hash of everything that the built image depends on."""
        return f'{self._request.shape()}-{digest(*self._hashes)}.xclbin'

    def _build_configuration(self, configuration, image_before):
        key = self._key(configuration)
        self._hashes.append(key)
        stem = f'{configuration.name}-{self._request.shape()}-{key}'
        kernel = f'{configuration.core}-{key}.o'
        program = self._write_program(kernel)
        (self._work / f'{stem}.mlir').write_text(program, encoding='utf8')
        self._compile(configuration, kernel)
        image = self._run_aiecc(configuration, stem, image_before)
        measured = core_image.measure_all(self._work / f'{stem}.prj', self._work / kernel, program)
        core_image.check(stem, measured)
        self.measured[configuration.name] = measured
        return image

    def _key(self, configuration):
        """Returns a hash of everything that a configuration depends on. The names of all its files
        contain this hash, so that no tool uses a file of another shape or another toolchain."""
        unit = self._unit(configuration)
        if not unit.is_file():
            raise BuildError(f'there is no {unit.relative_to(SOURCE)}')
        sources = sorted([*(SOURCE / 'kernels').rglob('*.h'), unit])
        return digest(self._write_program(f'{configuration.core}.o'), self._toolchain.versions(),
                      *self._flags(), *configuration.aiecc, *self._aiecc_options(),
                      *(path.read_text(encoding='utf8') for path in sources))

    def _unit(self, configuration):
        generation = GENERATIONS[self._request.array]
        return SOURCE / 'kernels' / configuration.core / f'{configuration.core}_{generation}.cc'

    def _write_program(self, kernel):
        """Returns the array program, in which each core links the object `kernel`."""
        command = [self._writer, self._request.array, self._request.rows, self._request.columns, kernel]
        done = subprocess.run(list(map(str, command)), capture_output=True, encoding='utf8', check=False)
        if done.returncode != 0:
            raise BuildError(f'could not write the array program: {done.stderr.strip()}')
        linked = set(re.findall(r'link_with = "([^"]*)"', done.stdout))
        if linked != {kernel}:
            raise BuildError(f'the array program links {sorted(linked)}, wanted {kernel}')
        return done.stdout

    def _flags(self):
        return (
            f'--target={GENERATIONS[self._request.array]}-none-unknown-elf', f'-O{self._request.level}',
            '-std=c++20', '-DNDEBUG',
            # aie_adf.hpp of aie_api includes Vitis' header adf.h, which Peano does not have. This macro
            # is the include guard of aie_adf.hpp, so the compiler skips that file. mlir-aie's own
            # Python code also defines the macro.
            '-D__AIE_API_AIE_ADF_HPP__',
            # Without this option, the frames of these functions count as 0 bytes.
            '-fstack-size-section', '-ffunction-sections', '-fdata-sections', '-Wno-parentheses',
            '-Wno-attributes', '-Wno-macro-redefined', '-Wno-empty-body',
            '-Wno-missing-template-arg-list-after-template-kw')

    def _compile(self, configuration, kernel):
        unit = self._unit(configuration)
        steps.run(f'compiling {unit.relative_to(SOURCE)}',
                  [self._toolchain.clang, *self._flags(), '-I', self._toolchain.include,
                   '-I', SOURCE / 'kernels', '-c', unit, '-o', self._work / kernel],
                  self._work / f'{kernel}.log')

    def _aiecc_options(self):
        # aiecc compiles the cores' loops. It cannot optimise for size, and its default level is 2.
        level = ('--opt-level=1',) if self._request.level == '1' else ()
        return ('--get-xclbin', *level)

    def _run_aiecc(self, configuration, stem, image_before):
        image = self._work / f'{stem}.xclbin'
        extends = [f'--xclbin-input={image_before}'] if image_before else []
        # aiecc runs in the work folder, because the array program names the object by its file name.
        steps.run(f'building the configuration of {configuration.name} with aiecc',
                  [self._toolchain.aiecc, *self._aiecc_options(), '--peano', self._toolchain.peano.folder,
                   '--tmpdir', self._work / f'{stem}.prj', *extends, *configuration.aiecc,
                   f'--xclbin-name={image}', f'{stem}.mlir'],
                  self._work / f'{stem}.log', folder=self._work)
        if not image.is_file() or image.stat().st_size == 0:
            raise BuildError(f'aiecc reported no error, but made no {image.name}')
        return image


def digest(*texts):
    """Returns the first HASH_DIGITS digits of a hash of the texts."""
    total = hashlib.sha256()
    for text in texts:
        total.update(text.encode() + b'\0')
    return total.hexdigest()[:HASH_DIGITS]


def report(builder):
    """Prints the table of the core images, and names the functions whose frames are unknown."""
    say(f'the core images in bytes:\n{core_image.table(builder.measured)}')
    unmeasured = sorted({name for measured in builder.measured.values()
                         for _, sizes, _ in measured for name in sizes.unmeasured})
    if unmeasured:
        say(f'no stack frame is known for {", ".join(unmeasured)}; each counts as 0 bytes')
