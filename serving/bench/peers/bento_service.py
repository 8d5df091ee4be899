"""BentoML with one service and its own kind of types. Started by `npm run bench`: `bentoml serve bento_service:Inference`."""

from typing import List, Optional

import bentoml
import numpy as np
from pydantic import BaseModel

from model import DATATYPES, NAME, open_session


class InferInput(BaseModel):
    name: str
    datatype: str
    shape: List[int]
    data: List[float]


class InferOutput(BaseModel):
    name: str
    datatype: str
    shape: List[int]
    data: List[float]


class InferResponse(BaseModel):
    id: Optional[str] = None
    model_name: str
    outputs: List[InferOutput]


@bentoml.service(traffic={"timeout": 60})
class Inference:
    def __init__(self) -> None:
        self.session = open_session()

    @bentoml.api(route="/infer")
    def infer(self, inputs: List[InferInput], id: Optional[str] = None) -> InferResponse:
        feeds = {each.name: np.array(each.data, dtype=DATATYPES[each.datatype]).reshape(each.shape) for each in inputs}
        answers = self.session.run(None, feeds)
        outputs = [
            InferOutput(name=output.name, datatype="FP32", shape=list(answer.shape), data=answer.ravel().tolist())
            for output, answer in zip(self.session.get_outputs(), answers)
        ]
        return InferResponse(id=id, model_name=NAME, outputs=outputs)
