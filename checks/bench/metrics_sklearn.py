"""ROC AUC with DeLong's interval and log loss with scikit-learn, numpy and scipy: what `npm run bench:checks` compares our metrics with.

usage: metrics_sklearn.py SCORES.f64 LABELS.u8        prints {"seconds": ..., "roc_auc": ..., "standard_error": ..., "log_loss": ...}

Only the computing is timed; scikit-learn has no interval, so that DeLong's is by mid-ranks (Sun & Xu 2014).
"""

import json
import sys
import time

import numpy as np
from scipy.stats import rankdata
from sklearn.metrics import log_loss, roc_auc_score


def delong(scores, labels):
    positive, negative = scores[labels == 1], scores[labels == 0]
    m, n = len(positive), len(negative)
    everyone = rankdata(np.concatenate([positive, negative]))
    among_positives = (everyone[:m] - rankdata(positive)) / n
    among_negatives = 1 - (everyone[m:] - rankdata(negative)) / m
    return float(np.sqrt(among_positives.var(ddof=1) / m + among_negatives.var(ddof=1) / n))


scores = np.fromfile(sys.argv[1], dtype=np.float64)
labels = np.fromfile(sys.argv[2], dtype=np.uint8)
start = time.perf_counter()
area = float(roc_auc_score(labels, scores))
error = delong(scores, labels)
loss = float(log_loss(labels, scores))
print(json.dumps({"seconds": time.perf_counter() - start, "roc_auc": area, "standard_error": error, "log_loss": loss}))
