"""Water-quality standards of sections and emission limits, as data with their evidence.

GB 3838-2002 (地表水环境质量标准): limits, class and attainment of a section. Its numbers were keyed
by two independent public sources that agree; check them against the printed text before legal use.
"""

from permitload.standards._lookup import items, sense
from permitload.standards.targets import class_limit, limits

__all__ = ["class_limit", "items", "limits", "sense"]
