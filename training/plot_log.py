"""Draws the logs of training runs as one SVG: coarse loss, coarse accuracy and fine error against pairs seen.

    /usr/bin/python3 training/plot_log.py training/runs/compact-pretrained/log.csv training/runs/compact/log.csv --out docs/images/training.svg
"""
import argparse
import csv
from pathlib import Path
from typing import Dict, List, Tuple

PANELS = (("coarse_loss", "coarse loss", (0.0, 4.0)), ("coarse_accuracy", "coarse accuracy", (0.4, 1.0)),
          ("fine_median_px", "fine error, median px", (0.0, 1.0)))
WIDTH, HEIGHT, MARGIN = 300, 190, 44
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7")


def read_log(path: Path) -> List[Dict[str, str]]:
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def smoothed(values: List[float], reach: int = 2) -> List[float]:
    """Running mean over `2 reach + 1` rows."""
    windows = (values[max(0, k - reach) : k + reach + 1] for k in range(len(values)))
    return [sum(window) / len(window) for window in windows]


def curve(rows: List[Dict[str, str]], column: str, first_pair: int) -> List[Tuple[float, float]]:
    """Points (pairs seen so far in all runs, value)."""
    known = [row for row in rows if row[column]]
    values = smoothed([float(row[column]) for row in known])
    return [(first_pair + int(row["pairs"]), value) for row, value in zip(known, values)]


def _path(points: List[Tuple[float, float]], most: float, bounds: Tuple[float, float], left: float) -> str:
    low, high = bounds
    place = lambda x, y: (left + x / most * WIDTH, MARGIN + HEIGHT * (1 - (min(max(y, low), high) - low) / (high - low)))
    return " ".join(f"{'L' if k else 'M'}{x:.1f} {y:.1f}" for k, (x, y) in enumerate(place(*point) for point in points))


def draw(logs: List[Tuple[str, List[Dict[str, str]]]]) -> str:
    """The SVG's text."""
    starts = [0]
    for _, rows in logs:
        starts.append(starts[-1] + int(rows[-1]["pairs"]))
    most = starts[-1]
    parts = []
    for panel, (column, title, bounds) in enumerate(PANELS):
        left = MARGIN + panel * (WIDTH + MARGIN)
        parts.append(f'<rect x="{left}" y="{MARGIN}" width="{WIDTH}" height="{HEIGHT}" fill="none" stroke="#999"/>')
        parts.append(f'<text x="{left}" y="{MARGIN - 10}">{title}</text>')
        for value, y in ((bounds[1], MARGIN + 4), (bounds[0], MARGIN + HEIGHT)):
            parts.append(f'<text x="{left - 4}" y="{y}" text-anchor="end">{value:g}</text>')
        parts.append(f'<text x="{left + WIDTH}" y="{MARGIN + HEIGHT + 16}" text-anchor="end">{most:,} pairs</text>')
        for (_, rows), start, colour in zip(logs, starts, COLOURS):
            line = _path(curve(rows, column, start), most, bounds, left)
            parts.append(f'<path d="{line}" fill="none" stroke="{colour}" stroke-width="1.5"/>')
    for index, ((name, _), colour) in enumerate(zip(logs, COLOURS)):
        x = MARGIN + index * 220
        parts.append(f'<text x="{x}" y="{2 * MARGIN + HEIGHT}" fill="{colour}">{name}</text>')
    size = f'{MARGIN + len(PANELS) * (WIDTH + MARGIN)} {2 * MARGIN + HEIGHT + 12}'
    style = 'font-family="sans-serif" font-size="12" fill="#444"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size}" {style}>\n' + "\n".join(parts) + "\n</svg>\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("logs", type=Path, nargs="+", help="log.csv of the stages, in order")
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    logs = [(path.parent.name, read_log(path)) for path in arguments.logs]
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(draw(logs))


if __name__ == "__main__":
    main()
