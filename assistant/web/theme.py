"""Gradio's own parts in our colours. Fonts are the machine's: Gradio's default theme asks Google for some."""

import gradio as gr

FONTS = ("system-ui", "-apple-system", "Segoe UI", "Roboto", "Liberation Sans", "sans-serif")
MONOSPACED = ("ui-monospace", "Menlo", "Consolas", "Liberation Mono", "monospace")


def theme() -> gr.themes.Base:
    """The theme; ``page.css`` defines the ``--fn-`` colours, light and dark."""
    return gr.themes.Base(font=FONTS, font_mono=MONOSPACED).set(
        body_background_fill="#f7f5f0",
        body_background_fill_dark="#16181b",
        body_text_color="#23262b",
        body_text_color_dark="#e9e6df",
        background_fill_primary="#fffefb",
        background_fill_primary_dark="#1d2024",
        background_fill_secondary="#f7f5f0",
        background_fill_secondary_dark="#16181b",
        border_color_primary="#dcd7cb",
        border_color_primary_dark="#383c43",
        block_background_fill="transparent",
        block_background_fill_dark="transparent",
        block_border_width="0px",
        block_border_width_dark="0px",
        block_shadow="none",
        block_shadow_dark="none",
        input_background_fill="#fffefb",
        input_background_fill_dark="#1d2024",
        button_primary_background_fill="#1d5c57",
        button_primary_background_fill_dark="#84cbc2",
        button_primary_background_fill_hover="#164a46",
        button_primary_background_fill_hover_dark="#a0dad3",
        button_primary_text_color="#ffffff",
        button_primary_text_color_dark="#10211f",
        button_secondary_background_fill="#fffefb",
        button_secondary_background_fill_dark="#23272c",
        button_secondary_background_fill_hover="#efebe2",
        button_secondary_background_fill_hover_dark="#2d3238",
        button_secondary_border_color="#dcd7cb",
        button_secondary_border_color_dark="#383c43",
        button_secondary_text_color="#23262b",
        button_secondary_text_color_dark="#e9e6df",
    )
