"""Writes tables.json: expected values of checks/stats and checks/metrics from independent implementations.

    python3 -m venv venv && venv/bin/pip install scipy==1.17.1 scikit-learn==1.9.1 statsmodels==0.15.0
    venv/bin/python checks/stats/oracle/make_tables.py

Where no library has the method (DeLong, mid-p), it is computed here from its definition, by brute force or exact fractions.
"""

import json
import math
from fractions import Fraction
from pathlib import Path

import numpy as np
import scipy.stats as st
import sklearn.metrics as sk
from scipy.spatial.distance import jensenshannon
from statsmodels.stats.contingency_tables import mcnemar

random = np.random.default_rng(20261121)


def floats(values):
    return [float(value) for value in values]


def distributions():
    zs = [-38, -20, -9, -5, -3.2, -1, -0.1, 0, 0.3, 1, 1.959963984540054, 4, 8]
    ps = [1e-300, 1e-30, 1e-10, 1e-5, 0.001, 0.025, 0.1, 0.3, 0.5, 0.7, 0.975, 0.999, 1 - 1e-10]
    ts = [(t, df) for df in [1, 2, 5, 10, 29, 1000, 69999] for t in [-2, 0, 0.01, 0.5, 2, 5, 12, 40]]
    chis = [(x, df) for df in [1, 2, 3, 9, 30, 200] for x in [0.001, 0.5, 3, 10, 50, 100, 400, 1200]]
    return {
        "normal_cdf": [[z, float(st.norm.cdf(z))] for z in zs],
        "normal_quantile": [[p, float(st.norm.ppf(p))] for p in ps],
        "t_upper": [[t, df, float(st.t.sf(t, df))] for t, df in ts],
        "t_quantile": [[p, df, float(st.t.ppf(p, df))] for df in [1, 2, 9, 258, 6999] for p in [0.6, 0.9, 0.975, 0.9987, 0.999999]],
        "chi2_upper": [[x, df, float(st.chi2.sf(x, df))] for x, df in chis],
        "chi2_quantile": [[a, df, float(st.chi2.isf(a, df))] for df in [1, 4, 9, 40] for a in [0.5, 0.05, 0.01, 1e-6]],
        "binomial_cdf": [[k, n, p, float(st.binom.cdf(k, n, p))] for k, n, p in [(59, 180, 0.5), (3, 10, 0.5), (0, 7, 0.2), (400, 1000, 0.5), (9, 10, 0.9)]],
        "kstwo": [[d, n, float(st.kstwo.sf(d, n))] for n in [1, 2, 5, 17, 100, 140, 141, 500, 3111, 20000, 250000]
                  for d in sorted({0.3 / n, 0.8 / n, 0.3 / math.sqrt(n), 0.6 / math.sqrt(n), 0.85 / math.sqrt(n), 1.2 / math.sqrt(n),
                                   1.6 / math.sqrt(n), 2.5 / math.sqrt(n), 5 / math.sqrt(n)} | {0.5, 0.7}) if d < 1],
    }


def two_samples():
    cases = []
    for n, m, shift, decimals in [(20, 30, 0.0, 9), (50, 50, 0.6, 9), (99, 101, 0.2, 9), (3, 7, 1, 9), (400, 600, 0.1, 9), (300, 500, 0.1, 0)]:
        a = np.round(random.normal(0, 1, n), decimals)
        b = np.round(random.normal(shift, 1, m), decimals)
        ties = len(set(a) | set(b)) < n + m
        exact = st.ks_2samp(a, b, method="exact") if not ties and n * m <= 10_000 else None
        asymptotic = st.ks_2samp(a, b, method="asymp")
        cases.append({
            "a": floats(a), "b": floats(b), "statistic": float(asymptotic.statistic), "asymptotic": float(asymptotic.pvalue),
            "exact": None if exact is None else float(exact.pvalue),
            "wasserstein": float(st.wasserstein_distance(a, b)), "welch_p": float(st.ttest_ind(a, b, equal_var=False).pvalue),
        })
    return cases


def tables():
    counts = [[[30, 20, 50], [25, 35, 40]], [[120, 4], [80, 9]], [[10, 0, 5, 7], [3, 9, 6, 1]], [[1000, 30, 5], [400, 25, 9]]]
    return [{
        "counts": c, "statistic": float(r.statistic), "df": int(r.dof), "p": float(r.pvalue),
        "fisher": float(st.fisher_exact(c).pvalue) if len(c[0]) == 2 else None,
        "js": float(jensenshannon(c[0], c[1], 2)),
    } for c in counts for r in [st.chi2_contingency(c, correction=False)]]


