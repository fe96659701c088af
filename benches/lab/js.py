"""js.py [--check] [--rounds N] [--only TEXT] [FEATURES]: compares our WebSocket in Node with `ws` and undici, and our WebSocket in
JavaScriptCore and V8 with our C client.

In each round all contenders of a row run once, in a new random order, with the server of the lab. A ratio compares a contender with the
first one, `ws` or the C client, in the same round. Prints the medians of the rounds. Without --check and --only, it writes them to
benches/RESULTS.md. --check only tests that every contender runs, with few messages: it prints no figures and writes no file.
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

NPM = lab.OUT / 'npm'
LIST = lab.HERE / 'js'
"""package-lock.json in this folder pins the other clients by hash."""
PACKAGES = json.loads((LIST / 'package.json').read_text())['dependencies']
ADDON = lab.OUT / 'egret_ws.node'
CLIENT = lab.HERE / 'js' / 'node.js'
KIB = 1024


@dataclass(frozen=True)
class Contender:
    name: str
    client: str
    """The first argument of node.js, or the program."""


WS = Contender('ws', 'ws')
EGRET = Contender('egret', 'egret')
THREADED = Contender('egret threaded', 'egret-threaded')
UNDICI = Contender('undici', 'undici')
NODE = (WS, EGRET, THREADED, UNDICI)
C = Contender('C', 'egret')
JSC = Contender('JavaScriptCore', 'egret_shell_jsc')
V8 = Contender('V8', 'egret_shell_v8')
SHELLS = (C, JSC, V8)


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
        """The CPU time of ping-pong is stable only if no core sleeps between the messages."""
        return 'same' if self.mode == 'ping-pong' and self.metric == 'cpu_us' else 'apart'


COUNTS = {
    'receive': {32: 400_000, KIB: 100_000, 128 * KIB: 2000},
    'send': {32: 100_000, KIB: 50_000, 128 * KIB: 1000},
    'ping-pong': {32: 20_000, KIB: 20_000, 128 * KIB: 1000},
}
"""The number of messages of a run. A run takes a quarter of a second or more, so that the time of the engine's compiler counts less."""
SIZES = tuple(COUNTS['receive'])
ROWS = tuple(Row(mode, size, kind) for mode in COUNTS for kind in ('binary', 'text') for size in SIZES)
LATENCY = tuple(Row('ping-pong', size, 'binary', 'p50_us', 1.5) for size in SIZES)
SHELL = lab.HERE / 'clients' / 'shell.sh'


def install_packages():
    """Downloads the other clients, unless they are installed."""
    subprocess.run([lab.ROOT / 'tests' / 'js' / 'npm_list.sh', LIST, NPM], check=True)


def build(features):
    lab.build('server', 'egret', features=features)
    subprocess.run([lab.ROOT / 'bindings' / 'js' / 'node' / 'build.sh', lab.LIBRARY.parent, ADDON], check=True)
    install_packages()
    build_shell(JSC)
    v8 = subprocess.run([lab.ROOT / 'tests' / 'js' / 'v8.sh', lab.OUT], check=True, capture_output=True, text=True).stdout
    build_shell(V8, *v8.split())


def build_shell(contender, *flags):
    """Compiles examples/egret_shell with its engine."""
    script = lab.ROOT / 'examples' / 'egret_shell' / 'build.sh'
    subprocess.run([script, lab.OUT / contender.client, lab.LIBRARY.parent, *flags], check=True)


def run(row, contender, count, servers):
    return (run_shell if contender in SHELLS else run_node)(row, contender, count, servers)


def run_shell(row, contender, count, servers):
    """All contenders have the inline driver and one core. The C client sends only binary messages, which cost as much as text."""
    url = servers[row.server].url(False)
    env = (('LAB_DRIVER', 'inline'),)
    if contender is C:
        return lab.run((C.client, row.mode, url, row.size, count), env)
    return lab.run((SHELL, lab.OUT / contender.client, row.mode, url, row.size, count, row.kind), env)


