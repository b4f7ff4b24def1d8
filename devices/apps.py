"""Devices: what they can do and what an operation costs on them."""

from django.apps import AppConfig


class DevicesConfig(AppConfig):
    name = "devices"
