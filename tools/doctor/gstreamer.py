# SPDX-License-Identifier: LGPL-2.1-or-later
"""The checks of GStreamer and of the plugin in its registry."""
import re
import shlex

from doctor.commands import HERE, own_plugin, run
from doctor.findings import OK, PROBLEM, WARNING, Finding

OLDEST = (1, 22)
# Elements that the pipelines in the documentation use, with their Debian packages.
ELEMENTS = {
    'decodebin': 'gstreamer1.0-plugins-base',
    'audioconvert': 'gstreamer1.0-plugins-base',
    'audioresample': 'gstreamer1.0-plugins-base',
    'wavparse': 'gstreamer1.0-plugins-good',
    'srtenc': 'gstreamer1.0-plugins-bad',
}


def has_element(name):
    return run('gst-inspect-1.0', '--exists', name)[0] == 0


def check_version():
    """Returns a finding about GStreamer's version. Its state is PROBLEM if gst-inspect-1.0 does not work or
    GStreamer is older than OLDEST."""
    status, text, error = run('gst-inspect-1.0', '--version')
    if status != 0:
        return Finding('gstreamer', PROBLEM, f'found no gst-inspect-1.0 that works ({error.strip()})',
                       'apt-get install gstreamer1.0-tools')
    found = re.search(r'version (\d+)\.(\d+)\S*', text)
    if found is None or (int(found[1]), int(found[2])) < OLDEST:
        return Finding('gstreamer', PROBLEM, f'found {text.splitlines()[0]}, wanted 1.22 or later')
    return Finding('gstreamer', OK, found[0])


def check_blacklist(plugin):
    """Returns a finding if the registry says that the plugin cannot be loaded; None otherwise."""
    _, text, _ = run('gst-inspect-1.0', '--print-blacklist')
    if plugin.name not in text:
        return None
    return Finding('gstreamer', PROBLEM, f'GStreamer could not load {plugin.name} before, and does not try again until '
                   'its registry is removed', 'rm ~/.cache/gstreamer-1.0/registry.*.bin')


def check_plugin():
    if has_element('npuwhisper'):
        return Finding('gstreamer', OK, 'the element npuwhisper is in the registry')
    plugin = own_plugin()
    if plugin is None:
        setup = HERE / 'setup'  # Only a checkout contains tools/setup.
        return Finding('gstreamer', PROBLEM, 'found no libgstnpuwhisper.so, neither in the registry nor beside this '
                       'program', shlex.quote(str(setup)) if setup.exists() else None)
    status, _, error = run('gst-inspect-1.0', str(plugin))
    if status != 0:
        return check_blacklist(plugin) or Finding('gstreamer', PROBLEM, f'{plugin} cannot be loaded: {error.strip()}')
    return Finding('gstreamer', WARNING, f'only the programs of npuwhisper find {plugin}; gst-launch-1.0 and players '
                   'do not', f'export GST_PLUGIN_PATH={shlex.quote(str(plugin.parent))}')


def check_elements():
    missing = [name for name in ELEMENTS if not has_element(name)]
    if not missing:
        return Finding('gstreamer', OK, f'found {", ".join(ELEMENTS)}')
    packages = sorted({ELEMENTS[name] for name in missing})
    return Finding('gstreamer', WARNING, f'found no {", ".join(missing)}, which the pipelines of the documentation use',
                   f'apt-get install {" ".join(packages)}')


def check_gstreamer():
    version = check_version()
    if version.state == PROBLEM:
        return [version]
    return [version, check_plugin(), check_elements()]