def run_node(row, contender, count, servers):
    node = shutil.which('node')
    if not node:
        raise SystemExit('node is missing; install it, version 20 or newer (Debian: nodejs)')
    server = servers[row.server]
    env = {'NODE_MODULES': str(NPM / 'node_modules'), 'EGRET_WS_ADDON': str(ADDON)}
    cores = (lab.CLIENT_CORE,) if contender is not THREADED or row.server == 'same' else (lab.CLIENT_CORE, lab.SERVER_CORE)
    return lab.run((node, CLIENT, contender.client, row.mode, server.url(False), row.size, count, row.kind), env.items(), cores)


def figures(row, contenders, rounds, servers):
    """Returns the figure of the first contender, and for each contender the median of its ratios to the first one."""
    count = COUNTS[row.mode][row.size]
    base, ratios = [], {each: [] for each in contenders}
    for _ in range(rounds):
        found = {each: run(row, each, count, servers)[row.metric]
                 for each in random.sample(contenders, len(contenders))}
        base.append(found[contenders[0]])
        for each in contenders:
            ratios[each].append(found[each] / base[-1])
    return statistics.median(base), {each: statistics.median(ratios[each]) for each in contenders}


def cell(ratio, goal):
    shown = number(ratio)
    return f'**{shown}** ≤ {goal:g}' if float(shown.replace(',', '')) <= goal else f'{shown} ✗ ≤ {goal:g}'


def table(rows, contenders, rounds, servers):
    """Returns the lines. Each line is printed when it is complete. Only the column of EGRET has goals."""
    lines = [f'|  | {" | ".join(each.name for each in contenders)} |\n|{"---|" * (len(contenders) + 1)}']
    print(lines[0], flush=True)
    for row in rows:
        base, ratios = figures(row, contenders, rounds, servers)
        cells = [cell(ratios[each], row.goal) if each is EGRET else number(ratios[each]) for each in contenders[1:]]
        lines.append(f'| {row.title} | {number(base, 4 if contenders is SHELLS else 2)} µs | {" | ".join(cells)} |')
        print(lines[-1], flush=True)
    return '\n'.join(lines)


def section(node, shells, rounds):
    packages = ', '.join(f'{name} {version}' for name, version in PACKAGES.items())
    engine = machine.output('pkg-config', '--modversion', 'javascriptcoregtk-4.1')
    return f"""## In JavaScript

{machine.describe()}. {rounds} rounds.

### In Node

The table shows the CPU time of the process for each message, and in the rows of latency the median round trip. The figures of `ws` are in
microseconds, the others are multiples of them.

{node}

Versions: Node {machine.output('node', '--version')}, {packages}.

### In a shell, against C

The table shows the CPU time of the process for each message, with the inline driver. The figures of our C client are in microseconds, those of the
shells of `examples/egret_shell` are multiples of them. The C client sends and receives binary messages in all rows. JavaScript sends a flood inside the
event `open` and then from timers, 64 KiB at a time while less than 1 MiB waits.

{shells}

Versions: JavaScriptCore {engine} (GTK), V8 of Debian's libnode-dev.
"""


def is_check(row):
    return row.size == KIB and row.metric == 'cpu_us' and (row.kind == 'text') == (row.mode == 'send')


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument('--check', action='store_true')
    arguments.add_argument('--rounds', type=int, default=7)
    arguments.add_argument('--only', default='', help='only rows with this text in the title')
    arguments, features = arguments.parse_known_args()
    node_rows = [row for row in ROWS + LATENCY if arguments.only in row.title]
    shell_rows = [row for row in ROWS if arguments.only in row.title]
    build(features)
    with lab.servers() as servers:
        if arguments.check:
            for row in filter(is_check, ROWS):
                for contender in NODE + SHELLS:
                    run(row, contender, 50, servers)
            return
        node = table(node_rows, NODE, arguments.rounds, servers)
        shells = table(shell_rows, SHELLS, arguments.rounds, servers)
    if not arguments.only:
        results.write('javascript', section(node, shells, arguments.rounds))


if __name__ == '__main__':
    main()
