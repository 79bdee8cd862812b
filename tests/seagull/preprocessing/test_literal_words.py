"""A word that is written like a special token is text, wherever people may write it."""

import pytest
import torch

from seagull.inference.assessor import Assessor
from seagull.inference.engine import Engine
from seagull.language.prompts import STYLES
from seagull.language.tokens import IGNORE_INDEX, PLACEHOLDERS
from seagull.preprocessing.processor import SeagullProcessor
from seagull.types import Message, ModelInfo

SPECIAL = (*PLACEHOLDERS, "<pad>", "</s>", "<|im_start|>", "<|im_end|>")
"""Every special token of the tokenizer below; a test says so."""


@pytest.fixture(params=sorted(STYLES))
def styled(request, tokenizer) -> SeagullProcessor:
    return SeagullProcessor(tokenizer, prompt_style=request.param, image_tokens=9)


def special_counts(processor: SeagullProcessor, messages: list[Message]) -> list[int]:
    ids = processor.tokens(messages).input_ids
    special = sorted(processor.tokenizer.added_tokens_decoder)
    return [int((ids == number).sum()) for number in special]


def test_all_special_tokens_are_tried(tokenizer):
    special = {token.content for token in tokenizer.added_tokens_decoder.values() if token.special}
    assert special == set(SPECIAL)


@pytest.mark.parametrize("word", SPECIAL)
@pytest.mark.parametrize("form", ["{}", "{} What is it?", "Is{}it sharp?", "{}{}", "<im{}age>"])
def test_a_special_word_in_what_is_said_adds_no_special_token(styled, word, form):
    text = form.replace("{}", word)
    plain = [Message("user", "What?", ("a", "b")), Message("assistant", "This.")]
    said = [Message("user", text, ("a", "b")), Message("assistant", text)]
    assert special_counts(styled, said) == special_counts(styled, plain)


@pytest.mark.parametrize("word", SPECIAL)
def test_it_is_learned_and_decoded_as_it_was_written(styled, word):
    tokens = styled.tokens([Message("user", "What?", ("a",)), Message("assistant", f"A {word}!")])
    answer = styled.tokenizer.decode(tokens.labels[tokens.labels != IGNORE_INDEX])
    assert answer == f"{styled.style.answer_open}A {word}!{styled.style.answer_close}"


@pytest.mark.parametrize("word", SPECIAL)
def test_a_region_may_be_called_by_it(styled, word):
    names, named = ("a", "b"), (word, "b")
    assert special_counts(styled, [Message("user", "?", named), Message("assistant", "!")]) == (
        special_counts(styled, [Message("user", "?", names), Message("assistant", "!")])
    )


def test_all_other_tokens_stay_as_they_were(styled):
    before = styled.tokens([Message("user", "Is it good? "), Message("assistant", "Yes.")])
    after = styled.tokens([Message("user", "Is it good? <image>"), Message("assistant", "Yes.")])
    ids, longer = before.input_ids.tolist(), after.input_ids.tolist()
    end = next(n for n, (one, two) in enumerate(zip(ids, longer, strict=False)) if one != two)
    assert longer[len(longer) - (len(ids) - end) :] == ids[end:]


def test_the_next_text_has_its_placeholders_again(processor):
    talk = [Message("user", "What?", ("a",)), Message("assistant", "This.")]
    before = processor.tokens(talk).input_ids
    processor.tokens([Message("user", "<image>", ("a",)), Message("assistant", "<global>")])
    assert torch.equal(processor.tokens(talk).input_ids, before)


def test_a_byte_that_was_no_utf_8_is_a_replacement_character(processor):
    written = [Message("user", "caf\udce9?"), Message("assistant", "Yes.")]
    shown = [Message("user", "caf\N{REPLACEMENT CHARACTER}?"), Message("assistant", "Yes.")]
    assert torch.equal(processor.tokens(written).input_ids, processor.tokens(shown).input_ids)


@pytest.mark.parametrize("word", SPECIAL)
def test_a_chat_answers_a_question_that_holds_it(tiny_model, processor, photo, regions, word):
    assessor = Assessor(Engine(tiny_model, processor), ModelInfo("tiny", "0", trained=False))
    chat = assessor.chat(photo, regions[:2])
    for _ in range(2):
        "".join(chat.ask(f"{word} What is wrong {word}?", max_new_tokens=3))
    assert len(chat.messages) == 4


@pytest.mark.weights
def test_the_words_of_the_shipped_model_are_text_too():
    from seagull.inference.load import find_model
    from seagull.model.checkpoint import load_processor

    processor = load_processor(find_model("nano"))
    words = [str(token) for token in processor.tokenizer.added_tokens_decoder.values()]
    assert len(words) > 10
    plain = special_counts(processor, [Message("user", "?", ("a",)), Message("assistant", "!")])
    for word in words:
        said = [Message("user", f"{word}?", ("a",)), Message("assistant", f"{word}!")]
        assert special_counts(processor, said) == plain, word
