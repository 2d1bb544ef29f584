"""The published LoFTR checkpoints: how their tensors are called, and reading them without running what a pickle asks for."""
import io
import pickle
import zipfile
from collections import OrderedDict
from pathlib import Path
from typing import Any, Dict, List, Mapping, Tuple

import torch
from torch import Tensor

PREFIX = "matcher."
# Part of our name, part of the published name; applied in this order.
NAMES = (
    ("backbone.stem.0.", "backbone.conv1."),
    ("backbone.stem.1.", "backbone.bn1."),
    ("backbone.stage_half.", "backbone.layer1."),
    ("backbone.stage_quarter.", "backbone.layer2."),
    ("backbone.stage_eighth.", "backbone.layer3."),
    (".first.0.", ".conv1."),
    (".first.1.", ".bn1."),
    (".second.0.", ".conv2."),
    (".second.1.", ".bn2."),
    (".shortcut.", ".downsample."),
    ("backbone.coarse.", "backbone.layer3_outconv."),
    ("backbone.lateral_quarter.", "backbone.layer2_outconv."),
    ("backbone.merge_quarter.", "backbone.layer2_outconv2."),
    ("backbone.lateral_half.", "backbone.layer1_outconv."),
    ("backbone.merge_half.", "backbone.layer1_outconv2."),
    ("fine_transformer.layers.", "loftr_fine.layers."),
    ("transformer.layers.", "loftr_coarse.layers."),
    (".attention.query.", ".q_proj."),
    (".attention.key.", ".k_proj."),
    (".attention.value.", ".v_proj."),
    (".attention.merge.", ".merge."),
    (".norm_message.", ".norm1."),
    (".norm_update.", ".norm2."),
    ("fine_preprocess.context.", "fine_preprocess.down_proj."),
    ("fine_preprocess.merge.", "fine_preprocess.merge_feat."),
)


class CheckpointError(ValueError):
    """The file is not a checkpoint of the published network; the message says what is wrong with it."""


def published_name(name: str) -> str:
    """What the published checkpoints call our tensor, without their prefix."""
    for ours, theirs in NAMES:
        name = name.replace(ours, theirs)
    return name


class _Inert:
    """Stands for every class that a checkpoint names and tensors do not need: settings, counters, callbacks."""

    def __init__(self, *_: Any, **__: Any) -> None:
        pass

    def __setstate__(self, _: Any) -> None:
        pass

    def __setitem__(self, _: Any, __: Any) -> None:
        pass

    def append(self, _: Any) -> None:
        pass

    def extend(self, _: Any) -> None:
        pass


def _rebuilt(storage: Tensor, offset: int, size: Tuple[int, ...], stride: Tuple[int, ...], *_: Any) -> Tensor:
    return torch.as_strided(storage, size, stride, offset).clone()


def _parameter(data: Tensor, *_: Any) -> Tensor:
    return data


class _TensorsOnly(pickle.Unpickler):
    """Reads the pickle of a checkpoint's zip archive. `torch.load` would do, were it not for two obstacles:

    weights_only refuses checkpoints that also hold a trainer's settings, and without it everything a pickle names runs.
    """

    _STORAGES = {
        "DoubleStorage": torch.float64, "FloatStorage": torch.float32, "HalfStorage": torch.float16,
        "BFloat16Storage": torch.bfloat16, "LongStorage": torch.int64, "IntStorage": torch.int32,
        "ShortStorage": torch.int16, "CharStorage": torch.int8, "ByteStorage": torch.uint8, "BoolStorage": torch.bool,
    }
    _KNOWN = {
        ("collections", "OrderedDict"): OrderedDict,
        ("torch._utils", "_rebuild_tensor_v2"): _rebuilt,
        ("torch._utils", "_rebuild_parameter"): _parameter,
    }

    def __init__(self, archive: zipfile.ZipFile, folder: str) -> None:
        super().__init__(io.BytesIO(archive.read(f"{folder}data.pkl")))
        self._archive, self._folder = archive, folder

    def find_class(self, module: str, name: str) -> Any:
        if module == "torch" and name in self._STORAGES:
            return self._STORAGES[name]
        return self._KNOWN.get((module, name), _Inert)

    def persistent_load(self, saved: Tuple[Any, ...]) -> Tensor:
        _, kind, key, _, count = saved
        content = bytearray(self._archive.read(f"{self._folder}data/{key}"))
        return torch.frombuffer(content, dtype=kind, count=count) if count else torch.empty(0, dtype=kind)


def _read(path: Path) -> Any:
    if not zipfile.is_zipfile(path):  # the format before PyTorch 1.6
        return torch.load(path, map_location="cpu", weights_only=True)
    with zipfile.ZipFile(path) as archive:
        folder = next(name for name in archive.namelist() if name.endswith("data.pkl"))[: -len("data.pkl")]
        return _TensorsOnly(archive, folder).load()


def read_state_dict(path: Path) -> Dict[str, Tensor]:
    """Tensors by published name without prefix, of a `.ckpt` or `.pt` file. Nothing in it is executed.

    Raises CheckpointError when the file holds no named tensors.
    """
    try:
        content = _read(path)
    except OSError:
        raise
    except Exception as cause:  # whatever a damaged archive or pickle leads to
        raise CheckpointError(f"{path.name} cannot be read as a PyTorch checkpoint: {cause or type(cause).__name__}.") from cause
    state = content.get("state_dict", content) if isinstance(content, dict) else None
    if not isinstance(state, dict) or not state:
        raise CheckpointError(f"{path.name} holds no state_dict.")
    strangers = [str(name) for name, value in state.items() if not (isinstance(name, str) and isinstance(value, Tensor))]
    if strangers:
        raise CheckpointError(f"The state_dict of {path.name} holds {listed(strangers)}, which is no tensor.")
    return {name[len(PREFIX) :] if name.startswith(PREFIX) else name: value for name, value in state.items()}


def listed(names: List[str], most: int = 6) -> str:
    """The first few of the names, and how many more there are."""
    rest = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + rest


def renamed(published: Mapping[str, Tensor], ours: Mapping[str, Tensor]) -> Dict[str, Tensor]:
    """The published tensors under our names, in our types.

    Raises CheckpointError naming the tensors that are missing, unknown, of another shape, or not finite.
    """
    expected = {published_name(name): name for name in ours}
    shape = lambda tensor: "x".join(map(str, tensor.shape)) or "scalar"
    known = [name for name in expected if name in published]
    problems = {
        "is missing": [name for name in expected if name not in published],
        "is unknown": [name for name in published if name not in expected],
        "has another shape": [
            f"{name} ({shape(published[name])} instead of {shape(ours[expected[name]])})"
            for name in known if published[name].shape != ours[expected[name]].shape
        ],
        "is not finite": [name for name in known if not torch.isfinite(published[name]).all()],
    }
    said = [f"{listed(names)} {what}" for what, names in problems.items() if names]
    if said:
        raise CheckpointError(f"Not a checkpoint of the published LoFTR (dual softmax): {'; '.join(said)}.")
    return {expected[name]: published[name].to(ours[expected[name]].dtype) for name in known}
