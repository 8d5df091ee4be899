"""Writes curve-tables.json: ROC and precision over recall of seeded scores, by scikit-learn.

    python3 -m venv venv && venv/bin/pip install scikit-learn==1.9.1
    venv/bin/python checks/metrics/oracle/make_curve_tables.py
"""

import json
from pathlib import Path

import numpy as np
import sklearn.metrics as sk

random = np.random.default_rng(20261123)


def case(n, decimals):
    y = random.integers(0, 2, n)
    scores = np.round(1 / (1 + np.exp(-random.normal(y, 1.5))), decimals)
    fpr, tpr, _ = sk.roc_curve(y, scores, drop_intermediate=False)
    precision, recall, _ = sk.precision_recall_curve(y, scores, drop_intermediate=False)
    return {
        "labels": [int(value) for value in y], "scores": [float(value) for value in scores],
        "roc": {"x": [float(value) for value in fpr], "y": [float(value) for value in tpr]},
        "precision_recall": {"x": [float(value) for value in recall[::-1]], "y": [float(value) for value in precision[::-1]]},
        "average_precision": float(sk.average_precision_score(y, scores)),
    }


tables = {"cases": [case(n, decimals) for n, decimals in [(12, 9), (60, 9), (60, 1), (200, 2)]]}
Path(__file__).with_name("curve-tables.json").write_text(json.dumps(tables, indent=None) + "\n")
