"""Python's own gRPC server (grpc.aio) with raw tensors. Started by `npm run bench`: python grpc_aio.py PORT PROTO."""

import asyncio
import os
import sys
import tempfile

import grpc
import numpy as np
from grpc_tools import protoc

from model import DATATYPES, NAME, open_session

PORT, PROTO = sys.argv[1:]


def compiled():
    """The modules that protoc makes of the definition that our server has, too."""
    with tempfile.TemporaryDirectory() as folder:
        protoc.main(["protoc", f"-I{os.path.dirname(PROTO)}", f"--python_out={folder}", f"--grpc_python_out={folder}", PROTO])
        sys.path.insert(0, folder)
        import inference_pb2
        import inference_pb2_grpc

        sys.path.remove(folder)
        return inference_pb2, inference_pb2_grpc


messages, services = compiled()
session = open_session()
names = [output.name for output in session.get_outputs()]


class Inference(services.GRPCInferenceServiceServicer):
    async def ModelInfer(self, request, context):
        feeds = {
            each.name: np.frombuffer(raw, dtype=DATATYPES[each.datatype]).reshape(each.shape)
            for each, raw in zip(request.inputs, request.raw_input_contents)
        }
        answers = session.run(names, feeds)
        outputs = [
            messages.ModelInferResponse.InferOutputTensor(name=name, datatype="FP32", shape=answer.shape)
            for name, answer in zip(names, answers)
        ]
        return messages.ModelInferResponse(
            model_name=NAME, id=request.id, outputs=outputs, raw_output_contents=[answer.tobytes() for answer in answers]
        )


async def main():
    server = grpc.aio.server()
    services.add_GRPCInferenceServiceServicer_to_server(Inference(), server)
    server.add_insecure_port(f"127.0.0.1:{PORT}")
    await server.start()
    await server.wait_for_termination()


asyncio.run(main())
