"""Prints the table of the model card from evaluate.py's JSON.

    /usr/bin/python3 training/tabulate.py training/metrics.json
"""
import json
import sys
from pathlib import Path


def shown(value: object, digits: int = 2) -> str:
    return "–" if value is None else f"{value:.{digits}f}"


def main() -> None:
    table = json.loads(Path(sys.argv[1]).read_text())["heldOut"]
    print("| images | condition | matcher | matches | inliers | error of a match | strip corners | tile corners | pairs within 3 px |")
    print("|---|---|---|---|---|---|---|---|---|")
    for modality, conditions in table.items():
        for condition, rows in conditions.items():
            for name, row in rows.items():
                cells = [modality, condition, name, f"{row['matchesMedian']:.0f}", f"{row['inliersMedian']:.0f}"]
                if "inliersMost" in row:
                    cells[-1] += f" (most {row['inliersMost']})"
                    cells += ["–"] * 4
                else:
                    cells += [shown(row["matchErrorMedianPx"]), shown(row["stripCornerMedianPx"], 3),
                              shown(row["tileCornerMedianPx"], 3), f"{100 * row['success3FullPx']:.0f} %"]
                print("| " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
