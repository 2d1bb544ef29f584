"""Turns a published LoFTR checkpoint (outdoor_ds.ckpt, demis_ds.ckpt, ...) into a model bundle for the app.

    /usr/bin/python3 training/convert_loftr.py outdoor_ds.ckpt --out models/loftr-outdoor

The network is the `STOCK` configuration of the same code that trains the compact one. The bundle (one ONNX file and
manifest.json) has the contract of every bundle: two images in, one row per coarse cell of image 0 out. The weights stay
under the licence of whoever published them; name it with --licence.
"""
import argparse
import dataclasses
import hashlib
import json
import sys
from pathlib import Path
from typing import Any, Dict

import torch

from export_onnx import COLUMNS, INPUT_NAMES, OPSET, OUTPUT_NAME, export_graph
from loftr import STOCK, LoFTR
from published_names import CheckpointError, read_state_dict, renamed

# What the published weights were trained with; weights trained since the code was corrected want "newer".
POSITION_DIVISORS = {"older": "floored", "newer": "power"}
# The fine stage puts 2 x 25 tokens of every coarse cell through a transformer: 2048 cells take about 300 MB.
MAX_TOKENS = 2048
UNKNOWN_LICENCE = "see the checkpoint's source"


def load_published(path: Path, position_encoding: str) -> LoFTR:
    """The stock network with the checkpoint's weights, ready for inference.

    Raises CheckpointError when names, shapes or values do not fit.
    """
    config = dataclasses.replace(STOCK, position_divisor=POSITION_DIVISORS[position_encoding])
    model = LoFTR(config)
    model.load_state_dict(renamed(read_state_dict(path), model.state_dict()))
    return model.eval()


def manifest(model: LoFTR, path: Path, arguments: argparse.Namespace) -> Dict[str, Any]:
    """What a reader of the bundle must know; the fields of `export_onnx.manifest`."""
    config = model.config
    content = path.read_bytes()
    return {
        "name": arguments.name,
        "version": arguments.version,
        "licence": arguments.licence,
        "architecture": {
            "family": "LoFTR", "parameters": sum(p.numel() for p in model.parameters()),
            "usesAttention": model.uses_attention, **config.to_dict(),
        },
        "files": [{
            "path": path.name, "sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content), "precision": "fp32",
        }],
        "input": {
            "names": INPUT_NAMES, "scale": arguments.scale, "multipleOf": config.coarse_stride, "normalisation": "unit",
            "shape": [1, 1, "height", "width"], "type": "float32",
        },
        "output": {"name": OUTPUT_NAME, "columns": COLUMNS, "type": "float32"},
        "strides": {"coarse": config.coarse_stride, "fine": config.fine_stride},
        "window": config.fine_window,
        "defaultConfidence": arguments.confidence,
        "positionEncoding": {
            "kind": "sine", "divisor": arguments.position_encoding, "maxCells": config.position_max_cells,
            "origin": [config.position_first_cell] * 2, "addedTo": "the features, once",
        },
        "maxTokens": arguments.max_tokens,
        "opset": OPSET,
        "checkpoint": {
            "file": arguments.checkpoint.name, "sha256": hashlib.sha256(arguments.checkpoint.read_bytes()).hexdigest(),
        },
    }


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", type=Path, help="the published .ckpt or .pt file")
    parser.add_argument("--out", type=Path, help="folder of the bundle (default: models/<name>)")
    parser.add_argument("--name", help="default: loftr- and the checkpoint's file name")
    parser.add_argument("--version", default="1.0.0")
    parser.add_argument("--licence", default=UNKNOWN_LICENCE, help="licence of the weights")
    parser.add_argument("--position-encoding", choices=sorted(POSITION_DIVISORS), default="older")
    parser.add_argument("--scale", type=float, default=0.5, help="resolution of the strips, as a fraction of the tiles'")
    parser.add_argument("--confidence", type=float, default=0.2, help="matches below it are dropped")
    parser.add_argument("--max-tokens", type=int, default=MAX_TOKENS, help="most coarse cells per image")
    arguments = parser.parse_args()
    if not 0 < arguments.scale <= 1:
        parser.error(f"--scale must be above 0 and at most 1, got {arguments.scale}")
    if not 0 <= arguments.confidence <= 1:
        parser.error(f"--confidence must be between 0 and 1, got {arguments.confidence}")
    if arguments.max_tokens < 1:
        parser.error(f"--max-tokens must be at least 1, got {arguments.max_tokens}")
    arguments.name = arguments.name or "loftr-" + arguments.checkpoint.stem.replace("_", "-")
    arguments.out = arguments.out or Path("models") / arguments.name
    return arguments


def main() -> None:
    arguments = parse_arguments()
    try:
        model = load_published(arguments.checkpoint, arguments.position_encoding)
    except (CheckpointError, OSError) as error:
        sys.exit(str(error))
    path = arguments.out / f"{arguments.name}.onnx"
    export_graph(model, path)
    description = manifest(model, path, arguments)
    (arguments.out / "manifest.json").write_text(json.dumps(description, indent=2) + "\n")
    print(f"{path}: {path.stat().st_size} bytes, {description['architecture']['parameters']} parameters")


if __name__ == "__main__":
    main()
