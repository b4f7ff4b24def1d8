"""Removes what has expired: login links, sessions, answers kept for repeated requests."""

from datetime import timedelta
from typing import Any

from django.contrib.sessions.models import Session
from django.utils import timezone

from webnas.accounts.models import IdempotentAnswer, LoginLink

KEEP_ANSWERS = timedelta(days=1)


def remove_expired(**_: Any) -> None:
    now = timezone.now()
    LoginLink.objects.filter(expires_at__lt=now).delete()
    Session.objects.filter(expire_date__lt=now).delete()
    IdempotentAnswer.objects.filter(created_at__lt=now - KEEP_ANSWERS).delete()
