"""Writes two-sample-tables.json: expected values of the two-sample tests, distances and multivariate tests of checks/stats.

    venv/bin/python checks/stats/oracle/make_two_sample_tables.py        (as in make_distribution_tables.py; then biome check --write)

scipy, statsmodels and scikit-learn where they have the method; else its definition by brute force (tie-averaged statistics: over every order of equal
values; exact tests: over every table, in fractions; permutation tests: over every split).
"""

import json
import math
import warnings
from fractions import Fraction
from itertools import combinations, permutations, product
from math import comb
from pathlib import Path

import mpmath as mp
import numpy as np
import scipy.stats as st
from scipy.stats._morestats import _anderson_ksamp_midrank, _anderson_ksamp_right
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportions_ztest

from make_distribution_tables import limit_tail

warnings.simplefilter("ignore")
random = np.random.default_rng(20261122)
LIMIT_DEVIATION = math.sqrt(2 * (math.pi**2 - 9) / 3)


def floats(values):
    return [float(value) for value in values]


def cramer_von_mises(labels):
    """Anderson's definition on a pooled order of 1 (first sample) and 0."""
    labels = np.array(labels)
    n, m = labels.sum(), (1 - labels).sum()
    gaps = np.cumsum(labels) / n - np.cumsum(1 - labels) / m
    return n * m / (n + m) ** 2 * (gaps**2).sum()


def anderson_darling(labels):
    labels = np.array(labels)
    n, total = labels.sum(), len(labels)
    s = np.arange(1, total)
    return ((total * np.cumsum(labels)[:-1] - n * s) ** 2 / (s * (total - s))).sum() / (n * (total - n))


def tie_averaged(a, b, statistic):
    """Mean over every order of the equal values."""
    blocks = [[1] * list(a).count(v) + [0] * list(b).count(v) for v in sorted(set(a) | set(b))]
    values = [statistic(sum(orders, ())) for orders in product(*(sorted(set(permutations(block))) for block in blocks))]
    return float(np.mean(values))


def anderson_darling_p(standardised):
    mp.mp.dps = 30
    return limit_tail(1 + standardised * LIMIT_DEVIATION, lambda w: w * (w + 1), lambda w: (2 * w + 1) / (w * (w + 1)), lambda w: mp.pi * w * (w + 1))


def cramer_von_mises_p(statistic, n, m, scipys):
    """The limit law at scipy's standardised statistic; scipy's own tail is good to about 1e-8 only, and must agree so far."""
    total, k = n + m, n * m
    mean = (1 + 1 / total) / 6
    variance = (total + 1) * (4 * k * total - 3 * (n * n + m * m) - 2 * k) / (45 * total**2 * 4 * k)
    mp.mp.dps = 30
    p = limit_tail(1 / 6 + (statistic - mean) / math.sqrt(45 * variance), lambda w: (mp.pi * w) ** 2, lambda w: 2 / w, lambda w: mp.pi * w)
    assert abs(p - scipys) < 1e-7
    return p


def rank_tests():
    cases = []
    for n, m, shift, decimals, spread in [(4, 6, 0.5, 9, 1), (6, 40, 0, 9, 1), (15, 18, 0.8, 9, 1), (19, 20, 1.5, 9, 1), (60, 90, 0.3, 9, 1), (45, 300, 0, 9, 2), (400, 400, 1.2, 9, 1), (200, 300, 0.2, 0, 1)]:
        a, b = np.round(random.normal(0, 1, n), decimals), np.round(random.normal(shift, spread, m), decimals)
        tied = len(set(a) | set(b)) < n + m
        u = st.mannwhitneyu(a, b)
        cvm = st.cramervonmises_2samp(a, b)
        right, mid = st.anderson_ksamp([a, b], midrank=False), st.anderson_ksamp([a, b], midrank=True)
        cases.append({
            "a": floats(a), "b": floats(b), "tied": tied, "u": float(u.statistic), "u_p": float(u.pvalue),
            "cvm": None if tied else float(cvm.statistic), "cvm_p": None if tied else float(cvm.pvalue) if max(n, m) <= 20 else cramer_von_mises_p(float(cvm.statistic), n, m, cvm.pvalue),
            "ad": None if tied else anderson_darling([int(v in set(a)) for v in sorted([*a, *b])]),
            "ad_p": None if tied or n * m <= 1000 else anderson_darling_p(float(right.statistic)),
            "ad_right": float(right.statistic), "ad_mid": float(mid.statistic),
        })
    return cases


