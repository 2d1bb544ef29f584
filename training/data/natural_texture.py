"""Procedural textures that are *not* electron micrographs: what the pre-training stage learns from.

They share the statistics of natural images (spectra of 1/f^a, occlusion, edges of every size, repetition) and none of
the objects of a tissue: no membranes, vesicles, granules or sheaths. `texture.py` holds those.
"""
from typing import Callable, Dict

import cv2
import numpy as np

from .texture import fractal_noise, smooth_noise

Array = np.ndarray


def spectral_noise(rng: np.random.Generator, size: int) -> Array:
    """Gaussian noise with an amplitude spectrum of 1/f^a, a in 0.7..1.6, sometimes longer along one axis."""
    frequency_y = np.fft.fftfreq(size)[:, None]
    frequency_x = np.fft.rfftfreq(size)[None, :]
    if rng.random() < 0.4:
        angle, ratio = rng.uniform(0, np.pi), rng.uniform(1.5, 4)
        u = frequency_x * np.cos(angle) + frequency_y * np.sin(angle)
        v = frequency_y * np.cos(angle) - frequency_x * np.sin(angle)
        radius = np.hypot(u * ratio, v / ratio)
    else:
        radius = np.hypot(frequency_x, frequency_y)
    amplitude = np.maximum(radius, 1 / size) ** -rng.uniform(0.7, 1.6)
    spectrum = np.fft.rfft2(rng.standard_normal((size, size))) * amplitude
    image = np.fft.irfft2(spectrum, s=(size, size)).astype(np.float32)
    return (image - image.mean()) / (image.std() + 1e-6) * np.float32(rng.uniform(15, 45))


def _polygon(rng: np.random.Generator, centre: Array, radius: float) -> Array:
    corners = int(rng.integers(3, 8))
    angles = np.sort(rng.uniform(0, 2 * np.pi, corners))
    reach = radius * rng.uniform(0.6, 1.0, corners)
    points = centre + np.stack([np.cos(angles), np.sin(angles)], axis=1) * reach[:, None]
    return np.rint(points * 16).astype(np.int32)


def dead_leaves(rng: np.random.Generator, size: int) -> Array:
    """Polygons and discs that hide each other, radii by the law r^-3: edges of every scale, as in photographs."""
    image = np.zeros((size, size), np.float32)
    smallest, largest = rng.uniform(3, 8), size / rng.uniform(3, 6)
    count = int(rng.integers(500, 2500))
    low, high = largest**-2, smallest**-2
    radii = np.sort((low + (high - low) * rng.random(count)) ** -0.5)[::-1]
    discs = rng.random()
    for radius in radii:
        centre = rng.uniform(-radius, size + radius, 2)
        level = float(rng.uniform(-80, 80))
        if rng.random() < discs:
            cv2.circle(image, tuple(int(v * 16) for v in centre), int(radius * 16), level, -1, cv2.LINE_AA, 4)
        else:
            cv2.fillPoly(image, [_polygon(rng, centre, float(radius))], level, cv2.LINE_AA, 4)
    return image + spectral_noise(rng, size) * np.float32(rng.uniform(0.05, 0.4))


def strokes(rng: np.random.Generator, size: int) -> Array:
    """Straight and bent lines, crosses and frames, as in drawings and script, on an uneven ground."""
    image = smooth_noise(rng, size, size / 5) * np.float32(rng.uniform(2, 15))
    for _ in range(int(rng.integers(80, 500))):
        start = rng.uniform(0, size, 2)
        points = [start]
        heading, length = rng.uniform(0, 2 * np.pi), rng.uniform(4, 30)
        for _ in range(int(rng.integers(1, 6))):
            points.append(points[-1] + length * np.array([np.cos(heading), np.sin(heading)]))
            heading += rng.normal(0, 0.7)
        line = np.rint(np.array(points) * 16).astype(np.int32)
        is_closed = bool(rng.random() < 0.2)
        cv2.polylines(image, [line], is_closed, float(rng.uniform(-80, 80)), int(rng.integers(1, 5)), cv2.LINE_AA, 4)
    return image


def weave(rng: np.random.Generator, size: int) -> Array:
    """Cloth, bricks, gratings: two crossed waves with a slow change of period, strength and phase."""
    y, x = np.mgrid[0:size, 0:size].astype(np.float32)
    x = x + smooth_noise(rng, size, rng.uniform(80, 250)) * np.float32(rng.uniform(0, 6))
    y = y + smooth_noise(rng, size, rng.uniform(80, 250)) * np.float32(rng.uniform(0, 6))
    image = np.zeros((size, size), np.float32)
    angle = rng.uniform(0, np.pi)
    for turn in (0, np.pi / 2):
        period = rng.uniform(8, 40)
        phase = (x * np.cos(angle + turn) + y * np.sin(angle + turn)) * np.float32(2 * np.pi / period)
        image += np.tanh(np.sin(phase) * np.float32(rng.uniform(0.5, 5))) * np.float32(rng.uniform(8, 30))
    return image * (1 + 0.5 * smooth_noise(rng, size, 60)) + spectral_noise(rng, size) * np.float32(rng.uniform(0.1, 0.6))


def facets(rng: np.random.Generator, size: int) -> Array:
    """Flat cells with straight borders, each shaded by a ramp of its own: walls, leaves, cracked ground."""
    count = int(rng.integers(20, 400))
    seeds = np.full((size, size), 255, np.uint8)
    points = rng.integers(0, size, (count, 2))
    seeds[points[:, 0], points[:, 1]] = 0
    _, labels = cv2.distanceTransformWithLabels(seeds, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    y, x = np.mgrid[0:size, 0:size].astype(np.float32) / np.float32(size)
    table = rng.standard_normal((3, int(labels.max()) + 1)).astype(np.float32)
    level, ramp_x, ramp_y = table[0][labels] * 35, table[1][labels] * 60, table[2][labels] * 60
    image = level + ramp_x * (x - 0.5) + ramp_y * (y - 0.5)
    return image + fractal_noise(rng, size, rng.uniform(1.5, 4), 4, rng.uniform(0.7, 1.2)) * np.float32(rng.uniform(2, 12))


NATURAL_TEXTURES: Dict[str, Callable[[np.random.Generator, int], Array]] = {
    "spectral noise": spectral_noise, "dead leaves": dead_leaves, "strokes": strokes, "weave": weave, "facets": facets,
}
_SHARE = (0.25, 0.35, 0.12, 0.12, 0.16)


def make_natural_texture(seed: int, size: int) -> Array:
    """A texture of `size` x `size`, 8 bit; a third of them two kinds side by side."""
    rng = np.random.default_rng([seed, 7002])
    names = list(NATURAL_TEXTURES)
    image = NATURAL_TEXTURES[rng.choice(names, p=_SHARE)](rng, size)
    if rng.random() < 0.35:
        other = NATURAL_TEXTURES[rng.choice(names, p=_SHARE)](rng, size)
        side = 1 / (1 + np.exp(-smooth_noise(rng, size, size / rng.uniform(1.5, 4)) * 20))
        image = image * side + other * (1 - side)
    image = cv2.GaussianBlur(np.asarray(image, np.float32), (0, 0), rng.uniform(0.5, 1.3))
    image = image * np.float32(rng.uniform(0.4, 1.2)) + 128
    return np.clip(image, 0, 255).astype(np.uint8)
