"""A compact LoFTR: detector-free matching with a transformer, for strips of electron micrographs.

After Sun et al., "LoFTR: Detector-Free Local Feature Matching with Transformers", CVPR 2021,
written from the paper. One file per part; every size is in `config.py`.
"""
from .config import CONFIGURATIONS, STOCK, LoFTRConfig
from .loftr import LoFTR

__all__ = ["CONFIGURATIONS", "LoFTR", "LoFTRConfig", "STOCK"]
