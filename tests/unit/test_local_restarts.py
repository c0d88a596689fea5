"""When a part is started again."""

from deploy.local.restarts import LONGEST_S, LOOP_AFTER, STABLE_S, Restarts


def test_the_wait_doubles_up_to_a_bound() -> None:
    restarts = Restarts()
    waits = []
    for _ in range(10):
        restarts.died(now_s=100.0, ran_s=0.0)
        waits.append(restarts.due_s - 100.0)
    assert waits == [0.5, 1, 2, 4, 8, 16, LONGEST_S, LONGEST_S, LONGEST_S, LONGEST_S]
    assert restarts.total == 10


def test_only_deaths_in_a_row_are_a_loop() -> None:
    restarts = Restarts()
    for _ in range(LOOP_AFTER - 1):
        restarts.died(now_s=0.0, ran_s=1.0)
    assert not restarts.looping
    restarts.died(now_s=0.0, ran_s=STABLE_S)
    assert not restarts.looping
    for _ in range(LOOP_AFTER - 1):
        restarts.died(now_s=0.0, ran_s=STABLE_S - 1)
    assert restarts.looping
    assert restarts.total == 2 * LOOP_AFTER - 1
