"""Criteria of fairness: what each asks for, and how far given permits are from it.

A target is a function of the sources, for ``allocation.allocate(..., target=)``; a composition
reconciles a target with rows, for ``allocation.allocate(..., compose=)`` and :func:`divide`.
"""

__all__: list[str] = []
