"""scale.py [--quick | --idle N] [FEATURES]: measures the cost of a socket with up to 10,000 sockets in one loop, or with N idle sockets.

The server uses one core, the client with all its threads uses another one. Prints the medians of some rounds as a table. Without --quick
it also writes the table to benches/RESULTS.md. N idle sockets need N open files in each of two processes. Root may raise the limit of
open files; without that right nothing is measured.
"""
import argparse
import resource
import statistics
import sys

import lab
import machine
import results
from results import number
from rows import OURS

SOCKETS = (100, 1000, 10_000)
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
IDLE_FIGURES = (
    ('rss_kib', 'memory of a socket, KiB'),
    ('poll_ns', 'a poll, nothing to do, ns'),
    ('heartbeat_cpu_us', 'a socket for 21 s at 60 polls a second: one heartbeat, µs'),
    ('idle_cpu_us', 'all idle for half a second, 60 polls a second, µs of CPU a second'),
    ('open_cpu_us', 'to open a socket, µs'),
    ('free_cpu_us', 'to free a socket, µs'),
)
PROSE = """The table shows the CPU time of the client's process, with plain `ws` and messages of 64 bytes in both directions. "All at work": each socket sends one
message, and the next one when all answers have arrived. "One at work": one socket has one message in flight, the others are idle. Opening includes TCP
and the upgrade; freeing includes the Close frames that are sent."""


IDLE_PROSE = """The table shows the CPU time of the client's process, with plain `ws` and no messages. The client and the server have one descriptor for each
socket. Each group of 10,000 sockets has its own local address, because an address has 28,000 ports, and the system needs long to find one of the
last free ports."""


def measured(rounds, sockets, *mode):
    found = {}
    with lab.servers() as servers:
        url = servers['apart'].url(tls=False)
        for _ in range(rounds):
            for count in sockets:
                for ours in OURS:
                    found.setdefault((ours, count), []).append(lab.run(('scale', url, count, *mode), ours.env, timeout=300))
    return {key: {figure: statistics.median(run[figure] for run in runs) for figure in runs[0]} for key, runs in found.items()}


EVERY_FIGURE = (*FIGURES, ('open_us', 'to open a socket, µs of time'), ('free_us', 'to free a socket, µs of time'),
                ('idle_cpu_us', 'all idle, 60 polls a second, µs of CPU a second'))


def table(found, sockets, figures=EVERY_FIGURE):
    heads = [f'{ours.name.split()[1]}, {count:,}' for ours in OURS for count in sockets]
    lines = [f'| | {" | ".join(heads)} |', f'|{"---|" * (len(heads) + 1)}']
    for figure, title in figures:
        cells = [number(found[ours, count][figure]) for ours in OURS for count in sockets]
        lines.append(f'| {title} | {" | ".join(cells)} |')
    return '\n'.join(lines)


def allow_files(sockets):
    """Raises the limit of open files for this process and its child processes. Returns the reason if that is not allowed."""
    needed = sockets + SPARE_FILES
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if files >= needed:
        return None
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, needed))
    except (ValueError, OSError):
        return (f'{sockets:,} sockets need {needed:,} open files; the hard limit is {files:,}, and this process may not raise it '
                '(CAP_SYS_RESOURCE; fs.nr_open)')
    return None


def idle(sockets, features):
    refused = allow_files(sockets)
    if refused:
        print(f'skipped: {refused}')
        return
    lab.build('server', 'scale', features=features)
    rows = table(measured(1, (sockets,), 'idle'), (sockets,), IDLE_FIGURES)
    print(rows)
    results.write('idle', f'## {sockets:,} idle sockets in one loop\n\n{machine.describe()}.\n\n{IDLE_PROSE}\n\n{rows}\n')


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument('--quick', action='store_true')
    arguments.add_argument('--idle', type=int, metavar='N')
    arguments, features = arguments.parse_known_args()
    if arguments.idle:
        idle(arguments.idle, features)
        return
    refused = allow_files(SOCKETS[-1])
    if refused:
        sys.exit(refused)
    lab.build('server', 'scale', features=features)
    if arguments.quick:
        print(table(measured(1, SOCKETS), SOCKETS))
        return
    found = measured(ROUNDS, SOCKETS)
    rows = table(found, SOCKETS)
    print(rows)
    results.write('scale', f'## Scale\n\n{machine.describe()}. {ROUNDS} rounds.\n\n{PROSE}\n\n{rows}\n\n'
                           f'![The table as a plot](../docs/pictures/scale.svg)\n')


if __name__ == '__main__':
    main()
