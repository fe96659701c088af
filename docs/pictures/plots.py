"""Draws plots from the tables of benches/RESULTS.md and docs/size.md, so that the pictures and the tables have equal figures."""
import math
import pathlib
import re

from svg import Picture

ROOT = pathlib.Path(__file__).resolve().parents[2]
RESULTS, SIZE = ROOT / 'benches' / 'RESULTS.md', ROOT / 'docs' / 'size.md'


def table(heading, page=RESULTS):
    """Returns the first table below a heading: its column titles, and its rows by title."""
    text = page.read_text().split(f'{heading}\n', 1)[1]
    lines = []
    for line in text.split('\n'):
        if line.startswith('|'):
            lines.append([cell.strip() for cell in line.strip('|').split('|')])
        elif lines:
            break
    return lines[0][1:], {line[0]: line[1:] for line in lines[2:]}


def value(cell):
    """Returns the number of a cell such as `1.26 ✗ ≤ 1.14`, `**2.67**` or `1,426 µs`, or None if the cell is empty."""
    found = re.match(r'\**([\d,]+(?:\.\d+)?)', cell)
    return float(found[1].replace(',', '')) if found else None


OURS = {'egret inline': 'blue', 'egret threaded': 'orange'}
# The rows of the plot of peers, and their titles: rows in which egret-ws is faster, and rows in which it is not.
PEER_ROWS = (
    ('receive 32 B', 'receive 32 B'),
    ('receive 128 KiB', 'receive 128 KiB'),
    ('send 32 B', 'send 32 B'),
    ('send 128 KiB', 'send 128 KiB'),
    ('ping-pong 16 B, one core', 'there and back, 16 B'),
    ('ping-pong 128 KiB, one core', 'there and back, 128 KiB'),
    ('wss receive 32 B', 'wss, receive 32 B'),
    ('wss ping-pong 16 B, one core', 'wss, there and back, 16 B'),
    ('opening, plain', 'open a connection'),
)
# The peers in Python have such high values that they would hide the others.
LEFT_OUT = {'websockets', 'picows', 'curl_cffi (libcurl)'}
COLUMNS, PANEL, BARS, LABEL = 3, 316, 13, 132


