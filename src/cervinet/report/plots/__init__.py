"""The figures of a run, each a function that returns a matplotlib `Figure`, and `save`."""

from cervinet.report.plots.canvas import save
from cervinet.report.plots.confusion import confusion_matrix
from cervinet.report.plots.importance import search_plot
from cervinet.report.plots.precision_recall import precision_recall_curves
from cervinet.report.plots.progress import training_progress
from cervinet.report.plots.roc import roc_curves

__all__ = [
    "confusion_matrix",
    "precision_recall_curves",
    "roc_curves",
    "save",
    "search_plot",
    "training_progress",
]
