"""Documents in other languages are refused by name; parts in other languages are told of."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingest.formats.languages import CHINESE_NAMES, foreign_language, foreign_part
from ingest.formats.reading import read_document
from ingest.refusing import DocumentError

ENGLISH = "The incubator was opened in 2014 and it is run by the city with the help of a bank.\n"
CHINESE = "孵化器由市政府与银行合办，于二〇一四年开业，现有企业一千二百家。\n"
JAPANESE = "この施設は市と銀行が共同で運営しており、二〇一四年に開業しました。\n"
FOREIGN = {
    "Japanese": JAPANESE,
    "Korean": "이 보육센터는 2014년에 문을 열었으며 시와 은행이 함께 운영한다.\n",
    "Russian": "Инкубатор открылся в 2014 году, и им управляет город вместе с банком.\n",
    "Arabic": "افتتحت الحاضنة في عام 2014 وتديرها المدينة بمساعدة أحد البنوك.\n",
    "French": "La pépinière est ouverte depuis 2014 et elle est dirigée par la ville.\n",
    "German": "Der Inkubator ist seit 2014 offen und wird von der Stadt betrieben.\n",
    "Spanish": "La incubadora es de la ciudad y los bancos la apoyan con el dinero.\n",
    "Italian": "La città dirige il vivaio con una banca della zona, che è vicina.\n",
    "Vietnamese": "Vườn ươm được mở vào năm 2014 và được thành phố điều hành cùng một ngân hàng.\n",
}


@pytest.mark.parametrize("language", FOREIGN)
def test_a_document_in_another_language_is_refused_with_its_name(language: str) -> None:
    with pytest.raises(DocumentError) as caught:
        read_document(FOREIGN[language].encode() * 3, "a.txt")
    assert caught.value.reason == "foreign"
    assert f"({language})" in str(caught.value)
    assert f"（{CHINESE_NAMES[language]}）" in caught.value.said("zh")


@pytest.mark.parametrize(
    "text",
    [
        "Inkubator otwarto w 2014 roku. Prowadzi go miasto wspólnie z jednym z banków, który\n"
        "użycza pieniędzy. Młode firmy płacą niższy czynsz przez pierwsze trzy lata.\n",
        "Inkubátor byl otevřen v roce 2014 a provozuje ho město spolu s bankou. Mladé firmy\n"
        "platí první tři roky nižší nájem a mají přístup ke společným dílnám.\n",
        "A keltetőt 2014-ben nyitották meg, és a város működteti egy bank segítségével.\n",
        "Kuluçka merkezi 2014 yılında açıldı ve şehir ile bir banka tarafından işletiliyor.\n",
        "Inkubatorn öppnades år 2014 och drivs av staden tillsammans med en lokal bank på orten.\n",
    ],
)
def test_other_languages_in_latin_letters_are_refused_without_a_name(text: str) -> None:
    with pytest.raises(DocumentError) as caught:
        read_document(text.encode(), "a.txt")
    assert "(which one cannot be told)" in str(caught.value)
    assert "（无法判断是哪种）" in caught.value.said("zh")


@pytest.mark.parametrize(
    "text",
    [
        ENGLISH,
        CHINESE,
        "由于の字在中文里也常见，这份资料把它写进了标题：優の良品，此外全是中文。\n",
        "Names: Müller, García, Đặng, Владимир, José, François and Jürgen were all there.\n",
        "12, 14; 3.5 %\n- 40 -\n",
        "Zhōngguó de fūhuàqì\nThe pinyin of this has accents, as Lǚ Wěi explains in it.\n",
        "Müller, J. and Özil, M., The city as a bank of ideas, in: Café Society 12 (2014), p. 3.\n",
        "Name,City,Year\nVanke,Shenzhen,2014\nNestlé,Vevey,1866\nCitroën,Paris,1919\n",
        "a = b + c\nfor i in x:\n    print(i)\n",
    ],
)
def test_our_languages_are_taken_with_the_names_of_others(text: str) -> None:
    assert foreign_language(text) == foreign_part(text) == ""


@pytest.mark.parametrize("ours", [ENGLISH, CHINESE])
@pytest.mark.parametrize("language", FOREIGN)
def test_a_smaller_part_in_another_language_is_told(ours: str, language: str) -> None:
    document = read_document((ours * 6 + FOREIGN[language] * 2).encode(), "a.txt")
    assert [(note.kind, note.value) for note in document.notes] == [("foreign", language)]


def test_a_part_that_is_larger_than_ours_decides() -> None:
    assert foreign_language(ENGLISH + JAPANESE * 4) == "Japanese"
    assert foreign_language(CHINESE * 4 + JAPANESE) == ""


def test_a_japanese_form_full_of_chinese_characters_is_japanese(shared: Path) -> None:
    data = (shared / "inputs" / "docx-ja-stress019.docx").read_bytes()
    with pytest.raises(DocumentError, match="Japanese"):
        read_document(data, "stress019.docx")


def test_the_full_reports_are_in_our_languages(shared: Path) -> None:
    for path in (shared / "further-reading").glob("*.full.*.txt"):
        text = path.read_text(encoding="utf-8")
        assert foreign_language(text) == foreign_part(text) == ""


def test_the_cause_of_damage_is_told_in_chinese() -> None:
    with pytest.raises(DocumentError) as caught:
        read_document(b"PK\x03\x04 and no more", "a.docx")
    assert "(it was cut off or changed)" in str(caught.value)
    assert "（不完整或被改动过）" in caught.value.said("zh")
    part = DocumentError("damaged", "a.docx", why="its part word/document.xml is no valid XML")
    assert "（其中的word/document.xml不是有效的XML）" in part.said("zh")
    system = DocumentError("unreadable", "a.docx", why="Permission denied")
    assert "（Permission denied）" in system.said("zh")
