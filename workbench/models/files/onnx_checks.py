"""What stands in an ONNX file, checked before anything of it is run."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from workbench.common.errors import MissingPackageError, ModelError, UntrustedModelError, listed
from workbench.common.limits import ONNX_BYTES, ONNX_NODES

__all__ = ["checked_proto", "class_labels", "missing_package", "not_survived"]

DOMAINS = ("", "ai.onnx", "ai.onnx.ml")
"""Sets of operators that are part of the standard."""
EXTERNAL = 1


def not_survived(name: str, ending: str) -> ModelError:
    """Say how a child process ended that tried to open a model file."""
    how = (
        "opening it ended the process that tried, so it is damaged or made to do harm"
        if ending == "crashed"
        else f"opening it took more {ending} than a model may"
    )
    return ModelError(f"{name!r} was not opened: {how}. Ask the model's owner for it again.")


def checked_proto(content: bytes, name: str) -> Any:
    """Return the parsed file; refuse what could reach beyond it."""
    if content[:1] == b"\x80" or content[:2] in (b"PK", b"\x1f\x8b", b"BZ"):
        raise UntrustedModelError(
            f"{name!r} is named like an ONNX file but is a pickle or an archive, and was not "
            f"opened. Ask the model's owner for an ONNX file, for instance of skl2onnx.to_onnx."
        )
    if len(content) > ONNX_BYTES:
        raise ModelError(
            f"{name!r} holds more than {ONNX_BYTES / 1e6:,.0f} MB, too much for a model here."
        )
    try:
        import onnx
    except ImportError:
        raise missing_package("onnx") from None
    try:
        proto = onnx.ModelProto.FromString(content)
    except Exception:  # protobuf's own kinds of error
        proto = onnx.ModelProto()
    if not proto.graph.node or not proto.opset_import:
        raise ModelError(
            f"{name!r} is not an ONNX file, or only a part of one. Copy it again, or write it "
            f"again, for instance by skl2onnx.to_onnx(model, data[:1]).SerializeToString()."
        )
    if proto.functions or proto.training_info:
        raise UntrustedModelError(
            f"{name!r} was not opened: it defines functions or training steps of its own. Export "
            f"the model for inference, with its functions inlined."
        )
    nodes = 0
    for graph in _graphs(proto.graph):
        nodes += len(graph.node)
        if nodes > ONNX_NODES:
            raise ModelError(f"{name!r} has more than {ONNX_NODES:,} steps and was not opened.")
        if graph.sparse_initializer or any(
            attribute.sparse_tensors or attribute.HasField("sparse_tensor")
            for node in graph.node
            for attribute in node.attribute
        ):
            raise ModelError(f"{name!r} holds sparse tensors, which are not read here.")
        foreign = {node.domain for node in graph.node if node.domain not in DOMAINS}
        if foreign:
            raise UntrustedModelError(
                f"{name!r} was not opened: it needs operators outside the ONNX standard "
                f"({listed(sorted(text[:60] for text in foreign))}), which are code of their own. "
                f"Export the model with standard operators only."
            )
        for tensor in _tensors(graph):
            if tensor.data_location == EXTERNAL or tensor.external_data:
                raise UntrustedModelError(
                    f"{name!r} was not opened: it takes its numbers from other files on this "
                    f"computer (external data). Save the model as one file, with its data inside."
                )
            # Half a byte is the least that a number takes.
            if any(d < 0 for d in tensor.dims) or math.prod(tensor.dims) > 2 * tensor.ByteSize():
                raise ModelError(f"{name!r} is damaged: a table in it lacks its numbers.")
    return proto


def _graphs(graph: Any) -> Iterator[Any]:
    """Walk a graph and those inside its nodes (branches and loops)."""
    waiting = [graph]
    while waiting:
        found = waiting.pop()
        yield found
        for node in found.node:
            for attribute in node.attribute:
                waiting.extend(attribute.graphs)
                if attribute.HasField("g"):
                    waiting.append(attribute.g)


def _tensors(graph: Any) -> Iterator[Any]:
    yield from graph.initializer
    for node in graph.node:
        for attribute in node.attribute:
            yield from attribute.tensors
            if attribute.HasField("t"):
                yield attribute.t


def missing_package(name: str) -> MissingPackageError:
    """Say which package an ONNX file needs."""
    return MissingPackageError(
        f"Reading an ONNX file needs the packages onnx and onnxruntime; {name!r} is not installed. "
        f"Install them: pip install 'cafe-workbench[files]'"
    )


def class_labels(proto: Any, width: int | None) -> tuple[Any, ...]:
    """Return the names of the classes where a classifier in the file says them."""
    found = set()
    for node in proto.graph.node:
        for attribute in node.attribute:
            if attribute.name.startswith("classlabels"):
                texts = tuple(text.decode("utf-8", "replace") for text in attribute.strings)
                labels = texts or tuple(attribute.ints)
                if labels and len(labels) == (width or len(labels)):
                    found.add(labels)
    return found.pop() if len(found) == 1 else ()
