# SPDX-License-Identifier: LGPL-2.1-or-later
"""The checks of CPU and memory.

root: the folder that contains proc/ and sys/. It is / except in tests."""
import os
import platform
import re
import resource

from doctor.cgroups import cpu_quota, memory_limits, read_text
from doctor.findings import OK, PROBLEM, WARNING, Finding
from model_tool.table import MODELS

# The instruction sets that the library distinguishes, from the fastest to the slowest. Each has its name for
# NPUWHISPER_MAX_ISA and the CPU flags that it needs in /proc/cpuinfo. The library lists them in runtime/simd/isa.cpp.
AVX512 = ('avx512f', 'avx512bw', 'avx512cd', 'avx512dq', 'avx512vl')
INSTRUCTION_SETS = {
    'amx': (*AVX512, 'avx512_vnni', 'avx512_bf16', 'amx_tile', 'amx_int8', 'amx_bf16'),
    'avx512_bf16': (*AVX512, 'avx512_vnni', 'avx512_bf16'),
    'avx512': AVX512,
    'avx2_vnni': ('avx2', 'fma', 'avx_vnni'),
    'avx2': ('avx2', 'fma'),
}


def cpu_fields(root):
    """Returns the fields of the first processor in /proc/cpuinfo."""
    first = read_text(root / 'proc/cpuinfo').split('\n\n')[0]
    return dict(re.findall(r'^(.+?)\s*: *(.*)$', first, re.MULTILINE))


def instruction_set(flags):
    """Returns the name of the best instruction set; None for an x86-64 CPU without AVX2."""
    return next((name for name, wanted in INSTRUCTION_SETS.items() if flags >= set(wanted)), None)


def check_instructions(root):
    fields = cpu_fields(root)
    name = fields.get('model name', platform.machine())
    if 'flags' not in fields:
        return Finding('cpu', WARNING, f'{name}: found no flags in /proc/cpuinfo, wanted those of an x86-64 CPU; other '
                       'CPUs are slow')
    best = instruction_set(set(fields['flags'].split()))
    if best is None:
        return Finding('cpu', WARNING, f'{name}: found no AVX2; npuwhisper works, but many times slower')
    return Finding('cpu', OK, f'{name}, {best}')


def check_variable():
    """Returns findings about NPUWHISPER_MAX_ISA."""
    value = os.environ.get('NPUWHISPER_MAX_ISA')
    if not value:
        return []
    if value in INSTRUCTION_SETS:
        return [Finding('cpu', WARNING, f'NPUWHISPER_MAX_ISA={value} limits the instruction set',
                        'unset NPUWHISPER_MAX_ISA')]
    return [Finding('cpu', PROBLEM, f"NPUWHISPER_MAX_ISA: found '{value}', wanted one of {', '.join(INSTRUCTION_SETS)}",
                    'unset NPUWHISPER_MAX_ISA')]


def check_processors(root):
    n_all, n_allowed = os.cpu_count() or 1, len(os.sched_getaffinity(0))
    quota = cpu_quota(root)
    if quota and quota[0] < n_allowed:
        return Finding('cpu', WARNING, f'{quota[0]:g} of {n_all} processors may be used: the limit in {quota[1]}')
    if n_allowed < n_all:
        return Finding('cpu', WARNING, f'{n_allowed} of {n_all} processors may be used: the affinity of this process '
                       '(taskset)')
    return Finding('cpu', OK, f'{n_all} processors')


def check_cpu(root):
    return [check_instructions(root), *check_variable(), check_processors(root)]


def all_memory_limits(root):
    """Returns (bytes, description of the origin) for each memory limit of this process."""
    limits = [(limit, f'the limit in {file}') for limit, file in memory_limits(root)]
    total = re.search(r'^MemTotal: *(\d+) kB', read_text(root / 'proc/meminfo'), re.MULTILINE)
    if total:
        limits.append((1024 * int(total[1]), 'the memory of this machine'))
    for kind, option in ((resource.RLIMIT_AS, '-v'), (resource.RLIMIT_DATA, '-d')):
        soft, _ = resource.getrlimit(kind)
        if soft != resource.RLIM_INFINITY:
            limits.append((soft, f'ulimit {option}'))
    return limits


def check_memory(root):
    """Compares the smallest memory limit with the memory that each model of the table needs."""
    limits = all_memory_limits(root)
    if not limits:
        return [Finding('memory', WARNING, 'found no limit, wanted at least MemTotal in /proc/meminfo')]
    limit, origin = min(limits)
    needs = {model.name: model.memory_bytes for model in MODELS.values() if model.memory_bytes}
    fitting = [name for name, need in needs.items() if need <= limit]
    text = f'{limit / 1e9:.1f} GB, {origin}: '
    if not fitting:
        return [Finding('memory', PROBLEM, f'{text}found no model that fits, wanted at least '
                        f'{min(needs.values()) / 1e6:.0f} MB')]
    if len(fitting) < len(needs):
        return [Finding('memory', WARNING, f'{text}these models fit: {", ".join(fitting)}')]
    return [Finding('memory', OK, f'{text}all models fit')]
