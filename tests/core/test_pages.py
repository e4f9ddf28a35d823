"""The frame of every page: preferences, languages, errors, partials, lists by cursor, weight and contrast."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import math
import re
import uuid
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import polib
import pytest
from django.conf import settings
from django.contrib import messages
from django.contrib.messages.storage.fallback import FallbackStorage
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.staticfiles import finders
from django.core.management import CommandError, call_command
from django.http import HttpRequest, StreamingHttpResponse
from django.template import engines
from django.template.backends.django import DjangoTemplates
from django.template.loader import get_template
from django.test import AsyncRequestFactory, Client, RequestFactory
from django.utils import timezone, translation

from core.i18n import catalogues
from core.models import Agency, RoleGrant, User
from core.pages import page, parts, rail
from core.pages.keyset import BadCursor, Key, bind, decode, encode, paginate
from core.pages.listing import Column, Filter, Listing, ListingError
from core.people.access import Area, Grant, Role, Viewer
from core.spreadsheets import guarded

BASE = Path(settings.BASE_DIR)


@pytest.fixture
def admin(db: None) -> User:
    person = User.objects.create_user("ana@example.com", name="Ana <Prado>")
    RoleGrant.objects.create(user=person, role="admin")
    return person


@pytest.fixture
def signed_in(admin: User) -> Client:
    client = Client()
    client.force_login(admin)
    return client


# ---- the page -----------------------------------------------------------------------------------
def test_the_page_is_portuguese_and_follows_the_system_theme_by_default(signed_in: Client) -> None:
    html = signed_in.get("/design").text
    assert '<html lang="pt-BR">' in html
    assert "Pular para o conteúdo" in html
    assert "Ana &lt;Prado&gt;" in html
    assert "Administração do grupo" in html


def test_nothing_inline_that_the_policy_would_block(signed_in: Client) -> None:
    response = signed_in.get("/design")
    assert "unsafe" not in response.headers["Content-Security-Policy"]
    assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:|<script(?![^>]*\ssrc=)", response.text)


def test_templates_have_no_inline_style_script_or_handler() -> None:
    for path in [*(BASE / "templates").rglob("*.html"), *BASE.glob("*/templates/**/*.html")]:
        if "mail" in path.name or "email" in path.parts:
            continue
        text = path.read_text()
        assert not re.search(r"<style|\sstyle=\"|\son[a-z]+=\"|hx-on|javascript:", text), path
        assert not re.search(r"hx-trigger=\"[^\"]*\[", text), f"{path}: a filter in hx-trigger needs eval"


def test_every_template_compiles() -> None:
    for path in (BASE / "templates").rglob("*.html"):
        get_template(str(path.relative_to(BASE / "templates")))


def test_only_a_global_admin_opens_the_components(db: None) -> None:
    agency = Agency.objects.create(slug="a", name="A")
    person = User.objects.create_user("local@example.com")
    RoleGrant.objects.create(user=person, role="admin", agency=agency)
    client = Client()
    client.force_login(person)
    assert client.get("/design").status_code == 403
    assert Client().get("/design").status_code == 302


def test_the_first_load_weighs_at_most_100_kb(signed_in: Client) -> None:
    import brotli

    html = signed_in.get("/design").content
    static = BASE / "static"
    text = [
        static / "css/app.css",
        static / "js/app.js",
        static / "img/icons.svg",
        static / "img/favicon.svg",
        Path(finders.find("django_htmx/htmx-4.min.js") or ""),
    ]
    # A page of the largest kind; woff2 is compressed already.
    weight = len(brotli.compress(html, quality=5)) + (static / "vendor/inter-latin.woff2").stat().st_size
    weight += sum(len(brotli.compress(path.read_bytes())) for path in text)
    assert weight <= 100 * 1024, weight


# ---- preferences --------------------------------------------------------------------------------
def test_preferences_are_kept_with_the_person_and_win_over_the_browser(signed_in: Client, admin: User) -> None:
    sent = {"theme": "dark", "density": "compact", "language": "en", "next": "/design?x=1"}
    response = signed_in.post("/preferences", sent)
    assert response.status_code == 302
    assert response["Location"] == "/design?x=1"
    admin.refresh_from_db()
    assert (admin.theme, admin.density, admin.language) == ("dark", "compact", "en")
    other = Client()
    other.cookies["fvdash_theme"] = "light"
    other.force_login(admin)
    html = other.get("/design").text
    assert '<html lang="en" data-theme="dark" data-density="compact">' in html
    assert "Skip to the content" in html


def test_a_person_can_go_back_to_the_system_theme(signed_in: Client, admin: User) -> None:
    signed_in.post("/preferences", {"theme": "dark"})
    signed_in.post("/preferences", {"theme": ""})
    assert "data-theme" not in signed_in.get("/design").text


def test_somebody_signed_out_keeps_preferences_in_cookies(db: None) -> None:
    client = Client()
    client.post("/preferences", {"language": "en", "theme": "dark"})
    assert client.cookies["fvdash_language"]["httponly"]
    html = client.get("/no-such-page").text
    assert 'lang="en" data-theme="dark"' in html
    assert "There is nothing here" in html


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"]
)
def test_preferences_never_lead_to_another_site(db: None, target: str) -> None:
    assert Client().post("/preferences", {"next": target})["Location"] == "/"


@pytest.mark.parametrize("values", [{"theme": "x"}, {"language": "xx"}, {"density": "<b>"}])
def test_values_that_are_not_on_offer_are_ignored(db: None, values: dict[str, str]) -> None:
    client = Client()
    client.post("/preferences", values)
    for name, value in values.items():
        client.cookies[f"fvdash_{name}"] = value
    assert '<html lang="pt-BR">' in client.get("/no-such-page").text


def test_preferences_need_a_csrf_token(db: None) -> None:
    assert Client(enforce_csrf_checks=True).post("/preferences", {"theme": "dark"}).status_code == 403


# ---- errors -------------------------------------------------------------------------------------
def test_a_missing_page_says_so_and_offers_one_step(signed_in: Client) -> None:
    response = signed_in.get("/no-such-page")
    assert response.status_code == 404
    assert 'id="error-says"' in response.text
    assert 'class="rail"' in response.text
    assert 'class="plain"' in Client().get("/no-such-page").text


@pytest.mark.parametrize("status", [400, 403, 404, 429, 500, 503])
def test_error_pages_render_without_a_request_and_in_english(status: int) -> None:
    from core.pages.errors import BareFrame
    from core.pages.preferences import Preferences

    with translation.override("en"):
        html = get_template(f"{status}.html").render(
            {
                "status": status,
                "frame": BareFrame(Preferences(language="en")),
                "bare": True,
                "request_id": "abc",
            }
        )
    assert "abc" in html
    assert str(status) in html


def test_a_failure_is_a_page_that_asks_nothing_of_the_database(rf: RequestFactory) -> None:
    from core.pages import errors

    request = rf.get("/executive")
    request.request_id = "abc-123"  # type: ignore[attr-defined]
    response = errors.server_error(request)
    assert response.status_code == 500
    assert "abc-123" in response.text
    assert errors.unavailable(request).headers["Retry-After"] == "10"


# ---- partials -----------------------------------------------------------------------------------
@pytest.fixture
def partial_template(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    (tmp_path / "parted.html").write_text("whole {% partialdef rows inline %}<b id='rows'>rows</b>{% endpartialdef %}")
    engine = cast("DjangoTemplates", engines["django"]).engine
    monkeypatch.setattr(engine, "dirs", [tmp_path, *engine.dirs])
    for loader in engine.template_loaders:
        loader.reset()
    yield "parted.html"
    for loader in engine.template_loaders:
        loader.reset()


def _request(rf: RequestFactory, **headers: str) -> HttpRequest:
    request = rf.get("/", headers=headers)
    request.session = SessionStore()
    request._messages = FallbackStorage(request)  # type: ignore[attr-defined]
    return request


@pytest.mark.parametrize(
    ("headers", "whole"),
    [
        ({}, True),
        ({"HX-Request": "true", "HX-Target": "section#rows"}, False),
        ({"HX-Request": "true", "HX-Target": "rows"}, False),
        ({"HX-Request": "true", "HX-Target": "div#other"}, True),
        ({"HX-Request": "true", "HX-Target": "div"}, True),
        ({"HX-Request": "true", "HX-Target": "section#rows", "HX-Boosted": "true"}, True),
        ({"HX-Request": "true", "HX-Target": "section#rows", "HX-History-Restore-Request": "true"}, True),
        ({"HX-Target": "section#rows"}, True),
    ],
)
def test_htmx_gets_the_partial_that_it_targets(
    rf: RequestFactory, partial_template: str, headers: dict[str, str], whole: bool, db: None
) -> None:
    response = page(_request(rf, **headers), partial_template, {}, "rows")
    assert response.text.startswith("whole") is whole
    assert "<b id='rows'>" in response.text
    assert {"HX-Request", "HX-Target"} <= {part.strip() for part in response["Vary"].split(",")}


def test_messages_go_with_a_partial_as_toasts(rf: RequestFactory, partial_template: str, db: None) -> None:
    request = _request(rf, **{"HX-Request": "true", "HX-Target": "section#rows"})
    messages.success(request, "Salvo: Ótica")
    response = page(request, partial_template, {}, "rows", status=201)
    assert response.status_code == 201
    assert json.loads(response["HX-Trigger"]) == {"toast": {"all": [{"tone": "ok", "text": "Salvo: Ótica"}]}}
    assert response["HX-Trigger"].isascii()


# ---- the rail -----------------------------------------------------------------------------------
@pytest.fixture
def rail_items(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rail, "_items", {})
    rail.register(rail.RailItem(rail.Group.GOVERNANCE, "preferences", "shield", "Gov", Area.COMPLIANCE, key="o"))
    rail.register(
        rail.RailItem(
            rail.Group.BUSINESS,
            "design",
            "executive",
            "Exec",
            Area.EXECUTIVE,
            key="e",
            badge=lambda _viewer: parts.Badge("1 critical", parts.Tone.CRITICAL),
        )
    )


def _viewer(*grants: Grant) -> Viewer:
    return Viewer(1, "x", "x@example.com", grants)


@pytest.mark.usefixtures("rail_items")
def test_the_rail_shows_what_the_viewer_may_open_in_order_of_groups() -> None:
    admin = rail.entries(_viewer(Grant(Role.ADMIN, None)), "/design/sub")
    assert [(str(group), [entry.label for entry in entries]) for group, entries in admin] == [
        ("Negócio", ["Exec"]),
        ("Governança", ["Gov"]),
    ]
    assert admin[0][1][0].current
    assert not admin[1][1][0].current
    assert admin[0][1][0].badge == parts.Badge("1 critical", parts.Tone.CRITICAL)
    assert [entry.label for _g, entries in rail.entries(_viewer(Grant(Role.DPO, 1)), "/") for entry in entries] == [
        "Gov"
    ]
    assert rail.entries(_viewer(Grant(Role.VIEWER, None)), "/") == []
    assert rail.first_page(_viewer(Grant(Role.ADMIN, None))) == "/design"
    assert rail.first_page(_viewer()) is None


@pytest.mark.usefixtures("rail_items")
def test_a_badge_that_fails_leaves_the_page_standing(caplog: pytest.LogCaptureFixture) -> None:
    def fails(viewer: Viewer) -> parts.Badge | None:
        raise ConnectionError("Redis is away")

    rail.register(rail.RailItem(rail.Group.OPERATION, "design", "bell", "Alerts", Area.ALERTS, badge=fails))
    ((_group, (entry,)), *_rest) = rail.entries(_viewer(Grant(Role.OPERATOR, None)), "/")
    assert entry.badge is None
    assert "the badge of design failed" in caplog.text


@pytest.mark.usefixtures("rail_items")
def test_one_key_opens_one_page() -> None:
    with pytest.raises(ValueError, match="'e'"):
        rail.register(rail.RailItem(rail.Group.BUSINESS, "other", "x", "X", Area.BUSINESS, key="e"))


# ---- lists --------------------------------------------------------------------------------------
LISTING = Listing(
    "people",
    columns=[
        Column("email", "E-mail", order="email"),
        Column("name", "Name"),
        Column("deactivated_at", "Since", order="deactivated_at", nullable=True, numeric=True, descending=True),
        Column("", "Buttons", exported=False),
    ],
    filters=[
        Filter("theme", "Theme", options=[("dark", "Dark"), ("light", "Light")]),
        Filter("id", "Number"),
    ],
    search=["email", "name"],
    sort="email",
    limit=3,
)


@pytest.fixture
def people(db: None) -> list[User]:
    start = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    rows = [
        User(
            email=f"p{index:02}@example.com",
            name=["=1+1", "Ana", "+55", "-x", "@y", "plain"][index % 6],
            theme=["dark", "light", ""][index % 3],
            # Ties and nulls.
            deactivated_at=None if index % 4 == 0 else start + dt.timedelta(days=index // 3),
        )
        for index in range(11)
    ]
    return User.objects.bulk_create(rows)


def _walk(sort: str, step: str, start: str | None = None, **extra: str) -> tuple[list[str], str | None]:
    """Every row from page to page in one direction, and the cursor of the last page's other end."""
    seen: list[str] = []
    cursor, other = start, None
    for _page in range(30):
        request = RequestFactory().get("/people", {"sort": sort, **extra, **({"cursor": cursor} if cursor else {})})
        found = LISTING.parse(request).page(User.objects.all(), make=lambda user: user.email)
        seen = seen + found.rows if step == "next" else found.rows + seen
        cursor, other = (found.next, found.prev) if step == "next" else (found.prev, found.next)
        if cursor is None:
            return seen, other
    raise AssertionError("the pages never end")


