"""What a browser sends with an event: anything, or nothing at all."""

import gradio as gr


def text(event: gr.EventData, name: str) -> str:
    """What a browser sent with an event: anything, or nothing at all."""
    data = event._data
    return str(data.get(name, "")) if isinstance(data, dict) else ""


def number(event: gr.EventData, name: str) -> int:
    """The same as a number from 0 on; -1 where it is none."""
    told = text(event, name)
    return int(told) if told.isdecimal() and told.isascii() else -1
