"""The guarded client against real sockets: what it may call, how long, how much, how often."""

from __future__ import annotations

import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from core.http import client, targets
from core.http.circuits import FAILURES, Circuits
from core.http.client import Retry, Timeout, call
from core.http.errors import CallError, CircuitOpen, Forbidden, TimedOut, TooLarge, Unreachable
from tests.fakes.web import FakeWeb, Reply

SECRET = "hunter2-token"
QUICK = Retry(tries=3, first_s=0.01)


@pytest.fixture
def web() -> Iterator[FakeWeb]:
    with FakeWeb().running() as running:
        running.replies["/fine"] = Reply(200, {"ok": True})
        yield running


@pytest.fixture(autouse=True)
def own_circuits(monkeypatch: pytest.MonkeyPatch) -> Circuits:
    mine = Circuits()
    monkeypatch.setattr("core.http.circuits.circuits", mine)
    return mine


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.216.34", True),
        ("2606:2800:220:1::1", True),
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("::1", False),
        ("::", False),
        ("fe80::1", False),
        ("fd00::1", False),
        ("ff02::1", False),
        ("::ffff:127.0.0.1", False),
        ("::ffff:10.0.0.1", False),
        ("64:ff9b::7f00:1", False),
        ("64:ff9b::a00:1", False),
        ("2002:7f00:1::", False),
        ("2001:0:5ef5:79fd:0:0:80ff:fffe", False),
    ],
)
def test_only_addresses_of_the_open_internet_are_public(address: str, public: bool) -> None:
    assert targets.is_public(ipaddress.ip_address(address)) is public


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "[::1]", "[::ffff:127.0.0.1]"])
def test_private_addresses_are_refused_however_they_are_written(web: FakeWeb, host: str) -> None:
    with pytest.raises((Forbidden, Unreachable)):
        call("GET", f"http://{host}:{web.port}/fine")
    assert web.seen == []


def test_private_addresses_are_reached_where_the_installation_allows_it(web: FakeWeb, settings: Any) -> None:
    assert call("GET", f"{web.url}/fine", private=True).json() == {"ok": True}
    settings.ENV = {"FVDASH_ALLOW_PRIVATE_TARGETS": True}
    assert call("GET", f"{web.url}/fine").status == 200


def _answers(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> list[str]:
    """The resolver answers with these, whatever is asked; returns what was asked."""
    asked: list[str] = []
    real = socket.getaddrinfo

    def fake(host: str, port: int, *args: Any, **options: Any) -> Any:
        # A literal address, as the connection asks with, is no question to a resolver.
        if host in addresses:
            return real(host, port, *args, **options)
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", fake)
    return asked


def test_name_is_resolved_once_and_that_address_dialled(web: FakeWeb, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = _answers(monkeypatch, "127.0.0.1")
    assert call("GET", f"http://hooks.example.org:{web.port}/fine", private=True).status == 200
    assert asked == ["hooks.example.org"]
    assert web.seen[0].headers["Host"] == f"hooks.example.org:{web.port}"


def test_name_with_a_public_and_a_private_address_is_refused(web: FakeWeb, monkeypatch: pytest.MonkeyPatch) -> None:
    _answers(monkeypatch, "93.184.216.34", "127.0.0.1")
    with pytest.raises(Forbidden, match="private"):
        call("GET", f"http://hooks.example.org:{web.port}/fine")
    assert web.seen == []


def test_next_address_is_tried_when_the_first_refuses(web: FakeWeb, monkeypatch: pytest.MonkeyPatch) -> None:
    _answers(monkeypatch, "127.0.0.2", "127.0.0.1")
    assert call("GET", f"http://two.example.org:{web.port}/fine", private=True).status == 200


@pytest.mark.parametrize("url", ["ftp://example.org/", "file:///etc/passwd", "gopher://x/", "http://", "//x/", "x"])
def test_other_schemes_are_refused(url: str) -> None:
    with pytest.raises(Forbidden):
        call("GET", url)


def test_redirect_is_an_answer_and_not_followed(web: FakeWeb) -> None:
    web.replies["/away"] = Reply(302, b"", {"Location": f"{web.url}/fine"})
    assert call("GET", f"{web.url}/away", private=True).status == 302
    assert [one.path for one in web.seen] == ["/away"]


@pytest.mark.parametrize("reply", [Reply(200, b"x" * 5000), Reply(200, b"x" * 5000, {"Content-Length": ""})])
def test_answer_that_is_too_large_is_not_taken(web: FakeWeb, reply: Reply) -> None:
    web.replies["/large"] = reply
    with pytest.raises(TooLarge):
        call("GET", f"{web.url}/large", private=True, most=1000)


@pytest.mark.parametrize("reply", [Reply(hang=True), Reply(200, b"drop by drop, without an end", drip_s=0.1)])
def test_hanging_and_dripping_servers_are_cut_off(web: FakeWeb, reply: Reply) -> None:
    web.replies["/slow"] = reply
    started = time.monotonic()
    with pytest.raises(TimedOut):
        call("GET", f"{web.url}/slow", private=True, timeout=Timeout(read=5, total=0.3))
    assert time.monotonic() - started < 3


def test_server_that_drips_its_headers_is_cut_off_too() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def drip() -> None:
            taken, _ = server.accept()
            with taken:
                try:
                    for letter in b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 1000:
                        taken.send(bytes([letter]))
                        time.sleep(0.02)
                except OSError:
                    return

        thread = threading.Thread(target=drip, daemon=True)
        thread.start()
        started = time.monotonic()
        with pytest.raises(TimedOut):
            call("GET", f"http://127.0.0.1:{server.getsockname()[1]}/", private=True, timeout=Timeout(total=0.3))
        assert time.monotonic() - started < 3
        thread.join(5)


def test_errors_hold_neither_path_nor_header(web: FakeWeb) -> None:
    port = web.port
    web.replies[f"/{SECRET}"] = Reply(hang=True)
    errors = []
    for url in (f"http://127.0.0.1:{port}/{SECRET}?key={SECRET}", f"http://127.0.0.1:1/{SECRET}"):
        headers = {"Authorization": f"Bearer {SECRET}"}
        with pytest.raises(CallError) as caught:
            call("GET", url, headers=headers, private=True, timeout=Timeout(total=0.2))
        errors.append(caught.value)
    assert all(SECRET not in f"{error} {error!r} {error.__cause__}" for error in errors)
    assert errors[1].why == "connection refused"


def test_what_may_be_repeated_is_repeated(web: FakeWeb) -> None:
    web.replies["/shaky"] = [Reply(503), Reply(429, b"", {"Retry-After": "0"}), Reply(200)]
    assert call("GET", f"{web.url}/shaky", private=True, retry=QUICK).status == 200
    assert len(web.seen) == 3


def test_post_is_sent_once_unless_it_carries_a_key(web: FakeWeb) -> None:
    web.replies["/send"] = [Reply(503), Reply(503), Reply(200)]
    assert call("POST", f"{web.url}/send", body=b"{}", private=True, retry=QUICK).status == 503
    assert len(web.seen) == 1
    assert call("POST", f"{web.url}/send", body=b"{}", private=True, retry=QUICK, idempotent=True).status == 200
    assert len(web.seen) == 3


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 500])
def test_final_answers_are_not_repeated(web: FakeWeb, status: int) -> None:
    web.replies["/no"] = Reply(status)
    assert call("GET", f"{web.url}/no", private=True, retry=QUICK).status == status
    assert len(web.seen) == 1


