"""Checks the code in pages: each block has a marker for the test that runs it, and a block from a file is equal to the file."""

import fnmatch
import os
import re

# Blocks in these languages are code. Their marker is on the line before the fence.
CODE = {'c', 'cpp', 'java', 'kotlin', 'swift', 'js', 'ts', 'cmake', 'objc', 'gradle', 'diff', 'rust', 'sh', 'bat', 'powershell',
        'python', 'groovy', 'makefile', 'html', 'yaml'}
# Output, messages and configurations need no marker.
OTHER = {'console', 'text', 'json', 'xml', 'toml', 'nginx', 'ini', 'http'}
PAGES = ('README*.md', 'docs/*.md', 'bindings/*/README*.md', 'examples/README.md', 'examples/*/README.md')
# The folders of files that a suite compiles or runs.
TESTED = ('examples/*', 'bindings/*/examples/*', 'bindings/js/*/examples/*', 'docs/samples/*', 'docs/migration/samples/*', 'tests/*', 'include/*')


def check(tree):
    quoted = set()
    for path in tree.matching(*PAGES):
        for block in tree.page(path).blocks:
            if block.marker and block.marker[0] in ('from', 'diff'):
                quoted.update(block.marker[1].split())
            if problem := problem_of(tree, path, block):
                yield path, block.line, problem
    for path in tree.matching('docs/samples/*'):
        if path not in quoted:
            yield path, 1, 'no page quotes this sample'


def problem_of(tree, path, block):
    if block.language not in CODE:
        if block.language in OTHER:
            return None
        return f'the language {block.language!r} of the block is not known' if block.language else 'the block has no language: use text'
    if not block.marker:
        return f'the {block.language} block has no marker (<!-- from: FILE --> and others)'
    kind, value = block.marker
    if kind == 'not run':
        return None if len(value) > 5 else 'the marker gives no reason'
    if kind == 'tested by':
        return test_problem(tree, path, value)
    names = value.split()
    for name in names:
        if name not in tree.files:
            return f'there is no {name}'
        if not any(fnmatch.fnmatch(name, pattern) for pattern in TESTED):
            return f'{name} is not in a folder whose programs the tests run'
    if (kind == 'diff') != (block.language == 'diff') or len(names) != (2 if kind == 'diff' else 1):
        return f'the marker "{kind}: {value}" does not fit a {block.language} block'
    if kind == 'diff':
        return diff_problem(block.lines, *(tree.text(name).splitlines() for name in names))
    return excerpt_problem(block.lines, tree.text(value).splitlines(), value)


def test_problem(tree, path, test):
    files = [file for file in tree.files if file == test or file.startswith(test.rstrip('/') + '/')]
    if not files:
        return f'there is no test {test}'
    # Many pages have the name README.md, so for them the folder is needed. A Chinese page has the blocks of the English page.
    name = os.path.basename(path)
    name = path.replace('.zh-CN', '') if name.startswith('README') else name
    return None if any(name in tree.text(file) for file in files) else f'{test} does not mention {name}'


def excerpt_problem(block, file, name):
    """Checks that the lines are in the file, adjacent and in this order. A line `...` stands for omitted lines."""
    file = [line.rstrip() for line in file]
    parts, current = [], []
    for line in block + ['...']:
        if line.strip() == '...':
            parts.append(current)
            current = []
        else:
            current.append(line)
    parts = [part for part in parts if part]
    if not parts:
        return 'the block is empty'
    first = next((line for part in parts for line in part if line), '')
    missing = block[0]
    for indent in dict.fromkeys(line[:-len(first)] for line in file if line.endswith(first) and not line[:-len(first)].strip()):
        at = 0
        for part in parts:
            wanted = [line and indent + line for line in part]
            places = (place for place in range(at, len(file) - len(part) + 1) if file[place:place + len(part)] == wanted)
            place = next(places, None)
            if place is None:
                missing = next((line for line in wanted if line not in file[at:]), wanted[0]).strip()
                break
            at = place + len(part) + 1  # at least one line is omitted
        else:
            return None
    return f'the block is not an excerpt of {name}: look at "{missing}"'


def diff_problem(block, before, after):
    """Checks that the diff changes one file into the other."""
    made, at, ends = [], 0, []
    for line in block:
        hunk = re.match(r'@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@', line)
        if hunk:
            # If a hunk contains no lines of the first file, its number is the line before the hunk.
            start = int(hunk[1]) - (hunk[2] != '0')
            if start < at:
                return 'the hunks of the diff overlap'
            made += before[at:start]
            at = start
            ends.append(int(hunk[3]) - (hunk[4] != '0') == len(made))
        elif not ends:
            return 'the diff does not begin with @@'
        else:
            sign, text = line[:1] or ' ', line[1:].rstrip()
            if sign not in ' -+':
                return f'"{line}" is not a line of a diff'
            if sign != '+':
                if at >= len(before) or before[at].rstrip() != text:
                    return f'"{text}" is not line {at + 1} of the first file'
                at += 1
            if sign != '-':
                made.append(text)
    made += before[at:]
    if [line.rstrip() for line in made] != [line.rstrip() for line in after]:
        return 'the diff does not lead to the second file (diff -U3 BEFORE AFTER | tail -n +3 prints it)'
    return None if all(ends) else 'a number in a line with @@ is wrong'
