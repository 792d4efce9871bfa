# SPDX-License-Identifier: LGPL-2.1-or-later
"""Reads the commands, the output and the error messages that a page shows."""
import dataclasses
import re

# Needs of commands that the system of the test does not meet. An empty text means that commands run unchanged.
NEEDS = ('', 'root', 'wheels', 'compilers', 'npu')


class PageError(Exception):
    """The page has text that may or may not be commands."""


@dataclasses.dataclass
class Fence:
    """A fence with commands.

    `line` is the number of the fence's first line. `needs` is one of NEEDS. `shown` is the output that the
    page shows for the commands, in which "..." stands for any text. It is None if the page shows none."""
    line: int
    needs: str
    commands: str
    shown: str | None = None


def split_fences(text):
    """Returns (line number, info string, content) of each fence of a page.

    Raises PageError for an indented block, because it could contain commands, and for a fence without an end."""
    found, info, content, begin = [], None, [], 0
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith(('```', '~~~')):
            if info is None:
                info, content, begin = line[3:].strip(), [], number
            else:
                found.append((begin, info, '\n'.join(content)))
                info = None
        elif info is not None:
            content.append(line)
        elif re.match(r' {4,}|\t', line):
            raise PageError(f'line {number}: found an indented block, wanted a fence')
    if info is not None:
        raise PageError(f'line {begin}: the fence has no end')
    return found


def read_fences(text):
    """Returns the fences with commands (```sh NEED). A fence ```text shows the output of the commands
    before it. Raises PageError for other fences, unknown needs and output without commands."""
    fences = []
    for line, info, content in split_fences(text):
        language, _, needs = info.partition(' ')
        if language == 'sh' and needs in NEEDS:
            fences.append(Fence(line, needs, content))
        elif info == 'text' and fences and fences[-1].shown is None:
            fences[-1].shown = content
        else:
            raise PageError(f'line {line}: found ```{info}, wanted ```sh with one of {NEEDS} or, after '
                            'commands, ```text')
    return fences


def read_messages(text):
    """Returns the error messages in the first column of the page's table."""
    rows = re.findall(r'^\| (.+?) \| .+ \|$', text, re.MULTILINE)
    return [message for row in rows[1:] for message in row.split('; ')]


def read_inline(text):
    """Returns the code in the page's sentences and tables: paths, options, commands and variables."""
    prose = re.sub(r'^```.*?^```$', '', text, flags=re.MULTILINE | re.DOTALL)
    return [code.replace('\n', ' ') for code in re.findall(r'`([^`]+)`', prose)]
