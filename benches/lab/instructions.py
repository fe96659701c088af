"""instructions.py [--quick] [--write] [--results] [FEATURES]: counts the instructions and system calls of a message.

callgrind counts user instructions, strace counts system calls. Each figure is the difference between two runs with different numbers
of messages, so the start and the end of the program do not count. The script fails if a count is above the baseline
(benches/instructions.json) by more than the tolerance, unless the count depends on the load of the machine (PRINTED). --quick measures
three paths, --write renews the baseline, --results writes a section of benches/RESULTS.md.

The counts include the machine code of the library and of its host (benches/lab/clients/egret.c). They hardly depend on the processor,
because glibc is configured not to choose code by the processor's features. Our code makes such a choice for masking keys, which are 2 %
of the cost of a small message, and for masking 128 bytes and more: the baseline was measured on a processor with AVX2. callgrind counts
`rep movsb` as one instruction for each byte. glibc is configured not to use it; a compiler may still use it.
"""
import argparse
import json
import os
import platform
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass

import lab
import machine
import results
from rows import INLINE, RAW, THREADED, Case

BASELINE = lab.ROOT / 'benches' / 'instructions.json'
TOLERANCE, TOLERANCE_OF_OTHER_TOOLS = 0.03, 0.10
SLACK = 0.0001
"""A smaller difference is ignored: one system call in ten thousand messages."""
TRIES = 8
"""A count that is too high is measured again, and the smallest count is used. The kernel decides how many messages one read returns,
and how late a host polls after its I/O thread. Messages that stay in the buffer longer than one read are copied."""
COUNTED = {'GLIBC_TUNABLES': 'glibc.cpu.hwcaps=-AVX512F,-AVX512VL,-AVX2,-ERMS,-FSRM', 'LAB_COUNTED': '1'}
MOST_SECONDS = 120


NOT_COUNTED, PRINTED, COMPARED = 'not counted', 'printed', 'compared'
"""PRINTED: the count depends on how late the host polls after its I/O thread, and therefore on the load of the machine. For 32 received
bytes it rises by a third on a busy processor. In every run, the round trips check the threaded driver."""


@dataclass(frozen=True)
class Path:
    title: str
    mode: str
    size: int
    few: int
    many: int
    threaded: str = NOT_COUNTED
    """Whether the threaded driver's instructions are counted, and compared with the baseline. Its system calls are not counted, because
    they depend on the times at which threads sleep."""
    calls: bool = True
    """Whether the inline driver's system calls are repeatable. They are counted with the server on the same core."""
    cores: str = 'apart'
    """The core of the server while instructions are counted. With it, reads return the same numbers of messages in each run."""
    quick: bool = False

    def key(self, contender):
        """The name of the count of instructions."""
        return f'{self.title}, {contender.name.split()[1]}, instructions'


KIB = 1024
PATHS = (
    Path('receive 32 B', 'receive', 32, 50_000, 450_000, threaded=PRINTED, quick=True),
    Path('receive 1 KiB', 'receive', KIB, 5_000, 45_000, threaded=COMPARED, calls=False, cores='same'),
    Path('receive 128 KiB', 'receive', 128 * KIB, 200, 4200, cores='same'),
    Path('ping-pong 128 KiB', 'ping-pong', 128 * KIB, 50, 250, cores='same'),
    Path('send 32 B', 'send', 32, 20_000, 120_000, threaded=PRINTED, quick=True),
    Path('send 1 KiB', 'send', KIB, 2_000, 22_000, threaded=COMPARED),
    Path('send 128 KiB', 'send', 128 * KIB, 100, 400, threaded=COMPARED),
    Path('ping-pong 16 B', 'ping-pong', 16, 300, 2300, threaded=COMPARED, quick=True),
    Path('bursts of 100 × 64 B', 'burst', 64, 2_000, 22_000, threaded=COMPARED),
    Path('a frame with 100 messages', 'frame', 64, 5, 105, calls=False),
    Path('a poll with nothing to do', 'poll', 16, 1_000, 11_000, threaded=COMPARED),
    Path('opening a connection', 'open', 16, 20, 220, threaded=COMPARED, cores='same'),
)


def run_counted(command, contender, case, server, count):
    """Runs a client under a counting tool and returns the stderr of the tool."""
    program, *arguments = map(str, lab.client_arguments(contender, case, server, count))
    ended = subprocess.run([*command, lab.OUT / program, *arguments], env=os.environ | dict(contender.env) | COUNTED,
                           capture_output=True, text=True, timeout=MOST_SECONDS,
                           preexec_fn=lambda: os.sched_setaffinity(0, {lab.CLIENT_CORE}))
    if ended.returncode != 0:
        raise lab.Failed(f'{contender.name}, {case.mode}: {ended.stderr[-400:]}')
    return ended.stderr


