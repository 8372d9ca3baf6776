"""The kinds of values that settings have."""

from typing import Annotated

from pydantic import Field
from pydantic_settings import NoDecode

Names = Annotated[tuple[str, ...], NoDecode]  # "a, b" in the environment
Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=0)]
