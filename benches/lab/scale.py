"""scale.py [--quick] [FEATURES]: measures the cost of a socket with up to 10,000 sockets in one loop.

The server has one core, the client with all its threads another. Prints the medians of some rounds as a table; without --quick also
writes the table to benches/RESULTS.md, and the plot to docs/scale.svg.
"""
import argparse
import resource
import statistics
import sys

import chart
import lab
import machine
import results
from results import number
from rows import OURS

SOCKETS = (100, 300, 1000, 3000, 10_000)
IN_TABLE = (100, 1000, 10_000)
ROUNDS = 3
SPARE_FILES = 64
FIGURES = (
    ('rss_kib', 'memory of a socket, KiB'),
    ('all_cpu_us', 'a message, all at work, µs'),
    ('one_cpu_us', 'a message, one at work, µs'),
    ('poll_ns', 'a poll, nothing to do, ns'),
    ('open_cpu_us', 'to open a socket, µs'),
    ('free_cpu_us', 'to free a socket, µs'),
)
PROSE = """CPU time of the client's process, plain `ws`, messages of 64 bytes there and back. "All at work": each socket sends one, and
the next one when all have come back. "One at work": one socket has one message in flight, the others are idle. Opening includes TCP
and the upgrade; freeing includes the Close frames that are sent."""


def measured(rounds, sockets):
    found = {}
    with lab.servers() as servers:
        url = servers['apart'].url(tls=False)
        for _ in range(rounds):
            for count in sockets:
                for ours in OURS:
                    found.setdefault((ours, count), []).append(lab.run(('scale', url, count), ours.env))
    return {key: {figure: statistics.median(run[figure] for run in runs) for figure in runs[0]} for key, runs in found.items()}


def table(found, sockets):
    heads = [f'{ours.name.split()[1]}, {count:,}' for ours in OURS for count in sockets]
    lines = [f'| | {" | ".join(heads)} |', f'|{"---|" * (len(heads) + 1)}']
    for figure, title in (*FIGURES, ('open_us', 'to open a socket, µs of time'), ('free_us', 'to free a socket, µs of time'),
                          ('idle_cpu_us', 'all idle, 60 polls a second, µs of CPU a second')):
        cells = [number(found[ours, count][figure]) for ours in OURS for count in sockets]
        lines.append(f'| {title} | {" | ".join(cells)} |')
    return '\n'.join(lines)


def plot(found):
    charts = [(title, SOCKETS, [[found[ours, count][figure] for count in SOCKETS] for ours in OURS])
              for figure, title in FIGURES]
    (lab.ROOT / 'docs' / 'scale.svg').write_text(chart.page([ours.name.split()[1] for ours in OURS], charts))


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument('--quick', action='store_true')
    arguments, features = arguments.parse_known_args()
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if files < SOCKETS[-1] + SPARE_FILES:
        sys.exit(f'{SOCKETS[-1]} sockets take more open files than the hard limit allows ({files}): ulimit -Hn')
    lab.build('server', 'scale', features=features)
    if arguments.quick:
        print(table(measured(1, IN_TABLE), IN_TABLE))
        return
    found = measured(ROUNDS, SOCKETS)
    rows = table(found, IN_TABLE)
    print(rows)
    plot(found)
    results.write('scale', f'## Scale\n\n{machine.describe()}. {ROUNDS} rounds.\n\n{PROSE}\n\n{rows}\n\n'
                           f'![The same as a plot](../docs/scale.svg)\n')


if __name__ == '__main__':
    main()
