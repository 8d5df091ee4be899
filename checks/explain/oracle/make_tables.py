"""Shapley values of loans v2_better by brute force over all orders of the inputs, for checks/explain/shapley-values.test.ts.

    python checks/explain/oracle/make_tables.py    (onnxruntime and numpy; writes tables.json beside this file)

Interventional: an input that is not known has the background row's value. Rows 0, 1 and 2 of the evaluation data against rows 100 to 119.
"""

import csv
import itertools
import json
import math
import pathlib

import numpy as np
import onnxruntime as ort

ROOT = pathlib.Path(__file__).resolve().parents[3]
LOANS = ROOT / "fixtures" / "loans"
session = ort.InferenceSession(str(LOANS / "models" / "v2_better.onnx"), providers=["CPUExecutionProvider"])
inputs = [(i.name, i.type) for i in session.get_inputs()]
names = [name for name, _ in inputs]
with open(LOANS / "data" / "evaluation.csv", newline="") as file:
    rows = list(csv.DictReader(file))


def ask(records):
    feeds = {}
    for name, kind in inputs:
        dtype = object if "string" in kind else np.float32
        feeds[name] = np.array([[record[name]] for record in records], dtype=dtype)
    return session.run(["probabilities"], feeds)[0][:, 1].astype(np.float64)


def shapley(explained, background):
    subsets = list(itertools.product([0, 1], repeat=len(names)))
    worth = dict(zip(subsets, ask([{n: (explained if s else background)[n] for n, s in zip(names, subset)} for subset in subsets])))
    values = np.zeros(len(names))
    for order in itertools.permutations(range(len(names))):
        known = [0] * len(names)
        for k in order:
            before = worth[tuple(known)]
            known[k] = 1
            values[k] += worth[tuple(known)] - before
    return values / math.factorial(len(names))


background = rows[100:120]
table = []
for row in (0, 1, 2):
    values = np.mean([shapley(rows[row], each) for each in background], axis=0)
    table.append({"row": row, "score": float(ask([rows[row]])[0]), "background": float(ask(background).mean()), "values": dict(zip(names, values.tolist()))})

with open(pathlib.Path(__file__).with_name("tables.json"), "w") as file:
    json.dump({"model": "loans v2_better", "background": [100, 120], "rows": table}, file, indent=1)
    file.write("\n")