def peers():
    titles, rows = table('## Against the peers')
    height = 40 + 11 * 18 + 30
    picture = Picture(COLUMNS * PANEL, 70 + -(-len(PEER_ROWS) // COLUMNS) * height,
                      'CPU time of a message, as a multiple of a bare TCP client: egret-ws and its peers')
    picture.text(16, 26, 'CPU time as a multiple of a bare TCP client (logarithmic; shorter is better)', bold=True, size=15)
    picture.text(16, 46, 'Blue: inline loop. Orange: threaded loop. Grey: the nine best of the other libraries. Dashed line: the bare TCP client.', 'faint')
    for index, (row, title) in enumerate(PEER_ROWS):
        cells = [(name, value(cell)) for name, cell in zip(titles[1:], rows[row][1:]) if name not in LEFT_OUT]
        panel(picture, index % COLUMNS * PANEL, 70 + index // COLUMNS * height, title, [cell for cell in cells if cell[1]])
    return picture


def panel(picture, left, top, title, cells):
    cells.sort(key=lambda cell: cell[1])
    end = max(2, max(number for _, number in cells)) * 1.05
    x = lambda number: LABEL + (PANEL - LABEL - 50) * math.log(max(number, 0.8) / 0.8) / math.log(end / 0.8)
    picture.text(left + 16, top + 18, title, bold=True)
    picture.path(f'M{left + x(1):.1f} {top + 26}v{len(best_of(cells)) * 18 + 4}', 'grey', dashed=True)
    for index, (name, number) in enumerate(best_of(cells)):
        y = top + 30 + index * 18
        colour = OURS.get(name, 'grey')
        picture.text(left + LABEL - 6, y + 11, name, 'text' if name in OURS else 'faint', 'end', bold=name in OURS, size=12)
        picture.bar(left + LABEL, y, max(2, round(x(number) - LABEL, 1)), BARS, colour)
        picture.text(left + x(number) + 4, y + 11, f'{number:g}', size=12)


def best_of(cells, count=11):
    """Returns our figures, and the best figures of the others."""
    others = [cell for cell in cells if cell[0] not in OURS][:count - len(OURS)]
    return [cell for cell in cells if cell[0] in OURS or cell in others]


SIZES = (('16 B', 16), ('1 KiB', 1024), ('16 KiB', 16384), ('128 KiB', 131072))
KINDS = (('ping-pong {}, one core', 'there and back', ('16 B', '1 KiB', '16 KiB', '128 KiB')),
         ('receive {}', 'receive', ('32 B', '1 KiB', '128 KiB')), ('send {}', 'send', ('32 B', '1 KiB', '128 KiB')))
LINES = (('raw', 'grey'), ('egret inline', 'blue'), ('egret threaded', 'orange'), ('Beast tuned', 'green'), ('tungstenite', 'red'))


def size_in_bytes(size):
    number, unit = size.split()
    return int(number) * (1024 if unit == 'KiB' else 1)


def cost():
    titles, rows = table('## Against the peers')
    width, height = 948, 330
    picture = Picture(width, height + 40, 'CPU time of a message by its size')
    picture.text(16, 26, 'CPU time of a message by its size, in µs (both axes logarithmic; lower is better)', bold=True, size=15)
    for index, (row, title, steps) in enumerate(KINDS):
        chart = Chart(picture, index * 316, 44, title, [size_in_bytes(step) for step in steps], (10, 131072), (0.01, 1000))
        for name, colour in LINES:
            numbers = []
            for step in steps:
                cells = rows[row.format(step)]
                raw, number = value(cells[0]), value(cells[titles.index(name)])
                numbers.append(raw if name == 'raw' else raw * number)
            chart.line(numbers, colour)
    for index, (name, colour) in enumerate(LINES):
        x = 60 + index * 170
        picture.path(f'M{x} {height + 18}h26', colour, 2.5)
        picture.text(x + 32, height + 22, 'bare TCP client' if name == 'raw' else name)
    return picture


class Chart:
    """A chart of 316 × 270 with logarithmic axes."""

    def __init__(self, picture, left, top, title, xs, x_range, y_range, x_names=None):
        self.picture, self.xs = picture, xs
        scale = lambda number, ends, low, high: low + (high - low) * math.log(number / ends[0]) / math.log(ends[1] / ends[0])
        self.x = lambda number: scale(number, x_range, left + 60, left + 284)
        self.y = lambda number: scale(number, y_range, top + 240, top + 34)
        picture.text(left + 60, top + 20, title, bold=True)
        tick = y_range[0]
        while tick <= y_range[1] * 1.01:
            y = self.y(tick)
            picture.path(f'M{left + 60} {y:.1f}h240')
            picture.text(left + 54, y + 4, f'{tick:,g}', 'faint', 'end', size=12)
            tick *= 10
        for number in xs:
            name = f'{number // 1024} KiB' if number >= 1024 else f'{number} B'
            picture.text(self.x(number), top + 258, (x_names or {}).get(number, name), 'faint', 'middle', size=12)

    def line(self, numbers, colour):
        points = [(self.x(x), self.y(y)) for x, y in zip(self.xs, numbers)]
        self.picture.path('M' + 'L'.join(f'{x:.1f} {y:.1f}' for x, y in points), colour, 2)
        for x, y in points:
            self.picture.dot(x, y, colour)


SCALE_ROWS = ('memory of a socket, KiB', 'a message, all at work, µs', 'a message, one at work, µs', 'a poll, nothing to do, ns',
              'to open a socket, µs', 'to free a socket, µs')


def scale():
    titles, rows = table('## Scale')
    counts = sorted({int(title.split(', ', 1)[1].replace(',', '')) for title in titles})
    picture = Picture(948, 580, 'Cost of a socket and of a message with 100 to 10,000 sockets in one loop')
    picture.text(16, 26, '100 to 10,000 sockets in one loop (lower is better)', bold=True, size=15)
    picture.text(16, 46, 'Blue: inline loop. Orange: threaded loop.', 'faint')
    for index, row in enumerate(SCALE_ROWS):
        left, top = index % 3 * 316, 60 + index // 3 * 258
        series = [[value(rows[row][titles.index(f'{mode}, {count:,}')]) for count in counts] for mode in ('inline', 'threaded')]
        linear(picture, left, top, row, counts, series)
    return picture


def linear(picture, left, top, title, counts, series):
    """A chart with a logarithmic x axis, and a y axis from zero."""
    highest = max(max(numbers) for numbers in series)
    power = 10 ** math.floor(math.log10(highest))
    end = next(step * power for step in (1, 1.5, 2, 3, 4, 5, 6, 8, 10) if step * power >= highest * 1.02)
    x = lambda count: left + 60 + 230 * math.log(count / counts[0]) / math.log(counts[-1] / counts[0])
    y = lambda number: top + 210 - 170 * number / end
    picture.text(left + 60, top + 24, title, bold=True)
    for tick in (0, end / 2, end):
        picture.path(f'M{left + 60} {y(tick):.1f}h230')
        picture.text(left + 54, y(tick) + 4, f'{tick:g}', 'faint', 'end', size=12)
    for count in counts:
        picture.text(x(count), top + 230, f'{count:,}', 'faint', 'middle', size=12)
    for numbers, colour in zip(series, ('blue', 'orange')):
        points = [(x(count), y(number)) for count, number in zip(counts, numbers)]
        picture.path('M' + 'L'.join(f'{a:.1f} {b:.1f}' for a, b in points), colour, 2)
        for a, b in points:
            picture.dot(a, b, colour)


def size():
    _, rows = table('# Size', SIZE)
    rows = [(title.split(':')[0], value(cells[0])) for title, cells in rows.items()]
    picture = Picture(948, 60 + 26 * len(rows), 'Size of the shared library by features')
    picture.text(16, 26, 'Size of the stripped shared library by features, in KB (shorter is better)', bold=True, size=15)
    for index, (title, kilobytes) in enumerate(rows):
        y = 48 + 26 * index
        width = 480 * kilobytes / max(number for _, number in rows)
        picture.text(326, y + 13, title, 'text' if index == 0 else 'faint', 'end', bold=index == 0)
        picture.bar(334, y, round(width, 1), 18, 'blue' if 'an empty' not in title else 'grey')
        picture.text(340 + width, y + 13, f'{kilobytes:,.0f}')
    return picture
