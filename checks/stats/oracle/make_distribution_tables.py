"""Writes distribution-tables.json: both tails and quantiles of the laws in checks/stats, to 1e-200 and beyond.

    venv/bin/python checks/stats/oracle/make_distribution_tables.py        (as in make_tables.py, and mpmath==1.4.1; then biome check --write)

Tails are mpmath's incomplete gamma and beta functions at 60 digits, rounded once; scipy's own tails must agree to eight digits wherever it gives
any, which this script asserts (it loses digits in some far tails). Points of discrete laws are exact fractions. Limit laws are Smirnov's
integrals by mpmath's quadrature. Quantiles are scipy's, or mpmath's root of the tail where the tail is far.
"""

import json
from fractions import Fraction
from math import comb
from pathlib import Path

import mpmath as mp
import scipy.stats as st

mp.mp.dps = 60


def near(value, other):
    """mpmath's value as a double; scipy must not disagree where it has digits."""
    value = float(value)
    assert other == 0 or abs(value / other - 1) < 1e-8, (value, other)
    return value


def beta_lower(a, b, x):
    return mp.betainc(a, b, 0, mp.mpf(x), regularized=True)


def beta_upper(a, b, x):
    return mp.betainc(b, a, 0, 1 - mp.mpf(x), regularized=True)


def chi2_of_many(x, df):
    """Both tails for an even number of degrees of freedom: Poisson sums, term by term."""
    half, mean = df // 2, mp.mpf(x) / 2
    below = term = mp.e ** (-mean + (half - 1) * mp.log(mean) - mp.loggamma(half))
    for k in range(half - 1, 0, -1):
        term *= k / mean
        below += term
        if term < below * mp.mpf(10) ** -30: break
    above = term = mp.e ** (-mean + half * mp.log(mean) - mp.loggamma(half + 1))
    for k in range(half + 1, 100 * half):
        term *= mean / k
        above += term
        if term < above * mp.mpf(10) ** -30: break
    return [x, df, near(below, st.chi2.sf(x, df)), near(above, st.chi2.cdf(x, df))]


def f_upper(x, d1, d2):
    x = mp.mpf(x)
    return mp.betainc(mp.mpf(d2) / 2, mp.mpf(d1) / 2, 0, d2 / (d2 + d1 * x), regularized=True)


def t_upper(t, df):
    t = mp.mpf(t)
    half = mp.betainc(mp.mpf(df) / 2, mp.mpf(1) / 2, 0, df / (df + t * t), regularized=True) / 2
    return half if t >= 0 else 1 - half


def root(tail, target, start):
    """The x where a falling tail is `target`: bisection on the exponent, 60 digits."""
    low, high = mp.log(mp.mpf(start)) - 2, mp.log(mp.mpf(start)) + 2
    while tail(mp.e**low) < target: low -= 8
    while tail(mp.e**high) > target: high += 8
    for _ in range(90):
        middle = (low + high) / 2
        low, high = (middle, high) if tail(mp.e**middle) > target else (low, middle)
    return mp.e**((low + high) / 2)


def limit_tail(x, y, slope, density):
    """Smirnov: the sum over k of (-1)^(k-1) times the integral from 2k - 1 to 2k, w being where the root is y(w)."""
    total = mp.mpf(0)
    for k in range(1, 400):
        def integrand(s):
            w = 2 * k - mp.mpf(1) / 2 + mp.sin(mp.pi * s / 2) / 2
            return mp.exp(-mp.mpf(x) * y(w) / 2) * slope(w) * mp.sqrt(density(w) / abs(mp.sin(mp.pi * w))) * mp.pi / 4 * mp.cos(mp.pi * s / 2)
        term = mp.quad(integrand, [-1, -0.995, -0.98, -0.96, -0.93, -0.9, -0.87, -0.84, -0.8, -0.7, -0.6, -0.3, 0, 0.5, 1]) / mp.pi
        total += term if k % 2 else -term
        if abs(term) < mp.mpf(10)**-25 * abs(total): break
    return float(total)


def limit_laws():
    mp.mp.dps = 30
    cvm = [[x, limit_tail(x, lambda w: (mp.pi * w)**2, lambda w: 2 / w, lambda w: mp.pi * w)] for x in [0.02, 0.1, 0.46136, 1, 5, 30, 90]]
    for x, p in cvm[:4]:
        assert abs(1 - st._hypotests._cdf_cvm_inf(float(x)) - p) < 1e-8
    ad = [[x, limit_tail(x, lambda w: w * (w + 1), lambda w: (2 * w + 1) / (w * (w + 1)), lambda w: mp.pi * w * (w + 1))]
          for x in [0.1, 0.5, 1.2479, 2.492367, 6, 40, 450]]
    mp.mp.dps = 60
    return {"cramer_von_mises": cvm, "anderson_darling": ad}


def hypergeometric(k, total, marked, drawn):
    ways = [comb(marked, i) * comb(total - marked, drawn - i) for i in range(drawn + 1)]
    whole = comb(total, drawn)
    return [k, total, marked, drawn, float(Fraction(ways[k], whole)), float(Fraction(sum(ways[: k + 1]), whole)), float(Fraction(sum(ways[k + 1 :]), whole))]


def fisher(a, b, c, d):
    ways = [comb(a + b, k) * comb(c + d, a + c - k) for k in range(a + c + 1)]
    return [a, b, c, d, float(Fraction(sum(w for w in ways if w <= ways[a]), comb(a + b + c + d, a + c)))]