@pytest.mark.parametrize("sort", ["email", "-email", "deactivated_at", "-deactivated_at"])
def test_pages_by_cursor_hold_every_row_once_forward_and_back(people: list[User], sort: str) -> None:
    forward, back_from = _walk(sort, "next")
    assert sorted(forward) == sorted(user.email for user in people)
    assert back_from is not None
    backward, _ = _walk(sort, "prev", back_from)
    assert backward == forward[: len(backward)]
    assert len(backward) >= len(forward) - LISTING.limit
    if "deactivated" in sort:
        empty = {user.email for user in people if user.deactivated_at is None}
        assert set(forward[-len(empty) :]) == empty


def test_a_row_added_meanwhile_shifts_nothing(people: list[User]) -> None:
    first = LISTING.parse(RequestFactory().get("/people")).page(User.objects.all(), make=lambda u: u.email)
    User.objects.create_user("a-new-one@example.com")
    assert first.next
    request = RequestFactory().get("/people", {"cursor": first.next})
    second = LISTING.parse(request).page(User.objects.all(), make=lambda u: u.email)
    assert second.rows == ["p03@example.com", "p04@example.com", "p05@example.com"]


def test_search_and_filters_narrow_and_links_keep_them(people: list[User]) -> None:
    request = RequestFactory().get("/people", {"q": " ana ", "theme": "light", "agency": "x", "sort": "-email"})
    found = LISTING.parse(request).page(User.objects.all(), make=lambda u: u.email)
    assert found.rows == ["p07@example.com", "p01@example.com"]
    assert found.filtered
    assert found.csv_href == "/people?agency=x&q=ana&theme=light&sort=-email&format=csv"
    assert found.clear_href == "/people?agency=x&sort=-email"
    assert found.kept == [("agency", "x"), ("sort", "-email")]
    heads = {head.key: head for head in found.heads}
    assert heads["email"].sorted == "descending"
    assert "sort=" not in heads["email"].href
    assert "sort=-deactivated_at" in heads["deactivated_at"].href
    assert heads["name"].href == ""


