"""Measures a trained network on strips of held-out real images with known truth, beside a tuned SIFT.

    /usr/bin/python3 training/evaluate.py training/weights/loftr-compact.npz --json training/metrics.json

A pair is the overlap of two 1024-px tiles (10 % overlap, half as much again as margin), each imaged on its own,
halved, matched, and registered by a similarity RANSAC (1.5 px at half resolution = 3 px at full resolution).
All lengths are pixels at half resolution unless a name says otherwise; noise is in grey levels at full resolution.
"""
import argparse
import json
import time
from pathlib import Path
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Tuple

import cv2
import numpy as np
import torch

from checkpoint import load_model
from data.imaging import Difficulty, expose, halve, stretch_percentiles
from data.real_images import DEFAULT_ROOT, RealImages, load_held_out_images
from data.tile_geometry import TileGeometry, full_from_half, half_from_full
from loftr import LoFTR
from registration import ransac_similarity

Array = np.ndarray
INLIER_PX = 1.5
MARGIN = 1.5
CLEAN = Difficulty(noise=(2, 4), contrast=0.1, gamma=0.05, brightness=10, blur=0.3, shading=5)


class Condition(NamedTuple):
    """One row of the table."""

    name: str
    overlap: float = 0.10
    difficulty: Difficulty = CLEAN
    scale: float = 0.01
    stretch_px: float = 0.0
    is_disjoint: bool = False


def _noisy(low: float, high: float) -> Difficulty:
    # The square law of `expose` favours the low end; a narrow range makes the name true.
    return Difficulty(noise=(low, high), contrast=0.3, gamma=0.2, brightness=20, blur=0.8, shading=10)


CONDITIONS = (
    Condition("overlap 10 %, clean"),
    Condition("overlap 20 %, clean", overlap=0.20),
    Condition("overlap 5 %, clean", overlap=0.05),
    Condition("overlap 10 %, noise 15", difficulty=_noisy(14, 16)),
    Condition("overlap 10 %, noise 30", difficulty=_noisy(28, 32)),
    Condition("overlap 10 %, noise 50", difficulty=_noisy(47, 53)),
    Condition("overlap 10 %, noise 90", difficulty=_noisy(85, 95)),
    Condition("overlap 10 %, contrast x2, noise 15", difficulty=_noisy(14, 16)._replace(contrast=0.7, gamma=0.35)),
    Condition("overlap 10 %, line stretch 10 px, noise 15", difficulty=_noisy(14, 16), stretch_px=10.0),
    Condition("no overlap, noise 15", difficulty=_noisy(14, 16), is_disjoint=True),
)


class Strips(NamedTuple):
    image0: Array
    image1: Array
    tile0: TileGeometry
    tile1: TileGeometry
    tile_corners1: Array  # corners of the second tile in pixels of its strip (half resolution)

    def true_points1(self, points0: Array) -> Array:
        source = self.tile0.source_from_tile(full_from_half(points0))
        return half_from_full(self.tile1.tile_from_source(source))

    def true_points0(self, points1: Array) -> Array:
        source = self.tile1.source_from_tile(full_from_half(points1))
        return half_from_full(self.tile0.tile_from_source(source))


class Matches(NamedTuple):
    points0: Array
    points1: Array


Matcher = Callable[[Strips], Matches]


