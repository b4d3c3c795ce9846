"""The one glossary: every column a public frame may have, its meaning, unit and role."""

from __future__ import annotations

from servicefx.values.glossary.causes import CAUSES
from servicefx.values.glossary.column import Column, Role
from servicefx.values.glossary.counts import COUNTS
from servicefx.values.glossary.customers import CUSTOMERS
from servicefx.values.glossary.loyalty import LOYALTY
from servicefx.values.glossary.mediation import MEDIATION
from servicefx.values.glossary.numbers import NUMBERS
from servicefx.values.glossary.recovery import RECOVERY
from servicefx.values.glossary.remarks import REMARKS
from servicefx.values.glossary.row_labels import ROW_LABELS
from servicefx.values.glossary.segments import SEGMENTS

__all__ = ["GLOSSARY", "Column", "Role"]

GLOSSARY: dict[str, Column] = (
    ROW_LABELS | NUMBERS | COUNTS | REMARKS | CUSTOMERS | CAUSES | SEGMENTS | LOYALTY | RECOVERY | MEDIATION
)
