"""FastAPI with what helps: orjson both ways, an async function, no pydantic, uvloop and httptools. Started by `npm run bench`."""

import numpy as np
import orjson
from fastapi import FastAPI, Request, Response

from model import DATATYPES, NAME, open_session

session = open_session()
outputs = [output.name for output in session.get_outputs()]
app = FastAPI()


@app.post("/v2/models/{model}/infer")
async def infer(model: str, request: Request):
    asked = orjson.loads(await request.body())
    feeds = {each["name"]: np.array(each["data"], dtype=DATATYPES[each["datatype"]]).reshape(each["shape"]) for each in asked["inputs"]}
    answers = session.run(outputs, feeds)
    answer = {
        "id": asked.get("id"),
        "model_name": NAME,
        "outputs": [
            {"name": name, "datatype": "FP32", "shape": answer.shape, "data": answer.ravel().tolist()}
            for name, answer in zip(outputs, answers)
        ],
    }
    return Response(orjson.dumps(answer), media_type="application/json")
