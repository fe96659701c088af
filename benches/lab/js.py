"""js.py [--check] [--rounds N] [--only TEXT] [FEATURES]: compares our WebSocket in Node with those of `ws` and undici.

In each round all contenders of a row run once, in a new random order, with the server of the lab. A ratio is taken to `ws` in the same
round. Prints the medians of the rounds, and without --check and --only writes them to benches/RESULTS.md. --check only proves that
every contender runs, with few messages: it prints no figures and writes no file.
"""
import argparse
import json
import random
import shutil
import statistics
import subprocess
from dataclasses import dataclass

import lab
import machine
import results
from results import number

PACKAGES = {'ws': '8.23.0', 'undici': '7.30.2'}
NPM = lab.OUT / 'npm'
ADDON = lab.OUT / 'egret_ws.node'
CLIENT = lab.HERE / 'js' / 'node.js'
KIB = 1024


@dataclass(frozen=True)
class Contender:
    name: str
    client: str
    """The first argument of node.js."""


WS = Contender('ws', 'ws')
EGRET = Contender('egret', 'egret')
THREADED = Contender('egret threaded', 'egret-threaded')
UNDICI = Contender('undici', 'undici')
CONTENDERS = (WS, EGRET, THREADED, UNDICI)


@dataclass(frozen=True)
class Row:
    mode: str
    size: int
    kind: str
    metric: str = 'cpu_us'
    goal: float = 1.0
    """The upper limit of our ratio to ws."""

    @property
    def title(self):
        size = f'{self.size // KIB} KiB' if self.size >= KIB else f'{self.size} B'
        what = 'latency' if self.metric == 'p50_us' else self.mode
        return f'{what} {size}, {self.kind}'

    @property
    def server(self):
        """CPU time of ping-pong is steady only if no core falls asleep between the messages."""
        return 'same' if self.mode == 'ping-pong' and self.metric == 'cpu_us' else 'apart'


COUNTS = {
    'receive': {32: 400_000, KIB: 100_000, 128 * KIB: 2000},
    'send': {32: 100_000, KIB: 50_000, 128 * KIB: 1000},
    'ping-pong': {32: 20_000, KIB: 20_000, 128 * KIB: 1000},
}
"""Messages of a run, which takes a quarter of a second or more, so that the time counts less in which the engine compiles the code."""
SIZES = tuple(COUNTS['receive'])
ROWS = tuple(Row(mode, size, kind) for mode in COUNTS for kind in ('binary', 'text') for size in SIZES)
ROWS += tuple(Row('ping-pong', size, 'binary', 'p50_us', 1.5) for size in SIZES)


def install_packages():
    """Downloads the other clients, unless they are there."""
    wanted = {'private': True, 'dependencies': PACKAGES}
    manifest = NPM / 'package.json'
    if manifest.exists() and json.loads(manifest.read_text()) == wanted and (NPM / 'node_modules' / 'ws').exists():
        return
    NPM.mkdir(parents=True, exist_ok=True)
    manifest.write_text(json.dumps(wanted))
    npm = shutil.which('npm')
    if not npm:
        raise SystemExit('npm is missing; install it (Debian: npm)')
    subprocess.run([npm, 'install', '--silent', '--no-audit', '--no-fund', '--no-package-lock'], cwd=NPM, check=True)


def build(features):
    lab.build('server', features=features)
    subprocess.run([lab.ROOT / 'bindings' / 'js' / 'node' / 'build.sh', lab.LIBRARY.parent, ADDON], check=True)
    install_packages()


def run(row, contender, count, servers):
    node = shutil.which('node')
    if not node:
        raise SystemExit('node is missing; install it, version 20 or newer (Debian: nodejs)')
    server = servers[row.server]
    env = {'NODE_MODULES': str(NPM / 'node_modules'), 'EGRET_WS_ADDON': str(ADDON)}
    cores = (lab.CLIENT_CORE,) if contender is not THREADED or row.server == 'same' else (lab.CLIENT_CORE, lab.SERVER_CORE)
    return lab.run((node, CLIENT, contender.client, row.mode, server.url(False), row.size, count, row.kind), env.items(), cores)


def figures(row, rounds, servers):
    """The figure of ws, and for each contender the median of its ratios."""
    count = COUNTS[row.mode][row.size]
    base, ratios = [], {each: [] for each in CONTENDERS}
    for _ in range(rounds):
        found = {each: run(row, each, count, servers)[row.metric]
                 for each in random.sample(CONTENDERS, len(CONTENDERS))}
        base.append(found[WS])
        for each in CONTENDERS:
            ratios[each].append(found[each] / found[WS])
    return statistics.median(base), {each: statistics.median(ratios[each]) for each in CONTENDERS}


def cell(ratio, goal):
    shown = number(ratio)
    return f'**{shown}** ≤ {goal:g}' if float(shown) <= goal else f'{shown} ✗ ≤ {goal:g}'


def line(row, base, ratios):
    return (f'| {row.title} | {number(base)} µs | {cell(ratios[EGRET], row.goal)} | {number(ratios[THREADED])} '
            f'| {number(ratios[UNDICI])} |')


def section(lines, rounds):
    node = machine.output('node', '--version')
    packages = ', '.join(f'{name} {version}' for name, version in PACKAGES.items())
    return (f'## In Node\n\n{machine.describe()}. {rounds} rounds.\n\nCPU time of the process for each message, and latency: half of '
            f'the answers of ping-pong take less. `ws` in microseconds, the others as a multiple of it.\n\n'
            + '\n'.join(lines) + f'\n\nVersions: Node {node}, {packages}.\n')


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument('--check', action='store_true')
    arguments.add_argument('--rounds', type=int, default=7)
    arguments.add_argument('--only', default='', help='rows whose title contains this')
    arguments, features = arguments.parse_known_args()
    rows = [row for row in ROWS if arguments.only in row.title]
    build(features)
    with lab.servers() as servers:
        if arguments.check:
            for row in rows:
                if row.size == KIB and row.metric == 'cpu_us' and (row.kind == 'text') == (row.mode == 'send'):
                    for contender in CONTENDERS:
                        run(row, contender, 50, servers)
            return
        lines = ['|  | ws | egret | egret threaded | undici |\n|---|---|---|---|---|']
        print(lines[0], flush=True)
        for row in rows:
            lines.append(line(row, *figures(row, arguments.rounds, servers)))
            print(lines[-1], flush=True)
    if not arguments.only:
        results.write('javascript', section(lines, arguments.rounds))


if __name__ == '__main__':
    main()
