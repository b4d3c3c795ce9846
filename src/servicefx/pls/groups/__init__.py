"""Groups of people under one model of composites: ``pls.micom`` and ``pls.compare_groups``."""

from servicefx.pls.groups.comparison import compare_groups
from servicefx.pls.groups.micom import Micom, micom

__all__ = ["Micom", "compare_groups", "micom"]
