"""Take an ONNX file apart; run in a child process, see ``common/trial.py``."""

LIBRARIES = (
    "onnx",
    "onnxruntime",
)


def take_apart(content: bytes, told: int | None) -> None:
    """Read the graph and make a session of it; nothing is asked."""
    import onnx
    import onnxruntime

    content = content
    onnx.load_model_from_string(content)
    onnxruntime.disable_telemetry_events()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 4
    onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
