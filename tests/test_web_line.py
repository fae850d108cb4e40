import threading

import pytest

from assistant.web.line import Line


def test_the_first_come_are_served_first() -> None:
    line = Line(at_once=1)
    with line.joined() as first:
        with line.joined() as second, line.joined() as third:
            assert (first(), second(), third()) == (0, 1, 2)
        with line.joined() as fourth:
            assert fourth() == 1


def test_who_leaves_lets_the_next_one_through() -> None:
    line = Line(at_once=2)
    leave = threading.Event()
    there = threading.Event()

    def stand() -> None:
        with line.joined():
            there.set()
            leave.wait(timeout=10)

    thread = threading.Thread(target=stand)
    thread.start()
    there.wait(timeout=10)
    with line.joined() as second, line.joined() as third:
        assert (second(), third()) == (0, 1)
        leave.set()
        thread.join()
        assert third() == 0


def test_an_error_leaves_the_line_too() -> None:
    line = Line(at_once=1)
    with pytest.raises(ZeroDivisionError), line.joined():
        _ = 1 / 0
    with line.joined() as next_one:
        assert next_one() == 0


def test_it_is_quiet_once_nobody_has_stood_there_for_so_long() -> None:
    line = Line(at_once=1)
    assert line.quiet(0.0)
    assert not line.quiet(60.0)
    with line.joined():
        assert not line.quiet(0.0)
    assert line.quiet(0.0)
    assert not line.quiet(60.0)
