"""Prints the names of the suite's cases, in order: all of them, or for `quick` those that do not take minutes.

usage: cases.py EXPECTED.json all|quick
"""
import json
import sys


def number(case):
    return [int(part) for part in case.split('.')]


def is_quick(case):
    section, group, *rest = number(case)
    if section < 12:
        return True
    # Each case of sections 12 and 13 compresses a thousand messages of 16 bytes to 128 KiB. Quick are, from each group, some sizes, whole
    # and fragmented, and the cases that end early because they inflate beyond the cap.
    return rest[0] in (2, 4, 11) or case in ('12.4.10', '12.4.15', '12.4.16', '12.4.17', '12.4.18')


def main(expected, selection):
    with open(expected) as file:
        cases = sorted(json.load(file), key=number)
    print(*(case for case in cases if selection == 'all' or is_quick(case)))


if __name__ == '__main__':
    main(*sys.argv[1:])
