"""Writes trained weights as a model bundle (ONNX and manifest) and, for cross-runtime tests, a stored pair.

    /usr/bin/python3 training/export_onnx.py training/weights/loftr-compact.npz --version 1.0.0

The graph: two images in, one (n, 6) table out; see `LoFTR.forward` and the manifest's `input` and `output`.
"""
import argparse
import base64
import hashlib
import json
import warnings
from pathlib import Path
from typing import Any, Dict

import numpy as np
import onnx
import torch

from checkpoint import load_model, load_weights
from data.imaging import PERCENTILES, Difficulty
from data.pairs import PairRecipe, make_pair
from data.texture import make_texture
from loftr import LoFTR

TRAINING = Path(__file__).resolve().parent
BUNDLE = TRAINING.parent / "public" / "models" / "loftr-compact"
FIXTURE = TRAINING / "fixtures" / "loftr-compact-pair.json"
MODEL_FILE = "loftr-compact.onnx"
OPSET = 17
INPUT_NAMES = ["image0", "image1"]
OUTPUT_NAME = "matches"
COLUMNS = ["x0", "y0", "x1", "y1", "confidence", "spread"]
# Suggested bound of coarse cells per image: the score matrix has this many rows and columns.
MAX_TOKENS = 6144
DEFAULT_CONFIDENCE = 0.15
TRAINING_DATA = [
    {"name": "procedural textures (training/data/texture.py)", "licence": "MIT", "source": "this repository"},
    {"name": "CREMI ssTEM, section C2, upper half", "licence": "CC0-1.0", "source": "vEMstitch, simulation data cut from CREMI (cremi.org)"},
    {"name": "FIB-SEM fly medulla, slices 3490-3840", "licence": "CC-BY-3.0", "source": "janelia-flyem/neuroproof_examples"},
    {"name": "myelinated axons, left 60 %", "licence": "MIT", "source": "axondeepseg"},
]


def export_graph(model: LoFTR, path: Path) -> None:
    """One graph with free sizes; names of the free axes are height0, width0, height1, width1, cells."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # Unequal sizes: tracing must not take one for the other.
    examples = (torch.rand(1, 1, 64, 96), torch.rand(1, 1, 80, 112))
    options: Dict[str, Any] = {}
    if int(torch.__version__.split(".")[0]) >= 2:
        options["dynamo"] = False  # the tracing exporter, so that both versions write the same graph
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            _export(model, examples, path, options)
        except TypeError:  # torch 2.0-2.4 know no `dynamo` argument
            _export(model, examples, path, {})
    graph = onnx.load(str(path))
    onnx.checker.check_model(graph)


def _export(model: LoFTR, examples: tuple, path: Path, options: Dict[str, Any]) -> None:
    torch.onnx.export(
        model, examples, str(path), opset_version=OPSET, input_names=INPUT_NAMES, output_names=[OUTPUT_NAME],
        dynamic_axes={
            "image0": {2: "height0", 3: "width0"}, "image1": {2: "height1", 3: "width1"}, OUTPUT_NAME: {0: "cells"},
        },
        **options,
    )


def manifest(model: LoFTR, version: str, path: Path, run: Dict[str, Any], metrics: Dict[str, Any]) -> Dict[str, Any]:
    """What a reader of the bundle must know."""
    config = model.config
    content = path.read_bytes()
    return {
        "name": "loftr-compact",
        "version": version,
        "licence": "MIT",
        "architecture": {
            "family": "LoFTR", "parameters": sum(p.numel() for p in model.parameters()),
            "usesAttention": model.uses_attention, **config.to_dict(),
        },
        "files": [{
            "path": path.name, "sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content), "precision": "fp32",
        }],
        "input": {
            "names": INPUT_NAMES, "scale": 0.5, "multipleOf": config.coarse_stride, "percentiles": list(PERCENTILES),
            "shape": [1, 1, "height", "width"], "type": "float32",
        },
        "output": {"name": OUTPUT_NAME, "columns": COLUMNS, "type": "float32"},
        "strides": {"coarse": config.coarse_stride, "fine": config.fine_stride},
        "window": config.fine_window,
        "defaultConfidence": DEFAULT_CONFIDENCE,
        "positionEncoding": {
            "kind": "sine", "base": config.position_base, "maxCells": config.position_max_cells, "origin": [0, 0],
            "addedTo": "every attention layer",
        },
        "maxTokens": MAX_TOKENS,
        "opset": OPSET,
        "trainingData": TRAINING_DATA,
        "training": run,
        "metrics": metrics,
    }


def own_metrics(metrics: Dict[str, Any]) -> Dict[str, Any]:
    """The network's rows of evaluate.py's table, less the times: those belong to the machine."""
    own = {
        modality: {condition: {key: value for key, value in rows["loftr"].items() if key != "matchMs"}
                   for condition, rows in conditions.items()}
        for modality, conditions in metrics["heldOut"].items()
    }
    return {**metrics, "heldOut": own}


def stored_array(values: np.ndarray) -> Dict[str, Any]:
    """Float32, little endian, row-major, as base64 with its shape."""
    data = np.ascontiguousarray(values, dtype="<f4").tobytes()
    return {"shape": list(values.shape), "base64": base64.b64encode(data).decode("ascii")}


def write_fixture(model: LoFTR, path: Path, sha256: str) -> None:
    """A procedural 128 x 128 pair and what PyTorch makes of it."""
    source = make_texture(20260, 640)
    recipe = PairRecipe(overlap=(0.6, 0.6), disjoint_share=0.0, difficulty=Difficulty().eased(0.3))
    pair = make_pair(np.random.default_rng(5), source, (1.0, 1.0), (128, 128), recipe)
    images = [np.float32(np.round(image * 255) / 255)[None, None] for image in (pair.image0, pair.image1)]
    with torch.no_grad():
        matches = model(torch.from_numpy(images[0]), torch.from_numpy(images[1])).numpy()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({
        "about": "Procedural pair and PyTorch's matches for the bundle with this hash; arrays are little-endian float32.",
        "modelSha256": sha256,
        "image0": stored_array(images[0]), "image1": stored_array(images[1]), "matches": stored_array(matches),
    }, indent=1) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("weights", type=Path, help=".npz of calibrate.py, or a checkpoint")
    parser.add_argument("--out", type=Path, default=BUNDLE)
    parser.add_argument("--version", default="0.1.0")
    parser.add_argument("--metrics", type=Path, help="JSON written by evaluate.py")
    parser.add_argument("--fixture", type=Path, default=FIXTURE)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    model = load_model(arguments.weights)
    values = load_weights(arguments.weights)
    run = {"seed": values["seed"], "steps": values["step"], "pairs": values["pairs"], "cpuSeconds": round(values["cpu_s"])}
    metrics = own_metrics(json.loads(arguments.metrics.read_text())) if arguments.metrics else {}
    path = arguments.out / MODEL_FILE
    export_graph(model, path)
    description = manifest(model, arguments.version, path, run, metrics)
    (arguments.out / "manifest.json").write_text(json.dumps(description, indent=2) + "\n")
    write_fixture(model, arguments.fixture, description["files"][0]["sha256"])
    print(f"{path}: {path.stat().st_size} bytes, step {values['step']}")


if __name__ == "__main__":
    main()
