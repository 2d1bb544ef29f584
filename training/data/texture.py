"""Procedural textures that look like electron micrographs, from a seed alone."""
from typing import Callable, Dict

import cv2
import numpy as np

Array = np.ndarray


def smooth_noise(rng: np.random.Generator, size: int, cell: float) -> Array:
    """Noise of unit variance whose features are about `cell` pixels wide."""
    count = max(3, int(np.ceil(size / cell)) + 3)
    coarse = rng.standard_normal((count, count)).astype(np.float32)
    grown = cv2.resize(coarse, None, fx=cell, fy=cell, interpolation=cv2.INTER_CUBIC)
    y, x = rng.integers(0, max(1, grown.shape[0] - size + 1), 2)
    noise = grown[y : y + size, x : x + size]
    if noise.shape != (size, size):
        noise = cv2.resize(noise, (size, size), interpolation=cv2.INTER_LINEAR)
    return (noise - noise.mean()) / (noise.std() + 1e-6)


def fractal_noise(rng: np.random.Generator, size: int, finest: float, octaves: int, gain: float) -> Array:
    """Octaves of smooth noise from `finest` pixels up, each `gain` times the one below it."""
    total = np.zeros((size, size), np.float32)
    for octave in range(octaves):
        total += smooth_noise(rng, size, finest * 2**octave) * gain**octave
    return total / (total.std() + 1e-6)


def _warp_nearest(labels: Array, dx: Array, dy: Array) -> Array:
    y, x = np.mgrid[0 : labels.shape[0], 0 : labels.shape[1]].astype(np.float32)
    return cv2.remap(labels, x + dx, y + dy, cv2.INTER_NEAREST, borderMode=cv2.BORDER_REFLECT)


