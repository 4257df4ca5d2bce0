"""Dutch for who may reach the app: addresses and logins."""

from __future__ import annotations

DUTCH: dict[str, str] = {
    "'{}' is no host name": "'{}' is geen hostnaam",
    'add a section [pilots] with users = ["*@your-domain"]': (
        'voeg een sectie [pilots] toe met users = ["*@uw-domein"]'
    ),
    "anyone may write the file with the login's secrets": (
        "iedereen mag het bestand met de geheimen van de aanmelding schrijven"
    ),
    "check {}": "controleer {}",
    "chmod 600 {}": "chmod 600 {}",
    "choose one from 1024 to 65535": "kies er een van 1024 tot 65535",
    "leave out --address to serve this machine alone": (
        "laat --address weg om alleen deze computer te bedienen"
    ),
    "make one with: {}": "maak er een met: {}",
    "redirect_uri begins with http://, which would send logins unencrypted": (
        "redirect_uri begint met http://, waarmee aanmeldingen onversleuteld zouden gaan"
    ),
    "see docs/operator.md": "zie docs/operator.md",
    "set {} (make one with: {}), set up OpenID Connect, or leave out --address": (
        "stel {} in (maak er een met: {}), richt OpenID Connect in, of laat --address weg"
    ),
    "the address {} can be reached from other machines and no login is set up": (
        "het adres {} is vanaf andere computers te bereiken en er is geen aanmelding ingericht"
    ),
    "the file with the login's secrets cannot be read: {}": (
        "het bestand met de geheimen van de aanmelding kan niet gelezen worden: {}"
    ),
    "the file with the login's secrets does not say who may enter": (
        "het bestand met de geheimen van de aanmelding zegt niet wie er binnen mag"
    ),
    "the file with the login's secrets is no valid TOML": (
        "het bestand met de geheimen van de aanmelding is geen geldige TOML"
    ),
    "the token in {} is too easy to guess: it needs {} random characters or more": (
        "het token in {} is te makkelijk te raden: het heeft minstens {} willekeurige tekens nodig"
    ),
    "there is no address '{}'": "er is geen adres '{}'",
    "there is no port {}": "er is geen poort {}",
    "two logins are set up, a token and OpenID Connect": (
        "er zijn twee aanmeldingen ingericht, een token en OpenID Connect"
    ),
    "unset {} or {}": "haal {} of {} weg",
    "use https://": "gebruik https://",
    "write https://NAME/oauth2callback": "schrijf https://NAAM/oauth2callback",
    "write it without https:// and port, as pilots.example.org": (
        "schrijf hem zonder https:// en poort, zoals pilots.example.org"
    ),
    "{} names a file without an [auth] section": "{} noemt een bestand zonder sectie [auth]",
    "[auth] is not complete: a provider needs {}": "[auth] is niet volledig: een aanbieder heeft {} nodig",
    "[auth] needs a cookie_secret of {} characters or more": (
        "[auth] heeft een cookie_secret van minstens {} tekens nodig"
    ),
    "[auth] needs the app's own address as redirect_uri": (
        "[auth] heeft het eigen adres van de app nodig als redirect_uri"
    ),
}
