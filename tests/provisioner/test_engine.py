"""The engine's promises, on resources in memory: nothing lost, nothing doubled, nothing foreign touched."""

from __future__ import annotations

from pathlib import Path

import pytest

from provisioner.engine import destroy, provision
from provisioner.run import Refused, UnknownKind
from provisioner.schedule import Failed, Interrupted
from provisioner.stop import Stop
from state.record import Phase
from steps.base import Need, Step, StepFailed, Until
from steps.lifecycle import Ambiguous, Foreign
from tests.provisioner.fakes import Bench, Bound, Fake, Last, Revision, Thing, Token


class Killed(BaseException):
    """Stands for SIGKILL: no handler of the code under test may catch it."""


def killed() -> None:
    raise Killed


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def chain() -> list[Step]:
    """a <- b <- c, and d beside them, and a role for c."""
    return [
        Last(name="role"),
        Fake(name="a"),
        Token(name="b", needs=(Need("a"),), polls=2),
        Fake(name="c", needs=(Need("b", Until.EXISTS), Need("role"))),
        Fake(name="d"),
    ]


def test_everything_is_made_once_and_recorded_ready(bench: Bench) -> None:
    provision(bench.setting(), chain())
    assert sorted(thing.step for thing in bench.world.things.values()) == ["a", "b", "c", "d", "role"]
    assert {record.phase for record in bench.records().values()} == {Phase.READY}
    assert set(bench.told.outcomes().values()) == {"created"}


def test_a_second_run_changes_nothing_and_writes_nothing(bench: Bench) -> None:
    provision(bench.setting(), chain())
    made, written = bench.world.mutations(), bench.store.path.stat().st_mtime_ns
    provision(bench.setting(), chain())
    assert bench.world.mutations() == made
    assert bench.store.path.stat().st_mtime_ns == written
    assert set(bench.told.outcomes().values()) == {"unchanged"}


def test_destroy_goes_back_over_the_needs_and_roles_go_last(bench: Bench) -> None:
    provision(bench.setting(), chain())
    destroy(bench.setting())
    deleted = [call for call in bench.world.calls if call.startswith("delete")]
    assert bench.world.things == {}
    assert bench.records() == {}
    assert deleted.index("delete c") < deleted.index("delete b") < deleted.index("delete a")
    assert deleted[-1] == "delete role"


def test_one_by_one_is_the_order_of_the_list(bench: Bench) -> None:
    provision(bench.setting(parallel=1), chain())
    assert bench.world.mutations() == [f"create {name}" for name in ("role", "a", "b", "c", "d")]


def test_a_need_that_must_only_exist_is_not_waited_for(bench: Bench) -> None:
    steps: list[Step] = [Token(name="slow", polls=8), Fake(name="early", needs=(Need("slow", Until.EXISTS),))]
    order: list[str] = []
    bench.world.after["create early"] = lambda: order.append(f"{bench.world.named('slow')[0].polls}")
    provision(bench.setting(), steps)
    assert int(order[0]) < 8


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("step", ["role", "a", "b", "c", "d"])
@pytest.mark.parametrize("way", ["on", "back"])
def test_killed_at_any_creating_call(bench: Bench, when: str, step: str, way: str) -> None:
    getattr(bench.world, when)[f"create {step}"] = killed
    with pytest.raises(Killed):
        provision(bench.setting(parallel=1), chain())
    bench.world.before.clear()
    bench.world.after.clear()
    if way == "on":
        provision(bench.setting(), chain())
        assert sorted(thing.step for thing in bench.world.things.values()) == ["a", "b", "c", "d", "role"]
    destroy(bench.setting())
    assert bench.world.things == {}
    assert bench.records() == {}


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("step", ["role", "a", "b", "c", "d"])
def test_killed_at_any_deleting_call(bench: Bench, when: str, step: str) -> None:
    provision(bench.setting(), chain())
    getattr(bench.world, when)[f"delete {step}"] = killed
    with pytest.raises(Killed):
        destroy(bench.setting(parallel=1))
    bench.world.before.clear()
    bench.world.after.clear()
    destroy(bench.setting())
    assert bench.world.things == {}


def test_a_resource_of_a_killed_run_that_shows_late_is_not_made_twice(bench: Bench) -> None:
    bench.world.after["create a"] = killed
    with pytest.raises(Killed):
        provision(bench.setting(parallel=1), chain())
    bench.world.after.clear()
    bench.world.hidden.add("a")
    looks: list[str] = []

    def show_later() -> None:
        looks.append("d")
        bench.world.hidden.discard("a")

    bench.world.before["create d"] = show_later
    bench.alter("a", intended_at="2999-01-01T00:00:00+00:00")  # so young that it may still be invisible
    bench.world.things = {key: thing for key, thing in bench.world.things.items() if thing.step == "a"}
    provision(bench.setting(), chain())
    assert len(bench.world.named("a")) == 1
    assert bench.told.outcomes()["a"] == "found"


def test_what_was_deleted_by_hand_is_made_again_with_another_token(bench: Bench) -> None:
    provision(bench.setting(), chain())
    (lost,) = bench.world.named("b")
    del bench.world.things[lost.id]
    bench.alter("b", created_at="2020-01-01T00:00:00+00:00")
    provision(bench.setting(), chain())
    (made,) = bench.world.named("b")
    assert made.token != lost.token
    assert bench.told.outcomes()["b"] == "made again"


def test_what_can_change_in_place_is_set_right_and_told(bench: Bench) -> None:
    provision(bench.setting(), [Fake(name="a", loose="1")])
    provision(bench.setting(), [Fake(name="a", loose="2")])
    assert bench.told.outcomes() == {"a": "set right"}
    assert bench.told.notices() == ["loose is 2 now"]
    assert bench.records()["a"].request["loose"] == "2"


