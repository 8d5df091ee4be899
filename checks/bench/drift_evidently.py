"""Evidently's default drift report of two data files: drift_evidently.py REFERENCE WINDOW"""

import sys

import pandas as pd
from evidently import Report
from evidently.presets import DataDriftPreset


def read(path):
    return pd.read_parquet(path) if path.endswith(".parquet") else pd.read_csv(path)


reference, window = read(sys.argv[1]), read(sys.argv[2])
Report([DataDriftPreset()]).run(window, reference)
