"""Invents the history of a demo agency: clients come from leads, sign contracts, order projects, pay on time
or late, answer how it was, and some leave.

Everything follows from the seed and the day; nothing happens on or after the day.
"""

from __future__ import annotations

import datetime as dt
import random
import unicodedata
import zoneinfo
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal

from stdnum.br import cnpj

from business.demo import words
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


@dataclass(frozen=True)
class Profile:
    """What tells one demo agency from the other. `clients` sign in 24 months, `first` of them in the first;
    `leaves` is the share of clients with a contract that leave in a month; `scale` multiplies prices."""

    slug: str
    name: str
    zone: str
    cities: tuple[tuple[str, str, str], ...]
    clients: int
    first: int
    leaves: float
    scale: float


PROFILES = (
    Profile(
        "demo-mare-digital",
        "Maré Digital",
        "America/Recife",
        (("Recife", "PE", "81"), ("Olinda", "PE", "81"), ("João Pessoa", "PB", "83"), ("Maceió", "AL", "82")),
        clients=82,
        first=20,
        leaves=0.034,
        scale=1.0,
    ),
    Profile(
        "demo-ipe-amarelo",
        "Ipê Amarelo",
        "America/Sao_Paulo",
        (
            ("São Paulo", "SP", "11"),
            ("Campinas", "SP", "19"),
            ("Santos", "SP", "13"),
            ("Curitiba", "PR", "41"),
        ),
        clients=96,
        first=22,
        leaves=0.024,
        scale=1.35,
    ),
)


@dataclass
class Story:
    """The rows of an agency, unsaved, in the order in which they may be saved."""

    clients: list[Client] = field(default_factory=list)
    contracts: list[Contract] = field(default_factory=list)
    changes: list[ContractChange] = field(default_factory=list)
    projects: list[Project] = field(default_factory=list)
    steps: list[ProjectStatusChange] = field(default_factory=list)
    payments: list[Payment] = field(default_factory=list)
    leads: list[Lead] = field(default_factory=list)
    answers: list[Satisfaction] = field(default_factory=list)


def tell(profile: Profile, agency: Agency, *, seed: int, day: dt.date, months: int) -> Story:
    """The story of `months` months that ends the day before `day`."""
    return _Teller(profile, agency, seed, day, months).tell()


