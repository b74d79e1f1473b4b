"""Keys of config.yaml that are understood but not yet in force: said at the start, not found out by waiting."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from hotfolder.core.config import Config, FolderConfig, Metadata, Originals
from hotfolder.errors import ConfigError

_OF_THE_FILE: Mapping[str, Callable[[Config], object]] = {
    "webhooks.url": lambda config: config.webhooks.url,
    "webhooks.listen": lambda config: config.webhooks.listen,
    "limits.upload_rate": lambda config: config.limits.upload_bytes_per_s,
    "limits.download_rate": lambda config: config.limits.download_bytes_per_s,
    "keep_history": lambda config: _differs(config, "keep_history_s"),
}

_PARTLY: Mapping[str, str] = {
    "webhooks.url": "is given to AutoRetouch, but this version of hotfolder does not listen to its calls yet",
}

_OF_A_HOT_FOLDER: Mapping[str, Callable[[FolderConfig], object]] = {
    "report: on": lambda folder: folder.report,
    "metadata: keep": lambda folder: folder.metadata is Metadata.KEEP,
    "originals: move": lambda folder: folder.originals is Originals.MOVE,
}


def not_yet_in_force(config: Config) -> Iterator[str]:
    """A sentence for each key that is set and has no effect yet."""
    for key, is_set in _OF_THE_FILE.items():
        if is_set(config):
            effect = _PARTLY.get(key, "has no effect yet in this version of hotfolder")
            yield f"config.yaml: {key} {effect}."
    for folder in config.folders:
        for key, is_wanted in _OF_A_HOT_FOLDER.items():
            if is_wanted(folder):
                yield f"{folder.name}: {key} has no effect yet in this version of hotfolder."


def refuse_budget(config: Config) -> None:
    """A budget that is not kept would spend money against the person's wish: nothing is started. Raises `ConfigError`."""
    named = [
        f"budget.{key}" for key in type(config.budget).model_fields if getattr(config.budget, key) is not None
    ]
    if named:
        raise ConfigError(
            f"{' and '.join(named)} cannot be kept yet by this version of hotfolder, so nothing is started.",
            "Take it out of config.yaml if hotfolder may send everything that is dropped (`hotfolder estimate` tells"
            " the price beforehand), or wait for the version that keeps budgets.",
        )


def _differs(config: Config, field: str) -> bool:
    return bool(getattr(config, field) != Config.model_fields[field].default)
