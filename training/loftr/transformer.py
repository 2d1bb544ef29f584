"""LocalFeatureTransformer: self and cross attention whose cost grows with N, not N^2."""
from typing import Optional, Tuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

EPSILON = 1e-6


class LinearAttention(nn.Module):
    """out(q) = phi(q) (sum_k phi(k) v^T) / (phi(q) . sum_k phi(k)), phi = elu + 1.

    Katharopoulos et al., "Transformers are RNNs", ICML 2020, eq. 5.
    """

    def __init__(self, channels: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.width = channels // heads
        self.query = nn.Linear(channels, channels, bias=False)
        self.key = nn.Linear(channels, channels, bias=False)
        self.value = nn.Linear(channels, channels, bias=False)
        self.merge = nn.Linear(channels, channels, bias=False)

    def _split(self, x: Tensor) -> Tensor:
        return x.reshape(x.shape[0], -1, self.heads, self.width).transpose(1, 2)

    def forward(self, target: Tensor, source: Tensor) -> Tensor:
        query = F.elu(self._split(self.query(target))) + 1
        key = F.elu(self._split(self.key(source))) + 1
        value = self._split(self.value(source))
        # Means instead of sums keep the numbers of the same size for any length of strip.
        weighted = torch.matmul(key.transpose(2, 3), value) / value.shape[2]
        total = key.mean(dim=2, keepdim=True)
        normaliser = torch.matmul(query, total.transpose(2, 3)) + EPSILON
        message = torch.matmul(query, weighted) / normaliser
        joined = message.transpose(1, 2).reshape(target.shape[0], -1, self.heads * self.width)
        return self.merge(joined)


class EncoderLayer(nn.Module):
    """x + norm(mlp([x, norm(attention(x + p, source + p'))])), p and p' the position codes, if any."""

    def __init__(self, channels: int, heads: int, initial_gain: float) -> None:
        super().__init__()
        self.attention = LinearAttention(channels, heads)
        self.norm_message = nn.LayerNorm(channels)
        self.mlp = nn.Sequential(
            nn.Linear(2 * channels, 2 * channels, bias=False),
            nn.ReLU(),
            nn.Linear(2 * channels, channels, bias=False),
        )
        self.norm_update = nn.LayerNorm(channels)
        nn.init.constant_(self.norm_update.weight, initial_gain)

    def forward(
        self, x: Tensor, source: Tensor, code_x: Optional[Tensor] = None, code_source: Optional[Tensor] = None
    ) -> Tensor:
        target = x if code_x is None else x + code_x
        source = source if code_source is None else source + code_source
        message = self.norm_message(self.attention(target, source))
        return x + self.norm_update(self.mlp(torch.cat([x, message], dim=2)))


class LocalFeatureTransformer(nn.Module):
    """Alternates self and cross layers; in a cross layer image 1 attends to the already updated image 0."""

    def __init__(self, channels: int, heads: int, pairs: int, initial_gain: float) -> None:
        super().__init__()
        self.layers = nn.ModuleList([EncoderLayer(channels, heads, initial_gain) for _ in range(2 * pairs)])

    def forward(
        self, tokens0: Tensor, tokens1: Tensor, code0: Optional[Tensor] = None, code1: Optional[Tensor] = None
    ) -> Tuple[Tensor, Tensor]:
        """Tokens (B, N, C) of both images; codes, where given, are added in every layer and kept out of the result."""
        for index, layer in enumerate(self.layers):
            if index % 2 == 0:
                tokens0 = layer(tokens0, tokens0, code0, code0)
                tokens1 = layer(tokens1, tokens1, code1, code1)
            else:
                tokens0 = layer(tokens0, tokens1, code0, code1)
                tokens1 = layer(tokens1, tokens0, code1, code0)
        return tokens0, tokens1
