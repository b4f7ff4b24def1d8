"""Ownership, API tokens and login links."""

import hashlib
import logging
import secrets
from datetime import datetime, timedelta
from typing import Any, Self

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser, User
from django.db import DatabaseError, models
from django.utils import timezone

logger = logging.getLogger(__name__)

Visitor = AbstractBaseUser | AnonymousUser

LINK_LIFE = timedelta(minutes=15)
USED_EVERY = timedelta(minutes=1)


class OwnedQuerySet(models.QuerySet[Any]):
    """The only door to rows that belong to somebody."""

    def owned_by(self, user: Visitor) -> Self:
        """Rows that this user may change."""
        return self.filter(owner=user.pk) if user.is_authenticated else self.none()

    def visible_to(self, user: Visitor) -> Self:
        """Rows that this user may read: their own and those that come with webnas."""
        if not user.is_authenticated:
            return self.none()
        return self.filter(models.Q(owner=user.pk) | models.Q(owner__isnull=True))

    # Databases disagree on where rows without an owner come; these do not leave it to them.

    def own_first(self, *then: str) -> Self:
        """Rows of people, the newest of them first, then those that come with webnas."""
        return self.order_by(models.F("owner_id").desc(nulls_last=True), *then)

    def own_last(self, *then: str) -> Self:
        return self.order_by(models.F("owner_id").asc(nulls_first=True), *then)


class Owned(models.Model):
    """A row that belongs to one user; null: it comes with webnas, all read it, none change it."""

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, blank=True
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = OwnedQuerySet.as_manager()

    class Meta:
        abstract = True


def digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


class ApiToken(models.Model):
    """A script's key. Only its hash is kept; the prefix tells tokens apart in the list."""

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="api_tokens"
    )
    label = models.CharField(max_length=100)
    prefix = models.CharField(max_length=12)
    sha256 = models.CharField(max_length=64, unique=True)
    is_read_only = models.BooleanField(default=False)
    # Posts one device profile and does nothing else; used up by the first that is stored.
    is_for_kit = models.BooleanField(default=False)
    used_up_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)

    objects = OwnedQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]

    def __str__(self) -> str:
        return f"{self.label} ({self.prefix}…)"

    @classmethod
    def create(
        cls,
        *,
        owner: User,
        label: str,
        is_read_only: bool = False,
        is_for_kit: bool = False,
        expires_at: datetime | None = None,
    ) -> tuple["ApiToken", str]:
        """A new token and its secret, which is shown once and never stored."""
        secret = "wn_" + secrets.token_urlsafe(32)
        token = cls.objects.create(
            owner_id=owner.pk,
            label=label,
            prefix=secret[:9],
            sha256=digest(secret),
            is_read_only=is_read_only,
            is_for_kit=is_for_kit,
            expires_at=expires_at,
        )
        return token, secret

    @property
    def has_expired(self) -> bool:
        return self.expires_at is not None and self.expires_at <= timezone.now()

    @classmethod
    def find(cls, secret: str) -> "ApiToken | None":
        """The valid token of a secret; notes its use at most once a minute."""
        found = cls.objects.select_related("owner").filter(sha256=digest(secret))
        token: ApiToken | None = found.first()
        now = timezone.now()
        if token is None or token.has_expired:
            return None
        if token.last_used_at is None or now - token.last_used_at > USED_EVERY:
            token._note_use(now)
        return token

    def _note_use(self, now: datetime) -> None:
        """Nobody is turned away because this cannot be written, as on a full disk."""
        try:
            ApiToken.objects.filter(pk=self.pk).update(last_used_at=now)
        except DatabaseError:
            logger.warning("The use of token %s was not noted", self.pk, exc_info=True)


class LoginLink(models.Model):
    """A link that logs its user in once, within 15 minutes."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    sha256 = models.CharField(max_length=64, unique=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"login link of {self.user}"

    @classmethod
    def create(cls, user: User) -> str:
        """A new link's secret; the row keeps its hash."""
        secret = secrets.token_urlsafe(32)
        cls.objects.create(user=user, sha256=digest(secret), expires_at=timezone.now() + LINK_LIFE)
        return secret

    @classmethod
    def redeem(cls, secret: str) -> User | None:
        """The user of an unused, fresh link; uses it up. One UPDATE decides between two clicks."""
        now = timezone.now()
        # No join here: PostgreSQL does not look again into a subquery after waiting for a row.
        unused = cls.objects.filter(
            sha256=digest(secret), used_at__isnull=True, expires_at__gt=now
        )
        if not unused.update(used_at=now):
            return None
        link: LoginLink = cls.objects.select_related("user").get(sha256=digest(secret))
        return link.user if link.user.is_active else None


class IdempotentAnswer(models.Model):
    """The answer to a POST that carried an Idempotency-Key: the same key gets the same answer."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    key = models.CharField(max_length=200)
    request_sha256 = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(null=True)
    body = models.JSONField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["owner", "key"], name="one_answer_per_key")]

    def __str__(self) -> str:
        return self.key


class DoneOnce(models.Model):
    """Something that is done once for a person, and not again after they undid it."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    what = models.CharField(max_length=40)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["owner", "what"], name="done_only_once")]

    def __str__(self) -> str:
        return self.what
