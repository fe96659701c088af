"""Ports Autobahn's test suite 25.10.1, which is Python 2 only, to Python 3.

usage: port3.py SDIST.tar.gz SITE_PACKAGES

2to3 (fissix) converts the syntax, octets.py converts between `str` and `bytes`, and EDITS are the other changes. An edit that does not
find its text fails. So another version of the suite fails here, and not during a run.
"""
import hashlib
import pathlib
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile

SHA256 = 'b083d6e15330fc16f3e5f0975cce2b15f21bfa0c6db09547316b1852c6dbd6df'
CASES = 517
HERE = pathlib.Path(__file__).resolve().parent
SOURCES = ['_version.py', 'caseset.py', 'report.py', 'fuzzing.py', 'case/*.py', 'testdata/*']

EDITS = {
    'case/*.py': [
        ('(object, Case, )', '(Case, )'),
        ('import binascii\n', 'from autobahntestsuite import octets as binascii\n'),
        ('from autobahn.websocket.utf8validator import', 'from autobahntestsuite.octets import'),
        ('import copy, os, pkg_resources, hashlib, binascii\n',
         'import copy, os, hashlib\nfrom autobahntestsuite import octets as binascii, octets as pkg_resources\n'),
    ],
    # It is in no list of cases, and imports a module that Python 3 lacks.
    'case/__init__.py': [('from case9_9_1 import *\n', '')],
    'case/case10_1_1.py': [('len(self.payload) / self', 'len(self.payload) // self')],
    # Python 3 pickles equal strings differently if they are different objects.
    'case/case.py': [('pickle.dumps(obj1) == pickle.dumps(obj2)', 'list(obj1) == list(obj2)')],
    # Only its constants are used.
    'report.py': [('import jinja2\n', ''), (re.compile(r'^REPORT_DIR_PERMISSIONS.*', re.M | re.S), '')],
    'fuzzing.py': [
        ('import os, json, binascii, time, textwrap, pkg_resources\n',
         'import os, json, time, textwrap\n'
         'from autobahntestsuite import octets as binascii, octets as pkg_resources\n'
         'from autobahntestsuite.octets import Boundary, json_default, to_bytes, to_octets\n'),
        # Only plain ws is tested, so pyOpenSSL is not needed.
        ('from twisted.internet import reactor, ssl\n', 'from twisted.internet import reactor\nssl = None\n'),
        ('(FuzzingProtocol, WebSocketServerProtocol)', '(FuzzingProtocol, Boundary, WebSocketServerProtocol)'),
        ('   def onPong(self, payload):\n', '   def onPong(self, payload):\n      payload = to_octets(payload)\n'),
        # The compression cases, which have TESTDATA, already use bytes.
        ('self.runCase.onMessage(msg, binary)',
         "self.runCase.onMessage(msg if hasattr(self.runCase, 'TESTDATA') else to_octets(msg), binary)"),
        # Logs and reports.
        ('replace = False):\n   ellipses = " ..."\n', 'replace = False):\n   data, ellipses = to_bytes(data), b" ..."\n'),
        ("p = ''.join(payload)", "p = b''.join(payload)"),
        (re.compile(r"""\.encode\(['"]utf-?8['"]\)\)"""), ')'),
        ("report_filename), 'w')", "report_filename), 'w', encoding = 'utf-8', errors = 'replace')"),
        ("separators = (',', ': ')", "separators = (',', ': '), default = json_default"),
    ],
}


def edit(text, old, new):
    """Replaces each `old`, a string or a pattern, in `text` by `new`. Returns the result and the number of replacements."""
    if isinstance(old, re.Pattern):
        return old.subn(new, text)
    return text.replace(old, new), text.count(old)


def apply_edits(package):
    for pattern, edits in EDITS.items():
        files = {path: path.read_text() for path in package.glob(pattern)}
        for old, new in edits:
            found = 0
            for path, text in files.items():
                files[path], count = edit(text, old, new)
                found += count
            assert found, f'{pattern}: not found: {old}'
        for path, text in files.items():
            path.write_text(text)


def escape_octets(source):
    """Returns Python 2 source as ASCII: each octet in a literal becomes one character of a Python 3 literal."""
    return ''.join(chr(octet) if octet < 0x80 else f'\\x{octet:02x}' for octet in source).encode('ascii')


def unpack(sdist, package):
    with tempfile.TemporaryDirectory() as directory:
        with tarfile.open(sdist) as tar:
            tar.extractall(directory)
        (source,) = pathlib.Path(directory).glob('autobahntestsuite-*/autobahntestsuite')
        for path in (path for pattern in SOURCES for path in source.glob(pattern)):
            target = package / path.relative_to(source)
            target.parent.mkdir(parents=True, exist_ok=True)
            octets = path.read_bytes()
            target.write_bytes(escape_octets(octets) if path.suffix == '.py' else octets)


def main(sdist, site_packages):
    assert hashlib.sha256(pathlib.Path(sdist).read_bytes()).hexdigest() == SHA256, f'{sdist} is not the one known'
    package = pathlib.Path(site_packages) / 'autobahntestsuite'
    shutil.rmtree(package, ignore_errors=True)
    unpack(sdist, package)
    (package / 'case/case9_9_1.py').unlink()
    apply_edits(package)
    (package / '__init__.py').write_text('from ._version import __version__\nversion = __version__\n')
    subprocess.run([sys.executable, '-W', 'ignore', '-m', 'fissix', '-w', '-n', '--no-diffs', package], check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    shutil.copy(HERE / 'octets.py', package)
    count = 'from autobahntestsuite.case import Cases; print(len(Cases))'
    found = subprocess.run([sys.executable, '-W', 'ignore', '-c', count], check=True, stdout=subprocess.PIPE).stdout
    assert int(found) == CASES, f'{CASES} cases expected, found {int(found)}'


if __name__ == '__main__':
    main(*sys.argv[1:])
