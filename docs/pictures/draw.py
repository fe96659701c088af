#!/usr/bin/env python3
"""Draws the pictures of the documentation: the plots from the tables of benches/RESULTS.md and docs/size.md, and the diagrams in two languages.

draw.py writes them. draw.py --check fails if a committed picture differs.
"""
import argparse
import pathlib
import sys

import diagrams
import plots

HERE = pathlib.Path(__file__).resolve().parent


def pictures():
    yield 'bench-peers.svg', plots.peers()
    yield 'bench-cost.svg', plots.cost()
    yield 'size.svg', plots.size()
    yield 'scale.svg', plots.scale()
    for language, suffix in (('en', ''), ('zh', '.zh')):
        for name, draw in diagrams.ALL.items():
            yield f'{name}{suffix}.svg', draw(language)


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument('--check', action='store_true')
    check = arguments.parse_args().check
    other = []
    for name, picture in pictures():
        path, text = HERE / name, str(picture)
        if not check:
            path.write_text(text)
        elif not path.exists() or path.read_text() != text:
            other.append(name)
    if other:
        sys.exit(f'these pictures differ from the output of docs/pictures/draw.py: {", ".join(other)}; run it and commit its pictures')


if __name__ == '__main__':
    main()