@pytest.mark.parametrize(
    "params",
    [
        {"sort": "password"},
        {"sort": "name"},
        {"limit": "0"},
        {"limit": "201"},
        {"limit": "1e9"},
        {"limit": "²"},
        {"theme": "blue"},
        {"format": "xml"},
        {"id": "a\0b"},
    ],
)
def test_what_a_list_does_not_have_is_refused_in_words(params: dict[str, str]) -> None:
    with pytest.raises(ListingError) as error:
        LISTING.parse(RequestFactory().get("/people", params))
    assert str(error.value)


def test_a_filter_value_of_the_wrong_kind_is_refused(db: None) -> None:
    query = LISTING.parse(RequestFactory().get("/people", {"id": "abc"}))
    with pytest.raises(ListingError):
        query.page(User.objects.all(), make=str)


@pytest.mark.parametrize("change", [{"theme": "dark"}, {"sort": "-email"}, {"q": "p"}, {"agency": "b"}])
def test_a_cursor_of_another_filter_sort_or_scope_is_refused(people: list[User], change: dict[str, str]) -> None:
    first = LISTING.parse(RequestFactory().get("/people")).page(User.objects.all(), make=str)
    assert first.next
    request = RequestFactory().get("/people", {**change, "cursor": first.next})
    with pytest.raises(BadCursor):
        LISTING.parse(request).page(User.objects.all(), make=str)


