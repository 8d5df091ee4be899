"""Shapley values by the `shap` package, for checks/explain/shap.test.ts and serving/explain.

    python checks/explain/oracle/make_shap_tables.py    (shap 0.51.0, onnxruntime, numpy; writes shap-tables.json beside this file)

shap.explainers.Exact asks every coalition; its Independent masker gives an unknown input each background row's value in turn, as we do. Rows 0 to 2 of each
evaluation file against its rows 20 to 39. Text is passed through shap as a number that stands for it.
"""

import csv
import json
import pathlib

import numpy as np
import onnxruntime as ort
import shap

FIXTURES = pathlib.Path(__file__).resolve().parents[3] / "fixtures"
BACKGROUND = (20, 40)
EXPLAINED = (0, 1, 2)


def explained(folder, output, index):
    session = ort.InferenceSession(str(FIXTURES / folder / "models" / "v2_better.onnx"), providers=["CPUExecutionProvider"])
    inputs = [(i.name, "string" in i.type) for i in session.get_inputs()]
    with open(FIXTURES / folder / "data" / "evaluation.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    words = {name: sorted({row[name] for row in rows}) for name, is_text in inputs if is_text}
    coded = np.array([[words[n].index(row[n]) if is_text else float(row[n]) for n, is_text in inputs] for row in rows], dtype=np.float64)

    def ask(matrix):
        feeds = {}
        for k, (name, is_text) in enumerate(inputs):
            column = matrix[:, [k]]
            feeds[name] = np.array(words[name], dtype=object)[column.astype(int)] if is_text else column.astype(np.float32)
        return session.run([output], feeds)[0].astype(np.float64)

    background = coded[slice(*BACKGROUND)]
    table = []
    for row in EXPLAINED:
        answer = ask(coded[[row]])[0]
        k = int(answer.argmax()) if index is None else index
        score = lambda matrix: ask(matrix)[:, k]
        masker = shap.maskers.Independent(background, max_samples=len(background))
        found = shap.explainers.Exact(score, masker)(coded[[row]])
        values = dict(zip([name for name, _ in inputs], found.values[0].tolist()))
        table.append({"row": row, "of": k, "score": float(answer[k]), "background": float(score(background).mean()), "values": values})
    return {"model": folder, "output": output, "rows": table}


tables = [explained("loans", "probabilities", 1), explained("wine", "probabilities", None), explained("diabetes", "prediction", 0)]
with open(pathlib.Path(__file__).with_name("shap-tables.json"), "w") as file:
    json.dump({"shap": shap.__version__, "background": BACKGROUND, "models": tables}, file, indent=1)
    file.write("\n")
