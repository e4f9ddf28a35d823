"""/business/import: upload, choose the columns, check, import, see what came of it. Without JavaScript."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client as Browser

from business.importing import files
from business.importing.models import ImportFile, ImportMap
from business.models import Client, Payment
from business.tasks import remove_import_files
from core.models import Agency, AuditEvent, Job, User

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Browser]
RunTasks = Callable[[], AbstractContextManager[None]]
URL = "/business/import"
CLIENTS = "Código;Nome;Cidade;Cadastro\n1;Ana;São Paulo;02/03/2026\n2;Bia;Recife;15/03/2026\n3;;Natal;32/03/2026\n"


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "MEDIA_DIR", tmp_path)


def send(browser: Browser, agency: Agency, content: str | bytes = CLIENTS, entity: str = "clients") -> Any:
    data = content if isinstance(content, bytes) else content.encode("cp1252")
    upload = SimpleUploadedFile("clientes de março.csv", data, "text/csv")
    return browser.post(URL, {"agency": agency.pk, "entity": entity, "file": upload})


def chosen(page: Any) -> dict[str, str]:
    """What the form of the page would send as it stands."""
    form = page.context["form"]
    return {name: form[name].value() or "" for name in form.fields}


@pytest.fixture
def sent(agency_admin: User, agency: Agency, client_as: SignIn) -> tuple[Browser, str]:
    """A browser and the address of a file that it uploaded."""
    browser = client_as(agency_admin)
    answer = send(browser, agency)
    assert answer.status_code == 302
    return browser, answer["Location"]


def test_only_who_writes_may_import(
    agency: Agency, operator: User, viewer_user: User, dpo: User, admin: User, client_as: SignIn
) -> None:
    for user in (operator, viewer_user, dpo):
        assert client_as(user).get(URL).status_code == 403
        assert send(client_as(user), agency).status_code == 403
    assert client_as(admin).get(URL).status_code == 200
    assert not ImportFile.objects.exists()


def test_a_file_of_another_agency_is_not_found(
    sent: tuple[Browser, str], outsider: User, client_as: SignIn, agency: Agency
) -> None:
    browser, location = sent
    theirs = client_as(outsider)
    for path in (location, f"{location}/result", f"{location}/rejects.csv", f"{location}/map.toml"):
        assert theirs.get(path).status_code == 404
    assert theirs.post(f"{location}/run").status_code == 404
    assert theirs.post(location, {"step": "import"}).status_code == 404
    assert "clientes de mar" not in theirs.get(URL).content.decode()
    assert send(theirs, agency).status_code == 422  # not among the agencies that they may choose
    assert browser.get(f"{URL}/{uuid.uuid4()}").status_code == 404


def test_the_page_shows_the_first_rows_and_guesses_the_columns(sent: tuple[Browser, str]) -> None:
    browser, location = sent
    page = browser.get(location)
    text = page.content.decode()
    assert "São Paulo" in text
    assert "cp1252" in text
    found = chosen(page)
    assert (found["source_id-source"], found["name-source"], found["city-source"]) == ("Código", "Nome", "Cidade")
    assert found["created_at-source"] == "Cadastro"


def test_formats_amounts_and_values_are_guessed_from_the_cells(
    agency_admin: User, agency: Agency, client_as: SignIn
) -> None:
    browser = client_as(agency_admin)
    rows = "id;valor;data pagamento;forma\n1;1.234,50;25/03/2026 10:00;pix\n2;9,90;01/04/2026 11:00;boleto\n"
    found = chosen(browser.get(send(browser, agency, rows, "payments")["Location"]))
    assert (found["amount-decimal"], found["paid_at-format"]) == (",", "%d/%m/%Y %H:%M")
    projects = "id;projeto;situação;criado em\n1;Site;Em andamento;2026-03-01\n2;Loja;Concluído;2026-03-02\n"
    found = chosen(browser.get(send(browser, agency, projects, "projects")["Location"]))
    assert found["status-values"].splitlines() == ["Em andamento = active", "Concluído = completed"]


def test_a_check_writes_nothing_and_shows_errors_by_line(sent: tuple[Browser, str], run_tasks: RunTasks) -> None:
    browser, location = sent
    values = chosen(browser.get(location))
    with run_tasks():
        answer = browser.post(location, values | {"step": "check"})
    assert answer["Location"] == f"{location}/result"
    page = browser.get(answer["Location"])
    assert page.context["counts"] == {
        "created": 2,
        "updated": 0,
        "unchanged": 0,
        "rejected": 1,
        "warnings": 0,
        "dry_run": True,
    }
    assert [(one.line, one.field) for one in page.context["refused"]] == [(4, "name, created_at")]
    assert not Client.objects.exists()


def test_after_the_check_the_rows_are_imported(
    sent: tuple[Browser, str], run_tasks: RunTasks, agency_admin: User
) -> None:
    browser, location = sent
    values = chosen(browser.get(location))
    with run_tasks():
        browser.post(location, values | {"step": "check"})
    with run_tasks():
        assert browser.post(f"{location}/run").status_code == 302
    page = browser.get(f"{location}/result")
    assert page.context["row"].status == "done"
    assert sorted(Client.objects.values_list("name", "city")) == [("Ana", "São Paulo"), ("Bia", "Recife")]
    created = AuditEvent.objects.filter(resource_type="client_data", action="data_create").first()
    assert created is not None
    assert (created.actor_kind, created.on_behalf_of) == ("task", agency_admin.pk)
    assert ImportFile.objects.get().rejects_path.stat().st_mode & 0o777 == 0o600
    rejects = browser.get(f"{location}/rejects.csv")
    assert rejects["Content-Disposition"].startswith("attachment")
    assert "32/03/2026" in b"".join(rejects.streaming_content).decode()  # type: ignore[attr-defined]
    assert AuditEvent.objects.filter(action="file_access", diff__read="rejected rows").count() == 1
    listed = browser.get(URL).content.decode()
    assert "clientes de março.csv" in listed


def test_the_map_can_be_taken_to_the_command(sent: tuple[Browser, str], run_tasks: RunTasks) -> None:
    browser, location = sent
    assert browser.get(f"{location}/map.toml").status_code == 404
    with run_tasks():
        browser.post(
            location,
            chosen(browser.get(location)) | {"step": "check", "state-source": "\x01constant", "state-constant": "SP"},
        )
    text = browser.get(f"{location}/map.toml").content.decode()
    assert 'column = "Código"' in text
    assert 'constant = "SP"' in text


def test_a_map_is_kept_and_used_again(sent: tuple[Browser, str], agency: Agency) -> None:
    browser, location = sent
    values = chosen(browser.get(location)) | {"city-source": "", "step": "save", "save_as": "Sistema antigo"}
    answer = browser.post(location, values)
    assert ImportMap.objects.get().name == "Sistema antigo"
    assert chosen(browser.get(answer["Location"]))["city-source"] == ""
    other = send(browser, agency)["Location"]
    assert "Sistema antigo" in browser.get(other).content.decode()
    assert chosen(browser.get(f"{other}?map={ImportMap.objects.get().pk}"))["city-source"] == ""


def test_a_map_that_lacks_fields_is_told(sent: tuple[Browser, str]) -> None:
    browser, location = sent
    page = browser.post(location, {"step": "check", "source_id-source": "Código"})
    assert page.status_code == 422
    assert "name" in " ".join(page.context["problems"])
    assert not Job.objects.exists()
    assert browser.post(location, {"step": "save", "source_id-source": "Código"}).status_code == 422


def test_an_unreadable_file_is_told(agency_admin: User, agency: Agency, client_as: SignIn) -> None:
    browser = client_as(agency_admin)
    location = send(browser, agency, b"\n\n")["Location"]
    page = browser.get(location)
    assert page.status_code == 422
    assert "clientes de março.csv" in page.context["problem"]


def test_a_file_that_is_too_large_is_refused(
    agency_admin: User, agency: Agency, client_as: SignIn, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(settings, "IMPORT_MAX_BYTES", 100_000)
    answer = send(client_as(agency_admin), agency, b"id,nome\n" + b"1,Ana\n" * 50_000)
    assert answer.status_code == 422
    assert not ImportFile.objects.exists()
    assert not list(tmp_path.rglob("*.csv"))


def test_progress_is_shown_and_the_run_can_be_stopped(sent: tuple[Browser, str], run_tasks: RunTasks) -> None:
    browser, location = sent
    # Queued, since no worker runs in between.
    browser.post(location, chosen(browser.get(location)) | {"step": "import"})
    page = browser.get(f"{location}/result")
    assert 'http-equiv="refresh"' in page.content.decode()
    part = browser.get(f"{location}/result", headers={"HX-Request": "true", "HX-Target": "div#import-result"})
    assert part.content.decode().lstrip().startswith('<div class="stack" id="import-result"')
    job = page.context["row"].id
    assert browser.post(f"/jobs/{job}/cancel").status_code == 302
    assert browser.get(f"{location}/result").context["row"].status == "cancelled"
    assert not Client.objects.exists()


def test_the_same_file_is_not_run_twice_at_once(sent: tuple[Browser, str]) -> None:
    browser, location = sent
    values = chosen(browser.get(location)) | {"step": "import"}
    browser.post(location, values)
    browser.post(location, values)
    assert Job.objects.filter(kind="import").count() == 1


def test_uploads_are_removed_after_seven_days(sent: tuple[Browser, str], run_tasks: RunTasks) -> None:
    browser, location = sent
    file = ImportFile.objects.get()
    assert file.path.stat().st_mode & 0o777 == 0o600
    assert remove_import_files() == "0 removed"
    ImportFile.objects.update(created_at=file.created_at - dt.timedelta(days=8))
    assert remove_import_files() == "1 removed"
    assert not file.path.exists()
    page = browser.get(location)
    assert page.status_code == 422
    assert "seven days" in page.content.decode() or "sete dias" in page.content.decode()


def test_pages_take_few_queries(
    sent: tuple[Browser, str], run_tasks: RunTasks, django_assert_max_num_queries: Any, agency: Agency
) -> None:
    browser, location = sent
    with run_tasks():
        browser.post(location, chosen(browser.get(location)) | {"step": "check"})
    for _ in range(5):
        send(browser, agency)
    for path in (URL, location, f"{location}/result"):
        with django_assert_max_num_queries(10):
            browser.get(path)


def test_a_failed_file_says_why(sent: tuple[Browser, str], run_tasks: RunTasks) -> None:
    browser, location = sent
    values = chosen(browser.get(location)) | {"step": "import"}
    file = ImportFile.objects.get()
    with run_tasks():
        browser.post(location, values)
        file.path.write_text("other,columns\n1,2\n")
    page = browser.get(f"{location}/result")
    assert page.context["row"].status == "failed"
    assert "Código" in page.content.decode()
    assert not Payment.objects.exists()


def test_nothing_personal_stays_in_the_job(sent: tuple[Browser, str], run_tasks: RunTasks) -> None:
    browser, location = sent
    with run_tasks():
        browser.post(location, chosen(browser.get(location)) | {"step": "import"})
    job = Job.objects.get()
    assert "Natal" not in str(job.result) + job.detail + str(job.arguments)
    assert files.refused(ImportFile.objects.get())
