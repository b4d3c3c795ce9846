"""Whether answers agree because one method, one person and one moment produced them all."""

from servicefx.measurement.method_bias.cfa_marker import CfaMarker as CfaMarker
from servicefx.measurement.method_bias.cfa_marker import cfa_marker as cfa_marker
from servicefx.measurement.method_bias.collinearity import FullCollinearity as FullCollinearity
from servicefx.measurement.method_bias.collinearity import full_collinearity as full_collinearity
from servicefx.measurement.method_bias.harman import SingleFactor as SingleFactor
from servicefx.measurement.method_bias.harman import harman_single_factor as harman_single_factor
from servicefx.measurement.method_bias.marker import MarkerCorrelations as MarkerCorrelations
from servicefx.measurement.method_bias.marker import marker_correlations as marker_correlations
from servicefx.measurement.method_bias.method_factor import MethodFactor as MethodFactor
from servicefx.measurement.method_bias.method_factor import latent_method_factor as latent_method_factor

__all__ = [
    "CfaMarker",
    "FullCollinearity",
    "MarkerCorrelations",
    "MethodFactor",
    "SingleFactor",
    "cfa_marker",
    "full_collinearity",
    "harman_single_factor",
    "latent_method_factor",
    "marker_correlations",
]
