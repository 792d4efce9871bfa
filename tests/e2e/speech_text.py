# SPDX-License-Identifier: LGPL-2.1-or-later
"""Compares a transcript with the spoken text."""
import difflib
import re


def words_of(text):
    text = text.lower().replace('mr.', 'mister').replace('-', ' ')
    return re.sub(r"[^\w' ]", ' ', text).split()


def share_found(expected, text):
    """Returns the number of expected words that the text contains in order, divided by the number
    of words in the longer of the two texts."""
    wanted, found = words_of(expected), words_of(text)
    blocks = difflib.SequenceMatcher(None, wanted, found, autojunk=False).get_matching_blocks()
    return sum(block.size for block in blocks) / max(len(wanted), len(found))
