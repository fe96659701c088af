"""Writes benches/RESULTS.md: each script replaces its section and keeps the others. Then draws the pictures of these tables."""
import subprocess

from lab import ROOT

FILE = ROOT / 'benches' / 'RESULTS.md'
SECTIONS = ('peers', 'resumption', 'javascript', 'java', 'instructions', 'scale', 'idle', 'energy')
HEAD = """# Results

`make bench` writes this page. [README.md](README.md) describes the measurements, the units and the marks.
"""


def number(value, digits=2):
    """Formats to about three digits, with at most `digits` after the point."""
    digits = min(digits, 0 if value >= 100 else 1 if value >= 10 else digits)
    return f'{value:,.{digits}f}'


def _marks(name):
    return f'<!-- {name} -->\n', f'<!-- /{name} -->\n'


def _section(text, name):
    begin, end = _marks(name)
    return text.split(begin)[1].split(end)[0] if begin in text else ''


def write(name, markdown):
    old = FILE.read_text() if FILE.exists() else ''
    text = HEAD
    for section in SECTIONS:
        begin, end = _marks(section)
        body = markdown if section == name else _section(old, section)
        if body:
            text += f'\n{begin}{body}{end}'
    FILE.write_text(text)
    subprocess.run([ROOT / 'docs' / 'pictures' / 'draw.py'], check=True)
