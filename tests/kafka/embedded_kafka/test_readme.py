"""The README's examples run as they stand there, and a failed test says where the logs are."""

import re
import subprocess
import sys
from pathlib import Path

from heartzone_testing.checkout import ROOT

README = ROOT / "libs" / "embedded-kafka" / "README.md"


def examples() -> list[str]:
    return re.findall(r"^```python\n(.*?)^```", README.read_text(), re.MULTILINE | re.DOTALL)


def run(*argv: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *argv], cwd=cwd, capture_output=True, text=True, timeout=200, check=False)


def test_the_program_prints_the_record_it_sent(tmp_path: Path) -> None:
    done = run("-c", examples()[0], cwd=tmp_path)

    assert (done.returncode, done.stdout) == (0, "b'hello'\n"), done.stderr


def test_the_tests_pass(tmp_path: Path) -> None:
    (tmp_path / "test_example.py").write_text(examples()[1])

    done = run("-m", "pytest", "-q", "-p", "no:cacheprovider", "test_example.py", cwd=tmp_path)

    assert "3 passed" in done.stdout, done.stdout


def test_the_report_of_a_failed_test_names_the_logs(tmp_path: Path) -> None:
    (tmp_path / "test_example.py").write_text("def test_it(embedded_kafka):\n    assert False\n")

    done = run(
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        f"--basetemp={tmp_path / 'base'}",
        "test_example.py",
        cwd=tmp_path,
    )

    assert f"embedded_kafka: {tmp_path}/base/embedded-kafka0" in done.stdout
    assert (tmp_path / "base" / "embedded-kafka0" / "kafka-1.log").exists()


def test_a_session_that_uses_no_fixture_imports_no_client(tmp_path: Path) -> None:
    (tmp_path / "test_example.py").write_text(
        "import sys\n\n\ndef test_it():\n"
        "    assert not {'confluent_kafka', 'cryptography', 'pooch', 'requests'} & set(sys.modules)\n"
    )

    done = run("-m", "pytest", "-q", "-p", "no:cacheprovider", "test_example.py", cwd=tmp_path)

    assert "1 passed" in done.stdout, done.stdout
