# SPDX-License-Identifier: GPL-3.0-or-later
"""The results as a table of medians, and as a picture."""

import statistics
from html import escape

from rows import ROWS
from servers import TITLES


UNSTEADY = 0.2


def median(results, row, server):
    values = results.get(row, {}).get(server)
    return statistics.median(values) if values else None


def spread(results, row, server):
    """(least, most) of the rounds."""
    values = results.get(row, {}).get(server)
    return (min(values), max(values)) if values else None


def unsteady(results, row, server):
    """Do the rounds differ by more than a fifth of their median?"""
    values = results.get(row, {}).get(server)
    return bool(values) and max(values) - min(values) > UNSTEADY * statistics.median(values)


def limit_of(results, limits, row):
    what = ROWS[row].limit
    if what is None:
        return None
    value = median(results, row, "limit") if what == "echo" else (
        statistics.median(limits[what]) if limits.get(what) else None)
    return value * 1e3 if value is not None and ROWS[row].unit == "ms" else value


def _number(value, digits):
    return "–" if value is None else f"{value:,.{digits}f}"


def lines(results, limits, kinds):
    """One dictionary a row that was measured."""
    for row, about in ROWS.items():
        if row not in results:
            continue
        values = {kind: median(results, row, kind) for kind in kinds}
        peers = {kind: v for kind, v in values.items() if kind != "understudy" and v is not None}
        best = (max if about.more_is_better else min)(peers, key=peers.get) if peers else None
        ours, limit = values.get("understudy"), limit_of(results, limits, row)
        out = {"row": row, "title": about.title, "unit": about.unit, "goal": about.goal, "values": values,
               "spread": {kind: spread(results, row, kind) for kind in kinds},
               "unsteady": [kind for kind in kinds if unsteady(results, row, kind)],
               "limit": limit, "best": best, "to_best": None, "to_limit": None, "behind": False}
        if ours is not None and best and peers[best]:
            out["to_best"] = ours / peers[best]
            out["behind"] = ours < peers[best] if about.more_is_better else ours > peers[best]
        if ours is not None and limit:
            out["to_limit"] = ours / limit
        yield out


def markdown(results, limits, kinds):
    head = ["work", "unit", *(TITLES[k] for k in kinds), "limit", "to the best peer", "to the limit", "goal", ""]
    out = [head, ["---"] + ["---:"] * (len(head) - 3) + ["---", "---"]]
    for line in lines(results, limits, kinds):
        digits = ROWS[line["row"]].digits
        out.append([line["title"], line["unit"],
                    *(_number(line["values"][k], digits) + (" ~" if k in line["unsteady"] else "") for k in kinds),
                    _number(line["limit"], digits),
                    f"{line['to_best']:.2f} × {TITLES[line['best']]}" if line["to_best"] else "–",
                    f"{line['to_limit']:.2f} ×" if line["to_limit"] else "–",
                    line["goal"], "**behind**" if line["behind"] else ""])
    text = [[str(cell) for cell in row] for row in out]
    widths = [max(len(row[i]) for n, row in enumerate(text) if n != 1) for i in range(len(head))]
    rendered = []
    for n, row in enumerate(text):
        if n == 1:
            cells = ["-" * (w - 1) + ":" if "---:" == c else "-" * w for c, w in zip(row, widths)]
        else:
            cells = [c.ljust(w) if i == 0 or i > len(head) - 3 else c.rjust(w)
                     for i, (c, w) in enumerate(zip(row, widths))]
        rendered.append("| " + " | ".join(cells) + " |")
    return "\n".join(rendered) + "\n"


COLOURS = {"understudy": "#1b7f5c", "nsd": "#7b8794", "knot": "#9aa5b1", "bind": "#b8c1cb", "pdns": "#d3dae1",
           "limit": "#e0a030"}
# What the picture shows: one of each idea.
SHOWN = ["cpu flat", "cpu nxdomain", "cpu referral", "cpu signed", "rate flat", "p99 flat at 50k", "memory",
         "signed memory", "start text", "start again", "axfr in", "axfr out", "notify flat", "notify small", "notify ixfr",
         "many text", "many again", "many memory"]


def svg(results, limits, kinds, caption):
    """Bars, a group a row, as long as the value is to the largest of its row."""
    chosen = [line for line in lines(results, limits, kinds) if line["row"] in SHOWN]
    parts, y, bar, left, width = [], 44, 11, 300, 360
    for line in chosen:
        bars = [(k, line["values"][k]) for k in kinds] + [("limit", line["limit"])]
        bars = [(k, v) for k, v in bars if v is not None]
        most = max((v for _, v in bars), default=0) or 1
        middle = y + len(bars) * bar / 2 + 4
        more = " (more is better)" if ROWS[line["row"]].more_is_better else ""
        title = line["title"] + more
        parts.append(f'<text x="{left - 12}" y="{middle:.0f}" text-anchor="end">{escape(_short(title))}'
                     f'<title>{escape(title)}</title></text>')
        for kind, value in bars:
            long = max(1.0, value / most * width)
            parts.append(f'<rect x="{left}" y="{y}" width="{long:.1f}" height="{bar - 2}" fill="{COLOURS[kind]}"/>')
            parts.append(f'<text class="n" x="{left + long + 4:.1f}" y="{y + bar - 3}">'
                         f'{_number(value, ROWS[line["row"]].digits)} {line["unit"]}</text>')
            y += bar
        y += 12
    key, x = [], left
    for kind in [*kinds, "limit"]:
        title = TITLES.get(kind, "limit")
        key.append(f'<rect x="{x}" y="14" width="10" height="10" fill="{COLOURS[kind]}"/>'
                   f'<text class="n" x="{x + 14}" y="23">{title}</text>')
        x += 26 + 7 * len(title)
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 780 {y + 30}" font-family="sans-serif" '
            f'font-size="11"><style>text{{fill:#323f4b}}.n{{font-size:9px}}</style>'
            f'<rect width="100%" height="100%" fill="#fff"/>{"".join(key)}{"".join(parts)}'
            f'<text class="n" x="12" y="{y + 16}">{escape(caption)}</text></svg>\n')


def _short(text):
    return text if len(text) <= 52 else text[:51] + "…"
