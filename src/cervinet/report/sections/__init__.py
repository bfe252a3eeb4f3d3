"""The parts of `report.html`, a module each: `NAME_section(...) -> Html` from what evaluation found.

A section gets typed results and knows nothing of files. Its figures come from `report.plots` and stand in the page by
`html.plot`. It says in one sentence what its figures mean before it shows them, for a reader who is a clinician.
"""