@pytest.mark.parametrize("cursor", ["x", "eyJhIjoxfQ:1abc:def", "a" * 5000, "ÿ", "{}"])
def test_a_forged_cursor_is_refused(db: None, cursor: str) -> None:
    with pytest.raises(BadCursor):
        paginate(User.objects.all(), [Key("pk")], scope="s", cursor=cursor, limit=1, make=str)


def test_a_cursor_keeps_the_type_of_its_values() -> None:
    values = [
        Decimal("10.50"),
        dt.date(2026, 2, 28),
        dt.datetime(2026, 2, 28, 1, 2, 3, 4, dt.UTC),
        uuid.UUID(int=7),
        None,
        True,
        "ç",
        3,
    ]
    scope = bind("list", {"a": 1})
    way, back = decode(encode(values, "before", scope), scope, len(values))
    assert way == "before"
    assert back == values
    assert [type(value) for value in back] == [type(value) for value in values]
    with pytest.raises(BadCursor):
        decode(encode(values, "after", scope), scope, 2)


def _csv(response: StreamingHttpResponse) -> list[list[str]]:
    body = b"".join(response).decode()
    assert body.startswith("\ufeff")
    return list(csv.reader(io.StringIO(body.removeprefix("\ufeff"))))


def test_csv_holds_all_rows_of_the_filter_and_no_formula(people: list[User]) -> None:
    query = LISTING.parse(RequestFactory().get("/people", {"format": "csv", "sort": "-email"}))
    assert query.wants_csv
    response = query.csv(User.objects.all(), make=lambda user: user)
    assert response["Content-Disposition"] == 'attachment; filename="people.csv"'
    head, *rows = _csv(response)
    assert head == ["email", "name", "deactivated_at"]
    assert len(rows) == 11
    assert {row[1] for row in rows} == {"'=1+1", "Ana", "'+55", "'-x", "'@y", "plain"}
    assert rows[0][2] == "2026-01-04T00:00:00Z"
    assert rows[2][2] == ""


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("=1+1", "'=1+1"),
        ("\t=1", "'\t'=1"),
        ("a;=1", "a;'=1"),
        ("a; @b", "a; '@b"),
        ("a\n-1", "a\n'-1"),
        ("\uff1d1", "'\uff1d1"),
        ("a = b; c-d", "a = b; c-d"),
        ("d'água", "d'água"),
    ],
)
def test_text_that_would_run_in_a_spreadsheet_is_guarded(text: str, safe: str) -> None:
    assert guarded(text) == safe


