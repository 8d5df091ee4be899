"""Writes interval-tables.json: expected values of checks/stats/{binomial-interval,quantile-interval}.ts.

    venv/bin/python checks/stats/oracle/make_interval_tables.py        (scipy as in make_tables.py)

Clopper and Pearson's interval is scipy's beta law; ranks of the quantile's interval are searched one by one with scipy's binomial law.
"""

import json
from pathlib import Path

import scipy.stats as st


def binomial_interval(k, n, alpha):
    # By the quantiles of the beta law: binomtest(...).proportion_ci(method="exact") searches the same to an absolute 2e-12 only.
    low = float(st.beta.ppf(alpha / 2, k, n - k + 1)) if k > 0 else 0.0
    high = float(st.beta.isf(alpha / 2, k + 1, n - k)) if k < n else 1.0
    return [k, n, alpha, low, high]


def quantile_ranks(n, level, alpha):
    lower = [rank for rank in range(1, n + 1) if st.binom.cdf(rank - 1, n, level) <= alpha / 2]
    upper = [rank for rank in range(1, n + 1) if st.binom.sf(rank - 1, n, level) <= alpha / 2]
    return [n, level, alpha, max(lower, default=0), min(upper, default=n + 1)]


tables = {
    "binomial_interval": [binomial_interval(k, n, alpha) for k, n in [(0, 100), (1, 100), (37, 100), (100, 100), (3, 5000), (4999, 5000), (1, 1)]
                          for alpha in [0.05, 0.01, 1e-6]],
    "quantile_ranks": [quantile_ranks(n, level, alpha) for n in [1, 7, 8, 100, 367, 368, 528, 1000, 3000] for level in [0.5, 0.99, 0.1] for alpha in [0.05, 0.01]],
}
Path(__file__).with_name("interval-tables.json").write_text(json.dumps(tables, indent=1) + "\n")
