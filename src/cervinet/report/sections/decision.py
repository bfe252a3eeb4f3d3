"""Whether acting on the network does more good than treating everyone or no one."""

from collections.abc import Sequence

import numpy as np

from cervinet.evaluation.decision import CostCurve, DecisionCurve
from cervinet.report.html import Html, bullets, joined, name, paragraph, plot, section, text
from cervinet.report.plots.cost import cost_curves
from cervinet.report.plots.decision import decision_curves

_NET_BENEFIT = (
    "Net benefit counts the true positives a patient, less the false ones by what they weigh: whoever would treat from "
    "a probability of 10 % on holds one missed case to be as bad as nine needless treatments. At your own threshold, "
    "the highest of the three lines does the most good."
)
_AS_GIVEN = (
    "Probabilities are used as the network gives them, which fits a share of positives like that of the pictures it "
    "was calibrated on. Where far fewer are positive they are too high, and the curve shows what acting on them costs."
)
_COST = (
    "A cost curve shows the lowest cost of errors that any threshold could reach, from false alarms alone counting, on "
    "the left, to missed cases alone, on the right. Below the grey line the network is better than calling everyone or "
    "no one positive. The thresholds are the best for these very pictures, so it is a limit, not a promise."
)


def decision_section(
    decisions: Sequence[DecisionCurve],
    costs: Sequence[CostCurve],
    *,
    split: str,
    confidence: float,
    note: str | None = None,
) -> Html:
    """Decision curves, in words where the network is of use, and cost curves.

    Args:
        decisions: a curve for each question with both answers, one at least.
        costs: likewise.
        split: of what is judged.
        confidence: of the bands, in (0, 1).
        note: what a reader must know of the data, such as "synthetic phantoms".
    """
    heading = text("Is it worth acting on?")
    parts = [
        paragraph(text(_NET_BENEFIT)),
        plot(
            decision_curves(decisions, split=split, confidence=confidence, note=note),
            "Net benefit over the threshold probability",
        ),
        bullets(joined(name(curve.of), text(_where(curve))) for curve in decisions),
        paragraph(text(_AS_GIVEN), style="faint"),
    ]
    if costs:
        drawn = cost_curves(costs, split=split, note=note)
        parts += [paragraph(text(_COST)), plot(drawn, "Lowest expected cost over the weight of missed cases")]
    return section("decision", heading, *parts)


def _where(curve: DecisionCurve) -> str:
    """At which thresholds the network is worth more than treating all or none."""
    better = curve.net_benefit > np.maximum(curve.treat_all, 0)
    count, every = int(better.sum()), len(better)
    at = f"at a prevalence of {100 * curve.prevalence:.3g} %"
    if not count:
        return f"{at}: at no threshold worth more than treating everyone or no one."
    lowest, highest = curve.thresholds[better][[0, -1]]
    some = "" if count == 1 else f" to {100 * highest:.3g} %"
    holes = ", though not at each between" if count < round((highest - lowest) * (every + 1)) + 1 else ""
    return f"{at}: worth more than treating everyone or no one at thresholds of {100 * lowest:.3g} %{some}{holes}."
