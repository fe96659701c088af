"""Builds and runs the benchmark's programs: their paths and the cores on which they run."""
import contextlib
import os
import pathlib
import subprocess

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
TARGET = (ROOT / os.environ.get('CARGO_TARGET_DIR', 'target')).resolve()
OUT = TARGET / 'lab'
LIBRARY = TARGET / 'release' / 'libegret_ws.so'

_cores = sorted(os.sched_getaffinity(0))
CLIENT_CORE, SERVER_CORE = _cores[0], _cores[-1]


class Failed(Exception):
    """A client failed. The text contains its output."""


def build(*programs, features=()):
    """Builds the library and the named programs, or all."""
    subprocess.run(['cargo', 'clib', '--quiet', '--release', *features], cwd=ROOT, check=True)
    subprocess.run([HERE / 'build.sh', LIBRARY.parent, OUT, *programs], check=True)


class Server:
    CERTIFICATE = (OUT / 'server.pem', OUT / 'server.key')
    """Returns the files of the certificates and the key."""

    def __init__(self, core):
        command = [OUT / 'server', *self.CERTIFICATE]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                         preexec_fn=lambda: os.sched_setaffinity(0, {core}))
        self._ports = self._process.stdout.readline().split()

    def url(self, tls):
        return f"{'wss' if tls else 'ws'}://127.0.0.1:{self._ports[tls]}"

    def stop(self):
        self._process.stdin.close()  # the server ends when its standard input ends, also if this process is killed
        self._process.wait()


@contextlib.contextmanager
def servers():
    """Starts one server on the client's core and one on another core. The keys are the values of `Case.cores`."""
    same, apart = Server(CLIENT_CORE), Server(SERVER_CORE)
    try:
        yield {'same': same, 'apart': apart, 'both': apart}
    finally:
        same.stop()
        apart.stop()


def command(program):
    """Returns the command of a program in OUT, or of a client in Python."""
    return [OUT / 'python' / 'bin' / 'python', HERE / 'clients' / program] if program.endswith('.py') else [OUT / program]


def run(arguments, env=(), cores=(CLIENT_CORE,), timeout=60):
    """Runs a program and returns the values of its result line."""
    program, *arguments = map(str, arguments)
    try:
        ended = subprocess.run([*command(program), *arguments], env=os.environ | dict(env), capture_output=True, text=True,
                               timeout=timeout, preexec_fn=lambda: os.sched_setaffinity(0, set(cores)))
    except subprocess.TimeoutExpired:
        raise Failed(f'{program} {" ".join(arguments)} did not end within {timeout} s') from None
    if ended.returncode != 0:
        raise Failed(f'{program} {" ".join(arguments)}: {ended.stderr.strip()[-200:]}')
    return parse(ended.stdout)


def parse(line):
    return {key: float(value) for key, value in (word.split('=') for word in line.split())}


def client_arguments(contender, case, server, count):
    return (contender.program, case.mode, server.url(case.tls), case.size, count, OUT / 'ca.pem')
