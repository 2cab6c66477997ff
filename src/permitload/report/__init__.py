"""The report of a study: one HTML file that needs nothing else."""

from permitload.report.page import Report, render

__all__ = ["Report", "render"]
