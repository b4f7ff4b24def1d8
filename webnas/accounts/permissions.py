"""What a signed-in person or a token may do at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from webnas.accounts.models import ApiToken

if TYPE_CHECKING:  # rest_framework.views itself imports this module
    from rest_framework.views import APIView


class SignedInWithinScope(BasePermission):
    """Signed in; a read-only token only reads, and a kit's only posts a profile."""

    message = "This token may only read."

    def has_permission(self, request: Request, view: APIView) -> bool:
        if not request.user or not request.user.is_authenticated:
            return False
        token = request.auth
        if isinstance(token, ApiToken) and token.is_for_kit:
            self.message = "A kit's token may post one device profile and nothing else."
            actions = getattr(view, "kit_actions", ())
            return request.method == "POST" and getattr(view, "action", None) in actions
        if isinstance(token, ApiToken) and token.is_read_only:
            return request.method in SAFE_METHODS
        return True
