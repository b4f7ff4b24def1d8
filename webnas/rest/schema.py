"""The OpenAPI document: errors that every call may answer with, and how scripts sign in."""

from typing import Any, Literal

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse

from webnas.rest.idempotency import HEADER, LONGEST_KEY, IdempotentPosts
from webnas.rest.serializers import Refusal

READING: tuple[str, ...] = ("400", "401", "404", "429")
WRITING: tuple[str, ...] = ("400", "401", "403", "404", "409", "429")
BODY = ("413", "415")
KEY = OpenApiParameter(
    HEADER,
    {"type": "string", "minLength": 1, "maxLength": LONGEST_KEY},
    OpenApiParameter.HEADER,
    description="The same key with the same content is answered once, and the answer repeated.",
)


class Schema(AutoSchema):
    """Adds to each operation what holds for all of them."""

    def get_override_parameters(self) -> list[Any]:
        view: Any = self.view
        is_idempotent = self.method == "POST" and isinstance(view, IdempotentPosts)
        return [KEY] if is_idempotent and view.takes_keys else []

    def _get_response_bodies(
        self, direction: Literal["request", "response"] = "response"
    ) -> dict[str, Any]:
        bodies: dict[str, Any] = super()._get_response_bodies(direction)
        codes = READING if self.method == "GET" else WRITING
        if self.method in ("POST", "PATCH"):
            codes += BODY
        for code in codes:
            if code not in bodies:
                bodies[code] = self._get_response_for_code(  # type: ignore[no-untyped-call]
                    Refusal, code, direction=direction
                )
        return dict(sorted(bodies.items()))


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """`Authorization: Token wn_…`."""

    target_class = "webnas.accounts.authentication.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:
        return {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": "`Authorization: Token wn_…`; `manage.py create_token LABEL` or the "
            "account page makes one.",
        }


def query(
    name: str, description: str, *, required: bool = False, **rules: Any
) -> OpenApiParameter:
    """A parameter of the address; `rules` are those of its JSON schema."""
    schema = {"type": "string"} | rules
    return OpenApiParameter(
        name, schema, OpenApiParameter.QUERY, required=required, description=description
    )


FILE = {(200, "application/octet-stream"): OpenApiTypes.BINARY}
TABLE = {(200, "application/json"): OpenApiTypes.OBJECT, (200, "text/csv"): OpenApiTypes.STR}


def png(description: str) -> dict[Any, Any]:
    return {(200, "image/png"): OpenApiResponse(OpenApiTypes.BINARY, description)}
