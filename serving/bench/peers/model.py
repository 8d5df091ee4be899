"""What every peer shares: the model's session, opened as ours is (one thread inside an operator, no spinning)."""

import os

import numpy as np
import onnxruntime

DATATYPES = {"FP32": np.float32, "INT64": np.int64}
FILE = os.environ["BENCH_MODEL_FILE"]
NAME = os.environ["BENCH_MODEL_NAME"]


def open_session():
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(FILE, options, providers=["CPUExecutionProvider"])
