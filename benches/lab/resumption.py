"""resumption.py [--check] [--rounds N] [FEATURES]: measures the cost of a reconnect by wss, with and without resumption of the TLS
session.

A connection consists of TCP, TLS, upgrade and closing handshake. The first connection of each run makes a full handshake and does not
count. In each round every contender runs once with and once without sessions, in a new random order. A second run uses a relay in this
script, which counts the bytes in both directions; the times of that run do not count. As for public servers, the certificate is RSA
with an intermediate authority. Writes a section of benches/RESULTS.md. --check only tests that the goals can be measured: it makes few
connections and writes no file.
"""
import argparse
import random
import socket
import statistics
import subprocess
import threading
from dataclasses import dataclass

import lab
import machine
import results
from results import number

COUNT = 200
"""The number of connections of a run."""
CPU_GOAL, BYTES_GOAL = 0.45, 0.35
FOLDER = lab.OUT / 'public'


@dataclass(frozen=True)
class Contender:
    name: str
    program: str
    driver: str = 'inline'
    resumes: bool = True


EGRET = Contender('egret', 'egret')
CONTENDERS = (EGRET, Contender('egret threaded', 'egret', 'threaded'), Contender('libcurl', 'curl'),
              Contender('libwebsockets', 'libwebsockets', resumes=False))


def openssl(*arguments):
    subprocess.run(['openssl', *map(str, arguments)], cwd=FOLDER, check=True, capture_output=True)


def make_certificates():
    """Makes certificates for a root, an intermediate authority and a server, with the keys and extensions of public certificates."""
    if (FOLDER / 'chain.pem').exists():
        return
    FOLDER.mkdir(parents=True, exist_ok=True)
    # These bytes are as long as two signed certificate timestamps.
    timestamps = ':'.join(f'{byte:02x}' for byte in random.Random(1).randbytes(240))
    points = ('authorityInfoAccess=OCSP;URI:http://ocsp.example.com,caIssuers;URI:http://certs.example.com/ca.crt\n'
              'crlDistributionPoints=URI:http://crls.example.com/ca.crl\ncertificatePolicies=2.23.140.1.2.1\n')
    extensions = {
        'root': 'basicConstraints=critical,CA:true\nkeyUsage=critical,keyCertSign,cRLSign\n',
        'between': 'basicConstraints=critical,CA:true,pathlen:0\nkeyUsage=critical,keyCertSign,cRLSign,digitalSignature\n'
                   f'extendedKeyUsage=serverAuth,clientAuth\n{points}',
        'server': 'basicConstraints=critical,CA:false\nkeyUsage=critical,digitalSignature,keyEncipherment\n'
                  'extendedKeyUsage=serverAuth,clientAuth\nsubjectAltName=IP:127.0.0.1,DNS:localhost,DNS:game.example.com\n'
                  f'1.3.6.1.4.1.11129.2.4.2=DER:{timestamps}\n{points}',
    }
    issuer = None
    for name, lines in extensions.items():
        (FOLDER / f'{name}.ext').write_text(f'subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n{lines}')
        subject = f'/C=US/O=An Organization of Authorities/CN={name}.example.com'
        openssl('req', '-new', '-newkey', 'rsa:2048', '-nodes', '-subj', subject, '-keyout', f'{name}.key', '-out', f'{name}.csr')
        signs = ['-CA', f'{issuer}.pem', '-CAkey', f'{issuer}.key', '-CAcreateserial'] if issuer else ['-signkey', f'{name}.key']
        openssl('x509', '-req', '-in', f'{name}.csr', *signs, '-days', 3650, '-extfile', f'{name}.ext', '-out', f'{name}.pem')
        issuer = name
    chain = ''.join((FOLDER / f'{name}.pem').read_text() for name in ('server', 'between'))
    (FOLDER / 'chain.pem').write_text(chain)


class Server(lab.Server):
    CERTIFICATE = (FOLDER / 'chain.pem', FOLDER / 'server.key')


