"""Names of metrics as they are shown."""

LOWER_IS_BETTER = ("log_loss", "brier")

_TITLES = {"log_loss": "log loss", "brier": "Brier score", "auroc_macro": "macro AUROC", "auroc": "AUROC"}


def metric_title(key: str) -> str:
    """`log_loss` → "log loss", `sensitivity_macro` → "macro sensitivity", `auroc:Type_1` → "AUROC Type_1"."""
    metric, colon, label = key.partition(":")
    title = _TITLES.get(metric)
    if title is None:
        stem = metric.removesuffix("_macro")
        title = f"{'macro ' if stem != metric else ''}{stem.replace('_', ' ')}"
    return f"{title} {label}" if colon else title
