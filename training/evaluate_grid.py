"""Matches a real grid of tiles without truth: links and inliers per pair, and a solution others can score.

    /usr/bin/python3 training/evaluate_grid.py training/weights/loftr-compact.npz ../shared/data/mussel-165 --solution out/165.json

Strips of 1.5 x the nominal overlap at half resolution, similarity RANSAC (6 px at full resolution: these tiles are
stretched at the start of every scan line), then one affine per tile by robust least squares over all inliers.
"""
import argparse
import json
import re
import time
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Tuple

import cv2
import numpy as np
import torch

from checkpoint import load_model
from data.imaging import halve, stretch_percentiles
from data.tile_geometry import full_from_half
from loftr import LoFTR
from registration import ransac_similarity

Array = np.ndarray
Cell = Tuple[int, int]
INLIER_FULL_PX = 6.0
# Strips without overlap reach 16 (see the model card).
LEAST_INLIERS = 20
MOST_ROTATION_RAD = np.deg2rad(6)
MARGIN = 1.5
ROBUST_PX = 1.5
# Fixes the mean linear part of the mosaic.
GAUGE = 1e3
# Weak pull of every tile towards its nominal place and of its linear part towards the identity.
LINEAR_PRIOR, PLACE_PRIOR = 10.0, 1e-3
ITERATIONS, UNIT_PX = 60, 1000.0


class Link(NamedTuple):
    a: Cell
    b: Cell
    points_a: Array  # inliers, pixels of the full-resolution tiles
    points_b: Array


def read_grid(folder: Path) -> Tuple[Dict[Cell, Array], Dict[Cell, str]]:
    """Tiles by (row, column), from names that end in _<row>_<column>."""
    tiles, names = {}, {}
    for path in sorted(folder.iterdir()):
        found = re.search(r"_(\d+)_(\d+)\.(png|tif|tiff|bmp)$", path.name)
        if found:
            cell = (int(found[1]), int(found[2]))
            tiles[cell], names[cell] = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE), path.name
    return tiles, names


