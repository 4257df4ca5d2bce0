"""The one page of the gate: it asks for the login, and needs no script, font or picture from anywhere."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from starlette.responses import HTMLResponse

from apps.gate.words import say

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; margin: 0; min-height: 100vh; display: grid; place-items: center;
       background: #F3F6F9; color: #15212B; }
main { width: min(22rem, 90vw); }
h1 { font-size: 1.6rem; margin: 0 0 1rem; }
label, input, button, a.button { display: block; width: 100%; box-sizing: border-box; font: inherit; }
input { padding: .6rem; margin: .3rem 0; border: 1px solid #7A8A99; border-radius: .4rem; }
button, a.button { padding: .6rem; margin-top: 1rem; border: 0; border-radius: .4rem; background: #00639B;
                   color: #FFFFFF; text-align: center; text-decoration: none; cursor: pointer; }
small { color: #4A5A68; } .wrong { color: #A4262C; font-weight: 600; }
@media (prefers-color-scheme: dark) {
  body { background: #0E151C; color: #E7EDF3; } input { background: #18222C; color: inherit; }
  button, a.button { background: #56B4E9; color: #0E151C; } small { color: #A9B6C2; }
  .wrong { color: #FF9C9C; }
}
"""


def token_form(language: str, target: str, wrong: str = "", status: int = 401) -> HTMLResponse:
    """Ask for the token; it travels in the body of a POST, never in an address.

    Args:
        language: the visitor's Accept-Language header.
        target: path to go to after it.
        wrong: what to say about the last try.
        status: HTTP status.
    """
    said = f'<p class="wrong" role="alert">{escape(wrong)}</p>' if wrong else ""
    return _page(
        language,
        f"""{said}<form method="post" action="/login">
<label for="token">{escape(say("ask", language))}</label>
<input id="token" name="token" type="password" autocomplete="current-password" required autofocus>
<small>{escape(say("ask_help", language))}</small>
<input name="target" type="hidden" value="{escape(target)}">
<button type="submit">{escape(say("enter", language))}</button></form>""",
        status,
    )


def provider_links(language: str, providers: Sequence[str], stranger: str = "") -> HTMLResponse:
    """Offer the OpenID Connect providers, or say that this person may not enter.

    Args:
        language: the visitor's Accept-Language header.
        providers: names from secrets.toml; "default" for an unnamed one.
        stranger: who is logged in without being allowed here.
    """
    if stranger:
        words = escape(say("stranger", language, user=stranger))
        way_out = f'<a class="button" href="/auth/logout">{escape(say("leave", language))}</a>'
        return _page(language, f'<p class="wrong" role="alert">{words}</p>{way_out}', 403)
    links = [
        f'<a class="button" href="/login/{escape(name)}">'
        + escape(
            say("enter", language)
            if name == "default"
            else say("enter_at", language, provider=name[:1].upper() + name[1:])
        )
        + "</a>"
        for name in providers
    ]
    return _page(language, "".join(links), 401)


def _page(language: str, body: str, status: int) -> HTMLResponse:
    title = escape(say("title", language))
    code = "nl" if language.lower().startswith("nl") else "en"
    return HTMLResponse(
        f'<!doctype html><html lang="{code}"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{STYLE}</style></head>'
        f"<body><main><h1>{title}</h1>{body}</main></body></html>",
        status_code=status,
        headers={"Cache-Control": "no-store"},
    )
