"""Every size of the network, in one place."""
from dataclasses import asdict, dataclass
from typing import Any, Dict, Tuple


@dataclass(frozen=True)
class LoFTRConfig:
    """Sizes of the network. Strides are fixed by the backbone: coarse cells 8 px, fine cells 2 px."""

    # ResNetFPN: channels and residual blocks at 1/2, 1/4, 1/8 of the input.
    stage_channels: Tuple[int, int, int] = (24, 48, 80)
    stage_blocks: Tuple[int, int, int] = (1, 1, 2)
    coarse_channels: int = 64
    fine_channels: int = 24

    # LocalFeatureTransformer: one pair = a self layer and a cross layer. 0 pairs = CNN only.
    attention_pairs: int = 2
    attention_heads: int = 8
    # Gain of the last LayerNorm of a layer. 1 (as in the paper) hardly trains in an hour of one core.
    attention_initial_gain: float = 0.2

    # Sine position code, added to the tokens of every layer.
    position_base: float = 200.0
    position_max_cells: int = 512

    # Dual softmax: temperature of the cosine similarity before training.
    initial_temperature: float = 15.0
    initial_dustbin: float = 0.2

    # Fine stage: square window searched in image 1, square template taken from image 0, in fine cells.
    fine_window: int = 7
    fine_template: int = 3
    # Read-out: softmax sharpened, restricted to a square round its peak.
    readout_window: int = 5
    readout_sharpness: float = 1.5
    # Amplitude of what is left of the snapping to fine cells, measured after training by `calibrate.py`.
    readout_ripple_px: float = 0.0

    coarse_stride = 8
    fine_stride = 2

    def to_dict(self) -> Dict[str, Any]:
        return asdict(self)

    @staticmethod
    def from_dict(values: Dict[str, Any]) -> "LoFTRConfig":
        tuples = {key: tuple(value) if isinstance(value, list) else value for key, value in values.items()}
        return LoFTRConfig(**tuples)


CONFIGURATIONS: Dict[str, LoFTRConfig] = {
    # A few hundred thousand parameters: fast in one thread of WebAssembly.
    "compact": LoFTRConfig(),
    # For a GPU, in training and in use.
    "large": LoFTRConfig(
        stage_channels=(48, 96, 160), stage_blocks=(2, 2, 3), coarse_channels=128, fine_channels=48, attention_pairs=4
    ),
}
