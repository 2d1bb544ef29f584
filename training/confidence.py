"""Confidence that means something: what share of matches like this one is right, and how far they scatter.

The network's own confidence ranks matches well but promises too much under noise and too little on faint texture. Here it
is replaced by the share of matches within 1.5 px of full resolution, as a function of the raw confidence and the spread of
the fine heat map, both monotone: a logistic score, then isotonic regression. One table per scale of the strips.
"""
from typing import Any, Dict, List, NamedTuple, Sequence, Tuple

import numpy as np
import torch

from data.imaging import Difficulty
from data.pairs import PairRecipe, make_pair
from loftr import LoFTR

# A match is right within this, full-resolution px.
RIGHT_PX = 1.5
# (height, width) of the strips and the share of pairs.
SHAPES = ((152, 288), (256, 152), (96, 384), (128, 128))
EPSILON = 1e-4
KNOTS = 24
SIGMA_BINS = 10
# The default threshold keeps this share of the right matches.
KEPT_SHARE = 0.99
LEAST_THRESHOLD = 0.1


class Matches(NamedTuple):
    """Mutual matches of pairs with known truth; px of the strips."""

    confidence: np.ndarray
    spread: np.ndarray
    error: np.ndarray  # (n, 2)

    def is_right(self, scale: float) -> np.ndarray:
        return np.hypot(self.error[:, 0], self.error[:, 1]) <= RIGHT_PX * scale


def collect(model: LoFTR, sources: Sequence[Tuple[np.ndarray, Tuple[float, float]]], shrink: int, count: int, seed: int) -> Matches:
    """Matches of `count` pairs over overlap, noise and contrast, drawn as training draws them; some without overlap."""
    recipe = PairRecipe(
        overlap=(0.12, 0.8), disjoint_share=0.08, difficulty=Difficulty(), full_resolution_share=float(shrink == 1),
        stretch_px=4.0, transposed_share=0.3,
    )
    parts: List[np.ndarray] = []
    for index in range(count):
        rng = np.random.default_rng((seed, shrink, index))
        source, scales = sources[int(rng.integers(len(sources)))]
        pair = make_pair(rng, source, scales, SHAPES[index % len(SHAPES)], recipe)
        with torch.no_grad():
            table = model(*(torch.from_numpy(np.ascontiguousarray(image))[None, None] for image in pair[:2])).numpy()
        is_disjoint = bool((pair.partner0 < 0).all() and (pair.partner1 < 0).all())
        error = table[:, 2:4] - pair.points1 if not is_disjoint else np.full((len(table), 2), 1e3)
        kept = table[:, 4] > 0
        parts.append(np.concatenate([table[kept, 4:6], error[kept]], axis=1))
    joined = np.concatenate(parts)
    return Matches(joined[:, 0], joined[:, 1], joined[:, 2:4])


def _logit(p: np.ndarray) -> np.ndarray:
    p = np.clip(p, EPSILON, 1 - EPSILON)
    return np.log(p / (1 - p))


def score(confidence: np.ndarray, spread: np.ndarray, slope: float, spread_slope: float) -> np.ndarray:
    """slope * logit(confidence) - spread_slope * ln(spread): larger is surer."""
    return slope * _logit(confidence) - spread_slope * np.log(np.maximum(spread, EPSILON))


