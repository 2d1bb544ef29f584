"""Writes trained weights as a model bundle (ONNX files and manifest) and, for cross-runtime tests, stored pairs.

    /usr/bin/python3 training/export_onnx.py training/weights/loftr-compact.npz --name loftr-compact --version 1.1.0

Two images in, one (n, 6) table out; see `MatchingGraph` and the manifest's `input`, `output` and `files`:

    NAME.onnx             fp32, rows of mutual cells only: native and wasm
    NAME.band.onnx        the same with the scores of a band: a third input bounds how far along x a partner lies
    NAME.webgpu.onnx      weights in fp16, arithmetic in fp32, a row per cell, images may be padded with -1
    NAME.webgpu-f16.onnx  the same with the backbone's arithmetic in fp16, for adapters with `shader-f16`
"""
import argparse
import base64
import hashlib
import json
import os
import warnings
from pathlib import Path
from typing import Any, Dict, List, Tuple

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import onnx
import torch

from checkpoint import load_model, load_weights
from data.imaging import PERCENTILES, Difficulty
from data.pairs import PairRecipe, make_pair
from data.texture import make_texture
from half_precision import with_half_backbone, with_half_weights
from loftr import LoFTR
from loftr.matching_graph import GraphOptions, MatchingGraph

TRAINING = Path(__file__).resolve().parent
MODELS = TRAINING.parent / "public" / "models"
FIXTURES = TRAINING / "fixtures"
OPSET = 17
INPUT_NAMES = ["image0", "image1"]
BAND_NAME = "band"
OUTPUT_NAME = "matches"
COLUMNS = ["x0", "y0", "x1", "y1", "confidence", "spread"]
# Suggested bound of coarse cells per image: the score matrix has this many rows and columns.
MAX_TOKENS = 6144
DEFAULT_CONFIDENCE = 0.15
# Matches with less raw confidence do not leave the graph of mutual cells.
LEAST_CONFIDENCE = 0.02
# Resolutions that training has seen, as fractions of full resolution, finest first.
SCALES = [1, 0.5]
NATURAL = {"name": "procedural textures without micrographs (training/data/natural_texture.py)", "licence": "MIT", "source": "this repository"}
MICROGRAPHS = [
    {"name": "procedural textures (training/data/texture.py)", "licence": "MIT", "source": "this repository"},
    {"name": "CREMI ssTEM, section C2, upper half", "licence": "CC0-1.0", "source": "vEMstitch, simulation data cut from CREMI (cremi.org)"},
    {"name": "FIB-SEM fly medulla, slices 3490-3840", "licence": "CC-BY-3.0", "source": "janelia-flyem/neuroproof_examples"},
    {"name": "myelinated axons, left 60 %", "licence": "MIT", "source": "axondeepseg"},
]
# What a stage of `train.py` sees, by the name of its texture folder.
TRAINING_DATA = {"natural": [NATURAL], "textures": MICROGRAPHS}


