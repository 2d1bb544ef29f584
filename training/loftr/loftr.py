"""The whole matcher."""
from typing import Optional, Tuple

import torch
from torch import Tensor, nn

from .coarse_matching import CoarseScores, is_inside, make_coarse_matching
from .config import LoFTRConfig
from .features import Features
from .fine_matching import make_fine_matching
from .fine_preprocess import make_fine_preprocess
from .position_encoding import PositionEncoding
from .resnet_fpn import make_backbone
from .transformer import LocalFeatureTransformer

Origin = Tuple[int, int]


def standardise(image: Tensor) -> Tensor:
    """Zero mean and unit variance per image; a constant image gives zeros."""
    centred = image - image.mean(dim=(1, 2, 3), keepdim=True)
    variance = (centred * centred).mean(dim=(1, 2, 3), keepdim=True)
    return centred * torch.rsqrt(variance + 1e-6)


class LoFTR(nn.Module):
    """Two images (B, 1, H, W) with sides that are multiples of 8 to matches; the sizes may differ."""

    def __init__(self, config: Optional[LoFTRConfig] = None) -> None:
        super().__init__()
        self.config = config or LoFTRConfig()
        self.backbone = make_backbone(self.config)
        self.position = PositionEncoding(self.config)
        self.transformer = self._transformer(self.config.coarse_channels, self.config.attention_pairs)
        self.coarse_matching = make_coarse_matching(self.config)
        self.fine_preprocess = make_fine_preprocess(self.config)
        has_windows = self.config.fine_stage == "correlation"
        self.fine_transformer = (
            self._transformer(self.config.fine_channels, self.config.fine_attention_pairs) if has_windows else None
        )
        self.fine_matching = make_fine_matching(self.config)
        # Training learns the backbone first; a checkpoint of that stage is matched without the transformer.
        self.uses_attention = self.config.attention_pairs > 0

    def _transformer(self, channels: int, pairs: int) -> LocalFeatureTransformer:
        return LocalFeatureTransformer(channels, self.config.attention_heads, pairs, self.config.attention_initial_gain)

    def features(
        self, image0: Tensor, image1: Tensor, origin0: Origin = (0, 0), origin1: Origin = (0, 0),
        backbone_in_bf16: bool = False,
    ) -> Features:
        """Backbone and transformer; the origins are those of the position code, in coarse cells.

        `backbone_in_bf16` is for training only: the features come back as float32.
        """
        if self.training and image0.shape == image1.shape:
            with torch.autocast(image0.device.type, dtype=torch.bfloat16, enabled=backbone_in_bf16):
                both = self.backbone(self._prepared(torch.cat([image0, image1])))
            coarse0, coarse1 = both[0].float().chunk(2)
            fine0, fine1 = both[1].float().chunk(2)
        else:
            coarse0, fine0 = self.backbone(self._prepared(image0))
            coarse1, fine1 = self.backbone(self._prepared(image1))
        tokens0 = coarse0.flatten(2).transpose(1, 2)
        tokens1 = coarse1.flatten(2).transpose(1, 2)
        if self.uses_attention:
            code0 = self.position(coarse0.shape[2], coarse0.shape[3], origin0)
            code1 = self.position(coarse1.shape[2], coarse1.shape[3], origin1)
            if self.config.position_added == "once":
                tokens0, tokens1 = self.transformer(tokens0 + code0, tokens1 + code1)
            else:
                tokens0, tokens1 = self.transformer(tokens0, tokens1, code0, code1)
        return Features(tokens0, tokens1, fine0, fine1, tuple(coarse0.shape[2:]), tuple(coarse1.shape[2:]))

    def _prepared(self, image: Tensor) -> Tensor:
        return standardise(image) if self.config.standardises_input else image

    def coarse_scores(self, features: Features) -> CoarseScores:
        """What the loss needs; only the similarity "cosine" has it."""
        return self.coarse_matching.scores(features.tokens0, features.tokens1)

    def fine_logits(self, features: Features, cells0: Tensor, cells1: Tensor) -> Tensor:
        """Heat maps (M, w*w) of pairs of coarse cells, each (image, row, column)."""
        gathered = self.fine_preprocess(features, cells0, cells1)
        if self.fine_transformer is not None:
            gathered = self.fine_transformer(*gathered)
        return self.fine_matching.logits(*gathered)

    def forward(self, image0: Tensor, image1: Tensor) -> Tensor:
        """Matches (N0, 6) of one pair: x0, y0, x1, y1 in pixels of the inputs, confidence, spread.

        One row per coarse cell of image 0; confidence 0 where the cell has no mutual partner, and in the border.
        """
        features = self.features(image0, image1)
        partner, confidence = self.coarse_matching.match(features.tokens0, features.tokens1)
        cells0 = self._cells(features.size0, partner.device)
        cells1 = self._cells(features.size1, partner.device).index_select(0, partner)
        border = self.config.border_cells
        if border > 0:
            confidence = confidence * is_inside(cells0, features.size0, border) * is_inside(cells1, features.size1, border)
        offset, spread = self.fine_matching.expectation(self.fine_logits(features, cells0, cells1))
        points0 = self._pixels(cells0).to(offset.dtype)
        points1 = self._pixels(cells1).to(offset.dtype) + offset
        return torch.cat([points0, points1, confidence[:, None], spread[:, None]], dim=1)

    def _pixels(self, cells: Tensor) -> Tensor:
        return torch.stack([cells[:, 2], cells[:, 1]], dim=1) * self.config.coarse_stride

    @staticmethod
    def _cells(size: Tuple[int, int], device: torch.device) -> Tensor:
        """All coarse cells (N, 3) of the only image of a batch, row-major: 0, row, column."""
        rows, columns = size
        row = torch.arange(rows, device=device)[:, None].expand(rows, columns).reshape(-1)
        column = torch.arange(columns, device=device)[None, :].expand(rows, columns).reshape(-1)
        return torch.stack([torch.zeros_like(row), row, column], dim=1)
