"""A finished run → a new folder with its network in another program's format, and proof that it is the same network."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cervinet.accuracy_lost import Loss, losses
from cervinet.errors import CervinetError
from cervinet.export_plan import Plan, file_of, prepared
from cervinet.exporters import card as export_card
from cervinet.exporters.agreement import Agreement, agreements
from cervinet.exporters.export import Given, Part, Written
from cervinet.exporters.fresh_process import answers
from cervinet.files import write_json
from cervinet.folders import claimed_folder, filled_in_one_step, fresh_folder
from cervinet.progress import Progress

COMPARED = 32


@dataclass(frozen=True)
class Exported:
    """A folder that agrees with its run.

    Attributes:
        folder: with the files and card.json.
        name: of the format.
        agreements: of each part that was kept.
        losses: what coarser numbers cost.
        words: which pictures were compared.
        remarks: what a person should know, parts left out before all else.
    """

    folder: Path
    name: str
    agreements: tuple[Agreement, ...]
    losses: tuple[Loss, ...]
    words: str
    remarks: tuple[str, ...]


def export(planned: Plan, progress: Progress) -> Exported:
    """Write the files, compare what a fresh process makes of them with the run, and keep them if they agree.

    Raises:
        CervinetError: the network cannot be written in the format, or what was written does not agree with the run;
            then there is no folder.
    """
    from cervinet.inference.predictor import Predictor

    source, name = planned.source, planned.exporter.name
    predictor = Predictor.of_network(source.run, engine="keras")
    shown, pixels = prepared(planned.compared, source.card, COMPARED)
    words = f"{len(shown)} {planned.words}"
    given = Given(pixels, [file_of(picture) for picture in shown])
    with _new_folder(planned) as (folder, final):
        progress.say(f"Writing {name}")
        written = _written(planned, folder)
        progress.say(f"Comparing it with the run on {words}, in a process of its own")
        own, calibrated = predictor.engine(pixels), predictor.probabilities(pixels)
        found = agreements(written.parts, answers(name, folder, given), own, calibrated)
        parts, left_out = _kept(written, found, folder)
        lost = losses([part.name for part in parts if part.lossy], planned, predictor, folder, progress)
        remarks = (*left_out, *written.remarks, *_remarks(planned, parts))
        agreed = tuple(one for one in found if one.part in {part.name for part in parts})
        values = export_card.card_of(
            name, source, parts, agreed, compared_on=words, losses=lost, remarks=remarks, folder=folder
        )
        write_json(folder / export_card.FILE, values)
    return Exported(final, name, agreed, lost, words, remarks)


@contextmanager
def _new_folder(planned: Plan) -> Iterator[tuple[Path, Path]]:
    """Where to write, and what becomes of it when all went well."""
    made = planned.to is None or not planned.to.exists()
    name = planned.exporter.name
    final = fresh_folder(planned.source.run.exports, name) if planned.to is None else claimed_folder(planned.to)
    try:
        with filled_in_one_step(final) as folder:
            yield folder, final
    except OSError as error:
        raise CervinetError(f"the export could not be written to {final}: {error.strerror or error}") from error
    finally:
        if made and not any(final.iterdir()):
            final.rmdir()


def _written(planned: Plan, folder: Path) -> Written:
    name = planned.exporter.name
    try:
        written: Written = planned.exporter.function(planned.source, folder)
    except (CervinetError, OSError):
        raise
    except Exception as error:  # of any kind: it is a compiler for graphs that others wrote
        reason = " ".join(str(error).split()) or type(error).__name__
        raise CervinetError(
            f"{planned.source.run.path} cannot be exported as {name}, whose converter says: {reason[:300]}"
        ) from error
    return written


def _kept(written: Written, found: Sequence[Agreement], folder: Path) -> tuple[tuple[Part, ...], list[str]]:
    """The parts that agree, and a sentence for each lossy one that does not, whose file is removed.

    Raises:
        CervinetError: one that is not lossy does not agree.
    """
    wrong = {one.part: one.why_not for one in found if one.why_not}
    for part in written.parts:
        if part.name in wrong and not part.lossy:
            raise CervinetError(
                f"the export does not agree with its run and was not kept: {wrong[part.name]}; use another format"
            )
        if part.name in wrong:
            (folder / part.file).unlink()
    left_out = [f"{part.file} was left out: {wrong[part.name]}" for part in written.parts if part.name in wrong]
    return tuple(part for part in written.parts if part.name not in wrong), left_out


def _remarks(planned: Plan, parts: Sequence[Part]) -> Iterator[str]:
    views = planned.source.card.views
    if views > 1 and not all(part.calibrated for part in parts):
        yield (
            f"`cervinet predict` averages {views} views of each picture before it calibrates; the files answer to the "
            "one that they are given"
        )
    if planned.why_not_judged and any(part.lossy for part in parts):
        yield planned.why_not_judged