def export_graph(model: torch.nn.Module, path: Path, has_band: bool = False) -> None:
    """One graph with free sizes; names of the free axes are height0, width0, height1, width1, cells, block."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # Unequal sizes: tracing must not take one for the other.
    examples = (torch.rand(1, 1, 64, 96), torch.rand(1, 1, 80, 112))
    options: Dict[str, Any] = {}
    if int(torch.__version__.split(".")[0]) >= 2:
        options["dynamo"] = False  # the tracing exporter, so that both versions write the same graph
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            _export(model, examples, path, options, has_band)
        except TypeError:  # torch 2.0-2.4 know no `dynamo` argument
            _export(model, examples, path, {}, has_band)
    graph = without_identities(onnx.load(str(path)))
    onnx.checker.check_model(graph)
    onnx.save(graph, str(path))


def without_identities(model: onnx.ModelProto) -> onnx.ModelProto:
    """The exporter names weights that both images share through Identity nodes: they are named directly."""
    outputs = {output.name for output in model.graph.output}
    source = {
        node.output[0]: node.input[0] for node in model.graph.node
        if node.op_type == "Identity" and node.output[0] not in outputs
    }
    kept = [node for node in model.graph.node if not node.output or node.output[0] not in source]
    nodes = [onnx.NodeProto.FromString(node.SerializeToString()) for node in kept]
    for node in nodes:
        for index, name in enumerate(node.input):
            while name in source:
                name = source[name]
            node.input[index] = name
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    return model


def _export(model: torch.nn.Module, examples: tuple, path: Path, options: Dict[str, Any], has_band: bool) -> None:
    images = {"image0": {2: "height0", 3: "width0"}, "image1": {2: "height1", 3: "width1"}, OUTPUT_NAME: {0: "cells"}}
    torch.onnx.export(
        model, (*examples, torch.zeros(3)) if has_band else examples, str(path), opset_version=OPSET,
        input_names=[*INPUT_NAMES, BAND_NAME] if has_band else INPUT_NAMES, output_names=[OUTPUT_NAME],
        dynamic_axes={**images, BAND_NAME: {0: "block"}} if has_band else images,
        **options,
    )


def file_entry(path: Path, **properties: str) -> Dict[str, Any]:
    """A file of the bundle as the manifest lists it."""
    content = path.read_bytes()
    return {"path": path.name, "sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content), **properties}


def export_files(model: LoFTR, folder: Path, name: str) -> List[Dict[str, Any]]:
    """Writes the graphs of a bundle and returns their entries, the most exact first."""
    plain = folder / f"{name}.onnx"
    export_graph(MatchingGraph(model, GraphOptions(least_confidence=LEAST_CONFIDENCE)).eval(), plain)
    band = folder / f"{name}.band.onnx"
    export_graph(MatchingGraph(model, GraphOptions(least_confidence=LEAST_CONFIDENCE, has_band=True)).eval(), band, True)
    padded = folder / f"{name}.padded.onnx"
    export_graph(MatchingGraph(model, GraphOptions(only_mutual=False, may_be_padded=True)).eval(), padded)
    graph = onnx.load(str(padded))
    padded.unlink()
    webgpu, webgpu_f16 = folder / f"{name}.webgpu.onnx", folder / f"{name}.webgpu-f16.onnx"
    onnx.save(with_half_weights(graph), str(webgpu))
    onnx.save(with_half_weights(with_half_backbone(graph)), str(webgpu_f16))
    return [
        file_entry(plain, precision="fp32", arithmetic="fp32", graph="mutual"),
        file_entry(band, precision="fp32", arithmetic="fp32", graph="band"),
        file_entry(webgpu, precision="fp16", arithmetic="fp32", graph="padded"),
        file_entry(webgpu_f16, precision="fp16", arithmetic="fp16", graph="padded"),
    ]


def manifest(
    model: LoFTR, name: str, version: str, files: List[Dict[str, Any]], values: Dict[str, Any]
) -> Dict[str, Any]:
    """What a reader of the bundle must know; `values` as `load_weights` gives them."""
    config = model.config
    runs = [*values["history"], {key: values[key] for key in ("stage", "seed", "step", "pairs", "cpu_s")}]
    calibration = values.get("calibration")
    return {
        "name": name,
        "version": version,
        "licence": "MIT",
        "architecture": {
            "family": "LoFTR", "parameters": sum(p.numel() for p in model.parameters()),
            "usesAttention": model.uses_attention, **config.to_dict(),
        },
        "files": files,
        "input": {
            "names": INPUT_NAMES, "band": BAND_NAME, "scale": 0.5, "scales": SCALES, "multipleOf": config.coarse_stride,
            "percentiles": list(PERCENTILES), "shape": [1, 1, "height", "width"], "type": "float32", "padding": -1,
            "orientation": "long side along x",
        },
        "output": {"name": OUTPUT_NAME, "columns": COLUMNS, "type": "float32"},
        "strides": {"coarse": config.coarse_stride, "fine": config.fine_stride},
        "window": config.fine_window,
        "defaultConfidence": calibration["threshold"] if calibration else DEFAULT_CONFIDENCE,
        **({"calibration": calibration} if calibration else {}),
        "positionEncoding": {
            "kind": "sine", "base": config.position_base, "maxCells": config.position_max_cells, "origin": [0, 0],
            "addedTo": "every attention layer",
        },
        "maxTokens": MAX_TOKENS,
        "opset": OPSET,
        "trainingData": [source for run in runs for source in TRAINING_DATA[run["stage"]]],
        "training": [{"sources": run["stage"], "seed": run["seed"], "steps": run["step"], "pairs": run["pairs"],
                      "cpuSeconds": round(run["cpu_s"])} for run in runs],
        "evaluation": "npm run --silent cli -- evaluate",
    }


def stored_array(values: np.ndarray) -> Dict[str, Any]:
    """Float32, little endian, row-major, as base64 with its shape."""
    data = np.ascontiguousarray(values, dtype="<f4").tobytes()
    return {"shape": list(values.shape), "base64": base64.b64encode(data).decode("ascii")}


def example_pair() -> Tuple[np.ndarray, np.ndarray]:
    """A procedural 128 x 128 pair, (1, 1, 128, 128) each."""
    source = make_texture(20260, 640)
    recipe = PairRecipe(overlap=(0.6, 0.6), disjoint_share=0.0, difficulty=Difficulty().eased(0.3), transposed_share=0.0)
    pair = make_pair(np.random.default_rng(5), source, (1.0, 1.0), (128, 128), recipe)
    first, second = (np.float32(np.round(image * 255) / 255)[None, None] for image in (pair.image0, pair.image1))
    return first, second


def write_fixture(model: LoFTR, path: Path, files: List[Dict[str, Any]]) -> None:
    """The example pair and what the training code in PyTorch makes of it, a row per cell."""
    images = example_pair()
    with torch.no_grad():
        matches = model(*(torch.from_numpy(image) for image in images)).numpy()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({
        "about": "Procedural pair and PyTorch's matches for the bundle with these hashes; arrays are little-endian float32.",
        "modelSha256": {entry["path"]: entry["sha256"] for entry in files},
        "leastConfidence": LEAST_CONFIDENCE,
        "image0": stored_array(images[0]), "image1": stored_array(images[1]), "matches": stored_array(matches),
    }, indent=1) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("weights", type=Path, help=".npz of calibrate.py, or a checkpoint")
    parser.add_argument("--name", default="loftr-compact", help="of the bundle: public/models/NAME")
    parser.add_argument("--version", default="0.1.0")
    parser.add_argument("--models", type=Path, default=MODELS, help="folder of the bundles")
    parser.add_argument("--fixtures", type=Path, default=FIXTURES, help="folder of NAME-pair.json")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    name: str = arguments.name
    model = load_model(arguments.weights)
    values = load_weights(arguments.weights)
    folder: Path = arguments.models / name
    files = export_files(model, folder, name)
    description = manifest(model, name, arguments.version, files, values)
    (folder / "manifest.json").write_text(json.dumps(description, indent=2) + "\n")
    write_fixture(model, arguments.fixtures / f"{name}-pair.json", files)
    for entry in files:
        print(f"{folder / entry['path']}: {entry['bytes']} bytes")


if __name__ == "__main__":
    main()
