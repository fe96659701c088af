"""energy.py [FEATURES]: counts the wake-ups per hour of a process with idle wss sockets, with the default heartbeat.

A wake-up is a voluntary context switch of any thread. The runs mostly wait, so all of them run at the same time. Prints a table, and
writes it to benches/RESULTS.md.
"""
import argparse
import time
from concurrent.futures import ThreadPoolExecutor

import lab
import machine
import results
from results import number
from rows import INLINE, THREADED

SECONDS = 80
APART = 2
"""The seconds between the starts of two runs, so that the sockets of a run are opened within a second."""
INTERVAL_MS = 20_000
CASES = (('1 socket', 1, 0), ('100 sockets, opened together', 100, 0),
         ('100 sockets, opened within 20 s', 100, INTERVAL_MS))
TRACED = (*INLINE.env, ('LAB_TRACED', '1'))
COLUMNS = (('wake-ups, inline', INLINE.env, 'wakeups'), ('wake-ups, threaded', THREADED.env, 'wakeups'),
           ('CPU ms, inline', INLINE.env, 'cpu_ms'), ('CPU ms, threaded', THREADED.env, 'cpu_ms'),
           ('pings and pongs', TRACED, 'frames'), ('bursts of traffic', TRACED, 'bursts'))
PROSE = f"""The table shows an hour of idle `wss` sockets in one loop, with default options: a ping is sent after 20 s of silence. The counts were taken for
{SECONDS} s; the server runs on another core of the machine. The host sleeps in `egret_ws_loop_poll`, with both drivers. A wake-up is a voluntary
context switch of any thread of the process. A burst of traffic begins after 250 ms of silence. [docs/energy.md](../docs/energy.md) has more
details, and advice for phones."""


def count(url, case, env, begin_after):
    _, sockets, spread_ms = case
    time.sleep(begin_after)
    return lab.run(('energy', url, sockets, spread_ms, SECONDS, lab.OUT / 'ca.pem'), env, timeout=SECONDS + 120)


def main():
    _, features = argparse.ArgumentParser(description=__doc__).parse_known_args()
    lab.build('server', 'energy', features=features)
    runs = [(case, env) for case in CASES for env in {env for _, env, _ in COLUMNS}]
    with lab.servers() as servers, ThreadPoolExecutor(len(runs)) as pool:
        url = servers['apart'].url(tls=True)
        running = {(case, env): pool.submit(count, url, case, env, APART * at) for at, (case, env) in enumerate(runs)}
        found = {key: run.result() for key, run in running.items()}
    lines = [f'| an hour of | {" | ".join(title for title, _, _ in COLUMNS)} |', f'|{"---|" * (len(COLUMNS) + 1)}']
    for case in CASES:
        cells = [number(found[case, env][figure]) for _, env, figure in COLUMNS]
        lines.append(f'| {case[0]} | {" | ".join(cells)} |')
    rows = '\n'.join(lines)
    print(rows)
    results.write('energy', f'## Energy\n\n{machine.describe()}.\n\n{PROSE}\n\n{rows}\n')


if __name__ == '__main__':
    main()
