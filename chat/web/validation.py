"""Bodies of the API: what each may hold, and the clear answer to what does not fit."""

import json
import math
import re
from typing import Annotated, Any, TypeVar

from flask import request
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    WithJsonSchema,
    model_validator,
)
from werkzeug.exceptions import RequestEntityTooLarge

from chat.core.batching import LARGEST_STEP, parse_chunk_by
from chat.core.one_line import SOMETHING as SEEN
from chat.core.one_line import one_line
from chat.web.errors import ApiError, Invalid, TooLarge
from chat.web.heaps import refuse_heaps
from chat.web.house import house

NAME_LENGTH = 80  # characters, as the people table holds them
TITLE_LENGTH = 200
ID_LENGTH = 200
MOST_UNKNOWN = 20  # fields that are not known here, each of which is named in the refusal
HALVES = re.compile("[\ud800-\udfff]")  # of surrogate pairs
STEPS = f"write word, sentence, paragraph or a number of bytes from 1 to {LARGEST_STEP}"


def _whole(text: str) -> str:
    """Refuse what no database can hold: NUL and halves of surrogate pairs."""
    if "\x00" in text:
        raise ValueError("must not hold a NUL character")
    if HALVES.search(text):
        raise ValueError("must not hold a lone surrogate")
    return text


def not_blank(text: str) -> str:
    """Refuse what holds nothing but white space."""
    if not text.strip():
        raise ValueError("must not be blank")
    return text


def _named(said: str) -> str:
    """Give it on one line, without what nobody sees of it. Refuses what is blank then."""
    return not_blank(one_line(said))


def _within_limit(text: str) -> str:
    most = house().settings.text_bytes
    if most and len(text.encode()) > most:
        raise TooLarge(f"That text is longer than the {most} bytes this server takes.")
    return text


def _offered(model: str) -> str:
    models = house().settings.models
    if models and model not in models:
        raise ValueError("is not a model of this server")
    return model


