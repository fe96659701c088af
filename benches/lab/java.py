"""java.py [--check] [--quick] [--rounds N] [--only TEXT] [FEATURES]: compares our library in Java with other WebSocket clients for Java.

In each round all contenders of a row run once, in a new random order, with the server of the lab. The columns of peers are multiples of
OkHttp in the same round, and `to the best peer` compares our library with the cheapest peer of the round. Prints the medians of the
rounds. Without --check, --quick and --only, it writes them to benches/RESULTS.md. --quick: fewer rows and rounds. --check only tests
that every contender runs, with few messages: it prints no figures and writes no file.
"""
import argparse
import os
import pathlib
import random
import shutil
import statistics
import subprocess
import sys
from dataclasses import dataclass

import lab
import machine
import results
from js import cell
from results import number

KIB = 1024
SOURCES = lab.HERE / 'java'
BINDING = lab.OUT / 'java'
CLASSES = BINDING / 'classes'
JARS = pathlib.Path('/usr/share/java')
PEER_JARS = {
    'libokhttp-java': ('okhttp', 'okio'),
    'libnetty-java': tuple(f'netty-{part}' for part in ('buffer', 'codec', 'codec-http', 'common', 'handler', 'resolver', 'transport')),
    'libtomcat9-java': tuple(f'tomcat9-{part}' for part in ('websocket', 'websocket-api', 'coyote', 'util', 'juli', 'annotations-api',
                                                            'api')),
}
VIRTUAL_MACHINE = ('-XX:+UseSerialGC', '-Xms1g', '-Xmx1g')
"""The garbage collector with the lowest cost on one core, and enough memory, so that it runs rarely."""


@dataclass(frozen=True)
class Contender:
    name: str
    client: str
    """The first argument of Lab."""


OKHTTP = Contender('OkHttp', 'okhttp')
PEERS = (OKHTTP, Contender('JDK', 'jdk'), Contender('Netty', 'netty'), Contender('Tomcat', 'tomcat'))
EGRET = Contender('egret', 'egret')
DIRECT = Contender('egret, direct buffers', 'egret-direct')
THREADED = Contender('egret threaded', 'egret-threaded')
PLATFORM = Contender('egret, PlatformTls', 'egret-platform')
OURS = (EGRET, DIRECT, THREADED, PLATFORM)
TO_BEST = (EGRET, DIRECT, PLATFORM)
"""The contenders that are compared with the cheapest peer."""


@dataclass(frozen=True)
class Row:
    mode: str
    size: int
    kind: str
    tls: bool = False
    metric: str = 'cpu_us'
    cores: str = 'apart'
    """Has the values of `Case.cores` of rows.py."""
    goal: float = 0.5
    """The upper limit of our ratio: to the cheapest peer, or to OkHttp for latency."""
    quick: bool = False

    @property
    def title(self):
        size = f'{self.size // KIB} KiB' if self.size >= KIB else f'{self.size} B'
        if not self.is_latency:
            return f'{"wss " if self.tls else ""}{self.mode} {size}, {self.kind}'
        cores = {'apart': 'a core each', 'both': 'both on two cores'}[self.cores]
        return f'{"wss " if self.tls else ""}latency {size}, {cores}'

    @property
    def count(self):
        """With TLS the count is doubled, because the virtual machine compiles the JDK's TLS late."""
        return COUNTS[self.mode][self.size] * (2 if self.tls and self.mode != 'ping-pong' else 1)

    @property
    def is_latency(self):
        return self.metric == 'p50_us'

    @property
    def ours(self):
        """Text has no direct buffers, and plain connections have no TLS."""
        direct = (DIRECT,) if self.kind == 'binary' else ()
        return (EGRET, *direct, PLATFORM if self.tls else THREADED)


COUNTS = {
    'receive': {32: 2_000_000, KIB: 300_000, 128 * KIB: 3000},
    'send': {32: 100_000, KIB: 50_000, 128 * KIB: 800},
    'ping-pong': {32: 20_000, KIB: 20_000, 128 * KIB: 500},
}
"""The number of messages of a plain run. There are two runs; the first one is not measured."""
SIZES = tuple(COUNTS['receive'])
ONE_CORE = {'ping-pong': 'same'}
"""The CPU time of ping-pong is stable only if no core sleeps between the messages."""
ROWS = tuple(
    Row(mode, size, kind, tls, cores=ONE_CORE.get(mode, 'apart'), quick=not tls and kind == 'binary')
    for tls in (False, True) for mode in COUNTS for kind in ('binary', 'text') for size in SIZES
) + tuple(
    Row('ping-pong', size, 'binary', tls, 'p50_us', cores, 1.0, quick=not tls and size == 32)
    for tls in (False, True) for cores in ('apart', 'both') for size in SIZES
)


def java_home():
    javac = shutil.which('javac')
    if not javac:
        raise SystemExit('javac is missing; install a JDK (Debian: openjdk-17-jdk-headless)')
    return pathlib.Path(os.environ.get('JAVA_HOME') or pathlib.Path(javac).resolve().parent.parent)


def class_path():
    jars = [JARS / f'{name}.jar' for names in PEER_JARS.values() for name in names]
    missing = [package for package, names in PEER_JARS.items() if not all((JARS / f'{name}.jar').exists() for name in names)]
    if missing:
        raise SystemExit(f'clients for Java are missing; install {" ".join(missing)} (Debian)')
    return ':'.join(map(str, [CLASSES, BINDING / 'egret-websocket.jar', *jars]))


