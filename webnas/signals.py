"""Sent by the sweeper."""

from django.dispatch import Signal

# About once an hour: remove what has expired.
cleaning = Signal()
