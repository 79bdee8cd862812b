"""JSON of chat completions, as OpenAI's clients send and read it.

Fields of OpenAI's that do not concern us are taken and left alone (``user``, ``metadata``,
``store``); those that would change the answer, and unknown or misspelt ones, are refused.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from seagull.server.patterns import IMAGE
from seagull.server.schemas import ALL_TASKS, MOST_TEXT, WHOLE, Number, RegionsInput, Tasks

MOST_MESSAGES = 256
MOST_TOKENS = 4096
Text = Annotated[str, Field(max_length=MOST_TEXT)]
StopText = Annotated[str, Field(min_length=1, max_length=64)]


class Lenient(BaseModel):
    """An object that may have further fields."""

    model_config = ConfigDict(strict=True)


class ImageUrl(Lenient):
    """A photo: a data URI, the id of an image that was sent, or an address."""

    url: Annotated[str, Field(pattern=IMAGE)]
    detail: str | None = None


class TextPart(Lenient):
    """Words."""

    type: Literal["text"]
    text: Text


class ImagePart(Lenient):
    """The photo of the conversation.

    ``uuid`` is a name by which the same API key can send the image again without its bytes
    (``image_url`` null), or the id of an image that was sent.
    """

    type: Literal["image_url"]
    image_url: ImageUrl | None = None
    uuid: Annotated[str, Field(min_length=1, max_length=128)] | None = None


Part = Annotated[TextPart | ImagePart, Field(discriminator="type")]


class ChatMessage(Lenient):
    """A turn. ``regions``, by their ids, are what a user's turn is about; by default all."""

    role: Literal["system", "developer", "user", "assistant"]
    content: Text | Annotated[list[Part], Field(min_length=1, max_length=64)]
    regions: list[Annotated[str, Field(max_length=64)]] | None = None


class StreamOptions(Lenient):
    """What a stream contains besides the answer."""

    include_usage: bool | None = None


class JsonSchema(Lenient):
    """The schema that an answer follows: that of a quality report."""

    name: Annotated[str, Field(min_length=1, max_length=64)]
    schema_: dict[str, Any] | None = Field(default=None, alias="schema")


class ResponseFormat(Lenient):
    """``text``, or ``json_schema`` with the schema of a quality report."""

    type: Literal["text", "json_schema", "json_object"] = Field(
        json_schema_extra={"enum": ["text", "json_schema"]}
    )
    json_schema: JsonSchema | None = None


class LeftAlone(BaseModel):
    """Fields of a request that OpenAI's clients may send, and that change no answer here."""

    model_config = ConfigDict(strict=True, extra="forbid")

    user: Any = None
    safety_identifier: Any = None
    metadata: Any = None
    store: Any = None
    service_tier: Any = None
    prompt_cache_key: Any = None
    prompt_cache_retention: Any = None
    prediction: Any = None
    reasoning_effort: Any = None
    verbosity: Any = None
    tool_choice: Any = None
    function_call: Any = None
    parallel_tool_calls: Any = None
    modalities: Annotated[list[Literal["text"]], Field(max_length=1)] | None = None


class ChatRequest(LeftAlone):
    """A conversation that waits for an answer."""

    model: Annotated[str, Field(min_length=1, max_length=200)]
    messages: Annotated[list[ChatMessage], Field(min_length=1, max_length=MOST_MESSAGES)]
    regions: RegionsInput = []
    alpha_as_mask: bool = Field(
        default=False, description="The image's transparency marks a region."
    )
    tasks: Tasks = Field(
        default=list(ALL_TASKS), description="What a report (response_format) assesses."
    )
    max_tokens: Annotated[int, Field(ge=1, le=MOST_TOKENS), WHOLE] | None = None
    max_completion_tokens: Annotated[int, Field(ge=1, le=MOST_TOKENS), WHOLE] | None = None
    temperature: Annotated[Number, Field(ge=0, le=2)] | None = Field(
        default=None, description="By default 0, which gives the same answer each time."
    )
    top_p: Annotated[Number, Field(gt=0, le=1)] | None = None
    stop: StopText | Annotated[list[StopText], Field(max_length=16)] | None = None
    seed: Annotated[int, Field(ge=-(2**63), lt=2**63), WHOLE] | None = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    logprobs: bool | None = None
    top_logprobs: Annotated[int, Field(ge=0, le=20), WHOLE] | None = None
    response_format: ResponseFormat | None = None
    # What is not supported is taken, to be refused by its name; the document does not allow it.
    n: Annotated[int, WHOLE] | None = Field(default=None, json_schema_extra={"enum": [1, None]})
    tools: list[Any] | None = Field(default=None, json_schema_extra={"maxItems": 0})
    functions: list[Any] | None = Field(default=None, json_schema_extra={"maxItems": 0})
    presence_penalty: Number | None = Field(default=None, json_schema_extra={"enum": [0, None]})
    frequency_penalty: Number | None = Field(default=None, json_schema_extra={"enum": [0, None]})
    logit_bias: dict[str, Any] | None = Field(default=None, json_schema_extra={"maxProperties": 0})
    audio: dict[str, Any] | None = Field(default=None, json_schema_extra={"enum": [None]})


class TopLogprob(BaseModel):
    """A token and the logarithm of its probability."""

    token: str
    logprob: float
    bytes: list[int]


class TokenLogprob(TopLogprob):
    """A token that was said, with the likeliest ones in its place."""

    top_logprobs: list[TopLogprob]


class Logprobs(BaseModel):
    """Of all tokens of an answer."""

    content: list[TokenLogprob]


class AnswerMessage(BaseModel):
    """The answer."""

    role: Literal["assistant"] = "assistant"
    content: str
    refusal: None = None


class Choice(BaseModel):
    """The one answer, and why it ended."""

    index: int = 0
    message: AnswerMessage
    logprobs: Logprobs | None = None
    finish_reason: Literal["stop", "length"]


class PromptTokens(BaseModel):
    """Of the tokens that were read, those that earlier turns had computed."""

    cached_tokens: int


class Usage(BaseModel):
    """How many tokens were read and made; image tokens count."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    prompt_tokens_details: PromptTokens


class ChatCompletion(BaseModel):
    """An answer."""

    id: str
    object: Literal["chat.completion"] = "chat.completion"
    created: int
    model: str
    system_fingerprint: str
    choices: list[Choice]
    usage: Usage


class ModelObject(BaseModel):
    """A model that answers here."""

    id: str
    object: Literal["model"] = "model"
    created: int = 0
    owned_by: str = "seagull"
    revision: str
    trained: bool
    segmenter: str = Field(description="What finds regions by points and by itself.")


class ModelList(BaseModel):
    """The models that answer here."""

    object: Literal["list"] = "list"
    data: list[ModelObject]
