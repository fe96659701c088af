#!/usr/bin/env python3
"""check.py [links|samples|chinese|prose]...: checks the documentation, and prints file:line for each fault. Without arguments, it runs all checks."""

import sys

import chinese
import links
import prose
import samples
from pages import Tree

CHECKS = {'links': links.check, 'samples': samples.check, 'chinese': chinese.check, 'prose': prose.check}


def main(names):
    unknown = [name for name in names if name not in CHECKS]
    if unknown:
        sys.exit(f'check.py: there is no check {unknown[0]}; there are: {" ".join(CHECKS)}')
    tree, failed = Tree(), []
    for name in names or CHECKS:
        faults = sorted(set(CHECKS[name](tree)))
        for path, line, problem in faults:
            print(f'{path}:{line}: {name}: {problem}')
        print(f'{name}: {len(faults)} faults' if faults else f'{name}: ok')
        failed += [name] if faults else []
    sys.exit(f'check.py: failed: {" ".join(failed)}' if failed else 0)


if __name__ == '__main__':
    main(sys.argv[1:])
