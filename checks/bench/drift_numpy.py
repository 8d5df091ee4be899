"""Drift of every column with numpy and scipy, written with care: what `npm run bench:checks` compares `slipway drift` with.

usage: drift_numpy.py [--by-hand] REFERENCE WINDOW [OUT.json]      (CSV or Parquet)

The same work: numbers by Kolmogorov-Smirnov (asymptotic p) with PSI and Jensen-Shannon distance in reference deciles and the Wasserstein distance over the
reference's deviation; categories by chi-squared of two samples with PSI and Jensen-Shannon. KS and Wasserstein are scipy's own functions; with --by-hand they
are numpy on samples that are sorted once and merged once, which is as fast as numpy gets. pyarrow reads; it uses as many threads as it likes.
"""

import json
import sys

import numpy as np
import pyarrow.csv
import pyarrow.parquet
from scipy import stats


def read(path):
    if path.endswith(".parquet"):
        return pyarrow.parquet.read_table(path)
    return pyarrow.csv.read_csv(path)


def psi(first, second):
    keep = first + second > 0
    first, second = first[keep], second[keep]
    k = len(first)
    p = (first + 0.5) / (first.sum() + 0.5 * k)
    q = (second + 0.5) / (second.sum() + 0.5 * k)
    return float(((q - p) * np.log(q / p)).sum())


def jensen_shannon(first, second):
    p, q = first / first.sum(), second / second.sum()
    m = (p + q) / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(p > 0, p * np.log2(p / m), 0) + np.where(q > 0, q * np.log2(q / m), 0)
    return float(np.sqrt(max(0.0, terms.sum() / 2)))


def scipys(x, y):
    found = stats.ks_2samp(x, y, method="asymp")
    return float(found.statistic), float(found.pvalue), float(stats.wasserstein_distance(x, y))


def by_hand(x, y):
    n, m = len(x), len(y)
    pooled = np.concatenate([x, y])
    pooled.sort(kind="stable")  # two sorted runs: this merges
    gaps = np.abs(np.searchsorted(x, pooled, side="right") / n - np.searchsorted(y, pooled, side="right") / m)
    statistic = float(gaps.max())
    p = float(stats.kstwo.sf(statistic, round(n * m / (n + m))))
    return statistic, p, float((gaps[:-1] * np.diff(pooled)).sum())


def number(x, y, tests):
    x, y = np.sort(x), np.sort(y)
    statistic, p, distance = tests(x, y)
    edges = np.quantile(x, np.arange(1, 10) / 10)
    counts = [np.diff(np.concatenate([[0], np.searchsorted(side, edges, side="left"), [len(side)]])) for side in (x, y)]
    return {
        "statistic": statistic,
        "pValue": p,
        "wasserstein": distance / float(x.std(ddof=1)),
        "psi": psi(*counts),
        "jensenShannon": jensen_shannon(*counts),
    }


def category(x, y):
    x, y = (side.cast("string").dictionary_encode().combine_chunks() for side in (x, y))
    names = sorted(set(x.dictionary.to_pylist()) | set(y.dictionary.to_pylist()))
    places = {name: place for place, name in enumerate(names)}

    def counted(side):
        counts = np.zeros(len(names), dtype=np.int64)
        own = np.bincount(side.indices.to_numpy(), minlength=len(side.dictionary))
        for name, count in zip(side.dictionary.to_pylist(), own):
            counts[places[name]] += count
        return counts

    first, second = counted(x), counted(y)
    found = stats.chi2_contingency(np.array([first, second]), correction=False)
    return {"statistic": float(found.statistic), "pValue": float(found.pvalue), "psi": psi(first, second), "jensenShannon": jensen_shannon(first, second)}


def main(reference, window, out=None, tests=scipys):
    first, second = read(reference), read(window)
    result = {}
    for name in first.column_names:
        x, y = first[name], second[name]
        if pyarrow.types.is_floating(x.type) or pyarrow.types.is_integer(x.type):
            result[name] = number(x.to_numpy(), y.to_numpy(), tests)
        else:
            result[name] = category(x, y)
    if out is not None:
        with open(out, "w", encoding="utf-8") as file:
            json.dump(result, file)


arguments = [word for word in sys.argv[1:] if word != "--by-hand"]
main(*arguments, tests=by_hand if "--by-hand" in sys.argv else scipys)
