"""FastAPI as people write it: pydantic models, a plain function, uvicorn. Started by `npm run bench`."""

from typing import List, Optional

import numpy as np
from fastapi import FastAPI
from pydantic import BaseModel

from model import DATATYPES, NAME, open_session

session = open_session()
app = FastAPI()


class InferInput(BaseModel):
    name: str
    datatype: str
    shape: List[int]
    data: List[float]


class InferRequest(BaseModel):
    id: Optional[str] = None
    inputs: List[InferInput]


class InferOutput(BaseModel):
    name: str
    datatype: str
    shape: List[int]
    data: List[float]


class InferResponse(BaseModel):
    id: Optional[str] = None
    model_name: str
    outputs: List[InferOutput]


@app.post("/v2/models/{model}/infer", response_model=InferResponse)
def infer(model: str, request: InferRequest):
    feeds = {each.name: np.array(each.data, dtype=DATATYPES[each.datatype]).reshape(each.shape) for each in request.inputs}
    answers = session.run(None, feeds)
    outputs = [
        InferOutput(name=output.name, datatype="FP32", shape=list(answer.shape), data=answer.ravel().tolist())
        for output, answer in zip(session.get_outputs(), answers)
    ]
    return InferResponse(id=request.id, model_name=NAME, outputs=outputs)
