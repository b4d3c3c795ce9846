"""How many dimensions items have, and which items go together."""

from servicefx.measurement.dimensions.adequacy import SamplingAdequacy as SamplingAdequacy
from servicefx.measurement.dimensions.adequacy import Sphericity as Sphericity
from servicefx.measurement.dimensions.adequacy import bartlett_sphericity as bartlett_sphericity
from servicefx.measurement.dimensions.adequacy import sampling_adequacy as sampling_adequacy
from servicefx.measurement.dimensions.exploratory import ExploratoryFactors as ExploratoryFactors
from servicefx.measurement.dimensions.exploratory import exploratory_factors as exploratory_factors
from servicefx.measurement.dimensions.exploratory import most_factors as most_factors
from servicefx.measurement.dimensions.parallel import ParallelAnalysis as ParallelAnalysis
from servicefx.measurement.dimensions.parallel import parallel_analysis as parallel_analysis
from servicefx.measurement.dimensions.partial import PartialAnalysis as PartialAnalysis
from servicefx.measurement.dimensions.partial import minimum_average_partial as minimum_average_partial
from servicefx.measurement.dimensions.rotation import Rotated as Rotated
from servicefx.measurement.dimensions.rotation import rotate as rotate

__all__ = [
    "ExploratoryFactors",
    "ParallelAnalysis",
    "PartialAnalysis",
    "Rotated",
    "SamplingAdequacy",
    "Sphericity",
    "bartlett_sphericity",
    "exploratory_factors",
    "minimum_average_partial",
    "most_factors",
    "parallel_analysis",
    "rotate",
    "sampling_adequacy",
]
