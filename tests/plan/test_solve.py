"""Programs solved by hand first."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from haitu.plan.solve import Infeasible, OutOfTime, Program, Unbounded


def two_goods() -> tuple[Program, int, int]:
    """Tables earn 3, chairs 2; wood x + y ≤ 4, work x + 3y ≤ 8, at most 3 tables: 3 tables, 1 chair, worth 11."""
    program = Program()
    table = program.variables("tables", 1, value=3.0, upper=3.0)
    chair = program.variables("chairs", 1, value=2.0)
    wood = program.row("wood", [table[0], chair[0]], [1.0, 1.0], at_most=4.0)
    work = program.row("work", [table[0], chair[0]], [1.0, 3.0], at_most=8.0)
    return program, wood, work


def test_the_best_of_two_goods_is_found_with_what_one_more_of_each_thing_is_worth() -> None:
    program, wood, work = two_goods()
    answer = program.solve()
    assert (answer.value, list(answer.amounts), answer.proven, answer.gap) == (11.0, [3.0, 1.0], True, 0.0)
    # One more wood is a chair; one more table instead of a chair is worth 1.
    assert (answer.prices[wood], answer.prices[work], answer.worth[0], answer.worth[1]) == (2.0, 0.0, 1.0, 0.0)


def test_prices_of_what_is_minimised_say_by_how_much_the_cost_rises() -> None:
    program = Program(maximise=False)
    near = program.variables("near", 1, value=2.0, upper=5.0)
    far = program.variables("far", 1, value=7.0)
    demand = program.row("demand", [near[0], far[0]], 1.0, at_least=8.0)
    answer = program.solve()
    assert (answer.value, answer.prices[demand], answer.worth[near[0]]) == (31.0, 7.0, -5.0)


def test_a_program_goes_on_from_where_it_stood() -> None:
    program, wood, _ = two_goods()
    first = program.solve()
    program.bound_row(wood, at_most=3.5)
    assert program.solve().value == 10.0
    program.row("a cut", [0], [1.0], at_most=1.0)
    assert program.solve().value == pytest.approx(3 + 2 * 7 / 3)
    again, _, _ = two_goods()
    assert (again.solve(start=first).value, again.solve(start=first).steps) == (11.0, 0)


def test_a_concave_function_is_filled_from_its_steepest_piece() -> None:
    program = Program()
    pieces = program.concave("advertising", [0, 1, 2, 4], [0, 5, 8, 9])
    program.row("money", pieces, 1.0, at_most=2.5)
    answer = program.solve()
    assert (answer.value, list(answer.amounts)) == (8.25, [1.0, 1.0, 0.5])
    with pytest.raises(ValueError, match="slopes fall"):
        Program().concave("convex", [0, 1, 2], [0, 1, 3])


def test_whole_numbers_stay_whole_and_have_no_prices() -> None:
    program = Program()
    box = program.variables("boxes", 2, value=[5.0, 4.0], integer=True)
    program.row("weight", box, [6.0, 4.0], at_most=24.0)
    program.row("room", box, [1.0, 2.0], at_most=6.0)
    answer = program.solve(gap=0.0)
    assert (answer.value, list(np.round(answer.amounts)), answer.gap, list(answer.prices)) == (
        20.0,
        [4, 0],
        0.0,
        [0, 0],
    )
    assert program.solve(start=answer).value == 20.0


def test_what_contradicts_each_other_is_named_with_what_would_have_to_give() -> None:
    program = Program()
    spend = program.variables("spend", 2, value=1.0, upper=100.0)
    program.row("cash in March", spend, 1.0, at_most=80.0)
    program.row("minimum of search", [spend[0]], 1.0, at_least=50.0)
    program.row("minimum of video", [spend[1]], 1.0, at_least=70.0)
    program.row("loose", [spend[1]], 1.0, at_most=99.0)
    with pytest.raises(Infeasible) as refused:
        program.solve()
    assert sum(refused.value.given["short"].values()) == pytest.approx(40.0)  # type: ignore[attr-defined]
    assert refused.value.given["against"] == ["cash in March", "minimum of search", "minimum of video"]
    assert "loose" not in refused.value.told


def test_whole_numbers_that_contradict_each_other_are_refused_in_words_too() -> None:
    program = Program()
    box = program.variables("boxes", 1, value=1.0, integer=True)
    program.row("weight", box, 2.0, at_least=1.0, at_most=1.5)
    with pytest.raises(Infeasible, match=r"No plan keeps all of: weight. It would fit if these gave way: weight by"):
        program.solve()


def test_a_minimum_above_the_maximum_is_refused_at_once() -> None:
    with pytest.raises(Infeasible, match=r"search: at least 5.00 and at most 3.00 is asked"):
        Program().variables("search", 1, lower=5.0, upper=3.0)


def test_a_value_without_end_names_the_column_that_has_no_bound() -> None:
    program = Program()
    program.variables("dreams", 1, value=1.0)
    with pytest.raises(Unbounded, match="dreams has no upper bound"):
        program.solve()


def test_no_time_is_no_answer() -> None:
    rng = np.random.default_rng(1)
    program = Program()
    box = program.variables("boxes", 60, value=rng.integers(10, 99, 60), upper=1.0, integer=True)
    for r in range(30):
        program.row(f"row {r}", box, rng.integers(1, 99, 60), at_most=700.0, at_least=690.0)
    with pytest.raises(OutOfTime):
        program.solve(seconds=0.0)


def test_what_is_not_a_number_never_reaches_the_solver() -> None:
    nan = float("nan")
    with pytest.raises(ValueError, match="not a number"):
        Program().variables("spend", 1, value=nan)
    with pytest.raises(ValueError, match="not a number"):
        Program().variables("spend", 1, upper=nan)
    with pytest.raises(ValueError, match="not a number"):
        Program().row("cash", [0], [float("nan")], at_most=1.0)


def test_an_empty_program_is_worth_nothing() -> None:
    assert Program().solve().value == 0.0


def test_columns_come_before_the_first_solve() -> None:
    program, _, _ = two_goods()
    program.solve()
    with pytest.raises(ValueError, match="before the first solve"):
        program.variables("late", 1)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 20), st.integers(0, 50), st.integers(1, 9)), min_size=1, max_size=12))
def test_one_row_is_a_knapsack_and_its_price_is_the_yield_of_the_last_unit(goods: list[tuple[int, int, int]]) -> None:
    """Law: a fractional knapsack is filled by value per weight."""
    upper, value, weight = (np.array(column, float) for column in zip(*goods, strict=True))
    room = 0.5 * float(upper @ weight)
    program = Program()
    columns = program.variables("goods", len(goods), value=value, upper=upper)
    row = program.row("room", columns, weight, at_most=room)
    answer = program.solve()
    left, worth, last = room, 0.0, 0.0
    for i in np.argsort(-value / weight):
        taken = min(left, upper[i] * weight[i])
        if taken > 0:
            last = value[i] / weight[i]
        worth, left = worth + taken * value[i] / weight[i], left - taken
    assert answer.value == pytest.approx(worth)
    assert (answer.amounts @ weight) <= room + 1e-6
    assert answer.prices[row] <= last + 1e-9
