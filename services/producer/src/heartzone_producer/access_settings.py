"""Settings of who may send."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, field_validator


class AuthenticationSettings(BaseModel):
    """Methods by which principals are authenticated, in any combination; without one everybody may send."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    api_keys_file: Path | None = Field(
        None,
        description="File of API keys, one a line: a name, `sha256:` with the key's hash, and the devices that it may"
        " send for, if not all. Followed when it changes. docs/authentication.md says how to make a key.",
    )
    devices: str | None = Field(
        None,
        description="Pattern of the devices that principals may send for whose credential does not say: `{name}` stands"
        " for the principal's name, `*` at the end for anything. Such as `{name}` where each device has a credential of"
        " its own. Default: all devices.",
    )

    @field_validator("devices")
    @classmethod
    def _one_star_at_the_end(cls, pattern: str | None) -> str | None:
        stem = (pattern or "").removesuffix("*").replace("{name}", "")
        if any(each in stem for each in "*{}"):
            raise ValueError("a pattern like {name} or {name}-* was expected")
        return pattern
