"""Weights and images that are the same on every machine, drawn with numpy."""
from typing import Dict, Mapping, Tuple

import cv2
import numpy as np
import torch
from torch import Tensor


def reproducible_tensor(rng: np.random.Generator, name: str, shape: Tuple[int, ...]) -> Tensor:
    """Values of an ordinary size for the tensor of this name, so that signals neither fade nor grow."""
    if name.endswith("num_batches_tracked"):
        return torch.tensor(0)
    if name.endswith("running_var"):
        values = rng.uniform(0.8, 1.25, shape)
    elif len(shape) > 1:
        fan_in = int(np.prod(shape[1:]))
        values = rng.standard_normal(shape) * np.sqrt((2 if len(shape) == 4 else 1) / fan_in)
    elif name.endswith("weight"):
        values = 1 + 0.1 * rng.standard_normal(shape)
    else:
        values = 0.1 * rng.standard_normal(shape)
    return torch.from_numpy(np.asarray(values, np.float32))


def reproducible_state(like: Mapping[str, Tensor], seed: int) -> Dict[str, Tensor]:
    """A state with these names and shapes; scalar parameters stay as they are."""
    state = {}
    for index, name in enumerate(sorted(like)):
        shape = tuple(like[name].shape)
        is_scalar = len(shape) == 0 and like[name].is_floating_point()
        state[name] = like[name] if is_scalar else reproducible_tensor(np.random.default_rng([seed, index]), name, shape)
    return state


def shifted_pair(seed: int, height: int, width: int, shift: Tuple[int, int]) -> Tuple[Tensor, Tensor]:
    """Two crops (1, 1, height, width) of one smooth texture, 0..1; what is at p in the first is at p - shift (x, y) in the second."""
    margin = 64
    noise = np.random.default_rng(seed).standard_normal((height + 2 * margin, width + 2 * margin))
    texture = cv2.GaussianBlur(noise, (0, 0), 1.5) * 0.6 + cv2.GaussianBlur(noise, (0, 0), 5) * 2 + 0.5
    texture = np.clip(texture, 0, 1).astype(np.float32)
    crop = lambda x, y: texture[margin + y : margin + y + height, margin + x : margin + x + width]
    return tuple(torch.from_numpy(np.ascontiguousarray(crop(x, y)))[None, None] for x, y in ((0, 0), shift))
