"""Settings: read from environment and .env, and wrong ones told in one sentence that shows no secret."""

from pathlib import Path

import pytest

from chat.config import Settings, SettingsError, check_place, load, load_or_leave, variable


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for field in Settings.model_fields:
        monkeypatch.delenv(variable(field), raising=False)
    monkeypatch.chdir(tmp_path)


def test_without_any_setting_there_is_a_file_in_instance(tmp_path: Path) -> None:
    settings = load()
    assert settings.sqlite_path == tmp_path / "instance" / "headwater.sqlite3"
    assert not settings.has_real_provider
    assert settings.auth == "open"


def test_the_environment_beats_the_env_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("PORT=9001\nCHAT_MODEL=from-file\nOTHER_PROGRAMS=business\n")
    monkeypatch.setenv("PORT", "9002")
    assert (load().port, load().model) == (9002, "from-file")


def test_an_empty_variable_is_an_unset_one(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "PORT", "CHAT_MODELS"):
        monkeypatch.setenv(name, "")
    assert not load().has_real_provider
    assert load().port == 8000


@pytest.mark.parametrize("name", ["OPENAI_API_KEY", "OPENAI_BASE_URL"])
def test_a_key_or_an_address_means_a_real_provider(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "http://127.0.0.1:11434/v1")
    assert load().has_real_provider


def test_lists_are_written_with_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHAT_MODELS", "small, large,,")
    monkeypatch.setenv("CHAT_CORS_ORIGINS", "https://a.example,http://localhost:3000")
    assert load().models == ("small", "large")
    assert load().cors_origins == ("https://a.example", "http://localhost:3000")


def test_settings_cannot_be_changed_and_show_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", "very secret")
    monkeypatch.setenv("OPENAI_API_KEY", "also secret")
    settings = load()
    with pytest.raises(ValueError, match="frozen"):
        settings.port = 1  # type: ignore[misc]
    assert "very secret" not in repr(settings)
    assert "also secret" not in repr(settings)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("PORT", "eighty", "valid integer"),
        ("PORT", "70000", "65535"),
        ("CHAT_CHUNK_BY", "line", "word, sentence, paragraph"),
        ("CHAT_CHUNK_BY", "0", "1 to 4096"),
        ("CHAT_LEASE_S", "0", "greater than or equal"),
        ("CHAT_ANSWER_S", "nan", "finite"),
        ("CHAT_ANSWER_BYTES", "-1", "greater than or equal"),
        ("CHAT_AUTH", "closed", "'open' or 'required'"),
        ("CHAT_ON_INTERRUPT", "forget", "'continue' or 'mark'"),
        ("CHAT_CORS_ORIGINS", "example.org", "is no origin"),
        ("CHAT_CORS_ORIGINS", "https://a.example/path", "is no origin"),
        ("OPENAI_BASE_URL", "localhost:11434", "begins with http"),
        ("DATABASE_URL", "postgres://u:hidden@db", "name the database"),
        ("DATABASE_URL", "postgresql://u:hidden@db:port/chat", "a port is a number"),
        ("DATABASE_URL", "postgresql://u:hid@hidden@db/chat", "@ is written %40"),
        ("DATABASE_URL", "postgresql://u:hidden%@db/chat", "% %25"),
        ("DATABASE_URL", "postgresql://u:hidden%00@db/chat", "% %25"),
        ("DATABASE_URL", "postgresql://u:hidden/@db/chat", "/ %2F"),
        ("DATABASE_URL", "postgresql://u:1/hidden@db/chat", "/ %2F"),
        ("DATABASE_URL", "postgresql://u:hid#hidden@db/chat", "# %23"),
        ("DATABASE_URL", "postgresql://u:hid?hidden@db/chat", "? %3F"),
        ("DATABASE_URL", "postgresql://u:hid[hidden@db/chat", "cannot be read"),
        ("DATABASE_URL", "postgresql://u:hidden word@db/chat", "a space %20"),
        ("CHAT_DATABASE_CONNECTIONS", "1", "greater than or equal to 2"),
        ("DATABASE_URL", "sqlite://", "the path of a file"),
        ("DATABASE_URL", "sqlite:///:memory:", "the path of a file"),
        ("DATABASE_URL", "mysql://u:hidden@db", "the path of a file"),
        ("REDIS_URL", "http://:hidden@cache", "begins with redis://"),
    ],
)
def test_a_wrong_value_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str, value: str, said: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit) as left:
        load_or_leave()
    told = capsys.readouterr().err.strip()
    assert left.value.code == 2
    assert told.startswith(f"Headwater cannot start: {name}: ")
    assert said in told
    assert told.count("\n") == 0
    assert "hidden" not in told