class Relay:
    """Forwards to a port, and counts the bytes of each connection."""

    def __init__(self, port):
        self._server = port
        self._listener = socket.create_server(('127.0.0.1', 0))
        self.port = self._listener.getsockname()[1]
        self._counts = []
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self):
        while True:
            client, _ = self._listener.accept()
            count = [0, 0]
            self._counts.append(count)
            server = socket.create_connection(('127.0.0.1', self._server))
            for side in (client, server):
                side.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for at, (source, to) in enumerate(((client, server), (server, client))):
                threading.Thread(target=self._forward, args=(source, to, count, at), daemon=True).start()

    @staticmethod
    def _forward(source, to, count, at):
        try:
            while data := source.recv(65536):
                count[at] += len(data)
                to.sendall(data)
            to.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # one side has reset the connection

    def bytes(self):
        """Returns the bytes of a connection: the median of all connections except the first one."""
        counts, self._counts = self._counts[1:], []
        return statistics.median(sum(count) for count in counts)


def run(contender, resumes, port, count):
    env = {'LAB_DRIVER': contender.driver} | ({'LAB_RESUMES': '1'} if resumes else {})
    url = f'wss://127.0.0.1:{port}'
    cores = (lab.CLIENT_CORE,)
    return lab.run((contender.program, 'open', url, 16, count, FOLDER / 'root.pem'), env.items(), cores)['cpu_us']


def cases():
    return [(each, resumes) for each in CONTENDERS for resumes in (False, True) if each.resumes or not resumes]


def measure(port, rounds, count):
    """Returns for each case the medians: CPU time in microseconds, and bytes."""
    cpu = {case: [] for case in cases()}
    for _ in range(rounds):
        for case in random.sample(cases(), len(cases())):
            cpu[case].append(run(*case, port, count))
    relay, found = Relay(port), {}
    for case in cases():
        run(*case, relay.port, 20)
        found[case] = statistics.median(cpu[case]), relay.bytes()
    return found


def goal(ratio, most):
    return f'**{number(ratio)}** ≤ {most:g}' if ratio <= most else f'{number(ratio)} ✗ ≤ {most:g}'


def table(found):
    lines = ['|  | CPU, full | resumed | ratio | bytes, full | resumed | ratio |', '|---|---|---|---|---|---|---|']
    for each in CONTENDERS:
        cpu, size = found[each, False]
        cells = [f'{number(cpu, 0)} µs', '–', '–', number(size, 0), '–', '–']
        if each.resumes:
            resumed_cpu, resumed_size = found[each, True]
            cpu_ratio, size_ratio = resumed_cpu / cpu, resumed_size / size
            ours = each.program == EGRET.program
            cells[1:3] = f'{number(resumed_cpu, 0)} µs', goal(cpu_ratio, CPU_GOAL) if ours else number(cpu_ratio)
            cells[4:6] = number(resumed_size, 0), goal(size_ratio, BYTES_GOAL) if ours else number(size_ratio)
        lines.append(f'| {each.name} | {" | ".join(cells)} |')
    return '\n'.join(lines)


def section(lines, rounds):
    size = sum(len(part) for part in (subprocess.run(
        ['openssl', 'x509', '-in', FOLDER / f'{name}.pem', '-outform', 'DER'], capture_output=True, check=True).stdout
        for name in ('server', 'between')))
    return f"""## Reconnecting by wss

{machine.describe()}. {rounds} rounds.

The table shows the CPU time of the client process, and the bytes in both directions, for a connection with TLS 1.3, from TCP to the closing handshake:
with a full handshake, and with a resumed session. The server sends two RSA certificates, {size:,} bytes together. libwebsockets {machine.output('dpkg-query', '--show', '--showformat=${Version}', 'libwebsockets-dev')} of Debian
keeps no sessions.

{lines}

Versions: {machine.versions()}.
"""


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument('--check', action='store_true')
    arguments.add_argument('--rounds', type=int, default=9)
    arguments, features = arguments.parse_known_args()
    lab.build('server', 'egret', 'curl', 'libwebsockets', features=features)
    make_certificates()
    server = Server(lab.SERVER_CORE)
    try:
        port = int(server.url(True).rpartition(':')[2])
        if arguments.check:
            measure(port, 1, 5)
            return
        lines = table(measure(port, arguments.rounds, COUNT))
    finally:
        server.stop()
    print(lines)
    results.write('resumption', section(lines, arguments.rounds))


if __name__ == '__main__':
    main()