def count_instructions(*run):
    output = run_counted(['valgrind', '--tool=callgrind', '--callgrind-out-file=/dev/null'], *run)
    return int(re.search(r'Collected : (\d+)', output).group(1))


def count_calls(*run):
    with tempfile.NamedTemporaryFile('r') as table:
        run_counted(['strace', '-f', '-c', '-U', 'calls,name', '-o', table.name], *run)
        return int(re.search(r'^\s*(\d+)\s+total$', table.read(), re.MULTILINE).group(1))


def count_per_message(count, contender, path, server):
    case = Case(path.mode, path.size, path.few, path.many)
    few, many = (count(contender, case, server, messages) for messages in (path.few, path.many))
    return (many - few) / (path.many - path.few)


def least(measure, limit):
    """Measures until the result is within the limit, at most TRIES times, and returns the least result."""
    found = measure()
    for _ in range(TRIES - 1):
        if limit is not None and found <= limit:
            break
        found = min(found, measure())
    return found


def measured(paths, servers, limits):
    """Yields the key of each count and the count."""
    for path in paths:
        for contender in (INLINE,) if path.threaded == NOT_COUNTED else (INLINE, THREADED):
            key = path.key(contender)
            yield key, least(lambda: count_per_message(count_instructions, contender, path, servers[path.cores]), limits.get(key))
        if path.calls:
            key = f'{path.title}, inline, system calls'
            yield key, least(lambda: count_per_message(count_calls, INLINE, path, servers['same']), limits.get(key))


def tools():
    """Returns the tools that influence the counts."""
    return [machine.output('rustc', '--version'), f'cc {machine.output(os.environ.get("CC", "cc"), "-dumpfullversion")}',
            machine.output('valgrind', '--version'), ' '.join(platform.libc_ver())]


def load_baseline():
    """Returns the baseline and the tolerance; an empty baseline if there is none for this architecture."""
    baseline = json.loads(BASELINE.read_text())
    if baseline['architecture'] != platform.machine():
        print(f'The baseline is for {baseline["architecture"]}: nothing is compared.')
        return {}, TOLERANCE
    if baseline['tools'] != tools():
        print(f'The baseline was made with other tools ({", ".join(baseline["tools"])}): {TOLERANCE_OF_OTHER_TOOLS:.0%} more is allowed.')
        return baseline['counts'], TOLERANCE_OF_OTHER_TOOLS
    return baseline['counts'], TOLERANCE


def write_baseline(counts):
    rounded = {key: float(f'{count:.5g}') for key, count in counts.items()}
    content = {'architecture': platform.machine(), 'tools': tools(), 'counts': rounded}
    BASELINE.write_text(json.dumps(content, indent=2, ensure_ascii=False) + '\n')


def write_results(paths, servers, counts):
    rows = ['| a message | raw | inline | threaded | system calls, inline |', '|---|---|---|---|---|']
    for path in paths:
        raw = count_per_message(count_instructions, RAW, path, servers[path.cores])
        cells = [counts.get(f'{path.title}, {kind}') for kind in
                 ('inline, instructions', 'threaded, instructions', 'inline, system calls')]
        texts = [f'{cell:,.0f}' if cell is not None else '' for cell in cells[:2]]
        texts.append(f'{cells[2]:.4f}' if cells[2] is not None else '')
        rows.append(f'| {path.title} | {raw:,.0f} | {" | ".join(texts)} |')
    table = '\n'.join(rows)
    results.write('instructions', f'## Instructions\n\nThe counts are user instructions of library and host together. The goal for 32 bytes '
                                  f'received, inline, is 300. {", ".join(tools())}.\n\n{table}\n')


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument('--quick', action='store_true')
    arguments.add_argument('--write', action='store_true')
    arguments.add_argument('--results', action='store_true')
    arguments, features = arguments.parse_known_args()
    paths = [path for path in PATHS if path.quick or not arguments.quick]

    lab.build('server', 'egret', *(['raw'] if arguments.results else []), features=features)
    baseline, tolerance = ({}, TOLERANCE) if arguments.write else load_baseline()
    printed = {path.key(THREADED) for path in PATHS if path.threaded == PRINTED}
    limits = {key: count * (1 + tolerance) + SLACK for key, count in baseline.items() if key not in printed}
    counts, over = {}, []
    with lab.servers() as servers:
        for key, count in measured(paths, servers, limits):
            counts[key] = count
            change = f'{count / baseline[key] - 1:+.1%}' if baseline.get(key) else ''
            print(f'{key:<58}{count:12,.3f}  {change}', flush=True)
            if key in limits and count > limits[key]:
                over.append(key)
        if arguments.results:
            write_results(paths, servers, counts)
    if arguments.write:
        write_baseline(counts)
    for key in over:
        print(f'OVER THE BUDGET by more than {tolerance:.0%}: {key}: {counts[key]:,.3f}, was {baseline[key]:,.3f}')
    sys.exit(bool(over))


if __name__ == '__main__':
    main()
