"""Where the pixels of a tile come from: rotation, scale, and a stretch at the start of every scan line."""
from typing import NamedTuple

import numpy as np


class TileGeometry(NamedTuple):
    """sourceFromTile: s = R(theta) scale ((x + stretch(x), y) - centre) + place, tile at full resolution.

    stretch(x) = amplitude exp(-(x + lead) / length): the beam is not yet at speed at the start of a line.
    """

    place: np.ndarray  # (2,) source point under the tile's centre
    centre: np.ndarray  # (2,) centre of the tile
    theta_rad: float
    scale: float  # source pixels per tile pixel
    amplitude: float
    lead: float
    length: float

    def _linear(self) -> np.ndarray:
        c, s = np.cos(self.theta_rad), np.sin(self.theta_rad)
        return self.scale * np.array([[c, -s], [s, c]])

    def stretch(self, x: np.ndarray) -> np.ndarray:
        return self.amplitude * np.exp(-(x + self.lead) / self.length)

    def source_from_tile(self, points: np.ndarray) -> np.ndarray:
        """Points (N, 2) of the tile to points of the source."""
        straight = np.stack([points[:, 0] + self.stretch(points[:, 0]), points[:, 1]], axis=1)
        return (straight - self.centre) @ self._linear().T + self.place

    def tile_from_source(self, points: np.ndarray) -> np.ndarray:
        """Inverse of `source_from_tile`; the stretch is inverted by fixed-point iteration (a contraction)."""
        straight = (points - self.place) @ np.linalg.inv(self._linear()).T + self.centre
        x = straight[:, 0]
        for _ in range(20):
            x = straight[:, 0] - self.stretch(np.maximum(x, -self.lead))
        return np.stack([x, straight[:, 1]], axis=1)

    def sampling_map(self, height: int, width: int) -> tuple:
        """Source coordinates of every tile pixel, as float32 maps for `cv2.remap`."""
        x = np.arange(width) + self.stretch(np.arange(width)) - self.centre[0]
        y = np.arange(height) - self.centre[1]
        linear = self._linear()
        map_x = linear[0, 0] * x[None, :] + linear[0, 1] * y[:, None] + self.place[0]
        map_y = linear[1, 0] * x[None, :] + linear[1, 1] * y[:, None] + self.place[1]
        return map_x.astype(np.float32), map_y.astype(np.float32)


def scaled_from_full(points: np.ndarray, shrink: int) -> np.ndarray:
    """Pixel of the tile averaged `shrink` x `shrink` from a full-resolution pixel: (p + 1/2) / shrink - 1/2."""
    return (points + 0.5) / shrink - 0.5


def full_from_scaled(points: np.ndarray, shrink: int) -> np.ndarray:
    return (points + 0.5) * shrink - 0.5


def half_from_full(points: np.ndarray) -> np.ndarray:
    """Pixel of the tile averaged 2 x 2 from a full-resolution pixel: p_half = (p + 1/2) / 2 - 1/2."""
    return scaled_from_full(points, 2)


def full_from_half(points: np.ndarray) -> np.ndarray:
    return full_from_scaled(points, 2)