class _Teller:
    def __init__(self, profile: Profile, agency: Agency, seed: int, day: dt.date, months: int) -> None:
        self.profile, self.agency, self.day, self.months = profile, agency, day, months
        self.random = random.Random(f"{seed}/{day}/{months}/{profile.slug}")  # noqa: S311
        self.zone = zoneinfo.ZoneInfo(profile.zone)
        self.story = Story()
        self.number = 0

    # ---- small things -----------------------------------------------------------------------------
    def source_id(self, letter: str) -> str:
        self.number += 1
        return f"demo-{letter}{self.number:05d}"

    def at(self, day: dt.date) -> dt.datetime:
        """A moment in office hours of the day."""
        minutes = int(self.random.triangular(8 * 60, 19 * 60, 11 * 60))
        return dt.datetime(day.year, day.month, day.day, minutes // 60, minutes % 60, tzinfo=self.zone)

    def workday(self, day: dt.date) -> dt.date:
        return day + dt.timedelta(days=(0, 0, 0, 0, 0, 2, 1)[day.weekday()])

    def price(self, typical: float, spread: float = 0.3, step: int = 50) -> Decimal:
        amount = typical * self.profile.scale * self.random.lognormvariate(0, spread)
        return Decimal(max(step, round(amount / step) * step)).quantize(Decimal("0.01"))

    def season(self, month: dt.date) -> float:
        return words.SEASON[month.month - 1]

    def months_told(self) -> Iterator[dt.date]:
        """The first of each month of the story."""
        month = add_months(self.day.replace(day=1), -(self.months - 1))
        for _ in range(self.months):
            yield month
            month = add_months(month, 1)

    def some_day(self, month: dt.date) -> dt.date:
        return self.workday(month + dt.timedelta(days=self.random.randrange(26)))

    # ---- the story --------------------------------------------------------------------------------
    def tell(self) -> Story:
        self._clients()
        self._leads()
        return self.story

    def _clients(self) -> None:
        months = list(self.months_told())
        weights = [self.season(month) for month in months]
        later = self.profile.clients - self.profile.first
        share = later / max(1e-9, sum(weights[1:]))
        owed = 0.0
        names = self._names()
        for index, month in enumerate(months):
            owed += self.profile.first if index == 0 else weights[index] * share
            while owed >= 1:
                owed -= 1
                day = self.some_day(month)
                if day < self.day:
                    self._client(next(names), day)

    def _names(self) -> Iterator[str]:
        names = [f"{trade} {place}" for trade in words.TRADES for place in words.PLACES]
        names += [f"{trade} {last}" for trade in words.TRADES for last in words.LAST]
        self.random.shuffle(names)
        yield from names

    def _client(self, name: str, day: dt.date) -> None:
        city, state, area = self.random.choice(self.profile.cities)
        number = len(self.story.clients) + 1 + 1000 * PROFILES.index(self.profile)
        base = f"99{number:06d}0001"
        client = Client(
            agency=self.agency,
            source_id=self.source_id("c"),
            name=name,
            email=f"contato@{_address(name)}.example.com",
            phone=f"+55{area}90000{number:04d}",
            document=cnpj.format(base + cnpj.calc_check_digits(base)),
            city=city,
            state=state,
            created_at=self.at(day),
        )
        self.story.clients.append(client)
        self._won(client, day)
        # From 0 (always pays on the day, stays) to 1.
        trouble = self.random.betavariate(1.6, 5)
        left = self._contracts(client, day, trouble)
        self._projects(client, day, left, trouble)
        if left and (left + dt.timedelta(days=40)) < self.day and self.random.random() < 0.55:
            if self.random.random() < 0.2:
                self._contract(client, self.workday(left + dt.timedelta(days=75)), trouble)
            else:
                client.status = Client.Status.ARCHIVED
                client.archived_at = self.at(self.workday(left + dt.timedelta(days=35)))

    def _contracts(self, client: Client, day: dt.date, trouble: float) -> dt.date | None:
        """One or two recurring contracts, or none; returns when the last one ended, None when one runs."""
        if self.random.random() > 0.86:
            return None
        ends = [self._contract(client, day, trouble)]
        if self.random.random() < 0.6:
            ends.append(self._contract(client, self.workday(day + dt.timedelta(days=40)), trouble))
        ended = [end for end in ends if end is not None]
        return max(ended) if len(ended) == len(ends) else None

    def _contract(self, client: Client, signed: dt.date, trouble: float) -> dt.date | None:
        """A recurring contract with its changes and payments; returns the day it ended, None when it runs."""
        if signed >= self.day:
            return None
        name, typical = self.random.choice(words.RETAINERS)
        interval = self.random.choices(("monthly", "quarterly", "annual"), (87, 8, 5))[0]
        step = {"monthly": 1, "quarterly": 3, "annual": 12}[interval]
        amount = self.price(typical * step * (1 - 0.02 * (step > 1)))
        start = signed if signed.day == 1 else add_months(signed.replace(day=1), 1)
        contract = Contract(
            agency=self.agency,
            source_id=self.source_id("k"),
            client=client,
            name=name,
            amount=amount,
            interval=interval,
            start=min(start, self.day),
        )
        self.story.contracts.append(contract)
        payday = self.random.choice((5, 10, 10, 15, 20))
        end = None
        # An invoice is made some days before it is due: the next month's is already there, not paid yet.
        for count in range(600):
            month = add_months(start, count)
            if month > self.day + dt.timedelta(days=15):
                break
            if (
                count >= 3
                and count % step == 0
                and self.random.random() < self.profile.leaves * step * (0.4 + 2.6 * trouble)
            ):
                end = month - dt.timedelta(days=1)
                if end < self.day:
                    contract.end = end
                    break
                end = None
            amount = self._changed(contract, amount, month, count)
            if count % step == 0:
                due = month.replace(day=payday)
                self._payment(due, amount, trouble, client=client, contract=contract)
        return end

    def _changed(self, contract: Contract, amount: Decimal, month: dt.date, count: int) -> Decimal:
        """The amount from this month on: adjusted every year, and now and then for more or less work."""
        if count == 0 or month > self.day:
            return amount
        factor = 1.0
        if count % 12 == 0:
            factor = 1.045
        elif self.random.random() < 0.02:
            factor = self.random.uniform(1.12, 1.4) if self.random.random() < 0.68 else self.random.uniform(0.65, 0.9)
        if factor == 1.0:
            return amount
        amount = (amount * Decimal(f"{factor:.4f}") / 10).quantize(Decimal(1)) * Decimal("10.00")
        self.story.changes.append(
            ContractChange(
                agency=self.agency,
                source_id=self.source_id("x"),
                contract=contract,
                effective_from=month,
                amount=amount,
            )
        )
        return amount

    def _projects(self, client: Client, since: dt.date, left: dt.date | None, trouble: float) -> None:
        eager = self.random.uniform(0.04, 0.4)
        first = True
        for month in self.months_told():
            if add_months(month, 1) <= since or (left and month > left):
                continue
            chance = 0.9 if first else eager * self.season(month)
            if self.random.random() < chance:
                day = max(self.some_day(month), self.workday(since + dt.timedelta(days=3)))
                if day < self.day and not (left and day > left):
                    self._project(client, day, left, trouble)
            first = False

    def _project(self, client: Client, day: dt.date, left: dt.date | None, trouble: float) -> None:
        work, typical = self.random.choice(words.WORKS)
        planned = self.random.randint(20, 110)
        deadline = self.workday(day + dt.timedelta(days=planned))
        ended = self.workday(day + dt.timedelta(days=int(planned * self.random.triangular(0.75, 1.5, 1.02))))
        project = Project(
            agency=self.agency,
            source_id=self.source_id("p"),
            client=client,
            name=f"{work} {client.name}",
            value=self.price(typical, 0.45, 100),
            created_at=self.at(day),
            deadline=deadline,
        )
        self.story.projects.append(project)
        status, moments = "draft", [("draft", project.created_at)]

        def become(new: str, when: dt.date) -> bool:
            nonlocal status
            if when >= self.day:
                return False
            status = new
            # Never before the step that it follows.
            moments.append((new, max(self.at(when), moments[-1][1] + dt.timedelta(minutes=5))))
            return True

        given_up = self.random.random() < 0.05 + 0.1 * trouble or (left is not None and ended > left)
        begun = become("active", self.workday(day + dt.timedelta(days=self.random.randint(0, 6))))
        if begun and self.random.random() < 0.06:
            stop = day + dt.timedelta(days=planned // 3)
            resumed = self.workday(stop + dt.timedelta(days=self.random.randint(8, 60)))
            if become("paused", self.workday(stop)) and become("active", resumed):
                ended = max(ended, resumed + dt.timedelta(days=5))
        if begun and given_up:
            halfway = day + (min(ended, left or ended) - day) / 2
            if become("cancelled", self.workday(max(halfway, day + dt.timedelta(days=8)))):
                project.cancelled_at = moments[-1][1]
        elif begun and become("completed", ended):
            project.completed_at = moments[-1][1]
            self._answer(project, ended, trouble)
        project.status = status
        for (was, _), (became, when) in zip([("", None), *moments], moments, strict=False):
            self.story.steps.append(
                ProjectStatusChange(
                    agency=self.agency, project=project, from_status=was, to_status=became, changed_at=when
                )
            )
        self._instalments(project, day, ended, trouble)

    def _instalments(self, project: Project, day: dt.date, ended: dt.date, trouble: float) -> None:
        value = project.value or Decimal(0)
        count = self.random.choices((1, 2, 3, 4, 6), (10, 24, 30, 22, 14))[0]
        part = (value / count).quantize(Decimal("0.01"))
        stopped = project.cancelled_at.date() if project.cancelled_at else None
        for index in range(count):
            due = self.workday(day + (ended - day) * index / max(1, count - 1) + dt.timedelta(days=7))
            if stopped and due > stopped:
                break
            # The last one takes the odd cents.
            amount = value - part * (count - 1) if index == count - 1 else part
            self._payment(due, amount, trouble, client=project.client, project=project)

    def _payment(
        self,
        due: dt.date,
        amount: Decimal,
        trouble: float,
        *,
        client: Client | None,
        contract: Contract | None = None,
        project: Project | None = None,
    ) -> None:
        if due > self.day + dt.timedelta(days=60):
            return
        drawn = self.random.random()
        if drawn < 0.70 - 0.45 * trouble:
            paid = due - dt.timedelta(days=self.random.choice((0, 0, 0, 1, 2)))
        elif drawn < 0.95 - 0.2 * trouble:
            paid = due + dt.timedelta(days=self.random.randint(1, 11))
        else:
            paid = due + dt.timedelta(days=self.random.randint(12, 75))
        # One in two hundred is never paid.
        known = self.random.random() > 0.005 + 0.02 * trouble and paid < self.day
        payment = Payment(
            agency=self.agency,
            source_id=self.source_id("r"),
            client=client,
            project=project,
            contract=contract,
            amount=amount,
            due_at=dt.datetime(due.year, due.month, due.day, 23, 59, tzinfo=self.zone),
            paid_at=self.at(paid) if known else None,
            method=self.random.choices(("pix", "boleto", "transfer", "card"), (46, 30, 14, 10))[0],
        )
        if known and self.random.random() < 0.008 + 0.02 * trouble:
            refunded = self.workday(paid + dt.timedelta(days=self.random.randint(2, 25)))
            if refunded < self.day:
                whole = self.random.random() < 0.4
                payment.refunded_at = self.at(refunded)
                payment.refunded_amount = amount if whole else (amount * Decimal("0.25")).quantize(Decimal("0.01"))
        self.story.payments.append(payment)

    def _answer(self, project: Project, ended: dt.date, trouble: float) -> None:
        day = self.workday(ended + dt.timedelta(days=self.random.randint(2, 15)))
        if self.random.random() > 0.62 or day >= self.day:
            return
        score = min(5, max(1, round(self.random.gauss(4.75 - 2.2 * trouble, 0.75))))
        said = words.PRAISE if score >= 4 else words.NEUTRAL if score == 3 else words.COMPLAINT
        self.story.answers.append(
            Satisfaction(
                agency=self.agency,
                source_id=self.source_id("s"),
                client=project.client,
                project=project,
                score=score,
                comment=self.random.choice(said) if self.random.random() < 0.6 else "",
                answered_at=self.at(day),
            )
        )

    # ---- leads ------------------------------------------------------------------------------------
    def _person(self) -> str:
        return f"{self.random.choice(words.FIRST)} {self.random.choice(words.LAST)}"

    def _won(self, client: Client, day: dt.date) -> None:
        """The lead that became the client."""
        source = self.random.choices(words.SOURCES, [weight * won for _name, weight, won in words.SOURCES])[0][0]
        self._lead(source, day - dt.timedelta(days=self.random.randint(6, 50)), "won", day, client)

    def _leads(self) -> None:
        """The leads that did not, or not yet."""
        for month in self.months_told():
            for _ in range(round(self.profile.clients / 8 * self.season(month) * self.random.uniform(0.8, 1.2))):
                day = self.some_day(month)
                source = self.random.choices(words.SOURCES, [w * (1 - won) for _n, w, won in words.SOURCES])[0][0]
                closed = self.workday(day + dt.timedelta(days=int(self.random.triangular(3, 75, 18))))
                if day < self.day:
                    self._lead(source, day, "lost", closed, None)

    def _lead(self, source: str, day: dt.date, outcome: str, closed: dt.date, client: Client | None) -> None:
        open_still = closed >= self.day
        made = self.at(day)
        self.story.leads.append(
            Lead(
                agency=self.agency,
                source_id=self.source_id("l"),
                name=self._person(),
                source=source,
                created_at=made,
                outcome="open" if open_still else outcome,
                closed_at=None if open_still else max(self.at(closed), made + dt.timedelta(hours=1)),
                client=client,
            )
        )


def add_months(day: dt.date, count: int) -> dt.date:
    """The first of the month that is `count` months after the day's."""
    months = day.year * 12 + day.month - 1 + count
    return dt.date(months // 12, months % 12 + 1, 1)


def _address(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return "-".join(plain.split())
