"""What tritonclient's gRPC client asks of a server, unchanged: python triton_grpc.py HOST:PORT. Prints one JSON line: what it asked and what came."""

import json
import queue
import sys

import numpy as np
import tritonclient.grpc as triton

client = triton.InferenceServerClient(sys.argv[1])
VALUES = {
    "BOOL": np.array([[True, False]]), "UINT8": np.array([[0, 255]], np.uint8), "UINT16": np.array([[1, 65535]], np.uint16),
    "UINT32": np.array([[1, 2**32 - 1]], np.uint32), "UINT64": np.array([[1, 2**64 - 1]], np.uint64), "INT8": np.array([[-128, 127]], np.int8),
    "INT16": np.array([[-(2**15), 2**15 - 1]], np.int16), "INT32": np.array([[-(2**31), 2**31 - 1]], np.int32),
    "INT64": np.array([[-(2**53) - 1, 5]], np.int64), "FP16": np.array([[0.5, -2]], np.float16), "FP32": np.array([[1.5, np.nan]], np.float32),
    "FP64": np.array([[0.1, 1e300]], np.float64), "BYTES": np.array([["", "grün"]], object),
}
told = {
    "live": client.is_server_live(), "ready": client.is_server_ready(), "model": client.is_model_ready("fp32"),
    "server": client.get_server_metadata().name,
    "metadata": [[each.name, each.datatype, list(each.shape)] for each in client.get_model_metadata("fp32", "1.0.0").inputs],
    "batch": client.get_model_config("fp32").config.max_batch_size, "equal": [],
}
for datatype, values in VALUES.items():
    tensor = triton.InferInput("x", list(values.shape), datatype)
    tensor.set_data_from_numpy(values)
    result = client.infer(datatype.lower(), [tensor], outputs=[triton.InferRequestedOutput("y")], request_id="7")
    found = result.as_numpy("y")
    if datatype == "BYTES":
        found = np.array([[each.decode() for each in row] for row in found], object)
    told["equal"].append([datatype, bool(np.array_equal(found, values, equal_nan=datatype.startswith("FP")) and result.get_response().id == "7")])
many = np.arange(1200, dtype=np.float32).reshape(600, 2)
tensor = triton.InferInput("x", [600, 2], "FP32")
tensor.set_data_from_numpy(many)
answers = queue.Queue()
for _ in range(8):
    client.async_infer("fp32", [tensor], lambda result, error: answers.put((result, error)))
told["asynchronous"] = all(error is None and np.array_equal(result.as_numpy("y"), many) for result, error in [answers.get(timeout=30) for _ in range(8)])
first, second = triton.InferInput("a", [1, 3], "FP32"), triton.InferInput("b", [1], "BYTES")
first.set_data_from_numpy(np.array([[0.1, 0.7, 0.2]], np.float32))
second.set_data_from_numpy(np.array(["x"], object))
told["classes"] = [each.decode() for each in client.infer("pair", [first, second], outputs=[triton.InferRequestedOutput("scores", class_count=2)]).as_numpy("scores")[0]]
told["counted"] = client.get_inference_statistics("fp32").model_stats[0].inference_count >= 8 * 600
told["index"] = ["fp32", "1.0.0", "READY"] in [[each.name, each.version, each.state] for each in client.get_model_repository_index().models]
try:
    tensor = triton.InferInput("x", [1, 3], "FP32")
    tensor.set_data_from_numpy(np.zeros((1, 3), np.float32))
    client.infer("fp32", [tensor])
except triton.InferenceServerException as error:
    told["refusal"] = [error.status(), error.message()]
try:
    client.load_model("fp32")
except triton.InferenceServerException as error:
    told["loading"] = error.status()
print(json.dumps(told))
