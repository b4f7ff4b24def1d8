from datetime import timedelta

from django.contrib.sessions.models import Session
from django.utils import timezone

from webnas.accounts.models import IdempotentAnswer, LoginLink
from webnas.signals import cleaning


def test_the_sweeper_removes_what_has_expired(alice):
    LoginLink.create(alice)
    LoginLink.create(alice)
    first = LoginLink.objects.order_by("pk").first()
    LoginLink.objects.filter(pk=first.pk).update(expires_at=timezone.now() - timedelta(days=1))
    Session.objects.create(session_key="old", expire_date=timezone.now() - timedelta(days=1))
    IdempotentAnswer.objects.create(owner=alice, key="new", request_sha256="0")
    IdempotentAnswer.objects.create(owner=alice, key="old", request_sha256="0")
    two_days_ago = timezone.now() - timedelta(days=2)
    IdempotentAnswer.objects.filter(key="old").update(created_at=two_days_ago)
    cleaning.send(sender=None)
    assert LoginLink.objects.count() == 1
    assert not Session.objects.exists()
    assert IdempotentAnswer.objects.get().key == "new"
