"""Ids and labels come from one pass: what is supervised decodes to exactly the answers."""

import pytest
import torch

from seagull.language.prompts import STYLES, PromptStyle, RenderedPrompt
from seagull.language.tokens import IGNORE_INDEX
from seagull.preprocessing.collate import collate
from seagull.preprocessing.processor import SeagullProcessor
from seagull.preprocessing.tokenize import encode
from seagull.types import Message

TALK = [
    Message("user", "Analyze the quality of this region.", ("a",)),
    Message("assistant", "The quality is good."),
    Message("user", "Compare them.", ("a", "b")),
    Message("assistant", "With minor blur distortion."),
]


@pytest.fixture(params=sorted(STYLES))
def styled(request, tokenizer) -> SeagullProcessor:
    return SeagullProcessor(tokenizer, prompt_style=request.param, image_tokens=9)


def test_supervised_ids_decode_to_exactly_the_answers(styled):
    tokens = styled.tokens(TALK)
    supervised = tokens.labels[tokens.labels != IGNORE_INDEX]
    style = styled.style
    expected = "".join(
        style.answer_open + turn.content + style.answer_close
        for turn in TALK
        if turn.role == "assistant"
    )
    assert styled.tokenizer.decode(supervised) == expected


def test_every_placeholder_has_its_tokens(styled):
    tokens = styled.tokens(TALK)
    assert (tokens.input_ids == styled.image_id).sum() == 9
    assert (tokens.input_ids == styled.global_id).sum() == 3
    assert (tokens.input_ids == styled.local_id).sum() == 3
    assert tokens.regions == ("a", "b")
    assert tokens.markers.tolist() == [0, 0, 1]


def test_a_region_comes_in_again_when_the_talk_returns_to_it(styled):
    turns = [("a",), ("a",), ("b",), (), ("b",), ("a",)]
    talk = [
        message
        for names in turns
        for message in (Message("user", "Is it good?", names), Message("assistant", "Yes."))
    ]
    assert styled.tokens(talk).markers.tolist() == [0, 1, 0]


def test_an_answer_prefix_continues_the_ids_of_the_finished_answer(styled):
    finished = styled.tokens(TALK[:2]).input_ids
    asked = styled.tokens(TALK[:1], answer_prefix="The quality is").input_ids
    assert torch.equal(finished[: len(asked)], asked)


def test_the_published_prompt_is_word_for_word(tokenizer):
    prompt = STYLES["vicuna"].render(TALK[:1], answer_prefix="")
    assert prompt.text == (
        "A chat between a curious human and an artificial intelligence assistant. The assistant "
        "gives helpful, detailed, and polite answers to the human's questions. USER: <image>\n"
        "This provides an overview of the image.\n Please answer the following questions about "
        "the provided region. Note: Distortions include: blur, colorfulness, compression, "
        "contrast exposure and noise.\n Here is the region <global><local>. Analyze the quality "
        "of this region. ASSISTANT:"
    )


def test_a_token_across_an_answers_border_is_refused(tokenizer, processor):
    with pytest.raises(ValueError, match="straddles the border"):
        encode(tokenizer, RenderedPrompt("The quality is good.", ((1, 7),), ()), 0, 1)


@pytest.mark.parametrize(
    ("messages", "complaint"),
    [
        ([], "must end"),
        ([Message("assistant", "x")], "role must be 'user'"),
        ([Message("user", "x"), Message("user", "y")], "role must be 'assistant'"),
        ([Message("user", "x")], "must end with the assistant's turn"),
    ],
)
def test_turns_must_alternate(styled, messages, complaint):
    with pytest.raises(ValueError, match=complaint):
        styled.tokens(messages)


def test_an_unknown_style_is_named(tokenizer):
    with pytest.raises(ValueError, match="unknown prompt style 'poem'"):
        SeagullProcessor(tokenizer, prompt_style="poem")


def test_collate_pads_text_and_regions_and_refuses_mixed_sizes(processor, photo, regions):
    one, three = processor.tokens(TALK[:2]), processor.tokens(TALK)
    pixels = processor.pixels(photo.pixels)
    samples = [
        (pixels, processor.regions(photo.pixels, regions[:1]), one),
        (pixels, processor.regions(photo.pixels, regions[:2]), three),
        (pixels, None, processor.tokens([Message("user", "?"), Message("assistant", "!")])),
    ]
    batch = collate(samples, pad_id=0)
    assert batch.region_markers.tolist() == [[0, -1, -1], [0, 0, 1], [-1, -1, -1]]
    assert batch.region_masks.flatten(2).any(dim=2).tolist() == [
        [True, False], [True, True], [False, False],
    ]  # fmt: skip
    assert batch.attention_mask.sum(dim=1).tolist()[:2] == [
        len(one.input_ids),
        len(three.input_ids),
    ]
    assert (batch.labels[batch.attention_mask == 0] == IGNORE_INDEX).all()
    with pytest.raises(ValueError, match="photos of one size"):
        collate([samples[0], (pixels[:, :32], None, one)], pad_id=0)


def test_settings_survive_saving(processor, tmp_path):
    processor.save_pretrained(tmp_path)
    again = SeagullProcessor.from_pretrained(tmp_path)
    assert again.to_dict() == processor.to_dict()
    assert again.tokens(TALK).input_ids.tolist() == processor.tokens(TALK).input_ids.tolist()


def test_styles_are_told_by_their_names():
    assert all(
        isinstance(style, PromptStyle) and style.name == name for name, style in STYLES.items()
    )
