#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tests that docs/models.md states the models, sizes and commands of npuwhisper-models.

usage: models_doc_test.py PATH_OF_NPUWHISPER_MODELS [unittest options]
"""

import pathlib
import re
import unittest

from model_case import program
from model_tool import places, table

DOCUMENTS = pathlib.Path(__file__).resolve().parents[2]


def read(name):
    return (DOCUMENTS / name).read_text(encoding='utf8')


def table_row(model):
    """Returns the row that docs/models.md must have for `model`."""
    names = ', '.join(f'`{name}`' for name in (model.name, *model.aliases))
    formats = ['CTranslate2', 'transformers', *(['OpenAI'] if model.openai_sha256 else []), 'ggml']
    return (f'| {names} | {model.shape.parameters() / 1e6:.0f} M '
            f'| {model.fetched_bytes() / 1e6:.0f} MB | {model.memory_bytes / 1e6:.0f} MB '
            f'| {", ".join(formats)} |')


class ModelsDocument(unittest.TestCase):
    def test_the_table_has_all_models(self):
        rows = re.findall(r'^\| `.* M \|.*', read('docs/models.md'), re.MULTILINE)
        wanted = [table_row(model) for model in table.MODELS.values() if model.shape]
        self.assertEqual(rows, wanted)

    def test_models_with_known_sums(self):
        known = ' and '.join(f'`{model.name}`' for model in reversed(table.MODELS.values())
                             if model.shape and model.files)
        self.assertIn(f'The checksums of {known} are part of npuwhisper', read('docs/models.md'))

    def test_commands(self):
        lines = re.findall(r'^    npuwhisper-models (\w+)(.*?) +#', read('docs/models.md'),
                           re.MULTILINE)
        self.assertEqual({command for command, _ in lines}, set(program.COMMANDS))
        for command, arguments in lines:
            for name in arguments.split():
                if not name.startswith('-'):
                    self.assertIsNotNone(table.find_row(name), name)

    def test_formats_and_quantisations(self):
        *first, last = table.QUANTISATIONS
        text = read('docs/models.md')
        for name in places.WEIGHTS:
            self.assertIn(f'`{name}`', text)
        self.assertIn(f'The quantisations are {", ".join(first)} and {last}.', text)

    def test_the_readme_links_to_the_table(self):
        self.assertIn('(docs/models.md)', read('README.md'))

    def test_the_help_names_all_aliases(self):
        for model in table.MODELS.values():
            for alias in model.aliases:
                self.assertRegex(program.__doc__, rf'\b{alias}\b[^.]*\b{model.name}\b')


if __name__ == '__main__':
    unittest.main()
