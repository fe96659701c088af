"""Small line charts in SVG, side by side, with a logarithmic x axis and a y axis from zero."""
import math

WIDTH, HEIGHT, COLUMNS = 300, 190, 3
LEFT, TOP, RIGHT, BOTTOM = 52, 34, 26, 26
COLOURS = ('#2563eb', '#d97706')
STYLE = 'font-family="sans-serif" font-size="12"'


def top_of_scale(value):
    """The next round number that is not less, for the end of an axis."""
    power = 10 ** math.floor(math.log10(value))
    return next(step * power for step in (1, 1.5, 2, 3, 4, 5, 6, 8, 10) if step * power >= value)


def one(title, xs, series):
    """One chart; `series` are lists of values, one for each of `xs`."""
    top = top_of_scale(max(max(values) for values in series) * 1.02)
    low, high = math.log10(xs[0]), math.log10(xs[-1])

    def x(value):
        return LEFT + (WIDTH - LEFT - RIGHT) * (math.log10(value) - low) / (high - low)

    def y(value):
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * value / top

    parts = [f'<text x="{LEFT}" y="20" font-weight="bold">{title}</text>']
    for value in (0, top / 2, top):
        parts.append(f'<path d="M{LEFT} {y(value):.0f}H{WIDTH - RIGHT}" stroke="{"#eee" if value else "#999"}"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{y(value) + 4:.0f}" text-anchor="end" fill="#555">{value:g}</text>')
    for value in xs:
        if math.log10(value).is_integer():
            parts.append(f'<text x="{x(value):.0f}" y="{HEIGHT - 8}" text-anchor="middle" fill="#555">{value:,}</text>')
    for colour, values in zip(COLOURS, series):
        points = ' '.join(f'{x(at):.1f},{y(value):.1f}' for at, value in zip(xs, values))
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{x(at):.1f}" cy="{y(value):.1f}" r="3" fill="{colour}"/>' for at, value in zip(xs, values)]
    return '\n'.join(parts)


def page(names, charts):
    rows = -(-len(charts) // COLUMNS)
    width, height = WIDTH * COLUMNS, HEIGHT * rows + 30
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" {STYLE}>',
             '<rect width="100%" height="100%" fill="#fff"/>']
    for index, chart in enumerate(charts):
        at = index % COLUMNS * WIDTH, index // COLUMNS * HEIGHT
        parts.append(f'<g transform="translate({at[0]} {at[1]})">\n{one(*chart)}\n</g>')
    for index, (colour, name) in enumerate(zip(COLOURS, names)):
        at = LEFT + index * 120
        parts.append(f'<path d="M{at} {height - 16}h24" stroke="{colour}" stroke-width="2"/>')
        parts.append(f'<text x="{at + 30}" y="{height - 12}">{name}</text>')
    return '\n'.join(parts) + '\n</svg>\n'
