"""What a service says to arguments."""

import pytest

from service_chassis.settings import ServiceSettings
from service_chassis.settings.command_line import answer_help
from service_chassis.settings.service import field_variables, topic_variables


def test_help_names_every_variable_of_the_service(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        answer_help("heartzone-thing", "Does a thing.", ServiceSettings, ["--help"])

    said = capsys.readouterr().out
    assert ended.value.code == 0
    assert "Does a thing." in said
    for variable in (*field_variables(ServiceSettings).values(), *topic_variables().values()):
        assert f"  {variable} " in f"{said} "


def test_any_other_argument_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        answer_help("heartzone-thing", "Does a thing.", ServiceSettings, ["--port=8080"])

    assert ended.value.code == 2
    assert "--port=8080" in capsys.readouterr().err


def test_without_arguments_the_service_goes_on() -> None:
    answer_help("heartzone-thing", "Does a thing.", ServiceSettings, [])
