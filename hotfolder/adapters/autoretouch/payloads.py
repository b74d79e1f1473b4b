"""What the service's bodies say, read with patience: more fields, fewer, nulls and nonsense in optional ones.

What a decision about money rests on (an execution's id, status and labels) is never guessed: it is right, or
the whole body is `Unreadable`.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

from pydantic import AliasGenerator, BaseModel, BeforeValidator, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel

from hotfolder.adapters.autoretouch.faults import one_line
from hotfolder.ports import Execution, ExecutionPage, Organization, Workflow

LONGEST_ID = 200


class Unreadable(Exception):
    """The body is not what was promised. Never leaves this package."""


def as_text(value: object) -> str | None:
    return value if isinstance(value, str) and value.strip() else None


def as_count(value: object) -> int | None:
    """A whole number, also when it is written as 57.0 or "57"."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        return int(value) if re.fullmatch(r"-?\d{1,18}", value.strip(), re.ASCII) else None
    if isinstance(value, float):
        return int(value) if value.is_integer() else None
    return value if isinstance(value, int) else None


def as_id(value: object) -> str | None:
    """An opaque id [D], if the text can be one: no blanks, no markup, no JSON, nothing that ends a path."""
    if not isinstance(value, str) or not 1 <= len(value) <= LONGEST_ID:
        return None
    usable = value.isprintable() and not re.search(r'[\s{}\[\]<>"\\/?#]', value) and re.search(r"\w", value)
    return value if usable else None


def as_hash(value: object) -> str | None:
    """A SHA-256 as 64 lower-case hex digits, from hex or Base64 ([D] says both)."""
    text = value.strip().strip("\"'").strip() if isinstance(value, str) else ""
    if re.fullmatch(r"[0-9a-fA-F]{64}", text):
        return text.lower()
    if not re.fullmatch(r"[0-9A-Za-z+/_-]{43}=?", text):
        return None
    return base64.b64decode(text.rstrip("=").translate(_URL_SAFE) + "=").hex()


_URL_SAFE = str.maketrans("-_", "+/")


def as_time(value: object) -> str | None:
    return value if isinstance(value, str) and epoch_of(value) is not None else None


def as_labels(value: object) -> dict[str, str]:
    """Null is none; anything but an object is refused, for an own label may stand in it (keeps I2)."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise ValueError("labels are no object")
    return {str(key): _label(text) for key, text in value.items() if text is not None}


def _label(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _required(reader: Callable[[object], str | None]) -> Callable[[object], str]:
    def read(value: object) -> str:
        if (result := reader(value)) is None:
            raise ValueError("is missing or unusable")
        return result

    return read


Text = Annotated[str | None, BeforeValidator(as_text)]
Count = Annotated[int | None, BeforeValidator(as_count)]
Hash = Annotated[str | None, BeforeValidator(as_hash)]
Time = Annotated[str | None, BeforeValidator(as_time)]
Id = Annotated[str, BeforeValidator(_required(as_id))]
Word = Annotated[str, BeforeValidator(_required(as_text))]
Labels = Annotated[dict[str, str], BeforeValidator(as_labels)]
Version = Annotated[
    str | None, BeforeValidator(lambda value: as_text(str(value)) if value is not None else None)
]
Reason = Annotated[str, BeforeValidator(lambda value: one_line(value["message"] if _tells(value) else value))]


def _tells(value: object) -> bool:
    return isinstance(value, dict) and "message" in value


class _Payload(BaseModel):
    model_config = ConfigDict(alias_generator=AliasGenerator(validation_alias=to_camel), extra="ignore")


class OrganizationPayload(_Payload):
    id: Id
    name: Text = None

    def value(self) -> Organization:
        return Organization(self.id, self.name or self.id)


class WorkflowPayload(_Payload):
    id: Id
    name: Text = None
    version: Version = None
    execution_price: Count = None

    def value(self) -> Workflow:
        return Workflow(self.id, self.name or self.id, self.version, self.execution_price)


class ExecutionPayload(_Payload):
    """[G]; the fields that tell a reason are documented nowhere, so the likely names are tried."""

    id: Id
    status: Word
    created_at: Time = None
    finished_at: Time = None
    result_path: Text = None
    result_content_hash: Hash = None
    result_content_type: Text = None
    result_file_name: Text = None
    workflow: Text = None
    workflow_version: Version = None
    input_file_name: Text = None
    input_content_hash: Hash = None
    labels: Labels = {}
    charged_credits: Count = None
    message: Reason = ""
    error: Reason = ""
    error_message: Reason = ""
    failure_reason: Reason = ""
    reason: Reason = ""
    status_message: Reason = ""

    def value(self) -> Execution:
        return Execution(
            id=self.id,
            status=self.status.strip(),
            created_at=epoch_of(self.created_at),
            finished_at=self.finished_at,
            result_path=self.result_path,
            result_hash=self.result_content_hash,
            result_type=self.result_content_type,
            result_name=self.result_file_name,
            workflow_id=self.workflow,
            workflow_version=self.workflow_version,
            input_name=self.input_file_name or "",
            input_hash=self.input_content_hash,
            labels=self.labels,
            credits=self.charged_credits,
            reason=self._told_reason(),
        )

    def _told_reason(self) -> str:
        told = (
            self.message,
            self.failure_reason,
            self.error_message,
            self.reason,
            self.status_message,
            self.error,
        )
        return next((text for text in told if text), "")


M = TypeVar("M", bound=_Payload)


def read_one(model: type[M], value: object) -> M:
    try:
        return model.model_validate(value)
    except ValidationError:
        raise Unreadable from None


def execution_in(body: bytes) -> Execution:
    return read_one(ExecutionPayload, json_in(body)).value()


def execution_page_in(body: bytes) -> ExecutionPage:
    """One damaged entry makes the page unreadable: a list with holes must not prove that something is
    *not* in it (keeps I2)."""
    entries, total = page_in(body)
    return ExecutionPage([read_one(ExecutionPayload, entry).value() for entry in entries], total)


def page_in(body: bytes) -> tuple[list[Any], int | None]:
    """The raw entries, and the service's count of all, None when it does not say."""
    page = json_in(body)
    if not isinstance(page, dict) or not isinstance(page.get("entries"), list):
        raise Unreadable
    total = as_count(page.get("total"))
    return page["entries"], total if total is not None and total >= 0 else None


def json_in(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise Unreadable from None


def id_in(body: bytes) -> str:
    """An execution's id: plain text [D], a JSON string tolerated. What begins like a UUID must be a whole one."""
    text = text_in(body)
    found = as_id(json_in(body) if text.startswith('"') else text)
    if found is None or (_UUID_BEGUN.match(found) and not _UUID.fullmatch(found)):
        raise Unreadable
    return found


_UUID_BEGUN = re.compile(r"[0-9a-f]{8}-[0-9a-f]{0,4}(-|$)", re.IGNORECASE)
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def hash_in(body: bytes) -> str:
    found = as_hash(text_in(body))
    if found is None:
        raise Unreadable
    return found


def balance_in(body: bytes) -> int:
    """A bare integer [C]; `{"balance": n}` tolerated."""
    value = json_in(body)
    found = as_count(value.get("balance") if isinstance(value, dict) else value)
    if found is None:
        raise Unreadable
    return found


def text_in(body: bytes) -> str:
    return body.decode("utf-8", "replace").strip()


def epoch_of(iso: str | None) -> float | None:
    """Epoch seconds of an ISO-8601 time; without an offset it is UTC."""
    try:
        moment = datetime.fromisoformat(iso or "")
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None
