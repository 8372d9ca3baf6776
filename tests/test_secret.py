"""The kept secret: made once, for this user alone, the same for all who start at once."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from pydantic import SecretStr

from chat.config import Settings
from chat.secret import kept_secret


def test_it_is_made_once_and_kept(tmp_path: Path) -> None:
    secret = kept_secret(tmp_path / "new")
    assert len(secret) >= 48
    assert kept_secret(tmp_path / "new") == secret
    assert [file.stat().st_mode & 0o777 for file in (tmp_path / "new").iterdir()] == [0o600]


def test_two_folders_have_two(tmp_path: Path) -> None:
    assert kept_secret(tmp_path / "a") != kept_secret(tmp_path / "b")


def test_who_comes_second_takes_the_firsts(tmp_path: Path, monkeypatch) -> None:
    first = kept_secret(tmp_path)
    monkeypatch.setattr(Path, "exists", lambda self: False)  # it looked before the first had made it
    assert kept_secret(tmp_path) == first


def test_many_at_once_agree(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(kept_secret, [tmp_path] * 8))) == 1


def test_a_secret_that_is_set_is_taken(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/chat.sqlite3"
    settings = Settings(_env_file=None, database_url=url, secret_key=SecretStr("mine"))
    assert settings.signing_secret() == "mine"
    assert list(tmp_path.iterdir()) == []
