# SPDX-License-Identifier: LGPL-2.1-or-later
"""The findings of the checks of npuwhisper-doctor."""
import dataclasses

OK, WARNING, PROBLEM = 'ok', 'warning', 'problem'


@dataclasses.dataclass(frozen=True)
class Finding:
    area: str  # The check, such as 'cpu'.
    state: str  # OK, WARNING or PROBLEM.
    text: str  # Description of the finding, for the user.
    command: 'str | None' = None  # Shell command that fixes the problem.

    def as_dictionary(self):
        return dataclasses.asdict(self)


def counted(number, noun):
    return f'{number} {noun}{"" if number == 1 else "s"}'


def as_text(findings):
    """Returns a text with a line for each finding, followed by its command. The last line counts the problems and
    warnings."""
    lines = []
    for finding in findings:
        lines.append(f'{finding.state:8} {finding.area}: {finding.text}')
        if finding.command:
            lines.append(f'{"":8} -> {finding.command}')
    numbers = [counted(sum(finding.state == state for finding in findings), state) for state in (PROBLEM, WARNING)]
    return '\n'.join([*lines, ', '.join(numbers)])


def has_problem(findings):
    return any(finding.state == PROBLEM for finding in findings)
