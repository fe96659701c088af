#!/usr/bin/env python3
"""follows.py docs/zh/PAGE.md...: writes the hash of the English original into a Chinese page. Compare both pages before."""

import sys
from pathlib import Path

from chinese import FOLLOWS, counterpart, hash_of
from pages import Tree, summary


def renew(tree, path):
    english = {counterpart(original): original for original in ['README.md'] + summary(tree)}.get(path)
    if not english or english not in tree.files:
        sys.exit(f'follows.py: {path}: no page of docs/SUMMARY.md has this translation')
    text = tree.text(path)
    first, _, rest = text.partition('\n')
    marker = f'<!-- follows: {english} {hash_of(tree, english)} -->\n'
    (tree.root / path).write_text(marker + (rest if FOLLOWS.match(first) else text), encoding='utf-8')


if __name__ == '__main__':
    if len(sys.argv) < 2:
        sys.exit('usage: docs/site/follows.py docs/zh/PAGE.md...')
    project = Tree()
    for argument in sys.argv[1:]:
        renew(project, Path(argument).resolve().relative_to(project.root).as_posix())
