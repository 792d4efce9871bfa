# SPDX-License-Identifier: LGPL-2.1-or-later
"""The checks of the models on this machine."""
from doctor.findings import OK, PROBLEM, WARNING, Finding
from model_tool import checking, fetching
from model_tool.places import find, is_speech_detector
from model_tool.reporting import FetchError
from model_tool.table import MODELS


def found_models():
    """Returns a dictionary from each model of the table that is on this machine to its place."""
    found = {model: find(model.name, model) for model in MODELS.values()}
    return {model: place for model, place in found.items() if place}


def mending_command(model, place):
    """Returns the command that replaces a wrong copy; None if the copy belongs to another program."""
    if not fetching.is_own(place.path, model):
        return None
    return f'npuwhisper-models remove {model.name} && npuwhisper-models fetch {model.name}'


def check_model(model, place):
    """Compares the files of a model with their checksums."""
    here = f'{model.name} in {place.path}'
    try:
        differences = [f'{file}: {text}' for file, text in checking.check(place.path, model) if text]
    except (FetchError, OSError) as error:
        return Finding('models', WARNING, f'{here}: {error}')
    if differences:
        return Finding('models', PROBLEM, f'{here}: {"; ".join(differences)}', mending_command(model, place))
    return Finding('models', OK, f'{here}: all checksums are correct')


def check_missing(found):
    """Returns findings about models without which npuwhisper works worse or not at all."""
    findings = []
    if not any(model.shape for model in found):
        findings.append(Finding('models', PROBLEM, 'found no Whisper model, wanted one',
                                'npuwhisper-models fetch base'))
    for model in MODELS.values():
        if is_speech_detector(model) and model not in found:
            findings.append(Finding('models', WARNING, f'found no {model.name}, which detects speech; pauses and '
                                    'silence are recognised less well', f'npuwhisper-models fetch {model.name}'))
    return findings


def check_models():
    found = found_models()
    return [*(check_model(model, place) for model, place in found.items()), *check_missing(found)]
