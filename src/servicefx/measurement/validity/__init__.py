"""Validity: whether the items of a construct belong together, and two constructs are two."""

from servicefx.measurement.validity.confirmatory import confirmatory_fit as confirmatory_fit
from servicefx.measurement.validity.convergent import (
    average_variance_extracted as average_variance_extracted,
)
from servicefx.measurement.validity.convergent import convergent_loadings as convergent_loadings
from servicefx.measurement.validity.convergent import (
    fitted_average_variance_extracted as fitted_average_variance_extracted,
)
from servicefx.measurement.validity.convergent import judged_extracted as judged_extracted
from servicefx.measurement.validity.convergent import judged_loadings as judged_loadings
from servicefx.measurement.validity.correlation_interval import correlation_cut_tests as correlation_cut_tests
from servicefx.measurement.validity.correlation_interval import correlation_intervals as correlation_intervals
from servicefx.measurement.validity.correlation_interval import judged_correlations as judged_correlations
from servicefx.measurement.validity.cross_loadings import cross_loadings as cross_loadings
from servicefx.measurement.validity.cross_loadings import judged_cross_loadings as judged_cross_loadings
from servicefx.measurement.validity.fornell_larcker import fornell_larcker as fornell_larcker
from servicefx.measurement.validity.fornell_larcker import judged_fornell_larcker as judged_fornell_larcker
from servicefx.measurement.validity.heterotrait import heterotrait_monotrait as heterotrait_monotrait
from servicefx.measurement.validity.heterotrait import (
    heterotrait_monotrait_geometric as heterotrait_monotrait_geometric,
)
from servicefx.measurement.validity.heterotrait import (
    heterotrait_monotrait_intervals as heterotrait_monotrait_intervals,
)
from servicefx.measurement.validity.heterotrait import judged_ratios as judged_ratios
from servicefx.measurement.validity.item_blocks import negative_items as negative_items

__all__ = [
    "average_variance_extracted",
    "confirmatory_fit",
    "convergent_loadings",
    "correlation_cut_tests",
    "correlation_intervals",
    "cross_loadings",
    "fitted_average_variance_extracted",
    "fornell_larcker",
    "heterotrait_monotrait",
    "heterotrait_monotrait_geometric",
    "heterotrait_monotrait_intervals",
    "judged_correlations",
    "judged_cross_loadings",
    "judged_extracted",
    "judged_fornell_larcker",
    "judged_loadings",
    "judged_ratios",
    "negative_items",
]
