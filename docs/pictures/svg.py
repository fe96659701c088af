"""Writes SVG that is readable on a light and on a dark page: classes for colours, and a media query that replaces them."""
from html import escape

# name: (colour on a light page, colour on a dark page)
PALETTE = {
    'page': ('#ffffff', '#161b22'),
    'box': ('#f3f4f6', '#252c36'),
    'text': ('#1f2937', '#e6edf3'),
    'faint': ('#4b5563', '#aab4c0'),
    'line': ('#c4c9d1', '#4b5563'),
    'blue': ('#2563eb', '#6ea8fe'),
    'orange': ('#c2570c', '#f0a35e'),
    'green': ('#15803d', '#56d07f'),
    'red': ('#c81e1e', '#ff8080'),
    'grey': ('#a3abb8', '#6b7686'),
}


def style():
    def rules(shade):
        return ''.join(f'.{name}{{fill:{colours[shade]}}}.{name}-line{{stroke:{colours[shade]};fill:none}}'
                       for name, colours in PALETTE.items())
    return f'<style>{rules(0)}@media (prefers-color-scheme:dark){{{rules(1)}}}</style>'


class Picture:
    """One picture. Colours are names of `PALETTE`; `title` is for readers who cannot see it."""

    def __init__(self, width, height, title):
        self.parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" '
                      'font-family="system-ui,sans-serif" font-size="13">',
                      f'<title>{escape(title)}</title>', style(), '<rect class="page" width="100%" height="100%" rx="6"/>']

    def text(self, x, y, text, colour='text', anchor='start', bold=False, size=None):
        extra = ' font-weight="bold"' if bold else ''
        extra += f' font-size="{size}"' if size else ''
        extra += f' text-anchor="{anchor}"' if anchor != 'start' else ''
        self.parts.append(f'<text class="{colour}" x="{x:g}" y="{y:g}"{extra}>{escape(text)}</text>')

    def lines(self, x, y, lines, colour='text', anchor='start', size=None, step=17):
        for index, line in enumerate(lines):
            self.text(x, y + index * step, line, colour, anchor, size=size)

    def path(self, d, colour='line', width=1, dashed=False):
        extra = ' stroke-dasharray="5 4"' if dashed else ''
        self.parts.append(f'<path class="{colour}-line" d="{d}" stroke-width="{width:g}"{extra}/>')

    def arrow(self, points, colour='text', dashed=False):
        """A polyline with a head at its last point; its last part is horizontal or vertical."""
        self.path('M' + 'L'.join(f'{x:g} {y:g}' for x, y in points), colour, 1.5, dashed)
        (x0, y0), (x, y) = points[-2:]
        size_x, size_y = (x > x0) - (x < x0), (y > y0) - (y < y0)
        back_x, back_y = x - 9 * size_x, y - 9 * size_y
        self.parts.append(f'<path class="{colour}" d="M{x:g} {y:g}L{back_x + 4 * size_y:g} {back_y + 4 * size_x:g}'
                          f'L{back_x - 4 * size_y:g} {back_y - 4 * size_x:g}z"/>')

    def box(self, x, y, width, height, colour='box', outline='line', radius=6):
        self.parts.append(f'<rect class="{colour}" x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="{radius:g}"/>')
        if outline:
            self.parts.append(f'<rect class="{outline}-line" x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="{radius:g}"/>')

    def bar(self, x, y, width, height, colour):
        self.box(x, y, width, height, colour, None, 2)

    def dot(self, x, y, colour, radius=3):
        self.parts.append(f'<circle class="{colour}" cx="{x:.1f}" cy="{y:.1f}" r="{radius:g}"/>')

    def __str__(self):
        return '\n'.join(self.parts) + '\n</svg>\n'
