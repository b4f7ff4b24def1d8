"""What a service says when it will not do what it was asked: pages and API show the same words."""

from collections.abc import Mapping, Sequence
from typing import Any


class RefusedRequest(Exception):
    """The request cannot be met; nothing was stored.

    Args:
        errors: field name -> messages that name the value and what would be right.
        detail: one sentence about the whole.
        problems: findings in an uploaded file, one by one: level, line, key, value, text.
    """

    status = 400

    def __init__(
        self,
        errors: Mapping[str, Sequence[str]] | None = None,
        detail: str = "The request was refused; see errors.",
        problems: Sequence[Mapping[str, Any]] = (),
    ):
        super().__init__(detail)
        self.errors = {field: list(messages) for field, messages in (errors or {}).items()}
        self.detail = detail
        self.problems = list(problems)


class ForbiddenRequest(RefusedRequest):
    """This person may not do this."""

    status = 403


class ConflictingRequest(RefusedRequest):
    """The object is in a state, or in use, that does not allow this.

    Args:
        retry_after: seconds after which it may be allowed; None: waiting does not help.
    """

    status = 409

    def __init__(
        self,
        errors: Mapping[str, Sequence[str]] | None = None,
        detail: str = "The request was refused; see errors.",
        retry_after: int | None = None,
    ):
        super().__init__(errors, detail)
        self.retry_after = retry_after


class QuestionedRequest(RefusedRequest):
    """The request needs an answer first: repeat it with `field` set to one of `choices`.

    Args:
        also: what else is not known yet, whatever the answer; one request may answer all.
    """

    status = 422

    def __init__(
        self,
        question: str,
        field: str,
        choices: Sequence[str],
        also: Sequence["QuestionedRequest"] = (),
    ):
        super().__init__({field: [question]}, question)
        self.question, self.field, self.choices = question, field, list(choices)
        self.also = list(also)

    def body(self) -> dict[str, Any]:
        """The question as the API says it."""
        return {"question": self.question, "field": self.field, "choices": self.choices}
