"""What the launcher is told, by options and by variables."""

import pytest

from webnas import launcher


@pytest.fixture
def told(monkeypatch):
    """Parses options and variables as the launcher does."""

    def parse(*options: str, **variables: str):
        monkeypatch.setattr("sys.argv", ["webnas", *options])
        for name in ("PORT", "WEBNAS_CONCURRENCY"):
            monkeypatch.delenv(name, raising=False)
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        return launcher.parse_arguments()

    return parse


def test_variables_and_options_name_the_port(told):
    assert told().port == launcher.DEFAULT_PORT
    assert told(PORT="").port == launcher.DEFAULT_PORT
    assert told(PORT="65535").port == 65535
    assert told("--port", "0", PORT="8123").port == 0


@pytest.mark.parametrize("port", ["99999", "-1", "65536", "http", "8000.5"])
def test_a_port_that_there_is_not_is_refused_in_words(told, capsys, port):
    with pytest.raises(SystemExit) as end:
        told(PORT=port)
    assert end.value.code == 2
    assert f"{port!r}; a whole number from 0 to 65535 is needed (PORT)" in capsys.readouterr().err


@pytest.mark.parametrize("processes", ["0", "-2", "many"])
def test_a_worker_without_processes_is_refused(told, capsys, processes):
    with pytest.raises(SystemExit):
        told(WEBNAS_CONCURRENCY=processes)
    assert "WEBNAS_CONCURRENCY" in capsys.readouterr().err
