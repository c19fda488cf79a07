"""How a message of a library, which ends without a full stop, becomes a sentence of the command line."""


def sentence(text: str) -> str:
    """End it with a full stop, unless it asks something ("did you mean …?") or has one."""
    return text if text.endswith((".", "?")) else f"{text}."
