"""MLServer with a runtime for ONNX, as its documentation says to write one. Started by `npm run bench`."""

import numpy as np
from mlserver import MLModel
from mlserver.types import InferenceRequest, InferenceResponse, ResponseOutput

from model import DATATYPES, open_session


class OnnxRuntime(MLModel):
    async def load(self) -> bool:
        self.session = open_session()
        self.names = [output.name for output in self.session.get_outputs()]
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        feeds = {each.name: np.array(each.data.root, dtype=DATATYPES[each.datatype]).reshape(each.shape) for each in payload.inputs}
        answers = self.session.run(self.names, feeds)
        outputs = [
            ResponseOutput(name=name, datatype="FP32", shape=list(answer.shape), data=answer.ravel().tolist())
            for name, answer in zip(self.names, answers)
        ]
        return InferenceResponse(id=payload.id, model_name=self.name, outputs=outputs)
