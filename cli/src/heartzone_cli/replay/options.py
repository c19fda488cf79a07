"""The types of `heartzone replay`'s options, whose errors say what would be right."""

import uuid

import click


class Speed(click.ParamType[float | None]):
    """A factor above 0, or `max` (None) for as fast as it goes."""

    name = "X"

    def convert(
        self, value: str | float | None, param: click.Parameter | None, ctx: click.Context | None
    ) -> float | None:
        """Parse the option's text."""
        if value is None or value == "max":
            return None
        try:
            factor = float(value)
        except ValueError:
            factor = -1.0
        if not 0 < factor < float("inf"):
            self.fail(f"{value!r} is no speed; a number above 0, or max, would be right.", param, ctx)
        return factor


class Patience(click.ParamType[float]):
    """Seconds above 0; not infinite, which would wait without end."""

    name = "SECONDS"

    def convert(self, value: str | float, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Parse the option's text."""
        try:
            seconds = float(value)
        except ValueError:
            seconds = -1.0
        if not 0 < seconds < float("inf"):
            self.fail(f"{value!r} is no time to wait; a number of seconds above 0 would be right.", param, ctx)
        return seconds


class DeviceId(click.ParamType[str]):
    """A UUID in its hyphenated form, in lower case as the API keeps it."""

    name = "UUID"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Parse the option's text."""
        try:
            parsed = str(uuid.UUID(value))
        except ValueError:
            parsed = ""
        if parsed != value.lower():
            self.fail(
                f"{value!r} is no device id; one like 3fa85f64-5717-4562-b3fc-2c963f66afa6 would be right.",
                param,
                ctx,
            )
        return parsed