def cell_labels(rng: np.random.Generator, size: int, diameter: float) -> Array:
    """Curved Voronoi cells: float labels, one per cell."""
    count = max(4, int((size / diameter) ** 2))
    seeds = np.full((size, size), 255, np.uint8)
    points = rng.integers(0, size, (count, 2))
    seeds[points[:, 0], points[:, 1]] = 0
    _, labels = cv2.distanceTransformWithLabels(seeds, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    amount = diameter * rng.uniform(0.08, 0.25)
    bend = diameter * rng.uniform(0.4, 1.0)
    dx, dy = (smooth_noise(rng, size, bend) * amount for _ in range(2))
    return _warp_nearest(labels.astype(np.float32), dx, dy)


def boundary_distance(labels: Array) -> Array:
    """Distance in pixels from the nearest border between two labels."""
    inside = np.full(labels.shape, 255, np.uint8)
    inside[:, 1:][labels[:, 1:] != labels[:, :-1]] = 0
    inside[1:, :][labels[1:, :] != labels[:-1, :]] = 0
    return cv2.distanceTransform(inside, cv2.DIST_L2, 5)


def _random_levels(rng: np.random.Generator, labels: Array, spread: float) -> Array:
    table = rng.standard_normal(int(labels.max()) + 1).astype(np.float32) * spread
    return table[labels.astype(np.int64)]


def _draw_discs(rng: np.random.Generator, image: Array, count: int, radius: tuple, level: tuple, is_ring: bool) -> None:
    size = image.shape[0]
    for _ in range(count):
        x, y = rng.uniform(0, size, 2)
        r = rng.uniform(*radius)
        axes = (int(r * 16), int(r * rng.uniform(0.5, 1.0) * 16))
        thickness = max(1, int(r * 0.3)) if is_ring else -1
        cv2.ellipse(
            image, (int(x * 16), int(y * 16)), axes, float(rng.uniform(0, 180)), 0, 360,
            float(rng.uniform(*level)), thickness, cv2.LINE_AA, 4,
        )


def _organelles(rng: np.random.Generator, image: Array) -> None:
    """Mitochondria: dark ellipses with a rim and stripes inside."""
    size = image.shape[0]
    y, x = np.mgrid[0:size, 0:size].astype(np.float32)
    for _ in range(int(rng.integers(0, 14))):
        cx, cy = rng.uniform(0, size, 2)
        long, short = rng.uniform(18, 60), rng.uniform(10, 26)
        angle = rng.uniform(0, np.pi)
        reach = int(long) + 4
        y0, y1 = max(0, int(cy) - reach), min(size, int(cy) + reach)
        x0, x1 = max(0, int(cx) - reach), min(size, int(cx) + reach)
        if y1 - y0 < 4 or x1 - x0 < 4:
            continue
        px, py = x[y0:y1, x0:x1] - cx, y[y0:y1, x0:x1] - cy
        u, v = px * np.cos(angle) + py * np.sin(angle), py * np.cos(angle) - px * np.sin(angle)
        radius = np.sqrt((u / long) ** 2 + (v / short) ** 2)
        inside = 0.5 - 0.5 * np.tanh((radius - 1) * short * 0.6)
        wobble = 2 * np.sin(v * rng.uniform(0.1, 0.3) + rng.uniform(0, 6))
        stripes = np.sin((u + wobble) * 2 * np.pi / rng.uniform(6, 11))
        rim = np.exp(-(((radius - 1) * short / 2.0) ** 2))
        target = rng.uniform(-50, -10) + stripes * rng.uniform(5, 20)
        patch = image[y0:y1, x0:x1]
        patch += inside * (target - patch * 0.8) - rim * rng.uniform(20, 50)


def neuropil(rng: np.random.Generator, size: int) -> Array:
    """Cells with dark membranes, granular cytoplasm, organelles and vesicles."""
    labels = cell_labels(rng, size, float(np.exp(rng.uniform(np.log(18), np.log(130)))))
    image = _random_levels(rng, labels, rng.uniform(3, 18))
    image += fractal_noise(rng, size, rng.uniform(1.5, 3), 4, rng.uniform(0.6, 1.0)) * rng.uniform(3, 12)
    _organelles(rng, image)
    _draw_discs(rng, image, int(rng.integers(0, 250)), (2.5, 6), (-60, -15), True)
    _draw_discs(rng, image, int(rng.integers(0, 120)), (1.0, 3), (-70, -20), False)
    distance = boundary_distance(labels)
    width = rng.uniform(1.5, 3.5) * (1 + 0.25 * smooth_noise(rng, size, 40))
    image -= np.exp(-((distance / np.maximum(width, 0.8)) ** 2)) * rng.uniform(30, 90)
    return image


def myelin(rng: np.random.Generator, size: int) -> Array:
    """Axons: round bright or dark cores in thick sheaths."""
    labels = cell_labels(rng, size, rng.uniform(50, 140))
    distance = boundary_distance(labels)
    sheath, edge = rng.uniform(5, 16), rng.uniform(1.5, 3)
    image = np.tanh((distance - sheath) / edge) * rng.uniform(30, 70) * rng.choice([-1, 1])
    image += np.exp(-((distance / 2.5) ** 2)) * rng.uniform(-40, 40)
    image += _random_levels(rng, labels, 8)
    image += fractal_noise(rng, size, rng.uniform(1.5, 3), 4, 0.8) * rng.uniform(4, 12)
    _draw_discs(rng, image, int(rng.integers(0, 120)), (1.5, 7), (-60, 30), bool(rng.integers(0, 2)))
    return image


def granular(rng: np.random.Generator, size: int) -> Array:
    """Nucleus, secretory granules or mineral: noise over several scales, with discs."""
    image = fractal_noise(rng, size, rng.uniform(1.5, 4), 6, rng.uniform(0.7, 1.3)) * rng.uniform(10, 30)
    _draw_discs(rng, image, int(rng.integers(0, 500)), (2, 12), (-70, 30), bool(rng.integers(0, 2)))
    return image


def fibrous(rng: np.random.Generator, size: int) -> Array:
    """Muscle, collagen, microvilli: a bent lattice of lines or dots, nearly periodic on purpose."""
    y, x = np.mgrid[0:size, 0:size].astype(np.float32)
    bend = rng.uniform(3, 14)
    x = x + smooth_noise(rng, size, rng.uniform(60, 200)) * bend
    y = y + smooth_noise(rng, size, rng.uniform(60, 200)) * bend
    angle, period = rng.uniform(0, np.pi), rng.uniform(7, 26)
    u = (x * np.cos(angle) + y * np.sin(angle)) * 2 * np.pi / period
    v = (y * np.cos(angle) - x * np.sin(angle)) * 2 * np.pi / (period * rng.uniform(0.8, 3))
    wave = np.sin(u) if rng.random() < 0.5 else np.sin(u) * np.sin(v)
    sharp = np.tanh(wave * rng.uniform(1, 4))
    image = sharp * rng.uniform(10, 40) * (1 + 0.4 * smooth_noise(rng, size, period * 2))
    image += fractal_noise(rng, size, rng.uniform(1.5, 3), 5, rng.uniform(0.8, 1.2)) * rng.uniform(6, 16)
    _draw_discs(rng, image, int(rng.integers(0, 80)), (1.5, 7), (-60, 20), False)
    return image


def resin(rng: np.random.Generator, size: int) -> Array:
    """Almost empty embedding medium: faint clouds and a few specks."""
    image = fractal_noise(rng, size, rng.uniform(2, 6), 5, rng.uniform(1.0, 1.4)) * rng.uniform(2, 8)
    _draw_discs(rng, image, int(rng.integers(8, 80)), (1.0, 5), (-40, 20), False)
    return image


TEXTURES: Dict[str, Callable[[np.random.Generator, int], Array]] = {
    "neuropil": neuropil, "myelin": myelin, "granular": granular, "fibrous": fibrous, "resin": resin,
}
_SHARE = (0.5, 0.14, 0.14, 0.14, 0.08)


def make_texture(seed: int, size: int) -> Array:
    """A texture of `size` x `size`, 8 bit; sometimes two kinds side by side, as tissue has borders."""
    rng = np.random.default_rng([seed, 7001])
    names = list(TEXTURES)
    image = TEXTURES[rng.choice(names, p=_SHARE)](rng, size)
    if rng.random() < 0.35:
        other = TEXTURES[rng.choice(names, p=_SHARE)](rng, size)
        side = 1 / (1 + np.exp(-smooth_noise(rng, size, size / rng.uniform(1.5, 4)) * 20))
        image = image * side + other * (1 - side) + 25 * rng.standard_normal() * (side - 0.5)
    image = cv2.GaussianBlur(image, (0, 0), rng.uniform(0.5, 1.1))
    if rng.random() < 0.15:
        image = -image
    image = image + smooth_noise(rng, size, size / 3) * rng.uniform(0, 12) + 128
    return np.clip(image, 0, 255).astype(np.uint8)
