"""What a signed-in person or a token may do at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from webnas.accounts.models import ApiToken

if TYPE_CHECKING:  # rest_framework.views itself imports this module
    from rest_framework.views import APIView


class SignedInWithinScope(BasePermission):
    """Signed in; and a read-only token only reads."""

    message = "This token may only read."

    def has_permission(self, request: Request, view: APIView) -> bool:
        if not request.user or not request.user.is_authenticated:
            return False
        token = request.auth
        if isinstance(token, ApiToken) and token.is_read_only:
            return request.method in SAFE_METHODS
        return True
