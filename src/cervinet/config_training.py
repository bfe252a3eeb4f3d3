"""The settings under `training`: phases, schedule, batches, what is kept."""

from typing import Annotated, Any, Literal

from pydantic import Field, NonNegativeInt, PositiveInt, ValidationError, field_validator, model_validator

from cervinet.choice import Choice, Kind, at_places, describe
from cervinet.config_augment import Augment
from cervinet.section import Section, expects

_EVERY = r"^((0\.\d*[1-9]\d*|[1-9]\d*(\.\d+)?) minutes?|[1-9]\d* (step|epoch)s?)$"


class Top(Section):
    """The end of a backbone: so many of its blocks, or so many of its layers."""

    blocks: PositiveInt | None = None
    layers: PositiveInt | None = None

    @model_validator(mode="after")
    def _one_of_them(self) -> "Top":
        if (self.blocks is None) == (self.layers is None):
            raise ValueError("must hold either `blocks` or `layers`")
        return self


class Phase(Section):
    """A stretch of training with one part of the network learning."""

    epochs: PositiveInt
    learning_rate: Annotated[float, Field(gt=0)] | None = None
    """At its start; `training.learning_rate` when not set."""
    train: Literal["head", "all"] | Top = "head"
    """head: the backbone stays as it is; {blocks: N}: its last N blocks learn too; all: everything learns."""
    batch_norm: Literal["frozen", "trained"] = "frozen"
    """frozen: batch normalisation in the backbone keeps its statistics and scales."""
    layer_decay: Annotated[float, Field(gt=0, le=1)] = 1.0
    """Each block of the backbone learns at this times the rate of the block after it."""

    @field_validator("train", mode="before")
    @classmethod
    def _one_of_three(cls, train: Any) -> Any:
        """Pydantic would say for each of the three why the value is not that one."""
        if isinstance(train, dict):
            try:
                Top.model_validate(train)
            except ValidationError as error:
                found = [(tuple(e["loc"]), *describe(e, Top)) for e in error.errors(include_url=False)]
                raise at_places(found) from None
        elif train not in ("head", "all") and not isinstance(train, Top):
            raise at_places([((), "must be head, all, {blocks: N} or {layers: N}", train)])
        return train


class EarlyStopping(Section):
    """Stop when the monitored metric no longer gets better."""

    start_epoch: NonNegativeInt = 0
    """Epochs up to this one never count as waiting."""
    patience: PositiveInt = 10
    """Epochs without improvement after which the phase stops."""
    min_delta: Annotated[float, Field(ge=0)] = 0.0
    """The smallest change that counts as an improvement."""


class Checkpoint(Section):
    """What a killed run goes on from."""

    every: str = Field(
        "5 minutes", pattern=_EVERY, json_schema_extra=expects("as in '5 minutes', '200 steps' or '1 epoch'")
    )
    """At most so much is lost when the process is killed; an interrupted one loses nothing."""

    def due(self) -> tuple[float, str]:
        """(number, "minute" | "step" | "epoch")."""
        number, unit = self.every.split()
        return float(number), unit.removesuffix("s")


class Training(Section):
    """How the network learns."""

    epochs: PositiveInt | None = None
    """How long: 30 when neither this nor `phases` is set. The backbone, if there is one, stays frozen."""
    phases: list[Phase] | None = None
    """Several stretches one after the other, in place of `epochs`."""
    batch_size: PositiveInt = 32
    accumulate: PositiveInt = 1
    """Batches whose gradients are added up for one update: as a batch so many times larger, in the memory of one."""
    learning_rate: Annotated[float, Field(gt=0)] = 1e-3
    schedule: Annotated[Choice, Kind("schedule")] = Field(Choice("constant"), validate_default=True)
    """How the learning rate goes on from there, in epochs of the phase."""
    optimizer: Annotated[Choice, Kind("optimizer")] = Field(Choice("adam"), validate_default=True)
    """Any optimizer of Keras."""
    clip_norm: Annotated[float, Field(gt=0)] | None = None
    """Longest gradient, over all weights together; longer ones are shortened to it."""
    ema: Annotated[float, Field(gt=0, lt=1)] | None = None
    """Decay a step of a running mean of the weights, which is what is judged and kept in their place."""
    loss: Annotated[Choice, Kind("loss")] = Field(Choice("cross_entropy"), validate_default=True)
    """It also settles the end of the network: what the scores are that become probabilities."""
    augment: Augment = Augment()
    imbalance: Annotated[Choice, Kind("imbalance")] = Field(Choice("none"), validate_default=True)
    """What is done about classes of unequal size, in the training part alone."""
    feature_cache: bool = True
    """While the backbone is frozen, what it makes of each picture is computed once and kept."""
    feature_views: PositiveInt = 1
    """How many versions of each training picture a frozen backbone sees: as it is, and augmented ones."""
    monitor: Literal["val_loss", "val_accuracy"] = "val_loss"
    """The weights kept are those of the epoch with the best value of this."""
    early_stopping: EarlyStopping | None = None
    checkpoint: Checkpoint = Checkpoint()
    tensorboard: bool = False
    """Also write the history for TensorBoard."""
    precision: Literal["auto", "float32", "mixed_float16", "mixed_bfloat16"] = "auto"
    """auto: mixed precision on a GPU with tensor cores, float32 elsewhere."""
    xla: bool | Literal["auto"] = Field("auto", json_schema_extra=expects("true, false or auto"))
    """auto: compile with XLA on a GPU unless deterministic; not on a CPU, where it makes these networks slower."""
    deterministic: bool = True
    """The same seed gives the same weights on the same machine; a GPU is slower for it, and XLA is off."""

    @model_validator(mode="before")
    @classmethod
    def _thirty_epochs(cls, value: Any) -> Any:
        if isinstance(value, dict) and value.get("epochs") is None and value.get("phases") is None:
            return {**value, "epochs": 30}
        return value

    @model_validator(mode="after")
    def _consistent(self) -> "Training":
        if self.epochs is not None and self.phases is not None:
            raise ValueError("must hold `epochs` or `phases`, not both: the phases say how long each is")
        if self.phases is not None and not self.phases:
            raise ValueError("must hold at least one phase under `phases`")
        if self.xla is True and self.deterministic:
            raise ValueError(
                "can have `xla: true` only with `deterministic: false`: XLA gives no promise of equal runs"
            )
        if self.loss.name == "class_balanced" and self.imbalance.name != "none":
            raise ValueError(
                f"can have `loss: class_balanced` or `imbalance: {self.imbalance.name}`, not both: each makes up for "
                "rare classes, together they do it twice"
            )
        return self
