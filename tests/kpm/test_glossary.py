"""The Chinese of the pages: the words of the glossary, and none that it bans."""

import re
from pathlib import Path

import pytest
from django.conf import settings

CATALOGUE = Path(settings.BASE_DIR) / "kpm/locale/zh_Hans/LC_MESSAGES/django.po"
GLOSSARY = Path(settings.BASE_DIR) / "kpm/docs/glossary.md"
# Each was once said beside the word of the glossary, for the same thing.
OTHER_WORDS = ("走访节奏", "查看明文", "遮盖", "角色授予", "授予人", "不批准", "未批准")


def translations():
    """Everything that a page may say."""
    return "\n".join(re.findall(r'(?m)^(?:msgstr.*? )?"(.*)"$', CATALOGUE.read_text("utf-8")))


def banned():
    """The words that no page uses, as the glossary lists them."""
    last = GLOSSARY.read_text("utf-8").partition("## Words that no page uses")[2]
    # "Not this but that": that is what to say.
    words = re.split(r"\bbut\b", last)[0]
    return [each for each in re.split(r"[、,;\s]+", words) if re.search("[\u4e00-\u9fff]", each)]


def test_the_pages_use_no_banned_word():
    words = banned()
    assert {"黑名单", "瘾君子", "精神病人"} <= set(words)
    assert [each for each in words if each in translations()] == []


@pytest.mark.parametrize("word", OTHER_WORDS)
def test_one_thing_has_one_word(word):
    assert word not in translations()
    assert f"| {word} |" not in GLOSSARY.read_text("utf-8")


@pytest.mark.parametrize(
    ("english", "chinese"),
    [
        ("rhythm", "走访频次"),
        ("revealed", "显示完整信息"),
        ("read", "查阅"),
        ("grant", "授权"),
        ("rejected", "驳回"),
        ("Reject", "驳回"),
        ("Return for more", "退回补充"),
    ],
)
def test_catalogue_and_glossary_agree(english, chinese):
    catalogue, glossary = CATALOGUE.read_text("utf-8"), GLOSSARY.read_text("utf-8")
    assert f'msgid "{english}"\nmsgstr "{chinese}"\n' in catalogue
    assert f"| {chinese} |" in glossary
