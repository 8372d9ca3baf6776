"""Answers in which no two places are alike: a double or a gap cannot hide in a repetition."""


def numbered(name: str, tokens: int) -> str:
    """Write an answer of about so many tokens of the scripted provider; some sentences are not ASCII."""
    sentences, length = [], 0
    while length < tokens * 5:  # a token is up to six characters and the blank before them
        number = len(sentences)
        end = "\n\n" if number % 7 == 6 else " "
        sentences.append(f"{name} says {number}: naïve 日本語 🙂 {number * number}.{end}")
        length += len(sentences[-1])
    return "".join(sentences).rstrip() + " The end."
