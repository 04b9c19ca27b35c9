"""Settings: names, ranges, precedence and what they say when they do not fit."""

from __future__ import annotations

from pathlib import Path

import pytest

from assistant import Settings
from assistant.errors import SettingsError


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    (tmp_path / "assistant.toml").write_text('passages = 3\nlanguage = "zh"\n', encoding="utf-8")
    settings = Settings.load({"ASSISTANT_PASSAGES": "9"}, directory=tmp_path)
    assert (settings.passages, settings.language) == (9, "zh")


def test_a_named_file_is_read_instead(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text("passages = 4\n", encoding="utf-8")
    environment = {"ASSISTANT_CONFIG": str(tmp_path / "mine.toml")}
    assert Settings.load(environment, directory=tmp_path).passages == 4


@pytest.mark.parametrize(
    ("environment", "says"),
    [
        ({"ASSISTANT_PASAGES": "3"}, "Did you mean 'passages'"),
        ({"ASSISTANT_PASSAGES": "many"}, "must be of type int"),
        ({"ASSISTANT_PASSAGES": "0"}, "between 1 and 50"),
        ({"ASSISTANT_LANGUAGE": "fr"}, "auto, en, zh, both"),
        ({"ASSISTANT_COMPOSER": "model"}, "no chat model is set"),
        ({"ASSISTANT_CHAT_TIMEOUT_S": "nan"}, "between 1 and 3600"),
        ({"ASSISTANT_CHAT_JUDGE": "perhaps"}, "must be of type bool"),
        ({"ASSISTANT_CONFIG": "/does/not/exist.toml"}, "cannot be read"),
    ],
)
def test_a_setting_that_does_not_fit_is_named_with_the_remedy(
    environment: dict[str, str], says: str, tmp_path: Path
) -> None:
    with pytest.raises(SettingsError, match=says):
        Settings.load(environment, directory=tmp_path)


def test_a_file_that_is_not_toml_is_refused(tmp_path: Path) -> None:
    (tmp_path / "assistant.toml").write_text("passages = = 3", encoding="utf-8")
    with pytest.raises(SettingsError, match="cannot be read"):
        Settings.load({}, directory=tmp_path)


def test_the_id_changes_with_what_shapes_an_answer_and_with_nothing_else(tmp_path: Path) -> None:
    assert Settings().id == Settings(home=tmp_path).id
    assert Settings().id != Settings(passages=7).id
    assert Settings().id == Settings(chat_timeout_s=9, trace=True).id
    assert Settings().id != Settings(chat_model="openai:x").id
