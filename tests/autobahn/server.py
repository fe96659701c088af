"""Autobahn's fuzzing server on a free loopback port.

usage: server.py REPORT_DIR SECONDS

Prints only the port, as soon as it listens. Ends on a signal, or after this number of seconds.
"""
import contextlib
import signal
import sys
import warnings

warnings.filterwarnings('ignore')  # the suite is from 2015

from twisted.internet import reactor
from twisted.python import log

from autobahntestsuite import fuzzing

# The cases drop a client that has not answered for a second. On a busy machine a correct client may be slower, so wait longer.
TIME_LIMIT = 10


def kill_after(protocol, delay, kill_after=fuzzing.FuzzingProtocol.killAfter):
    kill_after(protocol, delay * TIME_LIMIT)


def main(report_dir, seconds):
    signal.alarm(int(seconds))
    fuzzing.FuzzingProtocol.killAfter = kill_after
    log.addObserver(lambda event: event.get('isError') and print(log.textFromEventDict(event), file=sys.stderr))
    with contextlib.redirect_stdout(sys.stderr):  # the suite's log lines
        factory = fuzzing.FuzzingServerFactory({'url': 'ws://127.0.0.1:0', 'outdir': report_dir, 'cases': ['*']})
        listener = reactor.listenTCP(0, factory, interface='127.0.0.1')
        # The server requires this port in the Host header of requests.
        factory.externalPort = listener.getHost().port
        print(factory.externalPort, file=sys.__stdout__, flush=True)
        reactor.run()


if __name__ == '__main__':
    main(*sys.argv[1:])
