"""``seagull chat``: questions from options, pipes and the keyboard's commands."""

from __future__ import annotations


def test_questions_from_options_are_turns_of_one_conversation(cli, photo):
    done = cli("chat", photo, "--box", "0,0,9,9", "--box", "b=9,9,20,20",
               "--ask", "Which is sharper?", "--ask", "Why?")  # fmt: skip
    assert done.out.splitlines() == [
        "turn 1 about 1+b: Which is sharper?",
        "turn 2 about 1+b: Why?",
    ]


def test_without_a_region_it_is_about_the_whole_photo(cli, photo):
    assert cli("chat", photo, "--ask", "What?").out == "turn 1 about 1: What?\n"


def test_a_pipe_asks_line_by_line_and_commands_work(cli, photo):
    lines = "What is it?\n\n/add box 1,1,5,5\n@2 And this?\n/regions\n/quit\nnever asked\n"
    done = cli("chat", photo, "--box", "0,0,9,9", stdin=lines)
    assert done.code == 0
    assert "turn 1 about 1: What is it?" in done.out
    assert "turn 2 about 2: And this?" in done.out
    assert "region 2: box 1,1,5,5" in done.out
    assert "never asked" not in done.out


def test_a_point_can_be_added(cli, photo):
    done = cli("chat", photo, "--whole", stdin="/add point 30,20\n/regions\n")
    assert "region 2: points" in done.out
    assert "no SAM here" in done.err


def test_help_names_every_command(cli, photo):
    out = cli("chat", photo, stdin="/help\n").out
    assert all(command in out for command in ("/regions", "/add box", "/help", "/quit"))


def test_mistakes_in_a_pipe_are_one_line_and_exit_2(cli, photo):
    for line in (
        "/nosuch",
        "@9 What?",
        "@1",
        "/add box 1,2",
        "/add house",
        "/add box 99,99,100,100",
    ):
        done = cli("chat", photo, stdin=line + "\nnever asked\n")
        assert (done.code, len(done.err.splitlines())) == (2, 1), (line, done.err)
        assert "never asked" not in done.out


def test_a_bad_photo_or_model_is_one_line_and_exit_2(cli, photo, tmp_path):
    for words in ([tmp_path / "no.png"], [photo, "--model", "nan"], [photo, "--box", "70,0,80,9"]):
        done = cli("chat", *words, "--ask", "What?")
        assert (done.code, len(done.err.splitlines())) == (2, 1), done.err


def test_an_answer_cannot_drive_the_terminal(cli, photo):
    assert "\x1b" not in cli("chat", photo, "--ask", "red \x1b[31m?").out


def test_a_question_about_very_many_regions_is_refused_and_named_ones_are_asked(cli, photo):
    boxes = [word for n in range(9) for word in ("--box", f"{n},0,{n + 9},9")]
    done = cli("chat", photo, *boxes, "--ask", "Which is best?")
    assert (done.code, done.err.count("9 regions at once"), done.out) == (2, 1, "")
    done = cli("chat", photo, *boxes, "--ask", "@1 @2 Which is best?")
    assert (done.code, done.err) == (0, "")
