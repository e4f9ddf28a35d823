"""`manage.py import_csv`, through the command itself."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from business.models import (
    Client,
    Contract,
    ContractChange,
    Lead,
    Payment,
    Project,
    ProjectStatusChange,
    Satisfaction,
)
from core.agencies.models import Agency
from core.audit.models import AuditEvent
from core.events.models import Event
from tests.business.factories import at, make_agency, make_client

pytestmark = pytest.mark.django_db

CLIENTS = """
[fields]
source_id = { column = "id" }
name = { column = "nome" }
city = { column = "cidade" }
"""
PAYMENTS = """
[fields]
source_id = { column = "id" }
client = { column = "cliente" }
amount = { column = "valor", decimal = "," }
paid_at = { column = "data", format = "%d/%m/%Y %H:%M", timezone = "America/Sao_Paulo" }
method = { column = "forma", values = { "cartao" = "card", "boleto" = "boleto" }, default = "other" }
"""
PROJECTS = """
[fields]
source_id = { column = "id" }
client = { column = "client" }
name = { column = "id" }
status = { column = "status", values = { delivered = "completed" }, default = "active" }
value = { column = "value" }
created_at = { column = "created" }
deadline = { column = "due", format = "%m/%d/%Y %H:%M" }
completed_at = { column = "done" }
"""


@dataclass
class Run:
    """What one run of the command said."""

    code: int
    out: str
    err: str

    @property
    def last(self) -> str:
        return self.out.strip().splitlines()[-1]


class Importer:
    """Writes files into a folder and imports them."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self.capsys = folder, capsys

    def file(self, content: str | bytes, name: str = "rows.csv") -> Path:
        path = self.folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def __call__(
        self, entity: str, content: str | bytes | list[Path], agency: str | None, toml: str, **options: Any
    ) -> Run:
        files = content if isinstance(content, list) else [self.file(content)]
        arguments = [entity, *map(str, files), "--map", str(self.file(toml, "map.toml"))]
        if agency:
            arguments += ["--agency", agency]
        code = 0
        self.capsys.readouterr()
        try:
            call_command("import_csv", *arguments, **options)
        except SystemExit as end:
            code = int(end.code or 0)
        said = self.capsys.readouterr()
        return Run(code, said.out, said.err)

    def rejects(self, path: Path) -> list[dict[str, str]]:
        with path.open(newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file))