def build(features):
    lab.build('server', features=features)
    subprocess.run([lab.ROOT / 'bindings' / 'java' / 'build.sh', lab.LIBRARY.parent, BINDING], check=True)
    home = java_home()
    subprocess.run([os.environ.get('CC', 'cc'), '-O2', '-shared', '-fPIC', f'-I{home}/include', f'-I{home}/include/linux',
                    SOURCES / 'cpu.c', '-o', BINDING / 'liblab_cpu.so'], check=True)
    shutil.rmtree(CLASSES, ignore_errors=True)
    # The manifests of Debian's jars name jars that Debian does not have.
    subprocess.run(['javac', '-Xlint:all,-path,-classfile,-processing', '-Werror', '-cp', class_path(), '-d', CLASSES,
                    *sorted(SOURCES.glob('*.java'))], check=True)


def run(row, contender, count, servers):
    url = servers[row.cores].url(row.tls)
    cores = (lab.CLIENT_CORE, lab.SERVER_CORE) if row.cores == 'both' else (lab.CLIENT_CORE,)
    return lab.run(('/usr/bin/env', 'java', *VIRTUAL_MACHINE, f'-Djava.library.path={BINDING}', '-cp', class_path(), 'Lab', contender.client,
                    row.mode, url, row.size, count, row.kind, lab.OUT / 'ca.pem'), cores=cores, timeout=150)


def try_run(row, contender, servers):
    """Returns the figure of a contender, or None for a peer that failed."""
    try:
        return run(row, contender, row.count, servers)[row.metric]
    except lab.Failed as failure:
        if contender not in PEERS[1:]:
            raise
        print(f'  {contender.name}: {failure}', file=sys.stderr)
        return None


def line(row, rounds, servers):
    """Returns the line of a row: OkHttp's figure, and the medians of the ratios."""
    contenders = PEERS + row.ours
    base, ratios = [], {each: [] for each in contenders}
    to_best = {each: [] for each in row.ours}
    for _ in range(rounds):
        found = {each: try_run(row, each, servers) for each in random.sample(contenders, len(contenders))}
        found = {each: figure for each, figure in found.items() if figure}
        base.append(found[OKHTTP])
        best = min(found[peer] for peer in PEERS if peer in found)
        for each, figure in found.items():
            ratios[each].append(figure / base[-1])
            if each in to_best:
                to_best[each].append(figure / best)
    shown = {each: number(statistics.median(ratios[each])) for each in contenders if ratios[each]}
    if row.is_latency:
        shown |= {each: cell(statistics.median(ratios[each]), row.goal) for each in row.ours if each != THREADED}
    best = {each: cell(statistics.median(to_best[each]), row.goal) for each in row.ours if not row.is_latency}
    cells = [f'{number(statistics.median(base), 3)} µs', *(shown.get(peer, '') for peer in PEERS[1:])]
    cells += [shown.get(each, '') for each in OURS] + [best.get(each, '') for each in TO_BEST]
    return f'| {row.title} | {" | ".join(cells)} |'


def table(rows, rounds, servers):
    names = ['', *(each.name for each in PEERS + OURS), *(f'{each.name}, to the best peer' for each in TO_BEST)]
    lines = [f'| {" | ".join(names)} |\n|{"---|" * len(names)}']
    print(lines[0], flush=True)
    for row in rows:
        lines.append(line(row, rounds, servers))
        print(lines[-1], flush=True)
    return '\n'.join(lines)


def section(lines, rounds):
    packages = ', '.join(f'{package} {machine.output("dpkg-query", "--show", "--showformat=${Version}", package)}'
                         for package in (*PEER_JARS, 'openjdk-17-jdk-headless'))
    return f"""## In Java

{machine.describe()}. {rounds} {"round" if rounds == 1 else "rounds"}.

The table shows the CPU time of the process for each message, and in the rows of latency the median round trip. OkHttp's figures are in microseconds,
the others are multiples of them. The last columns compare our binding with the cheapest peer of the row. `egret` is a `LoopThread` that uses arrays
and the library's OpenSSL. `egret, PlatformTls` uses the JDK's TLS instead, as all peers do. `egret threaded` is a loop with an I/O thread and
another thread that polls.

In the rows "both on two cores" the system chooses the cores. If it puts client and server on one core, a round trip takes 15 to 20 µs. If it
puts them on two cores, each wake-up crosses cores, and a round trip takes 50 µs in a virtual machine. The figure shows which of both happened.

{lines}

Versions: {packages}.
"""


def is_check(row):
    return row.size == KIB and not row.is_latency and (row.kind == 'text') == (row.mode == 'send')


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument('--check', action='store_true')
    arguments.add_argument('--quick', action='store_true')
    arguments.add_argument('--rounds', type=int)
    arguments.add_argument('--only', default='', help='only rows with this text in the title')
    arguments, features = arguments.parse_known_args()
    rounds = arguments.rounds or (1 if arguments.quick else 3)
    rows = [row for row in ROWS if arguments.only in row.title and (row.quick or not arguments.quick)]
    build(features)
    with lab.servers() as servers:
        if arguments.check:
            for row in filter(is_check, ROWS):
                for contender in PEERS + row.ours:
                    run(row, contender, 50, servers)
            return
        lines = table(rows, rounds, servers)
    if not arguments.only and not arguments.quick:
        results.write('java', section(lines, rounds))


if __name__ == '__main__':
    main()
