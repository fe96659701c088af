"""bench.py [--quick] [--rounds N] [--only TEXT] [FEATURES]: compares our library and others with a minimal TCP client.

In each round all contenders of a row run once, in a new random order. A ratio compares a contender with `raw` in the same round, so
that other load on the machine affects both. Prints the medians of the rounds. Without --quick and --only, it writes them to
benches/RESULTS.md.
"""
import argparse
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

import lab
import machine
import results
from results import number
from rows import INLINE, OURS, PEERS, QUICK_PEERS, RAW, ROWS, THREADED

RUN_US = 120_000
"""The approximate time of a run."""
ROW_SECONDS = 60
"""After this time no further round of a row begins."""
SIZE_GOAL_KB = 900
"""The upper limit of the library's size."""


class Runs:
    """The results of cases, so that two rows with the same case share one result."""

    def __init__(self, servers, quick):
        self._servers = servers
        self._quick = quick
        self._done = {}

    def of(self, case, contenders, rounds):
        key = case, rounds
        if key not in self._done:
            self._done[key] = self._run(case, contenders, rounds)
        return self._done[key]

    def _run(self, case, contenders, rounds):
        """For each round, the results of each contender."""
        counts = {each: self._count(case, each) for each in contenders}
        begun, done = time.monotonic(), []
        while len(done) < rounds and (len(done) < 3 or time.monotonic() - begun < ROW_SECONDS):
            order = [each for each in contenders if counts[each]]
            random.shuffle(order)
            results_of_round = {each: self._try(case, each, counts[each]) for each in order}
            done.append({each: result for each, result in results_of_round.items() if result})
        return done

    def _try(self, case, contender, count):
        """The results of a contender; None for a peer that failed."""
        try:
            return self._measure(case, contender, count)
        except lab.Failed as failure:
            if contender not in PEERS:
                raise
            print(f'  {contender.name}: {failure}', file=sys.stderr)
            return None

    def _count(self, case, contender):
        """Returns the number of messages that take about RUN_US, or None for a contender that failed."""
        if case.least == case.most:
            return case.least
        least = int(case.least * contender.share)
        measured = self._try(case, contender, least)
        if measured is None:
            return None
        run_us = RUN_US / 2 if self._quick else RUN_US
        count = min(max(least, int(run_us / max(measured['wall_us'], 1e-3))), case.most)
        return count - count % 100 if case.mode == 'burst' else count

    def _measure(self, case, contender, count):
        cores = (lab.CLIENT_CORE, lab.SERVER_CORE) if case.cores == 'both' else (lab.CLIENT_CORE,)
        arguments = lab.client_arguments(contender, case, self._servers[case.cores], count)
        return lab.run(arguments, contender.env, cores)


def figures(row, runs, rounds, quick):
    """The row's figure for each contender: the median of the rounds."""
    contenders = row.contenders(quick)
    rounds = row.rounds or rounds
    done = runs.of(row.case, contenders, rounds)
    base = runs.of(row.over, contenders, rounds) if row.over else done
    found = {}
    for contender in contenders:
        values = []
        for each, its_base in zip(done, base):
            if contender not in each:
                continue
            value = each[contender][row.metric]
            if row.over:
                value /= its_base[contender][row.metric]
            elif row.unit:
                value *= row.factor
            elif contender != RAW:
                value /= each[RAW][row.metric]
            values.append(value)
        if values:
            found[contender] = statistics.median(values)
    return found


def goals_of(row, found):
    """The upper limits of the row, inline and threaded: the limits of the row itself, or the figure of the best peer."""
    best = min((found[peer] for peer in PEERS if peer in found), default=None)
    return row.goals or (best, best)


def with_goal(value, goal, digits=2):
    """Formats a figure: in bold if the rounded figure meets the rounded goal, otherwise with the goal."""
    shown = number(value, digits)
    if goal is None:
        return shown
    limit = number(goal, digits)
    is_met = float(shown.replace(',', '')) <= float(limit.replace(',', ''))
    return f'**{shown}**' if is_met else f'{shown} ✗ ≤ {limit}'


def columns(quick):
    return [peer for peer in PEERS if not quick or peer.name in QUICK_PEERS]


def line(row, found, peers):
    cells = [row.title, f'{number(found[RAW], row.raw_digits)} {row.unit or "µs"}']
    cells += [with_goal(found[ours], goal, row.digits) for ours, goal in zip(OURS, goals_of(row, found))]
    cells += [number(found[peer], row.digits) if peer in found else '' for peer in peers]
    return f'| {" | ".join(cells)} |'


def table_head(peers):
    names = ['', 'raw', INLINE.name, THREADED.name, *(peer.name for peer in peers)]
    return f'| {" | ".join(names)} |\n|{"---|" * len(names)}'


def size_line(peers):
    """The row with the size of the stripped shared library."""
    strip = shutil.which('strip')
    if not strip:
        return None
    with tempfile.NamedTemporaryFile() as stripped:
        subprocess.run([strip, '-o', stripped.name, lab.LIBRARY], check=True)
        kilobytes = len(open(stripped.name, 'rb').read()) / 1000
    cell = with_goal(kilobytes, SIZE_GOAL_KB)
    return f'| the stripped library, with the system\'s OpenSSL | kB | {cell} | {cell} |{" |" * len(peers)}'


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument('--quick', action='store_true')
    arguments.add_argument('--rounds', type=int)
    arguments.add_argument('--only', default='', help='only rows with this text in the title')
    arguments, features = arguments.parse_known_args()
    quick = arguments.quick
    rounds = arguments.rounds or (5 if quick else 11)

    quick_programs = ['server', 'raw', 'egret', 'beast', 'libwebsockets', 'rust']
    lab.build(*(quick_programs if quick else ()), features=features)
    peers = columns(quick)
    lines = [table_head(peers)]
    print(lines[0], flush=True)
    with lab.servers() as servers:
        runs = Runs(servers, quick)
        for row in ROWS:
            if arguments.only in row.title and (row.quick or not quick):
                lines.append(line(row, figures(row, runs, rounds, quick), peers))
                print(lines[-1], flush=True)
    if size := size_line(peers):
        lines.append(size)
        print(size)
    if not quick and not arguments.only:
        table = '\n'.join(lines)
        results.write('peers', f'## Against the peers\n\n{machine.describe()}. {rounds} rounds.\n\n{table}\n\n'
                               f'Versions: {machine.versions()}.\n')


if __name__ == '__main__':
    main()
