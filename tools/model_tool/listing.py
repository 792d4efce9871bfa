# SPDX-License-Identifier: LGPL-2.1-or-later
"""The list of all models: where each is, its format, its size and the memory that it needs."""
from model_tool.places import find, format_of, is_file
from model_tool.table import MODELS


def bytes_of(path):
    """Returns the size in bytes of a file, or of all files in a folder; None if the folder cannot be
    read. Follows symbolic links."""
    try:
        files = [path] if is_file(path) else [file for file in path.iterdir() if is_file(file)]
        return sum(file.stat().st_size for file in files)
    except OSError:
        return None


def describe(model):
    """Returns the row of `model` as a dictionary, which `list --json` prints."""
    found = find(model.name, model)
    path = found.path if found else None
    return {
        'name': model.name,
        'aliases': list(model.aliases),
        'parameters': model.shape.parameters() if model.shape else None,
        'memory_bytes': model.memory_bytes,
        'fetched_bytes': model.fetched_bytes(),
        'path': str(path) if path else None,
        'format': (format_of(path) or 'safetensors') if path else None,
        'bytes_on_disk': bytes_of(path) if path else None,
    }


def describe_all():
    return [describe(model) for model in MODELS.values()]


def megabytes(n_bytes):
    return '' if n_bytes is None else f'{n_bytes / 1e6:.0f} MB'


def as_table(rows):
    """Returns the rows of describe_all() as lines of text with a header."""
    lines = [('name', 'here', 'format', 'on disk', 'memory', 'to fetch', 'place')]
    for row in rows:
        lines.append((', '.join([row['name'], *row['aliases']]), 'yes' if row['path'] else 'no',
                      row['format'] or '', megabytes(row['bytes_on_disk']),
                      megabytes(row['memory_bytes']), megabytes(row['fetched_bytes']),
                      row['path'] or ''))
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    return '\n'.join('  '.join(text.ljust(width) for text, width in zip(line, widths)).rstrip()
                     for line in lines)