def test_what_cannot_change_in_place_is_refused_before_anything_is_done(bench: Bench) -> None:
    provision(bench.setting(), [Fake(name="a", wish="small")])
    before = bench.world.mutations()
    with pytest.raises(Refused, match=r"a: wish is 'small', the stack file wants 'large'"):
        provision(bench.setting(), [Fake(name="a", wish="large"), Fake(name="new")])
    assert bench.world.mutations() == before


def test_what_is_bound_to_something_that_was_made_again_is_not_called_healed(bench: Bench) -> None:
    steps: list[Step] = [Fake(name="a"), Bound(name="b", needs=(Need("a"),))]
    provision(bench.setting(), steps)
    (lost,) = bench.world.named("a")
    del bench.world.things[lost.id]
    bench.alter("a", created_at="2020-01-01T00:00:00+00:00")
    with pytest.raises(Failed) as failed:
        provision(bench.setting(), steps)
    (failure,) = failed.value.failures
    assert failure.lane == "b"
    assert isinstance(failure.error, StepFailed)
    assert "bound to what is no longer there" in failure.error.fix
    assert bench.records()["b"].request["ids"] == {"a": lost.id}


def test_what_failed_in_an_earlier_run_is_deleted_and_made_anew(bench: Bench) -> None:
    provision(bench.setting(), chain())
    (spent,) = bench.world.named("b")
    spent.failed = True
    provision(bench.setting(), chain())
    (made,) = bench.world.named("b")
    assert made.id != spent.id
    assert bench.told.outcomes()["b"] == "made again"


def test_the_id_of_a_name_that_another_stack_has_now_is_foreign(bench: Bench) -> None:
    provision(bench.setting(), chain())
    (taken,) = bench.world.named("d")
    taken.stack_id = "theirs"
    before = bench.world.mutations()
    with pytest.raises(Foreign):
        provision(bench.setting(), chain())
    with pytest.raises(Foreign):
        destroy(bench.setting())
    assert bench.world.mutations() == before


def test_another_wish_of_a_revision_is_another_resource(bench: Bench) -> None:
    provision(bench.setting(), [Revision(name="r", wish="1")])
    first = bench.records()["r"]
    provision(bench.setting(), [Revision(name="r", wish="2")])
    second = bench.records()["r"]
    assert second.id != first.id
    assert second.token != first.token
    assert bench.told.outcomes() == {"r": "replaced"}


def test_a_foreign_resource_of_the_same_name_stops_the_run_before_it_begins(bench: Bench) -> None:
    bench.world.things["fake-x"] = Thing("fake-x", "a", "theirs", {}, "")
    with pytest.raises(Foreign, match="fake a exists already"):
        provision(bench.setting(), [Fake(name="b"), _keyed("a")])
    assert bench.world.mutations() == []


def _keyed(name: str) -> Step:
    class Keyed(Fake):
        def key(self, ids: object) -> str | None:
            return self.name

    return Keyed(name=name)


def test_two_resources_with_the_tags_of_one_step_are_an_error(bench: Bench) -> None:
    for number in (1, 2):
        bench.world.things[f"fake-{number}"] = Thing(f"fake-{number}", "a", "mine", {"loose": ""}, "")
    with pytest.raises(Ambiguous, match="fake-1, fake-2"):
        provision(bench.setting(), [Fake(name="a")])
    assert bench.world.mutations() == []


def test_a_failure_stops_new_work_and_keeps_what_was_done(bench: Bench) -> None:
    def fail() -> None:
        raise StepFailed("quota", "ask for more")

    bench.world.before["create a"] = fail
    with pytest.raises(Failed) as failed:
        provision(bench.setting(parallel=1), chain())
    assert [failure.lane for failure in failed.value.failures] == ["a"]
    assert [thing.step for thing in bench.world.things.values()] == ["role"]
    bench.world.before.clear()
    provision(bench.setting(), chain())
    assert len(bench.world.things) == 5


def test_an_interrupt_starts_nothing_more_and_records_what_was_in_flight(bench: Bench) -> None:
    stop = Stop()

    def interrupt() -> None:
        stop.signal = 2

    bench.world.after["create a"] = interrupt
    with pytest.raises(Interrupted):
        provision(bench.setting(parallel=1, stop=stop), chain())
    assert bench.records()["a"].phase is Phase.CREATED
    assert "b" not in bench.records()


def test_a_step_sees_only_what_it_declared(bench: Bench) -> None:
    class Curious(Fake):
        def create(self, job: object) -> str:
            return job.id_of("a")  # type: ignore[attr-defined,no-any-return]

    with pytest.raises(Failed) as failed:
        provision(bench.setting(), [Fake(name="a"), Curious(name="nosy")])
    assert isinstance(failed.value.failures[0].error, KeyError)


def test_destroy_of_a_kind_that_is_not_known_is_refused_before_any_call(bench: Bench) -> None:
    provision(bench.setting(), [Fake(name="a"), Fake(name="b")])
    bench.alter("a", kind="spaceship")
    with pytest.raises(UnknownKind, match="'spaceship'"):
        destroy(bench.setting())
    assert len(bench.world.things) == 2


def test_what_left_the_stack_file_stays_and_is_told(bench: Bench) -> None:
    provision(bench.setting(), [Fake(name="a"), Fake(name="b")])
    provision(bench.setting(), [Fake(name="a")])
    assert "recorded, but no longer in the stack file" in bench.told.notices()[0]
    destroy(bench.setting())
    assert bench.world.things == {}
