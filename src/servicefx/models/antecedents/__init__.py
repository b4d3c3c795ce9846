"""From what the firm can change, through service dimensions, to satisfaction: one chain (H3, H8)."""

from servicefx.models.antecedents.decomposition import Decomposition, System, decompose, shares_of
from servicefx.models.antecedents.equations import ServiceChain, service_chain
from servicefx.models.antecedents.latent import latent_system
from servicefx.models.antecedents.observed import observed_system

__all__ = [
    "Decomposition",
    "ServiceChain",
    "System",
    "decompose",
    "latent_system",
    "observed_system",
    "service_chain",
    "shares_of",
]
