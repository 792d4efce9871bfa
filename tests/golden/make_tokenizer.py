# SPDX-License-Identifier: LGPL-2.1-or-later
"""Golden encodings of Whisper's two tokenizers, computed by Hugging Face's `tokenizers`.

usage: make_tokenizer.py MULTILINGUAL_DIR ENGLISH_DIR OUT     (needs the Python package tokenizers)
       tests/golden/tokenizer.json: the tokenizer.json of Systran/faster-whisper-base and -tiny.en

OUT is JSON: {"origin": text, "cases": [{"text": ..., "pieces": lengths in bytes of the pre-tokenizer's
pieces, "multilingual": token ids, "english": token ids}]}. The values are exact: no tolerance.

The multilingual tokenizer.json has the token for a space and "t" (id 256) but lacks the merge for
this token, which must be the first merge. The ranks of openai/whisper contain the merge, and the
model was trained on text that was encoded with it. This script adds the merge.
"""
import json
import pathlib
import sys

import tokenizers

TEXTS = [
    " Hello, world! It's 12:30, isn't it?",
    "They'll say we've won; I'm sure you'd agree, they're DON'T and O'Neill's 'tis.",
    "  two  leading,   inner and trailing   ",
    "tabs\tand\r\nline\n\n  breaks \u00a0 \u3000ends",
    " Größe, naïve façade, coöperation, Ærøskøbing",
    " El niño comió ¡tres piñas! ¿Verdad?",
    " L'été où Zoë mangeait des œufs à Nîmes",
    " Zażółć gęślą jaźń. Příliš žluťoučký kůň.",
    " Съешь ещё этих мягких французских булок",
    " Η γρήγορη καφέ αλεπού",
    " مرحبا بالعالم ٢٠٢٤",
    " שלום עולם",
    " नमस्ते दुनिया १२३",
    " สวัสดีชาวโลก",
    " 你好,世界!今天是2024年。",
    "こんにちは世界。カタカナ、ひらがな、漢字",
    " 안녕하세요 세계",
    " Xin chào thế giới, tiếng Việt",
    " Günaydın İstanbul, ığüşöç",
    " 🎉👩‍👩‍👧‍👦🇩🇪 emoji ☕️!",
    " ½ cup ² ³ Ⅷ ①② and 3.14159",
    " $100% @user #tag <|endoftext|> [music] (laughs) ♪♪",
    " e\u0301 combining, zero\u200bwidth, soft\u00adhyphen, bom\ufeff",
    " Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogoch aaaaaaaaaaaaaaaaaaaaaaaa",
]


def load(folder):
    """Returns the tokenizer of `folder`. Adds the merge of a space and "t" if it is missing."""
    root = json.loads((pathlib.Path(folder) / 'tokenizer.json').read_text(encoding='utf-8'))
    model = root['model']
    as_pair = [merge.split(' ') if isinstance(merge, str) else merge for merge in model['merges']]
    if ['Ġ', 't'] not in as_pair:
        as_pair.insert(0, ['Ġ', 't'])
    model['merges'] = [' '.join(pair) for pair in as_pair]
    # The runtime treats the names of special tokens as ordinary text.
    root['added_tokens'] = []
    root['post_processor'] = None
    return tokenizers.Tokenizer.from_str(json.dumps(root))


def main():
    multilingual, english = load(sys.argv[1]), load(sys.argv[2])
    pieces = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    cases = []
    for text in TEXTS:
        ranges = [span for _, span in pieces.pre_tokenize_str(text)]
        cases.append({
            'text': text,
            'pieces': [len(text[begin:end].encode()) for begin, end in ranges],
            'multilingual': multilingual.encode(text, add_special_tokens=False).ids,
            'english': english.encode(text, add_special_tokens=False).ids,
        })
        assert sum(cases[-1]['pieces']) == len(text.encode())
    origin = f'tests/golden/make_tokenizer.py, tokenizers {tokenizers.__version__}'
    lines = ',\n'.join(json.dumps(case, ensure_ascii=True) for case in cases)
    pathlib.Path(sys.argv[3]).write_text(
        '{"origin": ' + json.dumps(origin) + ',\n"cases": [\n' + lines + '\n]}\n')


if __name__ == '__main__':
    main()
