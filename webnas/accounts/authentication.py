"""`Authorization: Token …` for scripts."""

from django.contrib.auth.models import User
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from webnas.accounts.models import ApiToken


class TokenAuthentication(BaseAuthentication):
    """Finds the token of the request's header by its hash."""

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        parts = get_authorization_header(request).split()
        if not parts or parts[0].lower() != b"token":
            return None
        token = ApiToken.find(parts[1].decode(errors="replace")) if len(parts) == 2 else None
        if token is None:
            raise AuthenticationFailed("This token is unknown, expired or revoked.")
        if token.used_up_at is not None:
            raise AuthenticationFailed("This kit's token has posted its profile.")
        if not token.owner.is_active:
            raise AuthenticationFailed("The owner of this token is not active.")
        return token.owner, token

    def authenticate_header(self, request: Request) -> str:
        return "Token"
