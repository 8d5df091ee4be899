"""Writes tables.json: expected values of checks/metrics, calibration and streams from scikit-learn, scipy and statsmodels.

    python3 -m venv venv && venv/bin/pip install scipy==1.17.1 scikit-learn==1.9.1 statsmodels==0.15.0
    venv/bin/python checks/metrics/oracle/make_tables.py

Where no library has the method, it is computed here from its definition.
"""

import json
from pathlib import Path

import numpy as np
import scipy.stats as st
import sklearn.metrics as sk
from sklearn.calibration import calibration_curve
from sklearn.isotonic import IsotonicRegression
from statsmodels.stats.proportion import proportion_confint

random = np.random.default_rng(20261122)


def floats(values):
    return [float(value) for value in np.asarray(values).ravel()]


def of_decisions(y, d, binary):
    averages = {}
    for average in ["macro", "weighted", "micro"]:
        p, r, f, _ = sk.precision_recall_fscore_support(y, d, average=average, zero_division=0)
        averages |= {f"{average}_precision": float(p), f"{average}_recall": float(r), f"{average}_f1": float(f)}
    own = {
        "accuracy": float(sk.accuracy_score(y, d)),
        "balanced_accuracy": float(sk.balanced_accuracy_score(y, d)),
        "matthews_correlation": float(sk.matthews_corrcoef(y, d)),
    }
    if binary:
        own |= {"precision": float(sk.precision_score(y, d)), "recall": float(sk.recall_score(y, d)),
                "specificity": float(sk.recall_score(y, d, pos_label=0)), "f1": float(sk.f1_score(y, d))}
    return averages | own


def binary():
    cases = []
    for n, decimals, share in [(200, 2, 0.3), (500, 6, 0.05), (60, 1, 0.5)]:
        y = (random.random(n) < share).astype(int)
        y[:2] = [0, 1]
        scores = np.round(np.clip(0.35 + 0.25 * y + random.normal(0, 0.2, n), 0, 1), decimals)
        observed, predicted = calibration_curve(y, scores, n_bins=10, strategy="uniform")
        cases.append({
            "labels": y.tolist(), "scores": floats(scores),
            "metrics": of_decisions(y, (scores >= 0.5).astype(int), True) | {
                "roc_auc": float(sk.roc_auc_score(y, scores)), "average_precision": float(sk.average_precision_score(y, scores)),
                "log_loss": float(sk.log_loss(y, scores)), "brier": float(sk.brier_score_loss(y, scores)),
            },
            "uniformBins": {"observed": floats(observed), "predicted": floats(predicted)},
            "isotonic": floats(IsotonicRegression(out_of_bounds="clip").fit(scores, y).predict(np.linspace(0, 1, 21))),
        })
    return cases


def multiclass():
    cases = []
    for n, k in [(150, 4), (400, 7)]:
        y = random.integers(0, k, n)
        y[:k] = range(k)
        scores = random.dirichlet(np.ones(k), n) + 0.5 * np.eye(k)[y] * (random.random(n) < 0.6)[:, None]
        scores = np.round(scores / scores.sum(axis=1, keepdims=True), 6)
        scores[:, 0] += 1 - scores.sum(axis=1)
        cases.append({
            "labels": y.tolist(), "scores": floats(scores), "classes": k,
            "metrics": of_decisions(y, scores.argmax(axis=1), False) | {
                "log_loss": float(sk.log_loss(y, scores)), "macro_roc_auc": float(sk.roc_auc_score(y, scores, multi_class="ovr")),
            } | {f"top_{t}_accuracy": float(sk.top_k_accuracy_score(y, scores, k=t)) for t in [2, 3]},
        })
    return cases


def regression():
    cases = []
    for n in [71, 300]:
        y = random.gamma(2, 80, n)
        scores = y + random.normal(5, 30, n)
        cases.append({
            "labels": floats(y), "scores": floats(scores),
            "metrics": {"mae": float(sk.mean_absolute_error(y, scores)), "rmse": float(sk.root_mean_squared_error(y, scores)),
                        "mse": float(sk.mean_squared_error(y, scores)), "r2": float(sk.r2_score(y, scores)),
                        "mape": float(sk.mean_absolute_percentage_error(y, scores)),
                        "median_absolute_error": float(sk.median_absolute_error(y, scores))},
        })
    return cases


def bca():
    """scipy's BCa on given resamples cannot be fed; the interval's formula is checked from the acceleration and bias that scipy's definition gives."""
    values = random.lognormal(0, 1, 40)
    result = st.bootstrap((values,), np.mean, method="BCa", n_resamples=200_000, random_state=7, vectorized=True)
    return {"values": floats(values), "interval": [float(result.confidence_interval.low), float(result.confidence_interval.high)]}


def wilson():
    return [[k, n, alpha, *floats(proportion_confint(k, n, alpha=alpha, method="wilson"))]
            for k, n, alpha in [(8, 10, 0.05), (0, 20, 0.05), (20, 20, 0.05), (3, 1000, 0.01), (499, 1000, 0.2)]]


def adwin_by_definition(values, delta=0.002, clock=32, fewest=5):
    """ADWIN's rule on every cut of an uncompressed window: what compression may only delay."""
    window, changes = [], []
    for i, value in enumerate(values):
        window.append(value)
        if (i + 1) % clock:
            continue
        found = True
        while found and len(window) >= 2 * fewest:
            found = False
            n, var = len(window), np.var(window)
            bound = np.log(2 * np.log(n) / delta)
            sums = np.cumsum(window)
            for n0 in range(fewest, n - fewest + 1):
                n1 = n - n0
                gap = abs(sums[n0 - 1] / n0 - (sums[-1] - sums[n0 - 1]) / n1)
                m = 1 / (n0 - fewest + 1) + 1 / (n1 - fewest + 1)
                if gap > np.sqrt(2 * m * var * bound) + 2 / 3 * bound * m:
                    window = window[n0:]
                    changes.append(i)
                    found = True
                    break
    return changes


def streams():
    steady = random.random(2000)
    shifted = np.concatenate([random.random(1000) * 0.6, 0.4 + random.random(1000) * 0.6])
    return {"steady": np.round(steady, 6).tolist(), "shifted": np.round(shifted, 6).tolist(),
            "steadyChanges": adwin_by_definition(np.round(steady, 6)), "shiftedChanges": adwin_by_definition(np.round(shifted, 6))}


if __name__ == "__main__":
    out = {"binary": binary(), "multiclass": multiclass(), "regression": regression(), "bca": bca(), "wilson": wilson(), "streams": streams()}
    Path(__file__).with_name("tables.json").write_text(json.dumps(out) + "\n")