def _step(value: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # JSON has one kind of number: 12.0 is 12
    a_number = isinstance(value, int) and not isinstance(value, bool)
    if not a_number and value not in ("word", "sentence", "paragraph"):
        raise ValueError(STEPS)
    return parse_chunk_by(value)


# What a client can check beforehand: how the description of the API says "no NUL", and "not blank" besides.
NO_NUL = {"pattern": r"^[^\u0000]*$"}
SOMETHING = {"pattern": r"^[^\u0000]*[^\s\u0000][^\u0000]*$"}
NAMED = {"pattern": rf"^[^\u0000]*{SEEN}[^\u0000]*$"}

Whole = Annotated[str, AfterValidator(_whole), Field(json_schema_extra=NO_NUL)]
Said = Annotated[
    Whole, AfterValidator(not_blank), AfterValidator(_within_limit), Field(json_schema_extra=SOMETHING)
]
System = Annotated[Whole, AfterValidator(_within_limit)]
Title = Annotated[Whole, Field(max_length=TITLE_LENGTH, json_schema_extra=NAMED), AfterValidator(_named)]
Name = Annotated[Whole, Field(max_length=NAME_LENGTH, json_schema_extra=NAMED), AfterValidator(_named)]
Model = Annotated[Whole, Field(min_length=1, max_length=ID_LENGTH), AfterValidator(_offered)]
Temperature = Annotated[float, Field(ge=0, le=2, allow_inf_nan=False)]
Id = Annotated[Whole, Field(min_length=1, max_length=ID_LENGTH)]
ChunkBy = Annotated[
    str,
    BeforeValidator(_step),
    WithJsonSchema(
        {
            "description": STEPS,
            "anyOf": [
                {"enum": ["word", "sentence", "paragraph"]},
                {"type": "integer", "minimum": 1, "maximum": LARGEST_STEP},
            ],
        }
    ),
]
Library = Annotated[bool, Field(description="Whether its owner's questions draw on the owner's library.")]
Chosen = Annotated[Model | None, Field(description="Answers this one, instead of the default.")]
Step = Annotated[ChunkBy | None, Field(description="What is stored, and shown to viewers, at once.")]


class Body(BaseModel):
    """A JSON object: no type is bent into another, no unknown field is passed over."""

    model_config = ConfigDict(strict=True, extra="forbid", hide_input_in_errors=True)

    @model_validator(mode="before")
    @classmethod
    def _has_few_fields(cls, found: Any) -> Any:
        """Refuse fields without end before each is complained of: of 700,000 that took three seconds."""
        most = len(cls.model_fields) + MOST_UNKNOWN
        if isinstance(found, dict) and len(found) > most:
            raise ValueError(f"must not have more than {most} fields")
        return found


class NewSession(Body):
    name: Name | None = None


class NewToken(Body):
    name: Name = Field(description="What it is for: to know it again later.")


class NewConversation(Body):
    title: Title | None = None
    system: System | None = Field(None, description="Put before every question.")
    model: Model | None = Field(None, description="Answers here instead of the server's default.")
    temperature: Temperature | None = Field(None, description="From 0 to 2; null: the deployment's.")
    library: Library = True


class ConversationChange(Body):
    """Only the fields that are sent change; null empties one."""

    title: Title | None = None
    system: System | None = None
    model: Model | None = None
    temperature: Temperature | None = None
    library: Library = True
    pinned: bool = Field(False, description="Whether it stands at the head of its owner's list.")


class NewMessage(Body):
    text: Said
    client_id: Id | None = Field(None, description="Any string of yours: sent again, nothing is asked twice.")
    parent_id: Id | None = Field(None, description="What you answer to; unset, the latest message.")
    branch: bool = Field(False, description="Allows an older `parent_id`; null is the beginning then.")
    model: Chosen = None
    chunk_by: Step = None


class Again(Body):
    """Another answer to the same question."""

    model: Chosen = None
    chunk_by: Step = None


class NewStream(Body):
    prompt: Said
    system: System | None = None
    model: Chosen = None
    temperature: Temperature | None = Field(None, description="From 0 to 2; null: the model's own.")
    chunk_by: Step = None


Read = TypeVar("Read", bound=Body)


def read_body(model: type[Read], *, optional: bool = False, most: int | None = None) -> Read:
    """Read the request's JSON body; `optional`: an empty one counts as `{}`; `most`: bytes, if not the usual.

    Raises ApiError: 415 for another content type, 413 too large, 400 no JSON, 422 not what `model` says.
    """
    raw = _raw_body(house().settings.body_bytes if most is None else most)
    if optional and not raw.strip():
        return check(model, {})
    if request.mimetype != "application/json" and not request.mimetype.endswith("+json"):
        raise ApiError("unsupported_media_type", 415, "Send JSON: Content-Type application/json.")
    return check(model, parse_json(raw))


def check(model: type[Read], found: Any) -> Read:
    """Check parsed JSON against a model. Raises ApiError (413, 422)."""
    try:
        return model.model_validate(found)
    except ValidationError as error:
        raise Invalid(" ".join(_said(problem) for problem in error.errors()[:5])) from error


def parse_json(raw: bytes | str) -> Any:
    """Parse JSON as RFC 8259 has it: no NaN, nothing without end. Raises ApiError (400, 422)."""
    try:
        text = raw if isinstance(raw, str) else raw.decode(json.detect_encoding(raw), "surrogatepass")
        refuse_heaps(text)
        return json.loads(text, parse_constant=_no_number, parse_float=_finite)
    except (ValueError, RecursionError) as error:
        raise ApiError("bad_json", 400, "The body is not JSON that this server can read.") from error


def _raw_body(most: int) -> bytes:
    try:
        raw = request.get_data(cache=True)
        if request.content_length is None and _goes_on():
            raise RequestEntityTooLarge
    except RequestEntityTooLarge as error:
        raise TooLarge(f"The body is larger than the {most} bytes this server takes.") from error
    return raw


def _goes_on() -> bool:
    """Say whether a chunked body has more than was read: Werkzeug cuts it at the limit without a word."""
    return "wsgi.input_terminated" in request.environ and bool(request.environ["wsgi.input"].read(1))


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError("a number beyond all bounds")
    return number


_WORDS = {
    "model_type": "must be a JSON object",
    "missing": "is missing",
    "extra_forbidden": "is not known here",
    "string_type": "must be a string",
    "bool_type": "must be true or false",
    "string_unicode": "must not hold a lone surrogate",
}


def _said(problem: Any) -> str:
    """Put one validation error into a sentence: where, and what."""
    where = ".".join(map(str, problem["loc"]))
    what = _WORDS.get(problem["type"]) or problem["msg"].removeprefix("Value error, ")
    length = problem.get("ctx", {})
    if length.get("field_type") == "Value":  # a text: Pydantic speaks of its items
        most, least = length.get("max_length"), length.get("min_length")
        what = f"must have at most {most} characters" if most else f"must have at least {least} characters"
    return f"{where or 'The body'}: {what}."
