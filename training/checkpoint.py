"""A training run on disk: one file that training resumes from and export reads."""
import json
import os
from pathlib import Path
from typing import Any, Dict

import numpy as np
import torch

from loftr import LoFTR, LoFTRConfig

ABOUT = "about"


def save_checkpoint(path: Path, values: Dict[str, Any]) -> None:
    """Writes beside the target and renames, so that a reader never meets half a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    torch.save(values, partial)
    os.replace(partial, path)


def load_checkpoint(path: Path) -> Dict[str, Any]:
    """Tensors and plain values only; readable by torch 1.13 and 2.x alike."""
    return torch.load(path, map_location="cpu")


def save_weights(path: Path, checkpoint: Dict[str, Any]) -> None:
    """The averaged weights as plain arrays (.npz), which no version of torch or pickle stands between."""
    arrays = {name: tensor.numpy() for name, tensor in checkpoint["averaged"].items()}
    about = {"config": checkpoint["config"], "usesAttention": checkpoint["uses_attention"]}
    about.update({name: checkpoint[name] for name in ("seed", "step", "pairs", "cpu_s")})
    # Later additions: which textures the run saw, what the weights went through before, what confidence is worth.
    about.update({name: checkpoint[name] for name in ("stage", "history", "calibration") if name in checkpoint})
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, **{ABOUT: np.array(json.dumps(about))}, **arrays)


def load_weights(path: Path) -> Dict[str, Any]:
    """The same values as a checkpoint, without what only training needs; from a .npz or a .pt file."""
    if path.suffix != ".npz":
        return load_checkpoint(path)
    with np.load(path) as stored:
        about = json.loads(str(stored[ABOUT]))
        averaged = {name: torch.from_numpy(stored[name]) for name in stored.files if name != ABOUT}
    return {"averaged": averaged, "uses_attention": about.pop("usesAttention"), **about}


def load_model(path: Path) -> LoFTR:
    """The averaged weights of a .npz or a checkpoint, ready for inference."""
    values = load_weights(path)
    model = LoFTR(LoFTRConfig.from_dict(values["config"]))
    model.load_state_dict(values["averaged"])
    model.uses_attention = values["uses_attention"]
    return model.eval()
