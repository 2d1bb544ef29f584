"""What the microscope does to a tile, independently of its neighbours, and what inference does to a strip."""
from typing import NamedTuple, Tuple

import cv2
import numpy as np

Array = np.ndarray
PERCENTILES = (0.5, 99.5)


class Difficulty(NamedTuple):
    """Ranges the imaging is drawn from. Noise in grey levels at full resolution."""

    noise: Tuple[float, float] = (2.0, 60.0)
    contrast: float = 0.6  # |log gain| at most
    gamma: float = 0.35  # |log gamma| at most
    brightness: float = 30.0
    blur: float = 1.2
    shading: float = 20.0

    def eased(self, level: float) -> "Difficulty":
        """The same with everything shrunk towards clean images; level 0 (easy) to 1."""
        low, high = self.noise
        return Difficulty(
            (low, low + (high - low) * level), self.contrast * level, self.gamma * level,
            self.brightness * level, self.blur * level, self.shading * level,
        )


def expose(rng: np.random.Generator, image: Array, difficulty: Difficulty) -> Array:
    """A tile (float32 grey levels, full resolution) as imaged, 8 bit: defocus, gain, gamma, shading, noise."""
    height, width = image.shape
    blur = rng.uniform(0, difficulty.blur)
    if rng.random() < 0.1:
        blur *= 2
    if blur > 0.3:
        image = cv2.GaussianBlur(image, (0, 0), blur)
    unit = np.clip(image / 255, 0, 1)
    unit = unit ** np.float32(np.exp(rng.uniform(-difficulty.gamma, difficulty.gamma)))
    gain = np.exp(rng.uniform(-difficulty.contrast, difficulty.contrast * 0.5))
    image = (unit - 0.5) * np.float32(255 * gain) + np.float32(128 + rng.uniform(-1, 1) * difficulty.brightness)
    image = image + _shading(rng, height, width, difficulty.shading)
    low, high = difficulty.noise
    sigma = low + (high - low) * rng.random() ** 2
    noise = rng.standard_normal((height, width), dtype=np.float32)
    if rng.random() < 0.5:  # shot noise: variance grows with the signal
        noise *= np.sqrt(np.clip(image, 8, 255) * np.float32(1 / 128))
    image = image + noise * np.float32(sigma)
    if rng.random() < 0.2:  # the detector drifts from line to line
        image += rng.standard_normal((height, 1), dtype=np.float32) * np.float32(rng.uniform(0, 6))
    return np.clip(np.rint(image), 0, 255).astype(np.uint8)


def _shading(rng: np.random.Generator, height: int, width: int, amount: float) -> Array:
    y = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    x = np.linspace(-1, 1, width, dtype=np.float32)[None, :]
    a, b, c, d = (rng.uniform(-amount, amount, 4) * np.array([0.5, 0.5, 0.35, 0.35])).astype(np.float32)
    return a * x + b * y + c * x * x + d * y * y


def shrink_by_mean(image: Array, factor: int) -> Array:
    """Mean of `factor` x `factor` pixels, float32; sides must be multiples of it."""
    height, width = image.shape
    blocks = image.reshape(height // factor, factor, width // factor, factor)
    return blocks.mean(axis=(1, 3), dtype=np.float32)


def halve(image: Array) -> Array:
    """Mean of 2 x 2 pixels; sides must be even."""
    return shrink_by_mean(image, 2)


def stretch_percentiles(strip: Array) -> Array:
    """clip((v - p0.5) / (p99.5 - p0.5), 0, 1) over the strip, float32: the network's input. See the manifest."""
    flat = strip.reshape(-1).astype(np.float32)
    low, high = np.percentile(flat, PERCENTILES)
    span = max(float(high - low), 1e-6)
    return np.clip((strip.astype(np.float32) - np.float32(low)) / np.float32(span), 0, 1)
