"""Who recommends, and how many people a customer tells (H5, K3, K6)."""

from servicefx.models.referral.asked import (
    fit_told,
    is_told,
    people_cuts,
    people_groups,
    recommending,
    told_outcomes,
)
from servicefx.models.referral.asymmetric_u import AsymmetricU, asymmetric_u
from servicefx.models.referral.comparison import CountComparison, compare_counts
from servicefx.models.referral.groups import PeopleCuts, PeopleGroups, people_by_satisfaction
from servicefx.models.referral.net_promoter import net_promoter, promoter_interval
from servicefx.models.referral.people_model import PeopleModel, fit_people_told
from servicefx.models.referral.promoter_comparison import compare_net_promoter

__all__ = [
    "AsymmetricU",
    "CountComparison",
    "PeopleCuts",
    "PeopleGroups",
    "PeopleModel",
    "asymmetric_u",
    "compare_counts",
    "compare_net_promoter",
    "fit_people_told",
    "fit_told",
    "is_told",
    "net_promoter",
    "people_by_satisfaction",
    "people_cuts",
    "people_groups",
    "promoter_interval",
    "recommending",
    "told_outcomes",
]
