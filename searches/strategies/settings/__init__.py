"""Settings of the strategies: each dataclass makes a form, a schema and a table of the docs."""