def cut_strips(rng: np.random.Generator, source: Array, condition: Condition, scale: float) -> Strips:
    """The right edge of one tile and the left edge of its neighbour, or bottom and top, as inference cuts them."""
    if rng.random() < 0.5:
        source = np.ascontiguousarray(source.T)
    is_upright = source.shape[0] >= source.shape[1]
    extent = np.array([source.shape[1], source.shape[0]], float)
    # Long side of the tile; 5 % of the source stay free at each end for the rotation.
    side = int(min(1024, extent.max() * 0.9 / scale)) // 16 * 16
    thick = int(np.ceil(side * condition.overlap * MARGIN / 16)) * 16
    size = (side, thick) if is_upright else (thick, side)
    shared = side * condition.overlap
    apart = np.array([thick - shared, 0.0]) if is_upright else np.array([0.0, thick - shared])
    half = np.array([size[1], size[0]]) * scale / 2
    reach = apart * scale
    low, high = half, extent - half - reach
    place = np.where(high > low, rng.uniform(low, np.maximum(high, low + 1e-6)), (extent - reach) / 2)
    tiles = []
    for shift in (np.zeros(2), reach):
        tiles.append(TileGeometry(
            place + shift, np.array([(size[1] - 1) / 2, (size[0] - 1) / 2]),
            float(np.deg2rad(rng.uniform(-2.5, 2.5))), scale * float(1 + rng.uniform(-1, 1) * condition.scale / 2),
            condition.stretch_px if shift.any() or not is_upright else 0.0, 0.0, 120.0,
        ))
    sources = (source, np.ascontiguousarray(source[:, ::-1]) if condition.is_disjoint else source)
    images = []
    for tile, shown in zip(tiles, sources):
        map_x, map_y = tile.sampling_map(*size)
        drawn = cv2.remap(shown, map_x, map_y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101).astype(np.float32)
        small = halve(expose(rng, drawn, condition.difficulty))
        small = small[: small.shape[0] // 8 * 8, : small.shape[1] // 8 * 8]
        images.append(small)
    far = side / 2 - 1
    corners = np.array([[0, 0], [far, 0], [far, far], [0, far]], float)
    return Strips(images[0], images[1], tiles[0], tiles[1], corners)


def loftr_matcher(model: LoFTR, confidence: float) -> Matcher:
    def match(strips: Strips) -> Matches:
        inputs = [torch.from_numpy(stretch_percentiles(image))[None, None] for image in (strips.image0, strips.image1)]
        with torch.no_grad():
            table = model(*inputs).numpy().astype(np.float64)
        kept = table[table[:, 4] > confidence]
        return Matches(kept[:, :2], kept[:, 2:4])

    return match


def sift_matcher() -> Matcher:
    """The tuned SIFT: standardised, blurred by 1.5 px, contrast threshold 0.02, ratio 0.75."""
    detector = cv2.SIFT_create(contrastThreshold=0.02)

    def prepare(image: Array) -> Array:
        blurred = cv2.GaussianBlur(image.astype(np.float32), (0, 0), 1.5)
        return np.clip((blurred - blurred.mean()) / (blurred.std() + 1e-6) * 40 + 128, 0, 255).astype(np.uint8)

    def match(strips: Strips) -> Matches:
        found = [detector.detectAndCompute(prepare(image), None) for image in (strips.image0, strips.image1)]
        (points0, words0), (points1, words1) = found
        empty = np.zeros((0, 2))
        if words0 is None or words1 is None or len(words0) < 2 or len(words1) < 2:
            return Matches(empty, empty)
        two = cv2.BFMatcher().knnMatch(words0, words1, k=2)
        good = [a for a, b in two if a.distance < 0.75 * b.distance]
        return Matches(
            np.array([points0[m.queryIdx].pt for m in good], float).reshape(-1, 2),
            np.array([points1[m.trainIdx].pt for m in good], float).reshape(-1, 2),
        )

    return match


class Outcome(NamedTuple):
    matches: int
    inliers: int
    match_error: Array  # (M,) distance of each match from its true place
    signed_error: Array  # (M, 2)
    strip_corner: float  # mean of the strip's four corners; infinite without consensus
    tile_corner: float  # mean of the neighbour tile's four corners
    tile_corner_worst: float
    elapsed_s: float


def assess(matcher: Matcher, strips: Strips, seed: int) -> Outcome:
    """Runs a matcher on a pair and compares with the truth."""
    started = time.perf_counter()
    found = matcher(strips)
    elapsed = time.perf_counter() - started
    signed = found.points1 - strips.true_points1(found.points0) if len(found.points0) else np.zeros((0, 2))
    error = np.linalg.norm(signed, axis=1)
    consensus = ransac_similarity(found.points1, found.points0, INLIER_PX, seed)
    if consensus is None:
        return Outcome(len(error), 0, error, signed, np.inf, np.inf, np.inf, elapsed)
    height, width = strips.image1.shape
    strip_corners = np.array([[0, 0], [width - 1, 0], [width - 1, height - 1], [0, height - 1]], float)
    distance = lambda corners: np.linalg.norm(
        consensus.similarity.apply(corners) - strips.true_points0(corners), axis=1)
    at_tile = distance(strips.tile_corners1)
    return Outcome(len(error), int(consensus.is_inlier.sum()), error, signed, float(distance(strip_corners).mean()),
                   float(at_tile.mean()), float(at_tile.max()), elapsed)


def summarise(outcomes: List[Outcome], is_disjoint: bool) -> Dict[str, Any]:
    """One row: medians over pairs, a failed pair counting as infinite."""
    number = lambda value: None if not np.isfinite(value) else round(float(value), 3)
    errors = np.concatenate([o.match_error for o in outcomes])
    signed = np.concatenate([o.signed_error for o in outcomes])
    row: Dict[str, Any] = {
        "pairs": len(outcomes),
        "matchesMedian": float(np.median([o.matches for o in outcomes])),
        "inliersMedian": float(np.median([o.inliers for o in outcomes])),
        "matchMs": round(1000 * float(np.median([o.elapsed_s for o in outcomes])), 1),
    }
    if is_disjoint:
        row["inliersMost"] = int(max(o.inliers for o in outcomes))
        return row
    row.update({
        "stripCornerMedianPx": number(np.median([o.strip_corner for o in outcomes])),
        "tileCornerMedianPx": number(np.median([o.tile_corner for o in outcomes])),
        # 1.5 px at half resolution is 3 px at full resolution.
        "success3FullPx": round(float(np.mean([o.tile_corner_worst < 1.5 for o in outcomes])), 3),
        "matchErrorMedianPx": number(np.median(errors)) if len(errors) else None,
        "matchesWithin1_5Px": round(float(np.mean(errors < 1.5)), 3) if len(errors) else None,
    })
    close = signed[errors < 1.5]
    if len(close):
        row["signedBiasPx"] = [round(float(v), 4) for v in close.mean(axis=0)]
    return row


def held_out_sources(images: RealImages) -> Dict[str, Tuple[List[Array], float]]:
    """Images by modality, with source pixels per full-resolution pixel."""
    return {"ssTEM": (images.cremi, 1.0), "FIB-SEM": (images.fibsem, 0.5), "axons": (images.axons, 1.0)}


def evaluate(matchers: Dict[str, Matcher], images: RealImages, pairs: int, seed: int, only: Optional[str]) -> Dict[str, Any]:
    """Table by modality, condition and matcher."""
    table: Dict[str, Any] = {}
    for modality, (sources, scale) in held_out_sources(images).items():
        if not sources:
            continue
        for index, condition in enumerate(CONDITIONS):
            if only and only not in f"{modality}, {condition.name}":
                continue
            outcomes: Dict[str, List[Outcome]] = {name: [] for name in matchers}
            for k in range(pairs):
                rng = np.random.default_rng([seed, index, k])
                strips = cut_strips(rng, sources[k % len(sources)], condition, scale)
                for name, matcher in matchers.items():
                    outcomes[name].append(assess(matcher, strips, k))
            for name, found in outcomes.items():
                row = summarise(found, condition.is_disjoint)
                table.setdefault(modality, {}).setdefault(condition.name, {})[name] = row
                print(f"{modality:8s} {condition.name:44s} {name:6s} {row}", flush=True)
    return table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("weights", type=Path)
    parser.add_argument("--pairs", type=int, default=24, help="pairs per condition and modality")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--confidence", type=float, default=0.15)
    parser.add_argument("--data", type=Path, default=DEFAULT_ROOT)
    parser.add_argument("--only", help="rows whose name contains this")
    parser.add_argument("--without-sift", action="store_true")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    images = load_held_out_images(arguments.data)
    if images.count == 0:
        raise SystemExit(f"no held-out images under {arguments.data}")
    matchers = {"loftr": loftr_matcher(load_model(arguments.weights), arguments.confidence)}
    if not arguments.without_sift:
        matchers["sift"] = sift_matcher()
    table = evaluate(matchers, images, arguments.pairs, arguments.seed, arguments.only)
    if arguments.json:
        arguments.json.write_text(json.dumps({"heldOut": table}, indent=1) + "\n")


if __name__ == "__main__":
    main()
