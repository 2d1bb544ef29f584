"""Pairs of overlapping strips with their true correspondences."""
from pathlib import Path
from typing import Callable, Dict, List, NamedTuple, Tuple

import cv2
import numpy as np

from .imaging import Difficulty, expose, shrink_by_mean, stretch_percentiles
from .real_images import RealImages
from .texture import make_texture
from .tile_geometry import TileGeometry, full_from_scaled, scaled_from_full

COARSE_STRIDE = 8
UNMATCHED = -1
TEXTURE_SIZE = 720


class PairRecipe(NamedTuple):
    """How a pair is drawn. Overlap is the share of the strip's area, before the edges of the rotation."""

    overlap: Tuple[float, float] = (0.15, 0.9)
    disjoint_share: float = 0.06
    rotation_rad: float = np.deg2rad(5)
    scale: float = 0.03
    stretch_px: float = 10.0
    # Small tiles are matched at full resolution, all others at half of it.
    full_resolution_share: float = 0.35
    # Strips of tiles above each other are wide, of tiles side by side tall; inference may lay either on its side.
    transposed_share: float = 0.3
    difficulty: Difficulty = Difficulty()


class StripPair(NamedTuple):
    """One training pair; images are ready for the network, points in their pixels."""

    image0: np.ndarray  # (H, W) float32, 0..1
    image1: np.ndarray
    points1: np.ndarray  # (N0, 2) where the coarse cells of image 0 lie in image 1
    partner0: np.ndarray  # (N0,) nearest coarse cell of image 1, or UNMATCHED
    partner1: np.ndarray  # (N1,) the reverse


def cell_points(height: int, width: int) -> np.ndarray:
    """Pixels (N, 2) of the coarse cells, row-major."""
    y, x = np.mgrid[0:height:COARSE_STRIDE, 0:width:COARSE_STRIDE]
    return np.stack([x.reshape(-1), y.reshape(-1)], axis=1).astype(np.float64)


def partners(points: np.ndarray, is_known: np.ndarray, height: int, width: int) -> np.ndarray:
    """Index of the nearest coarse cell of an image for every point, UNMATCHED outside or where unknown."""
    columns, rows = width // COARSE_STRIDE, height // COARSE_STRIDE
    cell = np.rint(points / COARSE_STRIDE).astype(np.int64)
    inside = (cell[:, 0] >= 0) & (cell[:, 0] < columns) & (cell[:, 1] >= 0) & (cell[:, 1] < rows) & is_known
    return np.where(inside, cell[:, 1] * columns + cell[:, 0], UNMATCHED)


class TexturePool:
    """Procedural textures by number, made when first asked for and kept, in memory and in `folder`."""

    def __init__(
        self, seed: int, count: int, folder: Path, make: Callable[[int, int], np.ndarray] = make_texture
    ) -> None:
        self.seed, self.count, self.folder, self.make = seed, count, Path(folder), make
        self._kept: Dict[int, np.ndarray] = {}

    def __getitem__(self, index: int) -> np.ndarray:
        if index not in self._kept:
            self._kept[index] = self._load(index)
        return self._kept[index]

    def _load(self, index: int) -> np.ndarray:
        path = self.folder / f"{self.seed}-{index}.png"
        if path.exists():
            return cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
        texture = self.make(self.seed * 1_000_003 + index, TEXTURE_SIZE)
        self.folder.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), texture)
        return texture


class SourceChooser:
    """Draws a source image and the range of scales (source pixels per full-resolution pixel) that suits it."""

    def __init__(self, textures: TexturePool, real: RealImages, real_share: float) -> None:
        self.textures, self.real = textures, real
        self.real_share = real_share if real.count else 0.0

    def draw(self, rng: np.random.Generator) -> Tuple[np.ndarray, Tuple[float, float]]:
        if rng.random() >= self.real_share:
            return self.textures[int(rng.integers(self.textures.count))], (0.6, 1.3)
        origins: List[Tuple[List[np.ndarray], Tuple[float, float], float]] = [
            (self.real.cremi, (0.6, 1.3), 0.55), (self.real.fibsem, (0.45, 0.7), 0.3), (self.real.axons, (0.6, 1.2), 0.15),
        ]
        chosen = origins[int(rng.choice(len(origins), p=[share for _, _, share in origins]))]
        images, scales, _ = chosen
        return images[int(rng.integers(len(images)))], scales


def _tile(rng: np.random.Generator, place: np.ndarray, size: Tuple[int, int], scale: float, recipe: PairRecipe) -> TileGeometry:
    height, width = size
    stretch = rng.uniform(0, recipe.stretch_px) if rng.random() < 0.5 else 0.0
    return TileGeometry(
        place=place,
        centre=np.array([(width - 1) / 2, (height - 1) / 2]),
        theta_rad=float(rng.uniform(-1, 1) * recipe.rotation_rad / 2),
        scale=float(scale * np.exp(rng.uniform(-1, 1) * recipe.scale / 2)),
        amplitude=float(stretch),
        lead=float(rng.uniform(0, 200)),
        length=float(rng.uniform(60, 250)),
    )