def _fit_logistic(features: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Weights of a logistic regression by Newton's method; `features` includes the constant."""
    weights = np.zeros(features.shape[1])
    for _ in range(30):
        p = 1 / (1 + np.exp(-features @ weights))
        curvature = (features * (p * (1 - p) + 1e-9)[:, None]).T @ features + 1e-6 * np.eye(len(weights))
        step = np.linalg.solve(curvature, features.T @ (target - p))
        weights += step
        if np.abs(step).max() < 1e-8:
            break
    return weights


def isotonic(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The non-decreasing sequence nearest to `values` in weighted squares (pool adjacent violators)."""
    blocks: List[List[float]] = []
    for value, weight in zip(values, weights):
        blocks.append([float(value), float(weight), 1])
        while len(blocks) > 1 and blocks[-2][0] >= blocks[-1][0]:
            last, previous = blocks.pop(), blocks.pop()
            weight_sum = last[1] + previous[1]
            mean = (last[0] * last[1] + previous[0] * previous[1]) / weight_sum
            blocks.append([mean, weight_sum, last[2] + previous[2]])
    return np.concatenate([np.full(int(length), value) for value, _, length in blocks])


def _table(x: np.ndarray, y: np.ndarray, bins: int, statistic: Any) -> List[List[float]]:
    """Knots [x, y] of a non-decreasing piecewise linear function: y by quantile bins of x."""
    order = np.argsort(x, kind="stable")
    parts = [part for part in np.array_split(order, bins) if len(part)]
    centre = np.array([x[part].mean() for part in parts])
    level = isotonic(np.array([statistic(y[part]) for part in parts]), np.array([len(part) for part in parts]))
    return [[round(float(a), 4), round(float(b), 4)] for a, b in zip(centre, level)]


def fit(matches: Matches, scale: float) -> Dict[str, Any]:
    """The manifest's entry for strips at `scale` of full resolution."""
    right = matches.is_right(scale)
    features = np.stack(
        [np.ones(len(right)), _logit(matches.confidence), -np.log(np.maximum(matches.spread, EPSILON))], axis=1
    )
    _, slope, spread_slope = _fit_logistic(features, right.astype(float))
    slope, spread_slope = round(max(float(slope), 0.0), 4), round(max(float(spread_slope), 0.0), 4)
    knots = _table(score(matches.confidence, matches.spread, slope, spread_slope), right.astype(float), KNOTS, np.mean)
    # Medians are robust: |error| of a Gaussian has the median 0.6745 sigma. Wrong matches are left out.
    close = np.hypot(matches.error[:, 0], matches.error[:, 1]) < 2 * RIGHT_PX * scale
    sigma = _table(
        np.repeat(matches.spread[close], 2), np.abs(matches.error[close]).reshape(-1), SIGMA_BINS,
        lambda values: np.median(values) / 0.6745,
    )
    return {"scale": scale, "slope": slope, "spreadSlope": spread_slope, "confidence": knots, "sigmaPx": sigma}


def apply(entry: Dict[str, Any], confidence: np.ndarray, spread: np.ndarray) -> np.ndarray:
    """Calibrated confidence; 0 stays 0 (not mutual)."""
    x, y = np.array(entry["confidence"]).T
    calibrated = np.interp(score(confidence, spread, entry["slope"], entry["spreadSlope"]), x, y)
    return np.where(confidence > 0, calibrated, 0)


def threshold(entries: Sequence[Dict[str, Any]], found: Sequence[Matches]) -> float:
    """The calibrated confidence that `KEPT_SHARE` of the right matches have, at any scale."""
    lowest = []
    for entry, matches in zip(entries, found):
        calibrated = apply(entry, matches.confidence, matches.spread)[matches.is_right(entry["scale"])]
        lowest.append(float(np.quantile(calibrated, 1 - KEPT_SHARE)))
    return round(max(LEAST_THRESHOLD, min(lowest)), 2)


def reliability(entry: Dict[str, Any], matches: Matches) -> List[Dict[str, float]]:
    """Share of right matches by calibrated confidence, in tenths, beside the raw confidence's."""
    right = matches.is_right(entry["scale"])
    calibrated = apply(entry, matches.confidence, matches.spread)
    rows = []
    for low in np.arange(0, 1, 0.1):
        row: Dict[str, float] = {"from": round(float(low), 1)}
        for name, values in (("", calibrated), ("raw", matches.confidence)):
            inside = (values >= low) & ((values < low + 0.1) | (low > 0.85))
            row[f"{name}Count" if name else "count"] = int(inside.sum())
            if inside.any():
                row[f"{name}Mean" if name else "mean"] = round(float(values[inside].mean()), 3)
                row[f"{name}Right" if name else "right"] = round(float(right[inside].mean()), 3)
        rows.append(row)
    return rows


def expected_error(rows: Sequence[Dict[str, float]], prefix: str = "") -> float:
    """Expected calibration error: mean |confidence - share right| over matches."""
    names = [f"{prefix}{name}" if prefix else name.lower() for name in ("Count", "Mean", "Right")]
    total = sum(row[names[0]] for row in rows)
    return sum(row[names[0]] * abs(row[names[1]] - row[names[2]]) for row in rows if row[names[0]]) / max(total, 1)


def sigma_coverage(entry: Dict[str, Any], matches: Matches) -> Dict[str, float]:
    """Share of the coordinates of close matches within one and two of their sigmas (Gaussian: 0.683, 0.954)."""
    close = np.hypot(matches.error[:, 0], matches.error[:, 1]) < 2 * RIGHT_PX * entry["scale"]
    x, y = np.array(entry["sigmaPx"]).T
    sigma = np.interp(matches.spread[close], x, y)
    ratio = np.abs(matches.error[close]) / sigma[:, None]
    return {"within1": round(float((ratio < 1).mean()), 3), "within2": round(float((ratio < 2).mean()), 3)}
