"""The one error of settings."""


class SettingsError(Exception):
    """A setting that cannot be used: one sentence with the variable's name in it, and never a secret's value."""
