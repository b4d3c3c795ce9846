"""The truth of the simulated after-sales study, second part: what regressions and interventions give at n = 2,000,000."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit

from servicefx.study.after_sales_customers import DIMENSIONS
from servicefx.study.after_sales_items import REVERSED_ITEMS, SCALES, item_names
from servicefx.study.after_sales_structure import TruthRow, columns_of, structural_rows
from servicefx.study.mechanisms import Intervention
from servicefx.study.simulate import SimulatedStudy, simulate
