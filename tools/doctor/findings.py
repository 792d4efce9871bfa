# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the checks of npuwhisper-doctor found."""
import dataclasses

OK, WARNING, PROBLEM = 'ok', 'warning', 'problem'


@dataclasses.dataclass(frozen=True)
class Finding:
    area: str  # The check, such as 'cpu'.
    state: str  # OK, WARNING or PROBLEM.
    text: str  # What was found and, unless the state is OK, what was wanted.
    command: 'str | None' = None  # What mends it, for a shell.

    def as_dictionary(self):
        return dataclasses.asdict(self)


def counted(number, noun):
    return f'{number} {noun}{"" if number == 1 else "s"}'


def as_text(findings):
    """Returns the findings as lines, each with its command on the next line, and their number."""
    lines = []
    for finding in findings:
        lines.append(f'{finding.state:8} {finding.area}: {finding.text}')
        if finding.command:
            lines.append(f'{"":8} -> {finding.command}')
    numbers = [counted(sum(finding.state == state for finding in findings), state) for state in (PROBLEM, WARNING)]
    return '\n'.join([*lines, ', '.join(numbers)])


def has_problem(findings):
    return any(finding.state == PROBLEM for finding in findings)
