"""Searches: what is searched, how a run executes, and what a person takes away."""

from django.apps import AppConfig


class SearchesConfig(AppConfig):
    name = "searches"
