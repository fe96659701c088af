"""Describes the machine, and the versions of all measured programs."""
import datetime
import os
import pathlib
import platform
import re
import subprocess
import tomllib

from lab import HERE, OUT, ROOT

DEBIAN = (('Boost.Beast', 'libboost-dev'), ('libwebsockets', 'libwebsockets-dev'), ('websocketpp', 'libwebsocketpp-dev'),
          ('wslay', 'libwslay-dev'), ('libcurl', 'libcurl4-openssl-dev'), ('OpenSSL', 'libssl-dev'), ('libc', 'libc6'), ('gcc', 'gcc'))
PYTHON = ('websockets', 'picows', 'curl-cffi', 'uvloop')
CRATES = ('tungstenite', 'tokio-tungstenite', 'fastwebsockets', 'tokio-websockets', 'yawc', 'tokio')

LOAD = os.getloadavg()[0]
"""The load before the benchmark, because other load affects the figures."""


def output(*command):
    try:
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return '?'


def cpu():
    match = re.search(r'^model name\s*:\s*(.*)$', pathlib.Path('/proc/cpuinfo').read_text(), re.MULTILINE)
    return match.group(1) if match else platform.machine()


def describe():
    """Returns the first line of a section."""
    cores = os.cpu_count()
    virtual = ', a virtual machine' if 'hypervisor' in pathlib.Path('/proc/cpuinfo').read_text() else ''
    today = datetime.date.today().isoformat()
    return (f'{today}, {cpu()}, {cores} cores{virtual}, load {LOAD:.1f} before it began, Linux {platform.release()}, '
            f'{output("rustc", "--version")}')


def versions():
    ours = tomllib.loads((ROOT / 'Cargo.toml').read_text())['package']['version']
    commit = output('git', 'rev-parse', '--short', 'HEAD')
    if output('git', 'status', '--porcelain', '--', 'src', 'Cargo.lock', 'Cargo.toml') not in ('', '?'):
        commit += ' and changes'
    locked = tomllib.loads((HERE / 'peers' / 'Cargo.lock').read_text())['package']
    crates = {package['name']: package['version'] for package in locked}
    lists = (HERE / 'clients', ROOT / 'tests' / 'shared' / 'servers')
    packages = dict(re.findall(r'^([\w-]+)==(\S+)', ''.join((each / 'requirements.txt').read_text() for each in lists), re.MULTILINE))
    found = [('egret-ws', f'{ours} ({commit})')]
    found += [(name, output('dpkg-query', '--show', '--showformat=${Version}', package)) for name, package in DEBIAN]
    found += [(name, crates[name]) for name in CRATES]
    found += [('Python', output(OUT / 'python' / 'bin' / 'python', '--version').split()[-1])]
    found += [(name, packages[name]) for name in PYTHON]
    return ', '.join(f'{name} {version}' for name, version in found)
