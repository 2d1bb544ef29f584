"""Similarity transforms from matches: least squares, and RANSAC."""
from typing import NamedTuple, Optional

import numpy as np

Array = np.ndarray


class Similarity(NamedTuple):
    """targetFromSource: x' = a x - b y + tx, y' = b x + a y + ty."""

    a: float
    b: float
    tx: float
    ty: float

    def apply(self, points: Array) -> Array:
        x, y = points[:, 0], points[:, 1]
        return np.stack([self.a * x - self.b * y + self.tx, self.b * x + self.a * y + self.ty], axis=1)

    @property
    def scale(self) -> float:
        return float(np.hypot(self.a, self.b))

    @property
    def theta_rad(self) -> float:
        return float(np.arctan2(self.b, self.a))


class Consensus(NamedTuple):
    similarity: Similarity
    is_inlier: Array


def fit_similarity(source: Array, target: Array) -> Similarity:
    """argmin sum |T(source) - target|^2, in closed form with the points as complex numbers."""
    p, q = source[:, 0] + 1j * source[:, 1], target[:, 0] + 1j * target[:, 1]
    p0, q0 = p.mean(), q.mean()
    spread = np.sum(np.abs(p - p0) ** 2)
    factor = np.sum(np.conj(p - p0) * (q - q0)) / max(spread, 1e-12)
    shift = q0 - factor * p0
    return Similarity(factor.real, factor.imag, shift.real, shift.imag)


def ransac_similarity(source: Array, target: Array, threshold_px: float, seed: int, iterations: int = 1000, scale_range: float = 0.08) -> Optional[Consensus]:
    """Largest consensus of two-point hypotheses, refitted to its inliers; None with fewer than 3 matches."""
    if len(source) < 3:
        return None
    rng = np.random.default_rng(seed)
    p, q = source[:, 0] + 1j * source[:, 1], target[:, 0] + 1j * target[:, 1]
    first, second = rng.integers(0, len(p), (2, iterations))
    span = p[second] - p[first]
    usable = np.abs(span) > 4
    first, second, span = first[usable], second[usable], span[usable]
    factor = (q[second] - q[first]) / span
    plausible = np.abs(np.abs(factor) - 1) < scale_range
    if not plausible.any():
        return None
    factor, first = factor[plausible], first[plausible]
    shift = q[first] - factor * p[first]
    residual = np.abs(factor[:, None] * p[None, :] + shift[:, None] - q[None, :])
    best = int((residual < threshold_px).sum(axis=1).argmax())
    inside = residual[best] < threshold_px
    similarity = None
    for _ in range(5):
        if inside.sum() < 3:
            return None
        similarity = fit_similarity(source[inside], target[inside])
        inside = np.linalg.norm(similarity.apply(source) - target, axis=1) < threshold_px
    return Consensus(similarity, inside)
