"""Every size of the network, and every choice between its variants, in one place."""
from dataclasses import asdict, dataclass
from typing import Any, Dict, Tuple


@dataclass(frozen=True)
class LoFTRConfig:
    """Sizes and variants. Strides are fixed by the backbone: coarse cells 8 px, fine cells 2 px.

    The defaults are the compact network; a stored configuration that lacks a field means the default.
    """

    # Standardise images inside the network; without it they are taken as they come.
    standardises_input: bool = True

    # Backbone: channels and residual blocks at 1/2, 1/4, 1/8 of the input.
    stage_channels: Tuple[int, int, int] = (24, 48, 80)
    stage_blocks: Tuple[int, int, int] = (1, 1, 2)
    coarse_channels: int = 64
    fine_channels: int = 24
    # "narrow": levels are added at the lower level's width, on aligned upsampling.
    # "wide": at the upper level's width, on bilinear upsampling that keeps the corners, as published.
    pyramid: str = "narrow"

    # LocalFeatureTransformer: one pair = a self layer and a cross layer. 0 pairs = CNN only.
    attention_pairs: int = 2
    attention_heads: int = 8
    # Gain of the last LayerNorm of a layer. 1 (as in the paper) hardly trains in an hour of one core.
    attention_initial_gain: float = 0.2

    # Sine position code: added to the tokens of "every layer", or "once" to the features.
    position_added: str = "every layer"
    # "power": frequencies base^(-k / K). "floored": exp(-2 k), what the published weights were trained with.
    position_divisor: str = "power"
    position_base: float = 200.0
    position_max_cells: int = 512
    # Number of the first cell, and whether sin x, cos x, sin y, cos y alternate channel by channel.
    position_first_cell: int = 0
    position_interleaved: bool = False

    # Similarity of coarse cells: "cosine" with a learnt temperature and dustbins, or "product" of the features over
    # channels * `product_temperature`, without dustbins. Matches within `border_cells` of an image's border are dropped.
    similarity: str = "cosine"
    initial_temperature: float = 15.0
    initial_dustbin: float = 0.2
    product_temperature: float = 0.1
    border_cells: int = 0

    # Fine stage: square window searched in image 1, in fine cells.
    # "distance": squared distance from a square template of image 0.
    # "correlation": windows of both images go through a transformer of their own; product with the centre of image 0's.
    fine_stage: str = "distance"
    fine_window: int = 7
    fine_template: int = 3
    fine_attention_pairs: int = 0
    # Read-out: softmax sharpened, restricted to a square round its peak.
    readout_window: int = 5
    readout_sharpness: float = 1.5
    # Amplitude of what is left of the snapping to fine cells, measured after training by `calibrate.py`.
    readout_ripple_px: float = 0.0

    coarse_stride = 8
    fine_stride = 2

    def __post_init__(self) -> None:
        choices = {
            "pyramid": ("narrow", "wide"), "position_added": ("every layer", "once"),
            "position_divisor": ("power", "floored"), "similarity": ("cosine", "product"),
            "fine_stage": ("distance", "correlation"),
        }
        for field, known in choices.items():
            if getattr(self, field) not in known:
                raise ValueError(f"{field} must be one of {', '.join(known)}; got {getattr(self, field)!r}")

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

# The network of the paper, for the published checkpoints (`convert_loftr.py`); `train.py` does not train it.
STOCK = LoFTRConfig(
    standardises_input=False,
    stage_channels=(128, 196, 256), stage_blocks=(2, 2, 2), coarse_channels=256, fine_channels=128, pyramid="wide",
    attention_pairs=4, attention_initial_gain=1.0,
    position_added="once", position_divisor="floored", position_base=10_000.0, position_first_cell=1, position_interleaved=True,
    similarity="product", product_temperature=0.1, border_cells=2,
    fine_stage="correlation", fine_window=5, fine_template=1, fine_attention_pairs=1,
    # Twice the window's reach: the expectation is over the whole of it, wherever the peak is.
    readout_window=9, readout_sharpness=1.0,
)