@pytest.fixture
def importer(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Importer:
    return Importer(tmp_path, capsys)


@pytest.fixture
def agency() -> Agency:
    return make_agency("mare")


def test_rows_are_created_and_the_last_line_says_how_many(importer: Importer, agency: Agency) -> None:
    run = importer("clients", "id,nome,cidade\n1,Ana,São Paulo\n2,Bia,Recife\n", "mare", CLIENTS)
    assert (run.code, run.last) == (0, "created 2, updated 0, unchanged 0, rejected 0")
    assert list(Client.objects.order_by("source_id").values_list("source_id", "name", "city", "status")) == [
        ("1", "Ana", "São Paulo", "active"),
        ("2", "Bia", "Recife", "active"),
    ]


def test_a_second_import_changes_nothing(importer: Importer, agency: Agency) -> None:
    rows = "id,nome,cidade\n1,Ana,São Paulo\n2,Bia,Recife\n"
    importer("clients", rows, "mare", CLIENTS)
    before, events = list(Client.objects.order_by("id").values()), AuditEvent.objects.count()
    run = importer("clients", rows, "mare", CLIENTS)
    assert run.last == "created 0, updated 0, unchanged 2, rejected 0"
    assert (list(Client.objects.order_by("id").values()), AuditEvent.objects.count()) == (before, events)


def test_only_mapped_fields_are_updated(importer: Importer, agency: Agency) -> None:
    make_client(agency, source_id="1", name="Ana", city="Recife", email="ana@example.com")
    run = importer("clients", "id,nome,cidade\n1,Ana,Olinda\n", "mare", CLIENTS)
    assert run.last == "created 0, updated 1, unchanged 0, rejected 0"
    client = Client.objects.get()
    assert (client.city, client.email) == ("Olinda", "ana@example.com")


def test_the_map_of_the_contract_reads_brazilian_payments(importer: Importer, agency: Agency) -> None:
    client = make_client(agency, source_id="c1")
    rows = 'id;cliente;valor;data;forma\n1;c1;"1.234,56";02/03/2026 14:30;cartao\n'
    rows += "2;;99,9;02/03/2026 00:00;\n3;c1;10;;pix\n"
    run = importer("payments", rows, "mare", PAYMENTS)
    assert (run.code, run.last) == (0, "created 3, updated 0, unchanged 0, rejected 0")
    one, two, three = Payment.objects.order_by("source_id")
    assert (one.amount, one.paid_at, one.method, one.client) == (
        Decimal("1234.56"),
        at("2026-03-02 14:30"),
        "card",
        client,
    )
    assert (two.amount, two.client, two.method) == (Decimal("99.90"), None, "other")
    assert (three.paid_at, three.method) == (None, "other")


def test_spoiled_rows_are_rejected_by_line_and_the_rest_is_imported(
    importer: Importer, agency: Agency, tmp_path: Path
) -> None:
    make_client(agency, source_id="c1")
    rows = [
        b"id;cliente;valor;data;forma",
        b"1;c1;10,00;02/03/2026 10:00;pix",
        b"2;c1;10,00;31/02/2026 10:00;pix",
        b"3;c1;-10,00;02/03/2026 10:00;pix",
        b"4;nobody;10,00;02/03/2026 10:00;pix",
        b"1;c1;11,00;02/03/2026 10:00;pix",
        b"",
        b"5;c1;10,00;02/03/2026 10:00;p\xc3\x28x",
        b"6;c1;0,005;02/03/2026 10:00;pix",
        b"7;c1;10,00",
        b"8;c1;10,00;02/03/2026 10:00;pix;extra",
        b";c1;10,00;02/03/2026 10:00;pix",
        b"9;c1;dez;99/99/2026 10:00;pix",
        b"10;c1;10,00;02/03/2026 10:00;p\0x",
        b"11;c1;10,00;02/03/2026 10:00;ok",
    ]
    rejects = tmp_path / "rejects.csv"
    run = importer("payments", b"\n".join(rows) + b"\n", "mare", PAYMENTS, rejects=rejects)
    assert (run.code, run.last) == (1, "created 2, updated 0, unchanged 0, rejected 11")
    assert set(Payment.objects.values_list("source_id", flat=True)) == {"1", "11"}
    found = importer.rejects(rejects)
    assert [(row["line"], row["field"]) for row in found] == [
        ("3", "paid_at"),
        ("4", "amount"),
        ("5", "client"),
        ("6", "source_id"),
        ("8", ""),
        ("9", "amount"),
        ("10", ""),
        ("11", ""),
        ("12", "source_id"),
        ("13", "amount, paid_at"),
        ("14", ""),
    ]
    assert "31/02/2026" in found[0]["reason"]
    assert found[0]["data"] == "31/02/2026 10:00"
    assert "duplicate of line 2" in found[3]["reason"]
    assert "UTF-8" in found[4]["reason"]
    assert "import clients first" in found[2]["reason"]
    assert "line 3: rejected: paid_at" in run.err


def test_rejected_rows_can_be_mended_and_imported(importer: Importer, agency: Agency, tmp_path: Path) -> None:
    rejects = tmp_path / "rejects.csv"
    importer("clients", "id,nome,cidade\n1,,Recife\n", "mare", CLIENTS, rejects=rejects)
    mended = rejects.read_text().replace(",1,,Recife", ",1,Ana,Recife")
    assert importer("clients", mended, "mare", CLIENTS).last == "created 1, updated 0, unchanged 0, rejected 0"


def test_rejected_rows_run_no_formula_and_are_imported_as_they_were(
    importer: Importer, agency: Agency, tmp_path: Path
) -> None:
    rejects = tmp_path / "rejects.csv"
    name = '=HYPERLINK("http://evil.example";"a");+1'
    row = '"' + name.replace('"', '""') + '"'
    toml = """
[fields]
source_id = { column = "id" }
name = { column = "=nome" }
phone = { column = "fone" }
email = { column = "mail" }
"""
    importer("clients", f"id,=nome,fone,mail\n-1,{row},+5511987654321,@x\n", "mare", toml, rejects=rejects)
    head, cells = csv.reader(io.StringIO(rejects.read_bytes().decode(), newline=""))
    assert head[4:] == ["id", "'=nome", "fone", "mail"]
    # A number is no formula, and stays what it was.
    assert cells[4:] == ["-1", "'" + name.replace(";+", ";'+"), "+5511987654321", "'@x"]
    mended = rejects.read_text().replace("'@x", "ana@x.example")
    assert importer("clients", mended, "mare", toml).last == "created 1, updated 0, unchanged 0, rejected 0"
    client = Client.objects.get()
    assert (client.source_id, client.name, client.phone) == ("-1", name, "+5511987654321")


def test_a_file_without_rejects_has_only_its_header(importer: Importer, agency: Agency, tmp_path: Path) -> None:
    rejects = tmp_path / "rejects.csv"
    importer("clients", "id,nome,cidade\n1,Ana,\n", "mare", CLIENTS, rejects=rejects)
    assert rejects.read_text().strip() == "line,field,reason,file"


def test_a_dry_run_writes_nothing_and_says_what_an_import_would(importer: Importer, agency: Agency) -> None:
    make_client(agency, source_id="1", name="Ana", city="Recife")
    make_client(agency, source_id="2", name="Bia", city="Natal")
    rows = "id,nome,cidade\n1,Ana,Recife\n2,Bia,Olinda\n3,Caio,\n4,,\n"
    before = AuditEvent.objects.count()
    run = importer("clients", rows, "mare", CLIENTS, dry_run=True)
    assert (run.code, run.last) == (1, "created 1, updated 1, unchanged 1, rejected 1")
    assert "dry run" in run.out
    assert (Client.objects.count(), AuditEvent.objects.count(), Event.objects.count()) == (2, before, 0)


def test_a_constant_that_only_other_entities_have_is_ignored_with_a_warning(importer: Importer, agency: Agency) -> None:
    make_client(agency, source_id="7")
    rows = "id;cliente;valor;data;forma\n1;7;1.234,56;02/03/2026 10:00;cartao\n"
    toml = 'delimiter = ";"\n' + PAYMENTS + 'status = { constant = "active" }\n'
    run = importer("payments", rows, "mare", toml)
    assert (run.code, run.last) == (0, "created 1, updated 0, unchanged 0, rejected 0")
    assert "warning: payments have no field “status”" in run.err
    assert Payment.objects.get().amount == Decimal("1234.56")


@pytest.mark.parametrize(
    ("toml", "problem"),
    [
        ("[fields", "not TOML"),
        ("", "no [fields]"),
        ('[fields]\nnome = { column = "x" }', "unknown field “nome”"),
        (CLIENTS + 'amount = { column = "nome" }', "unknown field “amount”"),
        (CLIENTS + 'colour = { constant = "red" }', "unknown field “colour”"),
        ('[fields]\nemial = { column = "x" }', "did you mean email"),
        ('[fields]\nname = { column = "x" }', "need these fields in the map: source_id"),
        ('[fields]\nsource_id = { column = "id" }\nname = { colum = "x" }', "unknown key “colum”"),
        (
            '[fields]\nsource_id = { column = "id" }\nname = { column = "x", decimal = "," }',
            "“decimal” is for amounts",
        ),
        (
            '[fields]\nsource_id = { column = "id" }\nname = { column = "a", constant = "b" }',
            "either column or constant",
        ),
        ('[fields]\nsource_id = { constant = "1" }\nname = { column = "a" }', "tells the rows apart"),
        (CLIENTS + 'created_at = { column = "d", format = "%d/%m" }', "not a format"),
        (CLIENTS + 'created_at = { column = "d", timezone = "Mars" }', "unknown timezone"),
        (CLIENTS + 'created_at = { constant = "never" }', "created_at: “never” is not a date"),
        ('colour = "red"' + CLIENTS, "unknown setting “colour”"),
        (CLIENTS + 'email = { column = "correio" }', "no column “correio”; it has “id”, “nome”, “cidade”"),
    ],
)
def test_a_wrong_map_is_told_before_anything_is_read(
    importer: Importer, agency: Agency, toml: str, problem: str
) -> None:
    with pytest.raises(CommandError) as error:
        importer("clients", "id,nome,cidade\n1,Ana,\n", "mare", toml)
    assert problem in str(error.value)
    assert not Client.objects.exists()


def test_every_header_is_looked_at_before_the_first_row(importer: Importer, agency: Agency) -> None:
    good = importer.file("id,nome,cidade\n1,Ana,\n", "a.csv")
    bad = importer.file("id,nome\n2,Bia\n", "b.csv")
    with pytest.raises(CommandError, match=r"b\.csv has no column “cidade”"):
        importer("clients", [good, bad], "mare", CLIENTS)
    assert not Client.objects.exists()


def test_unknown_names_are_told(importer: Importer, agency: Agency) -> None:
    with pytest.raises(CommandError, match="unknown agency “other”; there are: mare"):
        importer("clients", "id\n", "other", CLIENTS)
    with pytest.raises(CommandError, match="unknown entity “people”"):
        importer("people", "id\n", "mare", CLIENTS)
    with pytest.raises(CommandError, match="--agency is missing"):
        importer("clients", "id\n", None, CLIENTS)
    with pytest.raises(CommandError, match=r"nowhere\.csv: No such file"):
        importer("clients", [Path("nowhere.csv")], "mare", CLIENTS)


@pytest.mark.parametrize(
    "encode",
    [
        lambda text: text.encode(),
        lambda text: text.encode("utf-8-sig"),
        lambda text: text.encode("latin-1"),
        lambda text: text.encode("cp1252"),
        lambda text: text.encode("utf-16"),
        lambda text: b"\xfe\xff" + text.encode("utf-16-be"),
        lambda text: text.replace("\n", "\r\n").encode("utf-8-sig"),
        lambda text: text.replace("\n", "\r\n").encode("utf-16"),
        lambda text: text.replace(",", ";").encode("cp1252"),
        lambda text: text.replace(",", "\t").encode(),
        lambda text: b"sep=;\r\n" + text.replace(",", ";").encode("cp1252"),
        lambda text: text.replace("id,nome,cidade", " ID , Nome ,CIDADE").encode(),
    ],
    ids=[
        "utf8",
        "bom",
        "latin1",
        "cp1252",
        "utf16",
        "utf16be",
        "crlf",
        "utf16crlf",
        "semicolon",
        "tab",
        "sep",
        "case",
    ],
)
def test_encoding_and_delimiter_are_found_out(
    importer: Importer, agency: Agency, encode: Callable[[str], bytes]
) -> None:
    run = importer("clients", encode("id,nome,cidade\n1,Ana Conceição,São Paulo\n2,Bia,Recife\n"), "mare", CLIENTS)
    assert run.last == "created 2, updated 0, unchanged 0, rejected 0"
    assert Client.objects.get(source_id="1").city == "São Paulo"
    assert Client.objects.get(source_id="1").name == "Ana Conceição"


def test_one_accent_in_a_large_file_of_windows_is_read_as_such(importer: Importer, agency: Agency) -> None:
    rows = "id,nome,cidade\n" + "".join(f"{n},Ana,santos\n" for n in range(300)) + "x,Bia,são paulo\n"
    run = importer("clients", rows.encode("cp1252"), "mare", CLIENTS)
    assert run.code == 0
    assert Client.objects.get(source_id="x").city == "são paulo"


@pytest.mark.parametrize("damage", [b"S\xc3o Paulo", b"\xff\xfe", b"S\xe2\x80 Paulo", b"caf\xc3"])
@pytest.mark.parametrize("others", ["Santos", "São Vicente"])
def test_damaged_utf8_rejects_its_own_line_only(importer: Importer, agency: Agency, damage: bytes, others: str) -> None:
    rows = f"id,nome,cidade\n1,Ana,{others}\n2,Bia,".encode() + damage + f"\n3,Caio,{others}\n".encode()
    run = importer("clients", rows, "mare", CLIENTS)
    assert run.last == "created 2, updated 0, unchanged 0, rejected 1"
    assert "line 3: rejected" in run.err
    assert Client.objects.filter(city=others).count() == 2


def test_lines_are_counted_where_records_begin(importer: Importer, agency: Agency) -> None:
    rows = 'id,nome,cidade\n1,"Ana\nMaria",Recife\n\n2,"Bia ""a boa"" ;,",Natal\n3,,Natal\n'
    run = importer("clients", rows, "mare", CLIENTS)
    assert run.last == "created 1, updated 0, unchanged 0, rejected 2" or "line 6: rejected" in run.err
    assert Client.objects.get(source_id="2").name == 'Bia "a boa" ;,'


def test_a_quote_that_never_closes_costs_one_row(importer: Importer, agency: Agency) -> None:
    rows = 'id,nome,cidade\n1,Ana,Recife\n2,"Bia,Natal\n' + "".join(f"{n},Caio,Natal\n" for n in range(3, 900))
    run = importer("clients", rows, "mare", CLIENTS)
    assert run.last == "created 898, updated 0, unchanged 0, rejected 1"
    assert "line 3: rejected: A quote opens here" in run.err


def test_a_huge_cell_costs_one_row(importer: Importer, agency: Agency) -> None:
    rows = "id,nome,cidade\n1," + "x" * 3_000_000 + ",Recife\n2,Bia,Natal\n"
    run = importer("clients", rows, "mare", CLIENTS)
    assert run.last == "created 1, updated 0, unchanged 0, rejected 1"


def test_an_empty_file_is_told(importer: Importer, agency: Agency) -> None:
    with pytest.raises(CommandError, match="is empty"):
        importer("clients", "", "mare", CLIENTS)


def test_duplicates_are_found_across_files(importer: Importer, agency: Agency) -> None:
    first = importer.file("id,nome,cidade\n1,Ana,\n", "a.csv")
    second = importer.file("id,nome,cidade\n2,Bia,\n1,Caio,\n", "b.csv")
    run = importer("clients", [first, second], "mare", CLIENTS)
    assert run.last == "created 2, updated 0, unchanged 0, rejected 1"
    assert "b.csv line 3: rejected: source_id: duplicate of line 2 of a.csv" in run.err


def test_ids_and_references_stay_within_the_agency(importer: Importer, agency: Agency) -> None:
    other = make_agency("ipe")
    theirs = make_client(other, source_id="1", name="Theirs")
    importer("clients", "id,nome,cidade\n1,Ours,\n", "mare", CLIENTS)
    theirs.refresh_from_db()
    assert theirs.name == "Theirs"
    assert Client.objects.get(agency=agency).name == "Ours"
    make_client(other, source_id="only-theirs")
    run = importer("payments", "id;cliente;valor;data;forma\n1;only-theirs;1;;\n", "mare", PAYMENTS)
    assert run.last == "created 0, updated 0, unchanged 0, rejected 1"


def test_a_skipped_local_time_moves_forward_with_a_warning(importer: Importer, agency: Agency) -> None:
    rows = "id;cliente;valor;data;forma\n1;;1;15/10/2017 00:30;\n2;;1;17/02/2018 23:30;\n"
    run = importer("payments", rows, "mare", PAYMENTS)
    assert (run.code, run.last) == (0, "created 2, updated 0, unchanged 0, rejected 0")
    assert "line 2: warning: 2017-10-15 00:30:00 does not exist" in run.err
    assert run.err.count("warning") == 1
    assert Payment.objects.get(source_id="1").paid_at == dt.datetime(2017, 10, 15, 3, 30, tzinfo=dt.UTC)
    # 23:30 came twice that night: the first is still in summer time, two hours behind UTC.
    assert Payment.objects.get(source_id="2").paid_at == dt.datetime(2018, 2, 18, 1, 30, tzinfo=dt.UTC)


def test_times_are_of_the_agency_unless_told(importer: Importer) -> None:
    make_agency("manaus", timezone="America/Manaus")
    toml = '[fields]\nsource_id={column="id"}\nname={column="n"}\ncreated_at={column="c"}\n'
    rows = "id,n,c\n1,A,2026-03-02\n2,B,2026-03-02T10:00:00Z\n3,C,2026-03-02 10:00:00-03:00\n"
    importer("clients", rows, "manaus", toml)
    assert [client.created_at for client in Client.objects.order_by("source_id")] == [
        at("2026-03-02", "America/Manaus"),
        dt.datetime(2026, 3, 2, 10, tzinfo=dt.UTC),
        at("2026-03-02 10:00"),
    ]


def test_project_history_follows_its_dates_and_is_not_written_twice(importer: Importer, agency: Agency) -> None:
    rows = (
        "id,client,status,value,created,due,done\n"
        "1,,shipped,218.04000000000002,2018-01-02 10:00,10/20/2018 0:00,\n"
        "2,,delivered,100,2018-01-02 10:00,,2018-02-03 12:00\n"
        "3,,delivered,,2018-01-02 10:00,,\n"
    )

    def steps() -> list[tuple[str, str, str, dt.datetime]]:
        return [
            (step.project.source_id, step.from_status, step.to_status, step.changed_at)
            for step in ProjectStatusChange.objects.select_related("project").order_by(
                "project__source_id", "changed_at"
            )
        ]

    importer("projects", rows, "mare", PROJECTS)
    made, done = at("2018-01-02 10:00"), at("2018-02-03 12:00")
    assert steps() == [
        ("1", "", "active", made),
        ("2", "", "active", made),
        ("2", "active", "completed", done),
        ("3", "", "completed", made),
    ]
    one = Project.objects.get(source_id="1")
    assert (one.value, one.deadline) == (Decimal("218.04"), dt.date(2018, 10, 20))
    before = steps()
    assert importer("projects", rows, "mare", PROJECTS).last == "created 0, updated 0, unchanged 3, rejected 0"
    assert steps() == before
    later = rows.replace(
        "1,,shipped,218.04000000000002,2018-01-02 10:00,10/20/2018 0:00,",
        "1,,delivered,,2018-01-02 10:00,,2018-03-01 09:00",
    ).replace("2018-02-03 12:00", "2018-02-04 12:00")
    run = importer("projects", later, "mare", PROJECTS)
    assert run.last == "created 0, updated 2, unchanged 1, rejected 0", run.err
    assert steps() == [
        ("1", "", "active", made),
        ("1", "active", "completed", at("2018-03-01 09:00")),
        ("2", "", "active", made),
        ("2", "active", "completed", at("2018-02-04 12:00")),
        ("3", "", "completed", made),
    ]


def test_every_entity_of_the_contract_is_imported(importer: Importer, agency: Agency) -> None:
    def rows(entity: str, content: str) -> None:
        header = content.split("\n", 1)[0].split(",")
        fields = "".join(f'{name} = {{ column = "{name}" }}\n' for name in header)
        run = importer(entity, content, "mare", f"[fields]\n{fields}")
        assert run.code == 0, run.err

    rows(
        "clients",
        "source_id,name,email,phone,document,city,state,status,created_at,archived_at,whatsapp_opt_in_at,"
        "whatsapp_opt_in_source\nc,Ana,ana@Example.COM,(11) 98765-4321,52998224725,Recife,PE,archived,2026-01-01,"
        "2026-02-01,2026-01-02,site\n",
    )
    rows(
        "projects",
        "source_id,client,name,status,created_at,cancelled_at\np,c,Site,cancelled,2026-01-01,2026-01-09\n",
    )
    rows(
        "contracts",
        "source_id,client,name,amount,interval,start,end\nk,c,Mídia,500,quarterly,2026-01-01,2026-12-31\n",
    )
    rows("contract_changes", "source_id,contract,effective_from,amount\nx,k,2026-04-01,600.50\n")
    rows(
        "payments",
        "source_id,client,project,contract,amount,due_at,paid_at,method,refunded_at,refunded_amount\n"
        "m,c,p,k,500,2026-01-05,2026-01-06,pix,2026-01-20,100\n",
    )
    rows(
        "leads",
        "source_id,name,source,created_at,outcome,closed_at,client\nl,Ana,site,2025-12-01,won,2026-01-01,c\n",
    )
    rows("satisfaction", "source_id,client,project,score,comment,answered_at\ns,c,p,4,Bom,2026-02-01\n")
    client = Client.objects.get()
    assert (client.email, client.phone, client.document) == (
        "ana@example.com",
        "+5511987654321",
        "529.982.247-25",
    )
    assert Project.objects.get().client == client
    assert Contract.objects.get().interval == "quarterly"
    assert ContractChange.objects.get().amount == Decimal("600.50")
    assert Payment.objects.get().refunded_amount == 100
    assert Lead.objects.get().client == client
    assert Satisfaction.objects.get().score == 4


def test_what_the_database_refuses_is_rejected_alone(importer: Importer, agency: Agency) -> None:
    make_contract = "source_id,client,amount,interval,start\nk,c,500,monthly,2026-01-01\n"
    make_client(agency, source_id="c")

    def same(*names: str) -> str:
        return "[fields]\n" + "".join(f'{name} = {{ column = "{name}" }}\n' for name in names)

    importer("contracts", make_contract, "mare", same("source_id", "client", "amount", "interval", "start"))
    changes = "source_id,contract,effective_from,amount\n" + "".join(
        f"{n},k,2026-{1 + n % 12:02d}-{1 + n // 12:02d},{n}\n" for n in range(100)
    )
    changes += "again,k,2026-01-01,7\n"
    run = importer("contract_changes", changes, "mare", same("source_id", "contract", "effective_from", "amount"))
    assert run.last == "created 100, updated 0, unchanged 0, rejected 1"
    assert "line 102: rejected: Another change of this contract" in run.err


def test_status_and_date_of_archiving_go_together(importer: Importer, agency: Agency) -> None:
    status = CLIENTS + 'status = { column = "st" }\n'
    run = importer("clients", "id,nome,cidade,st\n1,Ana,,archived\n2,Bia,,active\n", "mare", status)
    assert run.code == 0, run.err
    archived = Client.objects.get(source_id="1").archived_at
    assert archived is not None
    again = importer("clients", "id,nome,cidade,st\n1,Ana,,archived\n2,Bia,,active\n", "mare", status)
    assert again.last == "created 0, updated 0, unchanged 2, rejected 0"
    importer("clients", "id,nome,cidade,st\n1,Ana,,active\n", "mare", status)
    assert Client.objects.get(source_id="1").archived_at is None
    dated = CLIENTS + 'archived_at = { column = "when" }\n'
    importer("clients", "id,nome,cidade,when\n1,Ana,,2026-01-01\n2,Bia,,\n", "mare", dated)
    assert list(Client.objects.order_by("source_id").values_list("status", flat=True)) == [
        "archived",
        "active",
    ]


def test_agencies_are_imported_by_their_short_name(importer: Importer) -> None:
    toml = '[fields]\nslug={column="slug"}\nname={column="name"}\ncurrency={constant="BRL"}\n'
    run = importer("agencies", "slug,name\nsp,Olist SP\nbr,Olist Brasil\nb r,Wrong\n", None, toml)
    assert (run.code, run.last) == (1, "created 2, updated 0, unchanged 0, rejected 1")
    run = importer("agencies", "slug,name\nsp,Olist São Paulo\nbr,Olist Brasil\n", None, toml)
    assert run.last == "created 0, updated 1, unchanged 1, rejected 0"


def test_the_trail_says_who_imported_and_hides_personal_values(importer: Importer, agency: Agency) -> None:
    importer("clients", "id,nome,cidade\n1,Ana Segredo,Recife\n", "mare", CLIENTS)
    event = AuditEvent.objects.get(resource_type="client_data")
    assert (event.actor_kind, event.action, event.agency_id) == ("command", "data_create", agency.pk)
    assert "import_csv clients rows.csv" in event.reason
    assert "Segredo" not in str(event.diff)


def test_one_event_tells_of_the_whole_import(importer: Importer, agency: Agency) -> None:
    importer("clients", "id,nome,cidade\n1,Ana,\n2,Bia,\n3,,\n", "mare", CLIENTS)
    event = Event.objects.get()
    assert (event.type, event.agency_id) == ("import.finished", agency.pk)
    assert event.data == {"entity": "clients", "created": 2, "updated": 0, "unchanged": 0, "rejected": 1}
    importer("clients", "id,nome,cidade\n1,Ana,\n2,Bia,\n", "mare", CLIENTS)
    assert Event.objects.count() == 1


def test_it_says_what_was_imported_when_it_stops_half_way(
    importer: Importer, agency: Agency, monkeypatch: pytest.MonkeyPatch
) -> None:
    from business.importing import running
    from business.importing.upsert import Upsert

    monkeypatch.setattr(running, "CHUNK", 2)
    chunks: list[int] = []
    written = Upsert.write

    def breaks(self: Any, rows: Any) -> Any:
        chunks.append(len(rows))
        if len(chunks) == 2:
            raise KeyboardInterrupt
        return written(self, rows)

    monkeypatch.setattr(Upsert, "write", breaks)
    run = importer("clients", "id,nome,cidade\n1,Ana,\n2,Bia,\n3,Caio,\n4,Davi,\n", "mare", CLIENTS)
    assert (run.code, run.last) == (1, "created 2, updated 0, unchanged 0, rejected 0")
    assert "stopped near line 5 of rows.csv: interrupted" in run.err
    assert Client.objects.count() == 2
    assert Event.objects.get().data["created"] == 2


def test_a_terminal_is_not_obeyed(importer: Importer, agency: Agency) -> None:
    run = importer("clients", "id,nome,cidade\n1,Ana,\x1b[2J" + "x" * 200 + "\n", "mare", CLIENTS)
    assert run.code == 1
    assert "\x1b" not in run.err
