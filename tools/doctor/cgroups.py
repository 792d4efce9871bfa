# SPDX-License-Identifier: LGPL-2.1-or-later
"""The limits of the cgroups of this process. The library reads the same files (runtime/simd/cpu_count.cpp,
runtime/engine/memory_limits.cpp)."""
import pathlib


def read_text(path):
    """Returns the content of a file without white space at its ends; '' if it cannot be read."""
    try:
        return path.read_text(encoding='utf8', errors='replace').strip()
    except OSError:
        return ''


def number_in(path):
    """Returns the whole number in a file; None if the file has no number, for example if it has the text 'max'."""
    text = read_text(path)
    return int(text) if text.isdecimal() else None


def group_folders(root, controller):
    """Yields (folder, cgroup version) for each group that may limit `controller`: the groups of this process and their
    parents."""
    for line in read_text(root / 'proc/self/cgroup').splitlines():
        _, controllers, group = line.split(':', 2)
        if controllers and controller not in controllers.split(','):
            continue
        mount = root / 'sys/fs/cgroup' / (controller if controllers else '')
        # In a container, the path may lead out of the mounted hierarchy. The mounted folder is then the group.
        path = pathlib.PurePosixPath(*(part for part in group.split('/') if part not in ('', '..')))
        for folder in (path, *path.parents):
            yield mount / folder, 1 if controllers else 2


def quota_in(folder, version):
    """Returns (number of processors, file) for the CPU quota of the group in `folder`; None without a quota."""
    if version == 2:
        words = read_text(folder / 'cpu.max').split()
        file, numbers = 'cpu.max', [int(word) for word in words if word.isdecimal()]
    else:
        file = 'cpu.cfs_quota_us'
        numbers = [number_in(folder / name) or 0 for name in (file, 'cpu.cfs_period_us')]
    if len(numbers) != 2 or min(numbers) <= 0:
        return None
    return numbers[0] / numbers[1], folder / file


def cpu_quota(root):
    """Returns (number of processors, file) for the smallest CPU quota; None without a quota."""
    quotas = [quota_in(folder, version) for folder, version in group_folders(root, 'cpu')]
    return min(filter(None, quotas), default=None)


def memory_limits(root):
    """Returns (bytes, file) for each memory limit."""
    files = {1: 'memory.limit_in_bytes', 2: 'memory.max'}
    found = [(number_in(folder / files[version]), folder / files[version])
             for folder, version in group_folders(root, 'memory')]
    return [(limit, file) for limit, file in found if limit]
