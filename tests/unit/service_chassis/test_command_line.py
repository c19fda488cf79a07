"""The command line of a service."""

import pytest
from pydantic import BaseModel, Field

from service_chassis.settings import ServiceSettings
from service_chassis.settings.command_line import parse_arguments
from service_chassis.settings.variables import fields_by_variable


class TopicSettings(BaseModel):
    """A group of settings."""

    raw: str = "things"


class ThingSettings(ServiceSettings, env_prefix="THING_"):
    """Settings of a service that exists only here."""

    topic: TopicSettings = Field(default_factory=TopicSettings)


def test_help_names_every_variable_of_the_service(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parse_arguments("the-thing", "Does a thing.", ThingSettings, ["--help"])

    printed = capsys.readouterr().out
    assert ended.value.code == 0
    assert "Does a thing." in printed
    assert "  THING_TOPIC_RAW " in printed
    for variable in fields_by_variable(ThingSettings):
        assert f"  {variable} " in f"{printed} "


def test_any_other_argument_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parse_arguments("the-thing", "Does a thing.", ThingSettings, ["--port=8080"])

    assert ended.value.code == 2
    assert "--port=8080" in capsys.readouterr().err


def test_without_arguments_the_service_goes_on() -> None:
    parse_arguments("the-thing", "Does a thing.", ThingSettings, [])