def test_csv_numbers_are_numbers(people: list[User]) -> None:
    listing = Listing(
        "n",
        columns=[Column("email", "E", order="email"), Column("v", "V", csv=lambda _row: Decimal("-12.50"))],
        sort="email",
    )
    response = listing.parse(RequestFactory().get("/")).csv(
        User.objects.all()[:0] | User.objects.all(), make=lambda u: u
    )
    assert {row[1] for row in _csv(response)[1:]} == {"-12.50"}


def test_csv_is_read_in_chunks_and_stops_at_its_bound(people: list[User], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.pages.listing._CSV_CHUNK", 2)
    monkeypatch.setattr("core.pages.listing.CSV_ROWS", 5)
    query = LISTING.parse(RequestFactory().get("/people"))
    chunks = list(query.csv(User.objects.all(), make=lambda user: user))
    assert [chunk.count(b"\r\n") for chunk in chunks] == [1, 2, 2, 1]


def test_under_asgi_csv_streams_without_blocking(db: None) -> None:
    query = LISTING.parse(AsyncRequestFactory().get("/people"))
    assert query.csv(User.objects.all(), make=lambda user: user).is_async


def test_a_bad_cursor_and_a_denied_viewer_become_pages(signed_in: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(request: HttpRequest) -> Any:
        raise ListingError("Só isto <b>")

    from core.pages import gallery

    monkeypatch.setattr(gallery, "_reading", lambda: refuse(HttpRequest()))
    response = signed_in.get("/design")
    assert response.status_code == 400
    assert "Só isto &lt;b&gt;" in response.text


# ---- catalogues ---------------------------------------------------------------------------------
def test_the_face_is_translated_completely() -> None:
    mine = (
        "core/pages/",
        "core/charts/",
        "core/formats",
        "templates/components/",
        "templates/errors/",
        "templates/core/",
        "templates/base",
        "templates/plain",
    )
    assert [line for line in catalogues.problems() if line.startswith(mine)] == []


def test_a_missing_translation_is_named_with_its_line(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    found = catalogues.Sources()
    found.add(catalogues.Message("", "Never said before"), "core/x.py:7")
    monkeypatch.setattr(catalogues, "sources", lambda: {"core": found})
    with pytest.raises(CommandError):
        call_command("catalogs", "check")
    said = capsys.readouterr().out
    assert "core/x.py:7: not in core's catalogue: 'Never said before'" in said
    assert "no source says this any more" in said


def test_two_apps_may_not_translate_the_same_words_differently(monkeypatch: pytest.MonkeyPatch) -> None:
    real = catalogues.read

    def read(app: str) -> Any:
        found = real(app)
        if app == "business":
            found.append(polib.POEntry(msgid="Agency", msgstr="Filial"))
        return found

    monkeypatch.setattr(catalogues, "read", read)
    assert any("'Agency' differently" in problem for problem in catalogues.problems())


def test_messages_are_read_from_python_and_templates(tmp_path: Path) -> None:
    code = tmp_path / "x.py"
    code.write_text('_("One")\nngettext("%(n)s row", "%(n)s rows", n)\npgettext("c", "Two")\nother("Three")\n')
    assert list(catalogues.messages_of(code)) == [
        (1, catalogues.Message("", "One")),
        (2, catalogues.Message("", "%(n)s row", "%(n)s rows")),
        (3, catalogues.Message("c", "Two")),
    ]
    html = tmp_path / "x.html"
    html.write_text(
        "{% load i18n %}\n{% translate 'One' %}\n"
        "{% blocktranslate trimmed with a=b %}\nHi {{ a }}\n{% endblocktranslate %}"
    )
    assert [(line, message.text) for line, message in catalogues.messages_of(html)] == [
        (2, "One"),
        (3, "Hi %(a)s"),
    ]


# ---- contrast -----------------------------------------------------------------------------------
def _luminance(lightness: float, chroma: float, hue: float) -> float:
    """Relative luminance (WCAG 2.2) of an OKLCH colour, clipped to sRGB; matrices of B. Ottosson."""
    a, b = chroma * math.cos(math.radians(hue)), chroma * math.sin(math.radians(hue))
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    middle = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3
    rgb = (
        4.0767416621 * long - 3.3077115913 * middle + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * middle - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * middle + 1.707614701 * short,
    )
    red, green, blue = (min(1.0, max(0.0, part)) for part in rgb)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_text_and_glyphs_have_contrast_on_every_ground_in_both_themes() -> None:
    css = (BASE / "static/css/app.css").read_text()
    colours = {
        name: (_luminance(*map(float, light.split())), _luminance(*map(float, dark.split())))
        for name, light, dark in re.findall(r"--([\w-]+):light-dark\(oklch\(([\d. ]+)\),oklch\(([\d. ]+)\)\)", css)
    }
    grounds = ("paper", "sheet", "rail", "sunk", "hover")
    pairs = [(fore, ground, 4.5) for fore in ("ink", "ink-2", "ink-3", "crit", "warn", "accent") for ground in grounds]
    pairs += [(fore, f"{tone}-bg", 4.5) for tone in ("crit", "warn") for fore in ("ink", "ink-2", "ink-3", tone)]
    pairs += [
        ("on-accent", "accent", 4.5),
        ("sheet", "ink", 4.5),
        ("ok", "sheet", 3),
        ("ok-fill", "sheet", 3),
    ]
    pairs += [("edge", ground, 3) for ground in ("sheet", "paper")]
    low = []
    for fore, ground, need in pairs:
        for theme in (0, 1):
            high, dark = sorted((colours[fore][theme], colours[ground][theme]), reverse=True)
            if (high + 0.05) / (dark + 0.05) < need:
                low.append((fore, ground, ("light", "dark")[theme], round((high + 0.05) / (dark + 0.05), 2)))
    assert low == []


def test_every_icon_that_is_named_exists() -> None:
    symbols = set(re.findall(r'<symbol id="([\w-]+)"', (BASE / "static/img/icons.svg").read_text()))
    used = {status.value for status in parts.Status} | {"up", "down", "flat"}
    for path in [*(BASE / "templates").rglob("*.html")]:
        used |= set(re.findall(r'{% icon "([\w-]+)"', path.read_text()))
    assert used <= symbols


def test_a_tile_without_a_value_is_unknown_and_never_zero() -> None:
    template = engines["django"].from_string("{% load ui %}{% tile t %}")
    now = timezone.now()
    unknown = template.render({"t": parts.Tile("Revenue", None, "money", as_of=now, note="No payment yet.")})
    assert "sem dados" in unknown
    assert "plot-gap" in unknown
    away = template.render(
        {
            "t": parts.Tile(
                "Cache",
                None,
                state=parts.State.UNAVAILABLE,
                feature="Cache <library>",
                action=parts.Link("Plan", "/p"),
            )
        }
    )
    assert "não disponível" in away
    assert "Cache &lt;library&gt;" in away
    assert "plot-gap" not in away
    zero = template.render({"t": parts.Tile("Alerts", 0)})
    assert '<p class="value">0</p>' in zero
    stale = template.render(
        {"t": parts.Tile("CPU", Decimal("3.5"), "percent", state=parts.State.STALE, age=dt.timedelta(hours=19))}
    )
    assert "há 19" in stale
    assert 'class="tile stale' in stale


# ---- the agency switcher ------------------------------------------------------------------------
def test_the_switcher_keeps_the_page_and_drops_places_of_one_scope(rf: RequestFactory) -> None:
    from core.pages.scopes import switch

    one, two = Agency(pk=1, slug="one", name="One"), Agency(pk=2, slug="two", name="Two")
    request = rf.get("/executive", {"period": "90d", "agency": "one", "cursor": "x"})
    scopes = switch(request, [one, two], one, whole=True)
    assert scopes is not None
    assert str(scopes.label) == "One"
    assert [(link.href, link.current) for link in scopes.options] == [
        ("/executive?period=90d", False),
        ("/executive?period=90d&agency=one", True),
        ("/executive?period=90d&agency=two", False),
    ]
    assert switch(request, [one], one, whole=False) is None
    local = switch(request, [one, two], two, whole=False)
    assert local is not None
    assert len(local.options) == 2