def tied_statistics():
    cases = [([1, 1, 2], [2, 2, 3]), ([0, 0, 0, 1], [0, 1]), ([1, 2, 2, 2], [2, 2, 3, 3]), ([5, 5], [5, 5, 5]), ([1, 1, 1, 4, 5], [1, 2, 4, 4])]
    return [{"a": a, "b": b, "cvm": tie_averaged(a, b, cramer_von_mises), "ad": tie_averaged(a, b, anderson_darling)} for a, b in cases]


def k_samples():
    lehmann = [[38.7, 41.5, 43.8, 44.5, 45.5, 46.0, 47.7, 58.0], [39.2, 39.3, 39.7, 41.4, 41.8, 42.9, 43.3, 45.8],
               [34.0, 35.0, 39.0, 40.0, 43.0, 43.0, 44.0, 45.0], [34.0, 34.8, 34.8, 35.4, 37.2, 37.8, 41.2, 42.8]]
    drawn = [floats(np.round(random.normal(shift, 1, size), 1)) for shift, size in [(0, 20), (0.1, 35), (0.4, 28)]]
    out = []
    for samples in [lehmann, drawn]:
        pooled = np.sort(np.hstack(samples))
        args = ([np.asarray(s) for s in samples], pooled, np.unique(pooled), len(samples), np.array([len(s) for s in samples]), len(pooled))
        out.append({"samples": samples, "right": float(_anderson_ksamp_right(*args)), "mid": float(_anderson_ksamp_midrank(*args)),
                    "standard_right": float(st.anderson_ksamp(samples, midrank=False).statistic), "standard_mid": float(st.anderson_ksamp(samples, midrank=True).statistic)})
    return out


def bergsma(table):
    n, (r, k) = table.sum(), table.shape
    phi = max(0, st.chi2_contingency(table, correction=False).statistic / n - (k - 1) * (r - 1) / (n - 1))
    k, r = k - (k - 1) ** 2 / (n - 1), r - (r - 1) ** 2 / (n - 1)
    return math.sqrt(phi / min(k - 1, r - 1))


def tables():
    out = []
    for counts in [[[30, 20, 50], [25, 35, 40]], [[200, 800], [400, 600]], [[10, 12, 25, 7], [30, 9, 46, 11]], [[1000, 300, 55], [400, 250, 39]], [[16, 18, 16, 14, 12, 12], [16, 16, 16, 16, 16, 8]]]:
        table = np.array(counts)
        g = st.chi2_contingency(table, correction=False, lambda_="log-likelihood")
        p, q = table[0] / table[0].sum(), table[1] / table[1].sum()
        # Williams (1976), where fewer than 10 are expected.
        williams = 1 + (table.sum() * (1 / table.sum(1)).sum() - 1) * (table.sum() * (1 / table.sum(0)).sum() - 1) / (6 * table.sum() * g.dof)
        g_p = st.chi2.sf(g.statistic / (williams if g.expected_freq.min() < 10 else 1), g.dof)
        out.append({"counts": counts, "g": float(g.statistic), "g_p": float(g_p), "hellinger": float(np.sqrt(1 - np.sqrt(p * q).sum())),
                    "total_variation": float(abs(p - q).sum() / 2), "l_infinity": float(abs(p - q).max()), "at": int(abs(p - q).argmax()),
                    "normalised": float(abs(table[0] - table[1]).max() / table.sum()), "cramers_v": bergsma(table)})
    return out


def freeman_halton(first, second):
    sums, n = [a + b for a, b in zip(first, second)], sum(first)
    ways = [math.prod(comb(s, x) for s, x in zip(sums, side)) for side in product(*(range(s + 1) for s in sums)) if sum(side) == n]
    seen = math.prod(comb(s, x) for s, x in zip(sums, first))
    return float(Fraction(sum(w for w in ways if w <= seen), comb(sum(sums), n)))


def multinomial(counts, shares):
    shares, n = [Fraction(s).limit_denominator(1000) for s in shares], sum(counts)
    def point(of):
        return math.factorial(n) * math.prod((s**x / Fraction(math.factorial(x)) for s, x in zip(shares, of)), start=Fraction(1))
    points = [point(of) for of in product(range(n + 1), repeat=len(counts)) if sum(of) == n]
    seen = point(counts)
    return float(sum(p for p in points if p <= seen))


