"""A training run on disk: one file that training resumes from and export reads."""
import os
from pathlib import Path
from typing import Any, Dict

import torch

from loftr import LoFTR, LoFTRConfig


def save_checkpoint(path: Path, values: Dict[str, Any]) -> None:
    """Writes beside the target and renames, so that a reader never meets half a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    torch.save(values, partial)
    os.replace(partial, path)


def load_checkpoint(path: Path) -> Dict[str, Any]:
    """Tensors and plain values only; readable by torch 1.13 and 2.x alike."""
    return torch.load(path, map_location="cpu")


def load_model(path: Path) -> LoFTR:
    """The averaged weights of a checkpoint, ready for inference."""
    values = load_checkpoint(path)
    model = LoFTR(LoFTRConfig.from_dict(values["config"]))
    model.load_state_dict(values["averaged"])
    model.uses_attention = values["uses_attention"]
    return model.eval()
