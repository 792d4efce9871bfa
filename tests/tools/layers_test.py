#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tests that no file includes a file of a higher layer (docs/architecture.md)."""
import pathlib
import posixpath
import re
import unittest

SOURCE = pathlib.Path(__file__).resolve().parents[2]
INCLUDE = re.compile(r'^#include (?:"|<(?=npuwhisper/))([^">]+)[">]', re.MULTILINE)
# The folders of each layer. The lowest layer comes first. A file may include files of its own
# folder and of lower layers. A file belongs to the innermost listed folder that contains it.
LAYERS = [
    ['subprojects/xdna-array'],
    ['base', 'subprojects/xdna-emulator'],
    ['kernels', 'runtime/include', 'runtime/simd'],
    ['runtime/model', 'runtime/audio', 'runtime/captions', 'runtime/api'],
    ['runtime/vad'],
    ['runtime/device'],
    ['runtime/device/cpu'],
    ['runtime/device/npu'],
    ['runtime/engine'],
    ['runtime/whisper'],
    ['runtime/c_api'],
    ['gst/support'],
    ['gst/input', 'gst/output', 'gst/cea608'],
    ['gst/element'],
    ['gst/bin'],
    ['gst'],
    ['programs/common', 'programs/http'],
    ['programs/transcribe', 'programs/player', 'programs/hls', 'programs/monitor', 'programs/npu_check'],
    ['programs/server'],
]
# Files outside this folder may not include files in it.
EMULATOR = 'subprojects/xdna-emulator/'
LAYER_OF = {folder: number for number, folders in enumerate(LAYERS) for folder in folders}
# registry.cpp lists the devices, so it includes their headers.
EXCEPTIONS = {('runtime/device/registry.cpp', 'runtime/device/cpu/cpu_device.h'),
              ('runtime/device/registry.cpp', 'runtime/device/npu/npu_device.h')}
# Paths that an include may start from.
ROOTS = ['', 'runtime', 'kernels', 'base/include', 'runtime/include', 'subprojects/xdna-array',
         'subprojects/xdna-array/include', 'subprojects/xdna-emulator',
         'subprojects/xdna-emulator/aie_api/include']
GENERATED = {'transcribe_help.h', 'monitor_help.h', 'server_help.h', 'emulator/tool/build_paths.h',
             'model/english_vocabulary.h', 'model/multilingual_vocabulary.h'}


def folder_of(path):
    """Returns the folder of LAYERS that holds `path`."""
    for parent in pathlib.PurePath(path).parents:
        if str(parent) in LAYER_OF:
            return str(parent)
    raise KeyError(f'{path} is in no layer')


def resolve(file, include, files):
    """Returns the files that `include` in `file` may mean."""
    near = posixpath.normpath(str(file.parent / include))
    if near in files:
        return [near]
    paths = [posixpath.normpath(posixpath.join(root, include)) for root in ROOTS]
    return [path for path in paths if path in files]


def find_wrong(texts):
    """Returns a line for each include that finds no file or several files, or a file of a layer
    that is not below.

    texts: the content of each file by its path from the root of the tree."""
    wrong = []
    for file, text in sorted(texts.items()):
        for include in INCLUDE.findall(text):
            found = resolve(pathlib.PurePath(file), include, texts)
            if not found and include not in GENERATED:
                wrong.append(f'{file} includes "{include}", which is nowhere')
            if len(found) > 1:
                wrong.append(f'{file} includes "{include}", which may be {" or ".join(found)}')
            for other in found:
                if other.startswith(EMULATOR) and not file.startswith(EMULATOR):
                    wrong.append(f'{file} includes {other}, of the emulator')
                below, above = folder_of(file), folder_of(other)
                is_up = LAYER_OF[above] > LAYER_OF[below]
                is_aside = LAYER_OF[above] == LAYER_OF[below] and above != below
                if (is_up or is_aside) and (file, other) not in EXCEPTIONS:
                    wrong.append(f'{file} includes {other}, of a layer that is not below')
    return wrong


class Layers(unittest.TestCase):
    def test_no_include_goes_up(self):
        texts = {path.relative_to(SOURCE).as_posix(): path.read_text(encoding='utf8')
                 for top in ('base', 'kernels', 'runtime', 'gst', 'programs', 'subprojects')
                 for path in (SOURCE / top).rglob('*') if path.suffix in ('.h', '.cpp', '.cc')}
        self.assertGreater(len(texts), 400)
        self.assertEqual(find_wrong(texts), [])

    def test_wrong_includes_are_found(self):
        texts = {'base/a.h': '#include "engine/b.h"\n', 'runtime/engine/b.h': '',
                 'gst/input/c.h': '#include "gst/output/d.h"\n#include <gst/gst.h>\n',
                 'gst/output/d.h': '#include "../../g.h"\n',
                 'runtime/engine/e.cpp': '#include "audio/f.h"\n',
                 'runtime/audio/f.h': '', 'kernels/audio/f.h': '',
                 'runtime/engine/g.cpp': '#include "emulator/npu.h"\n',
                 'subprojects/xdna-emulator/emulator/npu.h': ''}
        self.assertEqual(find_wrong(texts), [
            'base/a.h includes runtime/engine/b.h, of a layer that is not below',
            'gst/input/c.h includes gst/output/d.h, of a layer that is not below',
            'gst/output/d.h includes "../../g.h", which is nowhere',
            'runtime/engine/e.cpp includes "audio/f.h", which may be runtime/audio/f.h or '
            'kernels/audio/f.h',
            'runtime/engine/g.cpp includes subprojects/xdna-emulator/emulator/npu.h, of the emulator'])


if __name__ == '__main__':
    unittest.main()
