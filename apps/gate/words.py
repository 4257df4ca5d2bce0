"""What the gate says, as (English, Dutch)."""

from __future__ import annotations

WORDS: dict[str, tuple[str, str]] = {
    "title": ("Sector pilots", "Sector pilots"),
    "ask": ("Access token", "Toegangscode"),
    "ask_help": ("Whoever runs this app has it.", "De beheerder van deze app heeft deze code."),
    "enter": ("Log in", "Inloggen"),
    "enter_at": ("Log in with {provider}", "Inloggen met {provider}"),
    "wrong": ("That is not the token.", "Dat is niet de juiste code."),
    "wait": ("Too many tries. Wait {s} s.", "Te veel pogingen. Wacht {s} s."),
    "stranger": ("{user} has no access to this app.", "{user} heeft geen toegang tot deze app."),
    "leave": ("Log out", "Uitloggen"),
    "other": (
        "Data and results here also go to other machines, after login.",
        "Gegevens en resultaten gaan hier ook naar andere computers, na inloggen.",
    ),
    "not_started_right": (
        "This app does not run without its gate. Start it with: pilots app",
        "Deze app werkt niet zonder toegangscontrole. Start met: pilots app",
    ),
    "expired": (
        "Your login has ended. Load the page again.",
        "Uw login is verlopen. Laad de pagina opnieuw.",
    ),
}


def say(key: str, language: str, **values: object) -> str:
    """The words for a key.

    Args:
        key: which words.
        language: a language code or an Accept-Language header; Dutch where it begins with "nl", else English.
        **values: what is filled in.
    """
    return WORDS[key][1 if language.lower().startswith("nl") else 0].format(**values)
