"""Which error an answer, or none, means: one table for every operation (contract, "Errors").

                        read, upload           create, retry (`spends`)
    never connected     ServiceAway            ServiceAway
    no whole answer     ServiceAway            AnswerLost
    2xx but unusable    ServiceAway            AnswerLost
    1xx, 408, 5xx       ServiceAway            AnswerLost
    3xx not followed    ServiceAway            AnswerLost           says where it leads
    401 (twice)         SignInNeeded           SignInNeeded
    402                 OutOfCredits           OutOfCredits
    403, 404            WorkflowUnavailable    WorkflowUnavailable
    407, 425            ServiceAway            ServiceAway         refused before anything was done
    429                 TooManyRequests        TooManyRequests     refused before anything was done
    any other 4xx       the operation's own refusal, mostly ImageRejected

What the service says is shown, but only as one short line.
"""

from __future__ import annotations

import json
import re
from datetime import UTC
from email.utils import parsedate_to_datetime

from hotfolder.adapters.autoretouch.http import Answer, Reach, Trouble
from hotfolder.adapters.autoretouch.routes import host_of
from hotfolder.core.timing import LONGEST_NAMED_S
from hotfolder.errors import (
    AnswerLost,
    HotfolderError,
    ImageNotOnService,
    ImageRejected,
    NeedsPerson,
    OutOfCredits,
    ServiceAway,
    SignInNeeded,
    TooManyRequests,
    WorkflowUnavailable,
)

LONGEST_MESSAGE = 300
LONGEST_RETRY_AFTER_S = LONGEST_NAMED_S

_SECRETS = re.compile(r"Bearer\s+\S+|eyJ[\w-]+\.[\w-]+\.?[\w-]*", re.IGNORECASE)

_WAITING = "hotfolder keeps trying; nothing is lost."
_LOOKING = "hotfolder looks whether it took effect before it does anything again."


def error_of_trouble(trouble: Trouble, *, spends: bool = False) -> ServiceAway | AnswerLost:
    """No whole answer came: what may have taken effect is `AnswerLost` (keeps I2)."""
    if spends and trouble.reach is not Reach.NOWHERE:
        return AnswerLost(_sentence(f"No clear answer from AutoRetouch: {trouble.words}"), _LOOKING)
    return ServiceAway(_sentence(f"AutoRetouch cannot be reached: {trouble.words}"), _WAITING)


def error_of_answer(
    answer: Answer, *, spends: bool = False, refusal: type[HotfolderError] = ImageRejected
) -> HotfolderError:
    """The error of an answer that is not the hoped-for one; 2xx are taken for unusable here."""
    if answer.status in _BY_STATUS:
        kind, title, advice = _BY_STATUS[answer.status]
        return kind(_with_message(title, answer), advice)
    if answer.status in (407, 425):
        return away(f"AutoRetouch cannot be reached: code {answer.status}", answer)
    if answer.status == 429:
        wait_s = retry_after_s(answer)
        return TooManyRequests("AutoRetouch asks for fewer requests.", _WAITING, retry_after_s=wait_s)
    if 400 <= answer.status < 500 and answer.status != 408:
        return refusal(
            _with_message("AutoRetouch refuses this", answer), "Mend the cause, then `hotfolder retry`."
        )
    return unclear(answer, spends=spends)


def unclear(answer: Answer, *, spends: bool = False) -> ServiceAway | AnswerLost:
    """An answer from which it cannot be told what happened."""
    if 300 <= answer.status < 400:
        return _sent_elsewhere(answer, spends=spends)
    if spends:
        title = f"No clear answer from AutoRetouch (code {answer.status})."
        return AnswerLost(title, _LOOKING, retry_after_s=retry_after_s(answer))
    if answer.is_success:
        return away("AutoRetouch answered nonsense", answer)
    return away(f"AutoRetouch has a problem (code {answer.status})", answer)


def _sent_elsewhere(answer: Answer, *, spends: bool) -> ServiceAway | AnswerLost:
    """A redirect that is not followed: a guest network's sign-in page, or an address that has moved."""
    host = one_line(host_of(answer.headers.get("location", "")))
    where = f"to {host}" if host else "to another page"
    title = f"AutoRetouch sends hotfolder on {where} (code {answer.status}), and it does not go there."
    advice = "Sign in to the guest network, if this is one; else check `service.api_url`, `.auth_url` and `.proxy`."
    if spends:
        return AnswerLost(title, f"{_LOOKING} {advice}", retry_after_s=retry_after_s(answer))
    return ServiceAway(title, f"{_WAITING} {advice}", retry_after_s=retry_after_s(answer))


def away(title: str, answer: Answer) -> ServiceAway:
    return ServiceAway(_sentence(title), _WAITING, retry_after_s=retry_after_s(answer))


def sign_in_needed(title: str = "AutoRetouch does not accept the sign-in any more.") -> SignInNeeded:
    return SignInNeeded(title, "Sign in again with `hotfolder login`; the queue is kept.")


def image_missing(answer: Answer) -> ImageNotOnService:
    return ImageNotOnService(
        _with_message("AutoRetouch no longer has this image", answer), "It is uploaded again."
    )


def one_line(text: object) -> str:
    """What the service says, fit to be shown: one line, short, without anything like a token (keeps I8)."""
    if not isinstance(text, str):
        return ""
    line = " ".join("".join(c if c.isprintable() else " " for c in text[: 4 * LONGEST_MESSAGE]).split())
    line = _SECRETS.sub("…", line)
    return line if len(line) <= LONGEST_MESSAGE else line[: LONGEST_MESSAGE - 1] + "…"


def message_of(answer: Answer) -> str:
    """The `message` (or `error`) of an API error [D], "" when there is none."""
    try:
        body = json.loads(answer.body)
    except (ValueError, RecursionError):
        return ""
    if not isinstance(body, dict):
        return ""
    return one_line(body.get("message")) or one_line(body.get("error"))


def retry_after_s(answer: Answer) -> float | None:
    """`Retry-After` in seconds; a date counts from the answer's own `Date`, so our clock may be wrong."""
    value = answer.headers.get("retry-after", "").strip()
    if re.fullmatch(r"\d{1,9}(\.\d{1,9})?", value, re.ASCII):
        return min(float(value), LONGEST_RETRY_AFTER_S)
    until, since = epoch_s(value), epoch_s(answer.headers.get("date", ""))
    if until is None or since is None:
        return None
    return min(max(until - since, 0.0), LONGEST_RETRY_AFTER_S)


def epoch_s(http_date: str) -> float | None:
    """An HTTP date (RFC 9110) in epoch seconds."""
    try:
        moment = parsedate_to_datetime(http_date)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError, IndexError, TypeError):
        return None


def _with_message(title: str, answer: Answer) -> str:
    message = message_of(answer)
    return _sentence(f"{title}: {message}" if message else title)


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."


_BY_STATUS: dict[int, tuple[type[NeedsPerson], str, str]] = {
    401: (
        SignInNeeded,
        "AutoRetouch does not accept the sign-in any more",
        "Sign in again with `hotfolder login`; the queue is kept.",
    ),
    402: (
        OutOfCredits,
        "There are no AutoRetouch credits left",
        "Buy credits in the web app; hotfolder then goes on by itself.",
    ),
    403: (
        WorkflowUnavailable,
        "AutoRetouch denies access to the workflow or organization",
        "Compare `workflow` and `organization` in config.yaml with `hotfolder workflows`.",
    ),
    404: (
        WorkflowUnavailable,
        "AutoRetouch does not know the workflow or organization",
        "Compare `workflow` and `organization` in config.yaml with `hotfolder workflows`.",
    ),
}
