"""The secret key of an installation."""

from concurrent.futures import ThreadPoolExecutor

from webnas import secret


def test_the_key_is_made_once_and_only_its_owner_reads_it(tmp_path):
    home = tmp_path / "home"
    key = secret.read_or_make(home)
    assert len(key) >= 50
    assert secret.read_or_make(home) == key
    assert (home / "secret_key").stat().st_mode & 0o777 == 0o600
    assert home.stat().st_mode & 0o777 == 0o700


def test_processes_that_start_together_agree_on_one_key(tmp_path):
    with ThreadPoolExecutor(8) as pool:
        keys = list(pool.map(secret.read_or_make, [tmp_path / "home"] * 8))
    assert len(set(keys)) == 1
    assert [path.name for path in (tmp_path / "home").iterdir()] == ["secret_key"]
