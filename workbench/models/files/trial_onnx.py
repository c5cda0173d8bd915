"""Take an ONNX file apart; run by itself in a child process, see ``common/trial.py``."""

import sys


def take_apart() -> None:
    """Read the graph and make a session of it; nothing is asked."""
    import onnx
    import onnxruntime

    content = sys.stdin.buffer.read()
    onnx.load_model_from_string(content)
    onnxruntime.disable_telemetry_events()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 4
    onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])


if __name__ == "__main__":
    take_apart()
