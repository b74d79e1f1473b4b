"""The whole of config.yaml as frozen values (design §8): what is allowed, and what holds by default.

Seconds and bytes are numbers here; the unit strings of the file (`2s`, `2MB/s`) are read on the way in.
Keys of the file and names of the fields differ only where a unit stands in the name (`settle`, `settle_s`)
or Python has the word for itself (`in`, `in_folder`). Nothing here looks at the
disk: see adapters.config_file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    ValidationInfo,
    field_validator,
    model_validator,
)

from hotfolder.core.batching import BatchPer, BatchRules
from hotfolder.core.config_values import (
    Credits,
    Duration,
    FolderName,
    FolderPath,
    HttpUrl,
    LabelName,
    Lax,
    Rate,
    ServiceUrl,
    SomeDuration,
    Text,
    Transfers,
    host_and_port,
    none_for,
)
from hotfolder.core.naming import path_key
from hotfolder.core.units import UnusableError


class Watch(StrEnum):
    AUTO = "auto"
    EVENTS = "events"
    POLLING = "polling"


class Originals(StrEnum):
    KEEP = "keep"
    MOVE = "move"


class Existing(StrEnum):
    PROCESS = "process"
    SKIP = "skip"


class Repeats(StrEnum):
    REUSE = "reuse"
    SEND = "send"


class Metadata(StrEnum):
    AS_IS = "as-is"
    KEEP = "keep"


class Notifications(StrEnum):
    ALL = "all"
    BATCHES = "batches"
    PROBLEMS = "problems"
    OFF = "off"


class Section(BaseModel):
    """A part of the file: frozen, nothing unknown in it; an empty key counts as not written."""

    model_config = ConfigDict(
        strict=True,
        frozen=True,
        extra="forbid",
        validate_by_name=True,
        validate_by_alias=True,
        allow_inf_nan=False,
    )

    @model_validator(mode="before")
    @classmethod
    def _drop_empty(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        known = {*cls.model_fields, *cls.file_keys()}
        return {key: value for key, value in data.items() if value is not None or key not in known}

    @classmethod
    def file_keys(cls) -> list[str]:
        """The keys as they are written in the file, in order."""
        return [field.alias or name for name, field in cls.model_fields.items()]


class BatchConfig(Section):
    per: Annotated[BatchPer, Lax] = BatchPer.SUBFOLDER
    close_after_s: Duration = Field(1800.0, alias="close_after")
    max_images: Annotated[Annotated[int, Field(ge=1)] | None, none_for("unlimited")] = None

    @property
    def rules(self) -> BatchRules:
        return BatchRules(per=self.per, close_after_s=self.close_after_s, max_images=self.max_images)


class FolderConfig(Section):
    """One hot folder."""

    name: FolderName = Field(examples=["Packshots"])
    in_folder: FolderPath = Field(alias="in", examples=["~/Pictures/Packshots/in"])
    out_folder: FolderPath = Field(alias="out", examples=["~/Pictures/Packshots/out"])
    workflow: Text = Field(examples=["6afcab7d-da51-4dd1-847a-3c1ccd39cd68"])
    settle_s: Duration = Field(2.0, alias="settle")
    watch: Annotated[Watch, Lax] = Watch.AUTO
    rescan_s: SomeDuration = Field(300.0, alias="rescan")
    ignore: Annotated[tuple[Text, ...], Lax] = ()
    batch: BatchConfig = BatchConfig()
    workflow_version: Annotated[Text | None, none_for("latest")] = None
    labels: Mapping[LabelName, Text] = {}
    settings: Mapping[str, JsonValue] = {}
    originals_to: FolderPath | None = Field(None, examples=["~/Pictures/Packshots/done"])
    originals: Annotated[Originals, Lax] = Originals.KEEP
    existing: Annotated[Existing, Lax] = Existing.PROCESS
    repeats: Annotated[Repeats, Lax] = Repeats.REUSE
    priority: Annotated[int, Field(ge=-1000, le=1000)] = 0
    report: bool = False
    metadata: Annotated[Metadata, Lax] = Metadata.AS_IS

    @field_validator("originals")
    @classmethod
    def _knows_where_to(cls, originals: Originals, info: ValidationInfo) -> Originals:
        if originals is Originals.MOVE and info.data.get("originals_to", "elsewhere") is None:
            raise UnusableError(
                "Where should the originals move to?", "Add a line originals_to: with the folder."
            )
        return originals


class LimitsConfig(Section):
    """None is `auto` for the transfers and `unlimited` for the rates."""

    uploads: Annotated[Transfers | None, none_for("auto")] = None
    downloads: Annotated[Transfers | None, none_for("auto")] = None
    upload_bytes_per_s: Annotated[Rate | None, none_for("unlimited")] = Field(None, alias="upload_rate")
    download_bytes_per_s: Annotated[Rate | None, none_for("unlimited")] = Field(None, alias="download_rate")


class BudgetConfig(Section):
    """Credits; None is `unlimited`."""

    per_day: Annotated[Credits | None, none_for("unlimited")] = None
    per_drop: Annotated[Credits | None, none_for("unlimited")] = None


class WebhooksConfig(Section):
    """None is `off`."""

    url: Annotated[HttpUrl | None, none_for("off", False)] = None
    listen: Annotated[Annotated[str, AfterValidator(host_and_port)] | None, none_for("off", False)] = None


class ServiceConfig(Section):
    """Where the service is. `proxy` None: as the system says. The two durations are for experts."""

    api_url: ServiceUrl = "https://api.autoretouch.com"
    auth_url: ServiceUrl = "https://auth.autoretouch.com"
    proxy: HttpUrl | None = None
    listing_lag_s: Duration = Field(30.0, alias="listing_lag")
    poll_s: SomeDuration = Field(2.0, alias="poll")


def _at_least_one(folders: tuple[FolderConfig, ...]) -> tuple[FolderConfig, ...]:
    if not folders:
        raise UnusableError("There is no hot folder in it.", "Add one: name, in, out and workflow.")
    return folders


class Config(Section):
    """The whole file."""

    organization: Text | None = None
    folders: Annotated[tuple[FolderConfig, ...], Lax, AfterValidator(_at_least_one)]
    limits: LimitsConfig = LimitsConfig()
    budget: BudgetConfig = BudgetConfig()
    webhooks: WebhooksConfig = WebhooksConfig()
    service: ServiceConfig = ServiceConfig()
    keep_history_s: Duration = Field(15_552_000.0, alias="keep_history")
    notifications: Annotated[
        Notifications, Lax, BeforeValidator(lambda value: "off" if value is False else value)
    ] = Notifications.BATCHES

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        if doubled := doubled_names([folder.name for folder in self.folders]):
            raise doubled_name(self.folders[doubled[0][1]].name)
        return self


SECTIONS: Mapping[str, type[Section]] = {
    "": Config,
    "folders[]": FolderConfig,
    "folders[].batch": BatchConfig,
    "limits": LimitsConfig,
    "budget": BudgetConfig,
    "webhooks": WebhooksConfig,
    "service": ServiceConfig,
}
"""Where in the file each model stands."""


def doubled_names(names: Sequence[object]) -> list[tuple[int, int]]:
    """(first, later) for each name that is there already, but for case or normal form."""
    firsts: dict[str, int] = {}
    keys = [path_key(name.strip()) if isinstance(name, str) else None for name in names]
    return [
        (firsts[key], index)
        for index, key in enumerate(keys)
        if key is not None and firsts.setdefault(key, index) != index
    ]


def doubled_name(name: str) -> UnusableError:
    """The mistake of a second hot folder of that name."""
    return UnusableError(f"Another hot folder is called {name!r} already.", "Give each its own name.")
