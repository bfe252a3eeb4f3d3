"""The two calls of the page: what the run says of a picture, and where it looks."""

import base64
import binascii
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cervinet.data.picture import Picture
from cervinet.errors import ImageError
from cervinet.serve.page_answer import answer_card, problem_card
from cervinet.serve.page_heat import heat_figure, no_heat
from cervinet.serve.page_rows import csv_row, row
from cervinet.serve.service import BusyError, Service

BUSY = "The service has too much to do at the moment; try again in a little while."
_LONGEST = 255  # letters of a name, as in most file systems


class Requests:
    """The calls; a picture lives no longer than its call."""

    def __init__(self, service: Service, largest: int) -> None:
        """`largest` is the most bytes of a picture's file."""
        self._service, self._largest = service, largest

    async def answer(self, sent: Mapping[str, Any]) -> dict[str, str]:
        """Of `{"name", "data"}`, the data in base64: `{"row", "card", "csv", "label", "unread"}`.

        `label` is the class to look for in the picture, "" where there is none; `unread` is "" unless the picture could
        not be read. Where there is no answer it is `{"busy"}`, which may be asked again, or `{"refused"}`.
        """
        card = self._service.card
        picture = self._picture(sent)
        if isinstance(picture, str):
            return {"refused": picture}
        try:
            (found,) = await self._service.predict([picture])
        except BusyError:
            return {"busy": BUSY}
        label = ""
        if found.probabilities is None:
            shown = problem_card(found)
        else:
            shown = answer_card(found, card)
            assert found.verdict is not None
            if found.verdict.why != "not assessed":
                label = found.verdict.label or card.classes[int(found.probabilities.argmax())]
        said = {"row": row(found, card), "card": shown, "csv": csv_row(found, card)}
        return said | {"label": label, "unread": found.error}

    async def heat(self, sent: Mapping[str, Any]) -> dict[str, str]:
        """Of `{"name", "data", "label"}`: `{"figure"}`, or `{"busy"}`."""
        label = sent.get("label")
        picture = self._picture(sent)
        if isinstance(picture, str) or label not in self._service.card.classes:
            return {"figure": no_heat()}
        try:
            found = await self._service.heat(picture, str(label))
        except BusyError:
            return {"busy": BUSY}
        except ImageError:
            return {"figure": no_heat()}
        return {"figure": no_heat() if found is None else heat_figure(found, str(label), self._service.card.classes)}

    def _picture(self, sent: Mapping[str, Any]) -> Picture | str:
        """The picture, or why there is none."""
        name, data = str(sent.get("name", "")), str(sent.get("data", ""))
        try:
            content = base64.b64decode(data, validate=True)
        except (ValueError, binascii.Error):
            return "The picture did not arrive whole; give it again."
        if len(content) > self._largest:
            return "The picture is larger than the service takes."
        plain = name.encode("utf-8", "replace").decode()[:_LONGEST]
        return Picture(Path(plain.replace("\0", "") or "picture"), data=content)