def _displacement(rng: np.random.Generator, size: Tuple[int, int], recipe: PairRecipe) -> np.ndarray:
    """Shift of the second tile, tile pixels, that leaves the drawn share of the area in common."""
    height, width = size
    overlap = rng.uniform(*recipe.overlap)
    kept_x = np.exp(rng.uniform(np.log(overlap), 0)) if rng.random() < 0.6 else rng.choice([overlap, 1.0])
    kept_y = overlap / kept_x
    sign = rng.choice([-1, 1], 2)
    return np.array([(1 - kept_x) * width, (1 - kept_y) * height]) * sign


def _render(source: np.ndarray, geometry: TileGeometry, size: Tuple[int, int]) -> np.ndarray:
    map_x, map_y = geometry.sampling_map(*size)
    tile = cv2.remap(source, map_x, map_y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101)
    return tile.astype(np.float32)


def _is_in_source(points: np.ndarray, source: np.ndarray) -> np.ndarray:
    height, width = source.shape
    return (points[:, 0] > -8) & (points[:, 1] > -8) & (points[:, 0] < width + 7) & (points[:, 1] < height + 7)


def make_pair(rng: np.random.Generator, source: np.ndarray, scales: Tuple[float, float], size: Tuple[int, int], recipe: PairRecipe) -> StripPair:
    """A pair of `size` (height, width) strips as the network sees them, cut from one source."""
    for turned in (lambda image: image[:, ::-1], lambda image: image[::-1], lambda image: image.T):
        if rng.random() < 0.5:
            source = turned(source)
    source = np.ascontiguousarray(source)
    shrink = 1 if rng.random() < recipe.full_resolution_share else 2
    if rng.random() < recipe.transposed_share:
        return _transposed(_cut_pair(rng, source, scales, (size[1], size[0]), shrink, recipe), size)
    return _cut_pair(rng, source, scales, size, shrink, recipe)


def _transposed(pair: StripPair, size: Tuple[int, int]) -> StripPair:
    """The same pair mirrored at the diagonal; `size` (height, width) is that of the result."""
    height, width = size
    columns, rows = width // COARSE_STRIDE, height // COARSE_STRIDE
    order = np.arange(rows * columns).reshape(columns, rows).T.reshape(-1)

    def reordered(partner: np.ndarray) -> np.ndarray:
        partner = partner[order]
        return np.where(partner == UNMATCHED, UNMATCHED, partner % rows * columns + partner // rows)

    images = [np.ascontiguousarray(image.T) for image in (pair.image0, pair.image1)]
    return StripPair(*images, pair.points1[order][:, ::-1], reordered(pair.partner0), reordered(pair.partner1))


def _cut_pair(
    rng: np.random.Generator, source: np.ndarray, scales: Tuple[float, float], size: Tuple[int, int], shrink: int,
    recipe: PairRecipe,
) -> StripPair:
    full = (size[0] * shrink, size[1] * shrink)
    # Small sources are shown larger rather than mirrored at their border.
    extent = np.array([source.shape[1], source.shape[0]], float)
    room = float(np.min(extent / np.array([full[1], full[0]])))
    scale = min(rng.uniform(*scales), room * 0.8)
    half_tile = np.array([full[1], full[0]]) * scale / 2
    is_disjoint = rng.random() < recipe.disjoint_share
    shift = _displacement(rng, full, recipe) * scale
    low = np.minimum(half_tile * 1.05, extent / 2)
    first = rng.uniform(low, np.maximum(extent - low, low + 1e-6))
    # Walk towards the side with room.
    shift = np.where((first + shift < low) | (first + shift > extent - low), -shift, shift)
    tile0 = _tile(rng, first, full, scale, recipe)
    tile1 = _tile(rng, first + shift, full, scale, recipe)
    images = []
    for tile, is_other in ((tile0, False), (tile1, is_disjoint)):
        shown = np.ascontiguousarray(source[::-1, ::-1].T) if is_other else source
        exposed = expose(rng, _render(shown, tile, full), recipe.difficulty)
        images.append(stretch_percentiles(shrink_by_mean(exposed, shrink)))
    cells = full_from_scaled(cell_points(*size), shrink)
    source0, source1 = tile0.source_from_tile(cells), tile1.source_from_tile(cells)
    points1 = scaled_from_full(tile1.tile_from_source(source0), shrink)
    points0 = scaled_from_full(tile0.tile_from_source(source1), shrink)
    known0 = _is_in_source(source0, source) & (not is_disjoint)
    known1 = _is_in_source(source1, source) & (not is_disjoint)
    return StripPair(
        images[0], images[1], points1,
        partners(points1, known0, *size), partners(points0, known1, *size),
    )