def binomial(k, n, p):
    q = Fraction(p)
    terms = [comb(n, i) * q**i * (1 - q) ** (n - i) for i in range(n + 1)]
    return [k, n, p, float(terms[k]), near(sum(terms[: k + 1]), st.binom.cdf(k, n, p)), near(sum(terms[k + 1 :]), st.binom.sf(k, n, p))]



def tables():
    return {
        "chi2_lower": [[x, df, near(mp.gammainc(mp.mpf(df) / 2, 0, mp.mpf(x) / 2, regularized=True), st.chi2.cdf(x, df))]
                       for df in [1, 2, 9, 200] for x in [1e-40, 1e-6, 0.01, 1, 20, 300]],
        "chi2_upper": [[x, df, near(mp.gammainc(mp.mpf(df) / 2, mp.mpf(x) / 2, mp.inf, regularized=True), st.chi2.sf(x, df))]
                       for df in [1, 4, 30] for x in [30, 200, 900, 1300]],
        "chi2_of_many": [chi2_of_many(df + z * (2 * df) ** 0.5, df) for df in [780, 820, 4000, 100000, 1000000] for z in [-8, -0.5, 0, 3, 25]],
        "chi2_quantile": [[p, df, near(root(lambda x: mp.gammainc(mp.mpf(df) / 2, x / 2, mp.inf, regularized=True), mp.mpf(p), df), st.chi2.isf(p, df))]
                          for df in [1, 9, 200] for p in [0.999, 0.05, 1e-20, 1e-200]],
        "chi2_lower_quantile": [[p, df, near(root(lambda x: mp.gammainc(mp.mpf(df) / 2, 1 / (2 * x), mp.inf, regularized=True) * -1 + 1, mp.mpf(p), df) ** -1, st.chi2.ppf(p, df))]
                                for df in [3, 9, 200] for p in [0.3, 1e-5, 1e-20]],
        "normal_cdf": [[z, near(mp.ncdf(mp.mpf(z)), st.norm.cdf(z))] for z in [-37, -30.2, -12.25, -1e-9, 0.7, 5]],
        "normal_quantile": [[p, float(st.norm.ppf(p))] for p in [1e-250, 1e-200, 1e-77, 0.2, 0.9999]],
        "t_upper": [[t, df, float(t_upper(t, df))] for df, t in [(1, 1e150), (1, 1e199), (2, 1e80), (2, 1e101), (5, 1e40), (0.5, 1e220), (30, 1e6), (1000, 50), (1000000, 20), (69999, 3), (3.7, 0.001), (3.7, -9)]],
        "t_quantile": [[p, df, float(-root(lambda t: t_upper(t, df), mp.mpf(p), 10))] for df in [1, 2.5, 10, 300] for p in [0.4999, 0.025, 1e-20, 1e-200]],
        "f_upper": [[x, d1, d2, near(f_upper(x, d1, d2), st.f.sf(x, d1, d2)), near(f_upper(1 / mp.mpf(x), d2, d1), st.f.cdf(x, d1, d2))]
                    for d1, d2 in [(1, 1), (4, 20), (120, 7), (3, 5000), (3, 1000000), (900, 1100)] for x in [1e-30, 0.01, 0.9, 3, 40, 1e6] if d1 < 900 or 0.1 < x < 5],
        "f_quantile": [[p, d1, d2, near(root(lambda x: f_upper(x, d1, d2), mp.mpf(p), 1), st.f.isf(p, d1, d2) if p > 1e-9 else 0)]
                       for d1, d2 in [(1, 3), (4, 20), (120, 700)] for p in [0.9, 0.05, 1e-12, 1e-200]],
        "beta": [[x, a, b, near(beta_lower(a, b, x), st.beta.cdf(x, a, b)), near(beta_upper(a, b, x), st.beta.sf(x, a, b))]
                 for a, b in [(0.5, 0.5), (2, 3), (400, 30), (12, 9000)] for x in [1e-20, 0.0013, 0.3, 0.75, 0.999]],
        "beta_quantile": [[p, a, b, near(1 / root(lambda y: beta_lower(a, b, 1 / y) if y > 1 else mp.mpf(1), mp.mpf(p), 2), st.beta.ppf(p, a, b))]
                          for a, b in [(0.5, 4), (2, 3), (40, 3), (12, 9000)] for p in [1e-90, 0.025, 0.5, 0.99]],
        "binomial": [binomial(*each) for each in [(0, 7, 0.2), (3, 10, 0.5), (59, 180, 0.5), (170, 180, 0.5), (30, 300, 1e-6), (290, 300, 0.999), (1, 300, 0.75)]],
        "binomial_quantile": [[q, n, p, int(st.binom.ppf(q, n, p))] for n, p in [(1, 0.5), (100, 0.5), (3000, 0.01), (50000, 0.7)] for q in [1e-12, 0.025, 0.5, 0.975, 1 - 1e-9]],
        "hypergeometric": [hypergeometric(*each) for each in [(2, 10, 4, 3), (0, 50, 5, 10), (70, 500, 120, 200), (3, 1100010, 500007, 10), (180, 3000, 200, 190), (1, 4000, 900, 600)]],
        "fisher": [fisher(*each) for each in [(8, 2, 1, 5), (7, 500000, 3, 600000), (3000, 3100, 3050, 2900), (0, 10, 0, 20), (200, 3, 4, 300), (1, 9, 11, 3), (50, 50, 50, 50)]],
        "limits": limit_laws(),
    }


if __name__ == "__main__":
    Path(__file__).with_name("distribution-tables.json").write_text(json.dumps(tables(), indent=1) + "\n")