def test_wait_that_does_not_fit_into_the_whole_is_not_begun(web: FakeWeb) -> None:
    web.replies["/later"] = Reply(429, b"", {"Retry-After": "3600"})
    retry = Retry(tries=3, first_s=0.01, most_s=4000)
    assert call("GET", f"{web.url}/later", private=True, retry=retry, timeout=Timeout(total=1)).status == 429
    assert len(web.seen) == 1


def test_destination_that_fails_rests_and_is_tried_by_one_call(web: FakeWeb, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1000.0]
    mine = Circuits(lambda: now[0])
    monkeypatch.setattr("core.http.circuits.circuits", mine)
    web.replies["/down"] = Reply(500)
    for _ in range(FAILURES):
        call("GET", f"{web.url}/down", private=True)
    with pytest.raises(CircuitOpen):
        call("GET", f"{web.url}/fine", private=True)
    assert len(web.seen) == FAILURES
    assert call("GET", f"{web.url}/fine", private=True, use_circuit=False).status == 200  # a probe asks anyhow
    now[0] += 31
    assert call("GET", f"{web.url}/fine", private=True).status == 200
    assert mine.states() == {}


def test_refusals_do_not_open_the_circuit(web: FakeWeb, own_circuits: Circuits) -> None:
    web.replies["/no"] = Reply(429)
    for _ in range(FAILURES + 1):
        call("GET", f"{web.url}/no", private=True)
    assert own_circuits.states() == {}


def test_while_one_call_tries_the_others_wait() -> None:
    now = [0.0]
    mine = Circuits(lambda: now[0])
    for _ in range(FAILURES):
        mine.leave("x", well=False)
    now[0] += 31
    mine.enter("x")
    with pytest.raises(CircuitOpen):
        mine.enter("x")
    mine.leave("x", well=False)
    now[0] += 31
    with pytest.raises(CircuitOpen):  # its rest has doubled
        mine.enter("x")
    now[0] += 30
    mine.enter("x")


def test_tls_knows_the_authorities_and_says_what_it_does_not_believe(web: FakeWeb) -> None:
    assert client._tls().verify_mode is ssl.CERT_REQUIRED
    with pytest.raises(Unreachable, match="TLS"):
        call("GET", f"https://127.0.0.1:{web.port}/fine", private=True)
