"""The contenders, and the rows of the table."""
from dataclasses import dataclass


@dataclass(frozen=True)
class Contender:
    name: str
    program: str
    env: tuple = ()
    tls: bool = True
    pollable: bool = False
    """Whether it has a poll that does not block, which a game needs."""
    share: float = 1
    """The contender runs at least this part of a case's least count."""


RAW = Contender('raw', 'raw', pollable=True)
INLINE = Contender('egret inline', 'egret', (('LAB_DRIVER', 'inline'),), pollable=True)
THREADED = Contender('egret threaded', 'egret', (('LAB_DRIVER', 'threaded'),), pollable=True)
OURS = (INLINE, THREADED)
PYTHON_SHARE = 0.1
"""A message is so expensive in Python that even the least counts would take seconds."""
TUNED = (('LAB_TUNED', '1'),)
PEERS = (
    Contender('Beast', 'beast'),
    Contender('Beast tuned', 'beast', TUNED),
    Contender('libwebsockets', 'libwebsockets', pollable=True),
    Contender('libwebsockets tuned', 'libwebsockets', TUNED, pollable=True),
    Contender('websocketpp', 'websocketpp', pollable=True),
    Contender('wslay', 'wslay', tls=False, pollable=True),
    Contender('tungstenite', 'tungstenite'),
    Contender('tokio-tungstenite', 'tokio_tungstenite'),
    Contender('fastwebsockets', 'fastwebsockets'),
    Contender('tokio-websockets', 'tokio_websockets'),
    Contender('yawc', 'yawc', tls=False),
    Contender('websockets', 'python_websockets.py', share=PYTHON_SHARE),
    Contender('picows', 'python_picows.py', share=PYTHON_SHARE),
    Contender('curl_cffi (libcurl)', 'python_curl.py', tls=False, share=PYTHON_SHARE),
)
QUICK_PEERS = ('Beast tuned', 'libwebsockets', 'tungstenite', 'tokio-websockets')


@dataclass(frozen=True)
class Case:
    """One way to run a client. The count takes about RUN_US, and is between `least` and `most`."""
    mode: str
    size: int
    least: int
    most: int
    tls: bool = False
    cores: str = 'apart'
    """The cores of server and client: two cores (`apart`), one core (`same`), or both cores for the client (`both`)."""


@dataclass(frozen=True)
class Row:
    title: str
    case: Case
    goals: tuple | None = None
    """The upper limits, inline and threaded. None: the best peer of the run."""
    metric: str = 'cpu_us'
    unit: str = ''
    """Empty: the ratio to raw in the same round. Otherwise the figure itself, in this unit."""
    factor: float = 1
    over: Case | None = None
    """The ratio to another case of the same contender."""
    digits: int = 2
    rounds: int | None = None
    quick: bool = False
    ours_only: bool = False
    pollable_only: bool = False

    @property
    def raw_digits(self):
        """The number of digits of raw's figure, which is usually small."""
        return self.digits if self.unit else 4

    def contenders(self, quick):
        peers = () if self.ours_only else PEERS
        return [
            each for each in (RAW, *OURS, *peers)
            if (each.tls or not self.case.tls) and (each.pollable or not self.pollable_only)
            and (not quick or each not in PEERS or each.name in QUICK_PEERS)
        ]


def same(mode, size, least, most, tls=False):
    return Case(mode, size, least, most, tls, 'same')


def both(mode, size, count, tls=False):
    return Case(mode, size, count, count, tls, 'both')


KIB = 1024
ROWS = (
    Row('ping-pong 16 B, one core', same('ping-pong', 16, 2000, 20000), quick=True),
    Row('ping-pong 1 KiB, one core', same('ping-pong', KIB, 2000, 20000)),
    Row('ping-pong 16 KiB, one core', same('ping-pong', 16 * KIB, 1000, 20000)),
    Row('ping-pong 128 KiB, one core', same('ping-pong', 128 * KIB, 300, 5000), quick=True),
    Row('ping-pong 16 B, two cores: median round trip', Case('ping-pong', 16, 1000, 5000), metric='p50_us', unit='µs'),
    Row('receive 32 B', Case('receive', 32, 400_000, 4_000_000), quick=True),
    Row('receive 1 KiB', Case('receive', KIB, 60_000, 400_000)),
    Row('receive 128 KiB', Case('receive', 128 * KIB, 600, 5000), quick=True),
    Row('send 32 B', Case('send', 32, 120_000, 4_000_000), quick=True),
    Row('send 1 KiB', Case('send', KIB, 30_000, 400_000)),
    Row('send 128 KiB', Case('send', 128 * KIB, 300, 5000), quick=True),
    Row('64 in flight, 128 B', Case('in-flight', 128, 20_000, 400_000), quick=True),
    Row('bursts of 100 × 64 B, one core', same('burst', 64, 100_000, 1_000_000), quick=True),
    Row('a frame with 100 messages, game thread', both('frame', 64, 100), quick=True, pollable_only=True),
    Row('a frame with 100 messages, wss, game thread', both('frame', 64, 100, tls=True), quick=True, pollable_only=True),
    Row('a frame with 100 messages, whole process', both('frame', 64, 100), metric='process_cpu_us', pollable_only=True),
    Row('wss ping-pong 16 B, one core', same('ping-pong', 16, 1500, 20000, tls=True), quick=True),
    Row('wss receive 32 B', Case('receive', 32, 200_000, 4_000_000, tls=True)),
    Row('wss receive 128 KiB', Case('receive', 128 * KIB, 300, 3000, tls=True), quick=True),
    Row('wss send 128 KiB', Case('send', 128 * KIB, 300, 3000, tls=True)),
    Row('opening, plain', Case('open', 16, 200, 200), quick=True),
    Row('opening, wss', Case('open', 16, 40, 40, tls=True)),
    Row('a poll with nothing to do', Case('poll', 16, 20_000, 2_000_000), unit='ns', factor=1e3, quick=True, pollable_only=True),
    Row('1,000 idle sockets: memory of each', Case('idle', 16, 1000, 1000), metric='rss_kib', unit='KiB', rounds=1, quick=True),
    Row('1,000 idle sockets, wss: memory of each', Case('idle', 16, 1000, 1000, tls=True), metric='rss_kib', unit='KiB', rounds=1),
    Row('1,000 idle sockets: threads', Case('idle', 16, 1000, 1000), (1, 2), 'threads', 'threads', digits=0,
        rounds=1),
    Row('cost of a byte: a backlog of 32 MiB relative to 1 MiB', Case('backlog', 128 * KIB, 256, 256), (1.2, 1.2), unit='times',
        over=Case('backlog', 128 * KIB, 8, 8), ours_only=True, quick=True),
)