def multivariate():
    a, b = random.normal(0, 1, (4, 2)), random.normal(1.2, 1, (5, 2))
    both = np.vstack([a, b])
    squares = ((both[:, None] - both[None, :]) ** 2).sum(-1)
    bandwidth = math.sqrt(np.median(squares[np.triu_indices(9, 1)]) / 2)
    kernel = np.exp(-squares / (2 * bandwidth**2))
    def mmd(first):
        second = [i for i in range(9) if i not in first]
        n, m = len(first), len(second)
        xx, yy = kernel[np.ix_(first, first)], kernel[np.ix_(second, second)]
        return (xx.sum() - n) / (n * (n - 1)) + (yy.sum() - m) / (m * (m - 1)) - 2 * kernel[np.ix_(first, second)].mean()
    def energy(first):
        second = [i for i in range(9) if i not in first]
        d = np.sqrt(squares)
        return 2 * d[np.ix_(first, second)].mean() - d[np.ix_(first, first)].mean() - d[np.ix_(second, second)].mean()
    splits = [list(split) for split in combinations(range(9), 4)]
    own = [0, 1, 2, 3]
    line = [floats(random.normal(0, 1, 12)), floats(random.normal(0.7, 1, 15))]
    fitted = random.normal(0, 1, (60, 5)) @ random.normal(0, 1, (5, 5)) + 3
    other = random.normal(0, 2, (7, 5))
    scaler = StandardScaler().fit(fitted)
    pca = PCA(0.65, svd_solver="full").fit(scaler.transform(fitted))
    rest = scaler.transform(other) - pca.inverse_transform(pca.transform(scaler.transform(other)))
    return {
        "a": a.T.tolist(), "b": b.T.tolist(), "bandwidth": bandwidth, "mmd": float(mmd(own)), "energy": math.sqrt(energy(own)),
        "mmd_p": float(np.mean([mmd(s) >= mmd(own) - 1e-12 for s in splits])), "energy_p": float(np.mean([energy(s) >= energy(own) - 1e-12 for s in splits])),
        "line": line, "line_energy": float(st.energy_distance(*line)),
        "pca": {"fitted": fitted.T.tolist(), "other": other.T.tolist(), "components": int(pca.n_components_),
                "variance": float(pca.explained_variance_ratio_.sum()), "errors": floats(np.linalg.norm(rest, axis=1))},
    }


families = [floats(random.random(12) ** 3), [0.01, 0.04, 0.03], [0.5, 0.6, 0.9], [1e-200, 1e-9, 0.2]]
values = sorted(floats(np.round(random.normal(0, 1, 23), 2)))
levels = [0, 0.01, 0.1, 1 / 3, 0.5, 0.77, 0.99, 1]
out = {
    "rank_tests": rank_tests(), "tied": tied_statistics(), "k_samples": k_samples(), "tables": tables(),
    "freeman_halton": [[first, second, freeman_halton(first, second)] for first, second in [([3, 0, 1], [0, 4, 2]), ([5, 2, 1, 0], [1, 3, 4, 2]), ([8, 2], [1, 5]), ([2, 2, 2], [2, 2, 2])]],
    "multinomial": [[counts, shares, multinomial(counts, shares)] for counts, shares in [([9, 1], [0.5, 0.5]), ([3, 2, 7], [0.2, 0.5, 0.3]), ([0, 4, 1, 3], [0.4, 0.3, 0.2, 0.1]), ([2, 3, 5], [0.2, 0.3, 0.5])]],
    "holm": [[p, floats(multipletests(p, method="holm")[1])] for p in families],
    "proportions": [[a, n, b, m, *floats(proportions_ztest([b, a], [m, n]))] for a, n, b, m in [(30, 100, 45, 100), (500, 2000, 80, 300), (7, 5000, 30, 4000), (10, 100, 10, 100)]],
    "quantiles": {"values": values, "linear": [[q, float(np.quantile(values, q))] for q in levels], "inverted_cdf": [[q, float(np.quantile(values, q, method="inverted_cdf"))] for q in levels]},
    "multivariate": multivariate(),
}
Path(__file__).with_name("two-sample-tables.json").write_text(json.dumps(out, indent=1) + "\n")
