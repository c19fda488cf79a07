"""Output of `up`, for people and for programs."""

import json

import pytest

from heartzone_cli.up.output import Output


def test_people_read_lines_and_no_fields(capsys: pytest.CaptureFixture[str]) -> None:
    Output().event("up", "It is up.", "", "  Kafka", seconds=1.5)

    assert capsys.readouterr().out == "It is up.\n\n  Kafka\n"


def test_programs_read_one_object_a_line_and_no_prose(capsys: pytest.CaptureFixture[str]) -> None:
    output = Output(machine=True)
    output.event("up", "It is up.", "", "  Kafka", seconds=1.5)
    output.event("stopping", "Stopping")

    assert [json.loads(line) for line in capsys.readouterr().out.splitlines()] == [
        {"type": "up", "seconds": 1.5},
        {"type": "stopping"},
    ]


def test_an_error_is_a_sentence_for_people_and_an_event_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    Output().error("Port 1 is taken.")
    people = capsys.readouterr()
    Output(machine=True).error("Port 1 is taken.\n  last line")
    programs = capsys.readouterr()

    assert (people.out, people.err) == ("", "Error: Port 1 is taken.\n")
    assert programs.err == "Error: Port 1 is taken.\n  last line\n"
    assert json.loads(programs.out) == {"type": "failed", "reason": "Port 1 is taken.\n  last line"}
