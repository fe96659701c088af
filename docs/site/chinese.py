"""Checks the Chinese pages: each English page has a Chinese one with equal headings and code, which follows the current English text."""

import hashlib
import re

from pages import summary

FOLLOWS = re.compile(r'<!-- follows: (\S+) ([0-9a-f]{12}) -->$')
# Pages of the Chinese book without an English original.
OWN = {'docs/zh/glossary.md', 'docs/zh/javascript.md'}


def hash_of(tree, path):
    return hashlib.sha256((tree.root / path).read_bytes()).hexdigest()[:12]


def counterpart(path):
    return 'README.zh-CN.md' if path == 'README.md' else path.replace('docs/', 'docs/zh/', 1)


def check(tree):
    english = ['README.md'] + summary(tree)
    for path in english:
        yield from page_problems(tree, path, counterpart(path))
    if 'docs/zh/SUMMARY.md' in tree.files:
        expected = [counterpart(path) for path in english[1:]]
        found = [path for path in summary(tree, 'docs/zh/SUMMARY.md') if path not in OWN]
        if found != expected:
            differing = [path for path in expected if path not in found] + [path for path in found if path not in expected]
            yield 'docs/zh/SUMMARY.md', 1, f'the pages are not those of docs/SUMMARY.md: {", ".join(differing) or "another order"}'
    for path in tree.matching('docs/zh/*.md'):
        if path not in OWN | {'docs/zh/SUMMARY.md'} | {counterpart(path) for path in english}:
            yield path, 1, 'no page of docs/SUMMARY.md has this translation'
    for path in tree.matching('docs/*.md'):
        if not path.startswith(('docs/zh/', 'docs/site/', 'docs/samples/')) and path not in english + ['docs/SUMMARY.md']:
            yield path, 1, 'docs/SUMMARY.md does not list this page'


def page_problems(tree, english, chinese):
    if english not in tree.files:
        yield 'docs/SUMMARY.md', 1, f'there is no {english}'
        return
    if chinese not in tree.files:
        yield english, 1, f'there is no translation {chinese}'
        return
    ours, theirs = tree.page(english), tree.page(chinese)
    follows = FOLLOWS.match(theirs.text.split('\n')[0])
    current = hash_of(tree, english)
    if not follows or follows[1] != english:
        yield chinese, 1, f'the first line has to be <!-- follows: {english} {current} -->'
    elif follows[2] != current:
        yield chinese, 1, (f'{english} has changed since it was translated: compare them, then run '
                           f'docs/site/follows.py {chinese}')
    for (_, wanted, heading), (line, level, text) in zip(ours.headings, theirs.headings):
        if level != wanted:
            yield chinese, line, f'the heading "{text}" has level {level}; "{heading}" has {wanted}'
            break
    else:
        if len(ours.headings) != len(theirs.headings):
            yield chinese, 1, f'the page has {len(theirs.headings)} headings; {english} has {len(ours.headings)}'
    for wanted, block in zip(ours.blocks, theirs.blocks):
        if (wanted.language, wanted.marker) != (block.language, block.marker):
            yield chinese, block.line, f'the block has another language or marker than that in line {wanted.line} of {english}'
            break
        # A drawing may contain words.
        if wanted.lines != block.lines and block.language != 'text':
            line = next((at for at, (a, b) in enumerate(zip(wanted.lines, block.lines)) if a != b), len(block.lines))
            yield chinese, block.line + 1 + line, f'the block differs from that in line {wanted.line} of {english}'
            break
    else:
        if len(ours.blocks) != len(theirs.blocks):
            yield chinese, 1, f'the page has {len(theirs.blocks)} blocks; {english} has {len(ours.blocks)}'
