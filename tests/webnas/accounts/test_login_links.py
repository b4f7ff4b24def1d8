"""Links that log in once."""

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from webnas.accounts.models import LoginLink


def test_a_link_logs_its_user_in(alice):
    assert LoginLink.redeem(LoginLink.create(alice)) == alice


def test_a_link_works_once(alice):
    secret = LoginLink.create(alice)
    LoginLink.redeem(secret)
    assert LoginLink.redeem(secret) is None


def test_a_link_works_for_15_minutes(alice):
    secret = LoginLink.create(alice)
    age = timedelta(minutes=15)
    assert LoginLink.objects.get().expires_at - timezone.now() <= age
    LoginLink.objects.update(expires_at=timezone.now())
    assert LoginLink.redeem(secret) is None


def test_an_unknown_link_logs_nobody_in(alice):
    LoginLink.create(alice)
    assert LoginLink.redeem("guess") is None


def test_the_database_holds_no_secret(alice):
    secret = LoginLink.create(alice)
    assert secret not in str(LoginLink.objects.values_list().get())


def test_the_link_of_a_user_who_is_no_longer_active_does_nothing(alice):
    secret = LoginLink.create(alice)
    alice.is_active = False
    alice.save()
    assert LoginLink.redeem(secret) is None


@pytest.mark.services
@pytest.mark.django_db(transaction=True)
def test_of_two_clicks_at_once_one_logs_in(alice):
    secret, gate, users = LoginLink.create(alice), threading.Barrier(2), []

    def click() -> None:
        gate.wait()
        users.append(LoginLink.redeem(secret))
        connection.close()

    clicks = [threading.Thread(target=click) for _ in range(2)]
    for thread in clicks:
        thread.start()
    for thread in clicks:
        thread.join()
    assert sorted(user is None for user in users) == [False, True]
