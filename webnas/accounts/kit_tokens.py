"""Tokens that post one device profile and nothing else, within a week."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from django.contrib.auth.models import User
from django.utils import timezone
from rest_framework.exceptions import AuthenticationFailed

from webnas.accounts.models import ApiToken

LIFE = timedelta(days=7)
USED_UP = "This kit's token has posted its profile."


def create(*, owner: User, label: str) -> tuple[ApiToken, str]:
    """A new token and its secret, which is shown once and never stored."""
    expires_at = timezone.now() + LIFE
    return ApiToken.create(owner=owner, label=label, expires_at=expires_at, is_for_kit=True)


@contextmanager
def spent(token: object) -> Iterator[None]:
    """Use up a kit's token while its profile is stored; a refused profile gives it back.

    One UPDATE decides between two posts at the same time. Anything else than a kit's token is
    left alone.

    Raises:
        AuthenticationFailed: it was used before.
    """
    if not isinstance(token, ApiToken) or not token.is_for_kit:
        yield
        return
    row = ApiToken.objects.filter(pk=token.pk)
    if not row.filter(used_up_at=None).update(used_up_at=timezone.now()):
        raise AuthenticationFailed(USED_UP)
    try:
        yield
    except BaseException:
        row.update(used_up_at=None)
        raise
