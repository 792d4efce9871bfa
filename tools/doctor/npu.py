# SPDX-License-Identifier: LGPL-2.1-or-later
"""The check of the NPU: whether one is on the PCI bus, and what the library says about it."""
from doctor.cgroups import read_text
from doctor.commands import own_program, run
from doctor.findings import OK, PROBLEM, WARNING, Finding
from doctor.models import found_models

AMD = '0x1022'
# PCI device IDs, from the table of the Linux driver amdxdna and docs/npu-laptop.md.
NPUS = {'0x1502': 'Phoenix or Hawk Point', '0x17f0': 'Strix or Krackan'}


def npus_on_bus(root):
    """Returns the names of the NPUs on the PCI bus."""
    devices = sorted((root / 'sys/bus/pci/devices').glob('*'))
    ids = [read_text(folder / 'device') for folder in devices if read_text(folder / 'vendor') == AMD]
    return [NPUS[device] for device in ids if device in NPUS]


def check_library(name):
    """Asks the library to prepare a model on the NPU. Reads the model, but transcribes nothing."""
    program = own_program('npuwhisper-transcribe')
    models = [model.name for model in found_models() if model.shape]
    if program is None or not models:
        missing = 'npuwhisper-transcribe' if program is None else 'model'
        return Finding('npu', WARNING, f'{name}: not tried, because there is no {missing}')
    status, _, error = run(program, '--device', 'npu', '--model', models[0], '--plan')
    if status == 0:
        return Finding('npu', OK, f'{name}: prepared {models[0]}')
    return Finding('npu', PROBLEM, f'{name}: {error.strip()}')


def check_npu(root):
    names = npus_on_bus(root)
    if not names:
        return [Finding('npu', OK, 'none on the PCI bus; npuwhisper runs on the CPU')]
    return [check_library(name) for name in names]
