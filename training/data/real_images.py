"""Real micrographs for training and the ones held out, split by place and by section.

Training: upper half of section C2 of the CREMI volume, FIB-SEM slices before 3850, left 60 % of the axons.
Held out: lower half of section C3 (other region, other section, the rows shared with the upper half cut off),
FIB-SEM slices from 3900 on (at least 50 slices away), right 30 % of the axons.
The mussel grids are never read here: they are for evaluation only.
"""
import re
from pathlib import Path
from typing import List, NamedTuple

import cv2
import numpy as np

PROJECT_ROOT = Path(__file__).resolve().parents[2]
DEFAULT_ROOT = PROJECT_ROOT.parent / "shared" / "data"
LAST_TRAINING_SLICE = 3850
FIRST_HELD_OUT_SLICE = 3900
# The 2 x 2 tiles of CREMI overlap by 10-12 %: this much of the lower tiles' top is dropped.
SHARED_ROWS = 0.15


class RealImages(NamedTuple):
    """8-bit grey images by origin."""

    cremi: List[np.ndarray]
    fibsem: List[np.ndarray]
    axons: List[np.ndarray]

    @property
    def count(self) -> int:
        return len(self.cremi) + len(self.fibsem) + len(self.axons)


def _read(path: Path) -> np.ndarray:
    image = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    if image is None:
        raise FileNotFoundError(path)
    return image


def _slice_number(path: Path) -> int:
    return int(re.findall(r"(\d+)\.png$", path.name)[0])


def load_training_images(root: Path = DEFAULT_ROOT) -> RealImages:
    """Images to learn from; empty lists where the folder is absent."""
    train = Path(root) / "train"
    if not train.exists():
        return RealImages([], [], [])
    slices = sorted(path for path in (train / "fibsem-medulla").glob("*.png"))
    fibsem = [_read(path) for path in slices if _slice_number(path) < LAST_TRAINING_SLICE]
    axons = _read(train / "axons.png")
    cremi = [_read(train / "cremi" / name) for name in ("C2_1_1.png", "C2_1_2.png")]
    return RealImages(cremi, fibsem, [axons[:, : int(axons.shape[1] * 0.6)]])


def load_held_out_images(root: Path = DEFAULT_ROOT) -> RealImages:
    """Images that no training run sees."""
    train = Path(root) / "train"
    if not train.exists():
        return RealImages([], [], [])
    slices = sorted(path for path in (train / "fibsem-medulla").glob("*.png"))
    fibsem = [_read(path) for path in slices if _slice_number(path) >= FIRST_HELD_OUT_SLICE]
    axons = _read(train / "axons.png")
    lower = [_read(train / "cremi" / name) for name in ("C3_2_1.png", "C3_2_2.png")]
    cremi = [image[int(image.shape[0] * SHARED_ROWS) :] for image in lower]
    return RealImages(cremi, fibsem, [axons[:, int(axons.shape[1] * 0.7) :]])
