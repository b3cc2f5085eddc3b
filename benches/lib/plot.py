"""An SVG of run times: a row for each program, a dot for each engine at its ratio to native code, a bar
over the samples' spread, and the geometric means below."""

import math
from html import escape

# Colors that stay apart for eyes without red and green, from Okabe and Ito.
COLORS = ("#0072b2", "#56b4e9", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#7f7f7f", "#000000", "#f0e442")
ROW, LEFT, RIGHT, TOP, WIDTH = 22, 130, 24, 74, 900


def _ticks(low, high):
    return [tick for tick in (0.25, 0.5, 0.6, 0.8, 1, 1.25, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10, 15, 20, 30, 50)
            if low <= tick <= high]


def svg(title, subtitle, engines, rows, means):
    """`rows`: (program, {engine: (ratio, low, high)}); `means`: {engine: ratio}."""
    values = [value for _, points in rows for point in points.values() for value in point]
    values += [*means.values(), 1.0]
    low, high = min(values) / 1.06, max(values) * 1.06
    plot_width = WIDTH - LEFT - RIGHT
    height = TOP + ROW * (len(rows) + 2) + 40

    def x(ratio):
        return LEFT + plot_width * math.log(ratio / low) / math.log(high / low)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" '
        f'height="{height}" font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{height}" fill="white"/>',
        f'<text x="12" y="22" font-size="16" font-weight="bold">{escape(title)}</text>',
        f'<text x="12" y="40" fill="#555">{escape(subtitle)}</text>',
    ]
    for number in range(0, len(rows), 2):
        parts.append(f'<rect x="0" y="{TOP + ROW * number}" width="{WIDTH}" height="{ROW}" fill="#f6f6f6"/>')
    colors = {engine: COLORS[index % len(COLORS)] for index, engine in enumerate(engines)}
    at = LEFT
    for engine in engines:
        parts.append(f'<circle cx="{at:.0f}" cy="56" r="5" fill="{colors[engine]}"/>')
        parts.append(f'<text x="{at + 9:.0f}" y="60">{escape(engine)}</text>')
        at += 34 + 7.2 * len(engine)
    bottom = TOP + ROW * (len(rows) + 1)
    for tick in _ticks(low, high):
        color, width = ("#333", 1.5) if tick == 1 else ("#ddd", 1)
        parts.append(f'<line x1="{x(tick):.1f}" x2="{x(tick):.1f}" y1="{TOP - 6}" y2="{bottom + 6}" '
                     f'stroke="{color}" stroke-width="{width}"/>')
        parts.append(f'<text x="{x(tick):.1f}" y="{bottom + 22}" text-anchor="middle" '
                     f'fill="#555">{tick:g}</text>')
    parts.append(f'<text x="{LEFT + plot_width / 2:.0f}" y="{bottom + 42}" text-anchor="middle" '
                 f'fill="#555">run time as a multiple of native code (log scale); left is faster</text>')
    for number, (name, points) in enumerate([*rows, ("geometric mean", {e: (m, m, m) for e, m in means.items()})]):
        is_mean = number == len(rows)
        y = TOP + ROW * number + ROW / 2
        if is_mean:
            parts.append(f'<rect x="0" y="{y - ROW / 2:.1f}" width="{WIDTH}" height="{ROW}" fill="#eee" '
                         'fill-opacity="0.7"/>')
        weight = ' font-weight="bold"' if is_mean else ""
        parts.append(f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end"{weight}>{escape(name)}</text>')
        # Engines lie a little above each other, so that equal ones both show.
        step = min(3.0, (ROW - 8) / max(1, len(engines) - 1))
        for index, engine in enumerate(engines):
            if engine not in points:
                continue
            ratio, lower, upper = points[engine]
            row_y = y + (index - (len(engines) - 1) / 2) * step
            parts.append(f'<line x1="{x(lower):.1f}" x2="{x(upper):.1f}" y1="{row_y:.1f}" y2="{row_y:.1f}" '
                         f'stroke="{colors[engine]}" stroke-width="1.5" stroke-opacity="0.6"/>')
            parts.append(f'<circle cx="{x(ratio):.1f}" cy="{row_y:.1f}" r="{5 if is_mean else 3.5}" '
                         f'fill="{colors[engine]}" fill-opacity="0.9">'
                         f'<title>{escape(name)}, {escape(engine)}: {ratio:.2f}</title></circle>')
    parts.append("</svg>")
    return "\n".join(parts) + "\n"