def test_two_wrong_values_are_two_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "x")
    monkeypatch.setenv("CHAT_FLUSH_MS", "x")
    with pytest.raises(SettingsError) as error:
        load()
    assert len(str(error.value).splitlines()) == 2


def test_postgresql_is_taken_under_each_of_its_names_and_asks_for_a_secret(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for scheme in ("postgres", "postgresql", "postgresql+psycopg"):
        monkeypatch.setenv("DATABASE_URL", f"{scheme}://ada@db/chat?sslmode=require")
        monkeypatch.delenv("SECRET_KEY", raising=False)
        with pytest.raises(SettingsError, match="set SECRET_KEY"):
            load(None)
        monkeypatch.setenv("SECRET_KEY", "the same everywhere")
        settings = load(None)
        assert settings.database_url == "postgresql+psycopg://ada@db/chat?sslmode=require"
        assert not settings.on_sqlite


def test_an_address_of_postgresql_may_name_a_socket_a_port_and_odd_characters(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SECRET_KEY", "the same everywhere")
    for rest in ("ada:p%40ss%25@[::1]:5433/chat", "ada@db:5432/chat?sslmode=require", "/chat?host=/run/pg"):
        monkeypatch.setenv("DATABASE_URL", f"postgresql://{rest}")
        assert load(None).database_url == f"postgresql+psycopg://{rest}"


def test_the_default_model_is_one_that_is_offered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHAT_MODELS", "a,b")
    monkeypatch.setenv("CHAT_MODEL", "c")
    with pytest.raises(SettingsError, match="CHAT_MODEL must be one of"):
        load()


@pytest.mark.parametrize("field", Settings.model_fields)
def test_every_setting_says_what_it_is_for(field: str) -> None:
    assert (Settings.model_fields[field].description or "").endswith(".")


def test_a_zero_turns_a_limit_off(monkeypatch: pytest.MonkeyPatch) -> None:
    ends = ("_bytes", "_rate", "live_answers", "daily_tokens", "daily_cost",
            "token_s", "silence_s", "answer_s", "client_s", "rotate_s")  # fmt: skip
    limits = [name for name in Settings.model_fields if name.endswith(ends)]
    for name in limits:
        monkeypatch.setenv(variable(name), "0")
    settings = load()
    assert len(limits) >= 15
    assert all(getattr(settings, name) == 0 for name in limits)


def test_the_databases_file_is_made_for_this_user_alone(tmp_path: Path) -> None:
    load_or_leave()
    file = tmp_path / "instance" / "headwater.sqlite3"
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("make", [Path.mkdir, lambda path: path.write_text("a letter to Ada")])
def test_what_is_no_database_is_said(tmp_path: Path, make) -> None:
    make(tmp_path / "taken")
    with pytest.raises(SettingsError, match="taken"):
        check_place(tmp_path / "taken")


def test_a_folder_that_cannot_be_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingsError, match="DATABASE_URL"):
        check_place(tmp_path / "file" / "chat.sqlite3")


def test_embeddings_need_a_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHAT_EMBEDDING_MODEL", "small")
    with pytest.raises(SettingsError, match="EMBEDDING_BASE_URL"):
        load()
    monkeypatch.setenv("EMBEDDING_BASE_URL", "http://127.0.0.1:11434/v1")
    assert load().embedding_model == "small"


@pytest.mark.parametrize(
    ("address", "own", "sent"),
    [
        ("", "", "the-models"),
        ("https://models.example/v1", "", "the-models"),
        ("https://elsewhere.example/v1", "", ""),
        ("https://elsewhere.example/v1", "its-own", "its-own"),
        ("", "its-own", "its-own"),
    ],
)
def test_the_models_key_goes_to_no_other_server(
    address: str, own: str, sent: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "the-models")
    monkeypatch.setenv("OPENAI_BASE_URL", "https://models.example/v1")
    monkeypatch.setenv("EMBEDDING_BASE_URL", address)
    monkeypatch.setenv("EMBEDDING_API_KEY", own)
    assert load().embedding_key() == sent