def mid_p(b, c):
    """Twice the tail less the point, in exact fractions; 1 − point/2 when b = c."""
    n, least = b + c, min(b, c)
    weights = [Fraction(math.comb(n, k), 2**n) for k in range(least + 1)]
    return float(1 - weights[-1] / 2 if b == c else 2 * sum(weights) - weights[-1])


def brute_delong(a, b, y):
    """DeLong (1988) by its definition: the kernel on every pair of a positive and a negative."""
    def placements(s):
        kernel = (s[y == 1][:, None] > s[y == 0][None, :]) + 0.5 * (s[y == 1][:, None] == s[y == 0][None, :])
        return kernel.mean(axis=1), kernel.mean(axis=0)
    (a10, a01), (b10, b01) = placements(a), placements(b)
    variance = np.var(a10 - b10, ddof=1) / len(a10) + np.var(a01 - b01, ddof=1) / len(a01)
    difference = a10.mean() - b10.mean()
    return {"first": float(a10.mean()), "second": float(b10.mean()), "difference": float(difference),
            "standard_error": float(math.sqrt(variance)), "p": float(2 * st.norm.sf(abs(difference) / math.sqrt(variance)))}


def binary_metrics():
    y = (random.random(80) < 0.3).astype(int)
    scores = np.round(np.clip(0.3 + 0.25 * y + random.normal(0, 0.2, 80), 0, 1), 2)
    other = np.round(np.clip(0.3 + 0.15 * y + random.normal(0, 0.2, 80), 0, 1), 2)
    decisions = (scores >= 0.5).astype(int)
    return {
        "labels": y.tolist(), "scores": floats(scores), "other": floats(other),
        "metrics": {
            "roc_auc": float(sk.roc_auc_score(y, scores)), "log_loss": float(sk.log_loss(y, scores)),
            "accuracy": float(sk.accuracy_score(y, decisions)), "precision": float(sk.precision_score(y, decisions)),
            "recall": float(sk.recall_score(y, decisions)), "f1": float(sk.f1_score(y, decisions)),
            "brier": float(sk.brier_score_loss(y, scores)), "macro_f1": float(sk.f1_score(y, decisions, average="macro")),
            "macro_precision": float(sk.precision_score(y, decisions, average="macro")),
            "macro_recall": float(sk.recall_score(y, decisions, average="macro")),
        },
        "delong": brute_delong(scores, other, y),
    }


def multiclass_metrics():
    y = random.integers(0, 5, 60)
    y[y == 4] = 3  # a class that the model knows and the data never show
    scores = np.round(random.dirichlet(np.ones(5), 60) + 0.6 * np.eye(5)[y] * (random.random(60) < 0.7)[:, None], 2)
    scores[:, 0] += 0.01
    scores /= scores.sum(axis=1, keepdims=True)
    decisions = scores.argmax(axis=1)
    return {
        "labels": y.tolist(), "scores": floats(scores.ravel()), "classes": 5,
        "metrics": {
            "log_loss": float(sk.log_loss(y, scores, labels=range(5))), "accuracy": float(sk.accuracy_score(y, decisions)),
            "macro_f1": float(sk.f1_score(y, decisions, average="macro", zero_division=0)),
            "macro_precision": float(sk.precision_score(y, decisions, average="macro", zero_division=0)),
            "macro_recall": float(sk.recall_score(y, decisions, average="macro", zero_division=0)),
            "top_3_accuracy": float(sk.top_k_accuracy_score(y, scores, k=3, labels=range(5))),
        },
    }


def regression_metrics():
    y = random.gamma(2, 80, 70)
    scores = y + random.normal(5, 30, 70)
    return {
        "labels": floats(y), "scores": floats(scores),
        "metrics": {"mae": float(sk.mean_absolute_error(y, scores)), "rmse": float(sk.root_mean_squared_error(y, scores)),
                    "r2": float(sk.r2_score(y, scores))},
    }


def families():
    family = floats(random.random(12) ** 3)
    return [{"p": p, "adjusted": floats(st.false_discovery_control(p))}
            for p in [family, [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0]]]


if __name__ == "__main__":
    out = {
        "distributions": distributions(), "two_samples": two_samples(), "tables": tables(), "families": families(),
        "mcnemar": [[b, c, float(mcnemar([[0, b], [c, 0]], exact=True).pvalue), mid_p(b, c)]
                    for b, c in [(121, 59), (70, 59), (80, 59), (5, 1), (4, 4), (0, 9), (1, 0)]],
        "binary": binary_metrics(), "multiclass": multiclass_metrics(), "regression": regression_metrics(),
    }
    Path(__file__).with_name("tables.json").write_text(json.dumps(out, indent=1) + "\n")