def _strip(tile: Array, along: int, is_end: bool, overlap: float) -> Tuple[Array, Array]:
    """The strip at half resolution, and the tile pixel of its full-resolution corner (x, y)."""
    length = tile.shape[along]
    thick = int(np.ceil(length * overlap * MARGIN / 16)) * 16
    start = length - thick if is_end else 0
    cut = tile[:, start : start + thick] if along == 1 else tile[start : start + thick]
    cut = cut[: cut.shape[0] // 16 * 16, : cut.shape[1] // 16 * 16]
    return stretch_percentiles(halve(cut)), np.array([start, 0.0] if along == 1 else [0.0, start])


def match_pair(model: LoFTR, tile_a: Array, tile_b: Array, along: int, overlap: float, confidence: float) -> Tuple[Array, Array, float]:
    """Confident matches in pixels of the full-resolution tiles, and the seconds the network took."""
    (strip_a, corner_a), (strip_b, corner_b) = _strip(tile_a, along, True, overlap), _strip(tile_b, along, False, overlap)
    inputs = [torch.from_numpy(strip)[None, None] for strip in (strip_a, strip_b)]
    started = time.perf_counter()
    with torch.no_grad():
        table = model(*inputs).numpy().astype(np.float64)
    elapsed = time.perf_counter() - started
    kept = table[table[:, 4] > confidence]
    return full_from_half(kept[:, :2]) + corner_a, full_from_half(kept[:, 2:4]) + corner_b, elapsed


def find_links(model: LoFTR, tiles: Dict[Cell, Array], overlap: float, confidence: float) -> Tuple[List[Link], List[Dict[str, Any]]]:
    """Every right and lower neighbour, with a report per pair."""
    links, report = [], []
    for cell, tile in tiles.items():
        for along, step in ((1, (0, 1)), (0, (1, 0))):
            other = (cell[0] + step[0], cell[1] + step[1])
            if other not in tiles:
                continue
            points_a, points_b, elapsed = match_pair(model, tile, tiles[other], along, overlap, confidence)
            consensus = ransac_similarity(points_b, points_a, INLIER_FULL_PX, seed=len(report))
            inliers = 0 if consensus is None else int(consensus.is_inlier.sum())
            is_link = inliers >= LEAST_INLIERS and bool(abs(consensus.similarity.theta_rad) < MOST_ROTATION_RAD)
            entry = {"pair": [list(cell), list(other)], "matches": len(points_a), "inliers": inliers, "link": is_link,
                     "seconds": round(elapsed, 3)}
            if consensus is not None:
                entry["rotationDeg"] = round(float(np.rad2deg(consensus.similarity.theta_rad)), 3)
                entry["scale"] = round(consensus.similarity.scale, 4)
            report.append(entry)
            print(entry, flush=True)
            if is_link:
                inside = consensus.is_inlier
                links.append(Link(cell, other, points_a[inside], points_b[inside]))
    return links, report


def solve_affine(tiles: Dict[Cell, Array], links: List[Link], overlap: float) -> Dict[Cell, Array]:
    """One 2x3 affine per tile: argmin sum rho(|A_a p_a - A_b p_b|) with weak priors; rho is soft L1.

    Linear in the unknowns, so iteratively re-weighted least squares; x and y do not mix and share one matrix.
    Unknown per tile and axis: value at the tile's centre, and slopes per UNIT_PX.
    """
    cells = sorted(tiles)
    order = {cell: k for k, cell in enumerate(cells)}
    height, width = tiles[cells[0]].shape
    centre = np.array([(width - 1) / 2, (height - 1) / 2])
    blocks, pull, start = [], [], np.zeros((3 * len(cells), 2))
    for link in links:
        block = np.zeros((len(link.points_a), 3 * len(cells)))
        for cell, points, sign in ((link.a, link.points_a, 1), (link.b, link.points_b, -1)):
            at = 3 * order[cell]
            block[:, at : at + 2] = sign * (points - centre) / UNIT_PX
            block[:, at + 2] = sign
        blocks.append(block)
    for cell in cells:
        at = 3 * order[cell]
        start[at : at + 2] = np.eye(2) * UNIT_PX
        start[at + 2] = centre + [(cell[1] - cells[0][1]) * width * (1 - overlap), (cell[0] - cells[0][0]) * height * (1 - overlap)]
        pull += [LINEAR_PRIOR / UNIT_PX, LINEAR_PRIOR / UNIT_PX, PLACE_PRIOR]
    matrix, prior = np.concatenate(blocks), np.diag(np.square(pull))
    # Shrinking the whole mosaic shrinks every residual: the mean linear part is held at the identity.
    for k in range(2):
        mean = np.zeros(3 * len(cells))
        mean[k::3] = GAUGE / len(cells)
        prior += np.outer(mean, mean)
    unknown = start
    for _ in range(ITERATIONS):
        residual = np.linalg.norm(matrix @ unknown, axis=1)
        weight = 1 / np.sqrt(1 + (residual / ROBUST_PX) ** 2)
        normal = matrix.T @ (matrix * weight[:, None]) + prior
        unknown = np.linalg.solve(normal, prior @ start)
    placed = {}
    for cell in cells:
        part = unknown[3 * order[cell] : 3 * order[cell] + 3]
        linear = part[:2].T / UNIT_PX
        placed[cell] = np.column_stack([linear, part[2] - linear @ centre])
    return placed


def write_solution(path: Path, placed: Dict[Cell, Array], names: Dict[Cell, str], tiles: Dict[Cell, Array], links: List[Link]) -> None:
    """The part of `solution.json` that says where tiles are (affines in canvas order)."""
    linked = {cell for link in links for cell in (link.a, link.b)}
    entries = []
    for cell, affine in placed.items():
        (a, c, e), (b, d, f) = affine
        entries.append({"file": names[cell], "row": cell[0], "column": cell[1], "height": tiles[cell].shape[0],
                        "width": tiles[cell].shape[1], "mosaicFromTile": [a, b, c, d, e, f],
                        "state": "solved" if cell in linked else "prior"})
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"tiles": entries}) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("weights", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--overlap", type=float, default=0.10)
    parser.add_argument("--confidence", type=float, default=0.15)
    parser.add_argument("--solution", type=Path)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    tiles, names = read_grid(arguments.folder)
    if not tiles:
        raise SystemExit(f"no tiles in {arguments.folder}")
    links, report = find_links(load_model(arguments.weights), tiles, arguments.overlap, arguments.confidence)
    inliers = [entry["inliers"] for entry in report if entry["link"]]
    summary = {"links": len(links), "pairs": len(report), "inliersMedian": float(np.median(inliers)), "inliersFewest": min(inliers),
               "secondsMedian": float(np.median([entry["seconds"] for entry in report]))}
    print(summary)
    if arguments.json:
        arguments.json.write_text(json.dumps({**summary, "pairsInDetail": report}, indent=1) + "\n")
    if arguments.solution:
        write_solution(arguments.solution, solve_affine(tiles, links, arguments.overlap), names, tiles, links)


if __name__ == "__main__":
    main()
