"""Smaller numbers in a graph: weights stored in half precision, and half-precision arithmetic in the backbone."""
from typing import Dict, List, Set

import numpy as np
import onnx
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

# Constants of fewer values stay as they are.
LEAST_VALUES = 16


def with_half_weights(model: ModelProto) -> ModelProto:
    """Weights in fp16, made fp32 again when the session is created: half the file, the same arithmetic."""
    result = ModelProto()
    result.CopyFrom(model)
    casts: List[NodeProto] = []
    for weight in result.graph.initializer:
        values = numpy_helper.to_array(weight)
        if values.dtype != np.float32 or values.size < LEAST_VALUES:
            continue
        name = weight.name
        weight.CopyFrom(numpy_helper.from_array(values.astype(np.float16), f"{name}_fp16"))
        casts.append(helper.make_node("Cast", [weight.name], [name], name=f"{name}_cast", to=TensorProto.FLOAT))
    _prepend(result, casts)
    onnx.checker.check_model(result)
    return result


def with_half_backbone(model: ModelProto) -> ModelProto:
    """Convolutions, and what lies between them, in fp16; attention, scores and the fine stage stay in fp32.

    The features are of the order of one. Sums over thousands of tokens and differences of squares are not made for fp16.
    """
    result = ModelProto()
    result.CopyFrom(model)
    graph = result.graph
    types = _element_types(result)
    producer = {output: node for node in graph.node for output in node.output}
    weights = {weight.name: weight for weight in graph.initializer}
    region = _between_convolutions(list(graph.node), producer)
    inside = {output for node in graph.node if id(node) in region for output in node.output}
    added: Dict[str, NodeProto] = {}
    nodes: List[NodeProto] = []
    for node in graph.node:
        for index, name in enumerate(node.input):
            if types.get(name) != TensorProto.FLOAT or (node.op_type == "Resize" and index > 0):
                continue  # the scales of Resize are fp32 whatever it resizes
            if id(node) in region and name in weights:
                node.input[index] = _half_weight(graph, weights[name])
            elif (id(node) in region) != (name in inside):
                target = TensorProto.FLOAT16 if id(node) in region else TensorProto.FLOAT
                cast_name = f"{name}_as_{'half' if id(node) in region else 'float'}"
                if cast_name not in added:
                    added[cast_name] = helper.make_node("Cast", [name], [cast_name], name=f"{cast_name}_cast", to=target)
                    nodes.append(added[cast_name])
                node.input[index] = cast_name
        if id(node) in region:
            _make_half(node)
        nodes.append(node)
    kept = [NodeProto.FromString(node.SerializeToString()) for node in nodes]
    del graph.node[:]
    graph.node.extend(kept)
    _drop_unused_weights(graph)
    del graph.value_info[:]
    onnx.checker.check_model(result)
    return result


def _prepend(model: ModelProto, nodes: List[NodeProto]) -> None:
    rest = [NodeProto.FromString(node.SerializeToString()) for node in model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes + rest)


def _element_types(model: ModelProto) -> Dict[str, int]:
    graph = onnx.shape_inference.infer_shapes(model).graph
    types = {value.name: value.type.tensor_type.elem_type for value in [*graph.value_info, *graph.input, *graph.output]}
    types.update({weight.name: weight.data_type for weight in graph.initializer})
    return types


def _between_convolutions(nodes: List[NodeProto], producer: Dict[str, NodeProto]) -> Set[int]:
    """Nodes that a convolution's output or the first convolution's input depends on, and that lead to a convolution."""
    after: Set[str] = set()
    for node in nodes:
        if node.op_type == "Conv" or (any(name in after for name in node.input) and node.op_type != "Shape"):
            after.update(node.output)
    region: Set[int] = set()
    waiting = [node for node in nodes if node.op_type == "Conv"]
    while waiting:
        node = waiting.pop()
        if id(node) in region:
            continue
        region.add(id(node))
        waiting += [producer[name] for name in node.input if name in after and name in producer]
    return region


def _half_weight(graph: onnx.GraphProto, weight: TensorProto) -> str:
    name = f"{weight.name}_half"
    if not any(other.name == name for other in graph.initializer):
        graph.initializer.append(numpy_helper.from_array(numpy_helper.to_array(weight).astype(np.float16), name))
    return name


def _make_half(node: NodeProto) -> None:
    """Constants inside a node, and a cast to fp32, become fp16."""
    for attribute in node.attribute:
        if node.op_type == "Cast" and attribute.name == "to" and attribute.i == TensorProto.FLOAT:
            attribute.i = TensorProto.FLOAT16
        elif attribute.type == onnx.AttributeProto.TENSOR and attribute.t.data_type == TensorProto.FLOAT:
            attribute.t.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(attribute.t).astype(np.float16)))


def _drop_unused_weights(graph: onnx.GraphProto) -> None:
    used = {name for node in graph.node for name in node.input}
    kept = [weight for weight in graph.initializer if weight.name in used]
    weights = [TensorProto.FromString(weight.SerializeToString()) for weight in kept]
    del graph.initializer[:]
    graph.initializer.extend(weights)
