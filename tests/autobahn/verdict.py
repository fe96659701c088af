"""Compares the suite's report with the expected results, case by case.

usage: verdict.py INDEX.json EXPECTED.json CASES AGENT...

CASES are the names of the cases that were run, separated by blanks. For each case both files contain the behaviour, the behaviour in
closing, and the close code that the client sent (null: none). A case that is better than expected also fails, because EXPECTED.json is
then out of date.
"""
import collections
import json
import sys


def number(case):
    return [int(part) for part in case.split('.')]


def main(index, expected, cases, *agents):
    with open(index) as file:
        reports = json.load(file)
    with open(expected) as file:
        wanted = json.load(file)
        wanted = {case: wanted[case] for case in cases.split()}
    failed = 0
    for agent in agents:
        got = {case: [result[key] for key in ('behavior', 'behaviorClose', 'remoteCloseCode')]
               for case, result in reports.get(agent, {}).items()}
        behaviours = collections.Counter(behaviour for behaviour, *_ in got.values())
        print(f'{agent}:', ', '.join(f'{count} {behaviour}' for behaviour, count in behaviours.most_common()))
        for case in sorted(got.keys() | wanted.keys(), key=number):
            if got.get(case) != wanted.get(case):
                print(f'{agent}: case {case}: {got.get(case, "not run")}, expected {wanted.get(case, "no such case")}')
                failed += 1
    print(f'{len(wanted) * len(agents) - failed} passed, {failed} failed')
    return failed != 0 or not agents


if __name__ == '__main__':
    sys.exit(main(*sys.argv[1:]))
