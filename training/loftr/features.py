"""What the stages of the network hand to each other."""
from typing import NamedTuple, Tuple

from torch import Tensor


class Features(NamedTuple):
    """What the backbone and the transformer say of one pair."""

    tokens0: Tensor  # (B, N0, C), row-major coarse cells
    tokens1: Tensor
    fine0: Tensor  # (B, F, H/2, W/2)
    fine1: Tensor
    size0: Tuple[int, int]  # rows and columns of coarse cells
    size1: Tuple[int, int]
