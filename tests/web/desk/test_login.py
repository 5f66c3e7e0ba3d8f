"""Coming in: the right password, the wrong one, too many of them, and where one goes from there."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from haitu.actions.login import TRIES_PER_ADDRESS, TRIES_PER_NAME
from haitu.models import LoginTry, User
from tests.world import PASSWORD, World

WRONG = "Name or password is wrong."
TOO_MANY = "Too many wrong tries; wait 15 minutes and try again."


def attempt(client: Client, name: str, password: str, **more: str) -> tuple[int, str]:
    answer = client.post("/desk/login/", {"name": name, "password": password, **more})
    told = next((text for text in (WRONG, TOO_MANY) if text in answer.content.decode()), "")
    return answer.status_code, told


def test_the_right_password_opens_the_page_that_was_asked_for(world: World) -> None:
    client = Client()
    asked = client.get("/desk/orders/?status=paid")
    assert asked.headers["Location"] == "/desk/login/?next=%2Fdesk%2Forders%2F%3Fstatus%3Dpaid"
    answer = client.post("/desk/login/", {"name": "lin", "password": PASSWORD, "next": "/desk/orders/?status=paid"})
    assert (answer.status_code, answer.headers["Location"]) == (302, "/desk/orders/?status=paid")
    assert LoginTry.objects.count() == 0


@pytest.mark.parametrize("where", ["https://evil.test/", "//evil.test/", "javascript:alert(1)", "/\\evil.test"])
def test_nobody_is_sent_elsewhere_after_logging_in(world: World, where: str) -> None:
    answer = Client().post("/desk/login/", {"name": "lin", "password": PASSWORD, "next": where})
    assert answer.headers["Location"] == "/desk/"


def test_a_wrong_name_and_a_wrong_password_get_the_same_answer(world: World) -> None:
    assert attempt(Client(), "lin", "guess") == (403, WRONG)
    assert attempt(Client(), "nobody", "guess") == (403, WRONG)


@pytest.mark.parametrize("name", ["lin", "nobody"])
def test_after_ten_wrong_tries_a_name_is_closed_whether_it_exists_or_not(world: World, name: str) -> None:
    client = Client()
    told = [attempt(client, name, "guess") for _ in range(TRIES_PER_NAME)]
    assert told == [(403, WRONG)] * TRIES_PER_NAME
    assert attempt(client, name.upper(), PASSWORD) == (403, TOO_MANY)
    assert attempt(client, name, PASSWORD) == (403, TOO_MANY)


def test_after_fifty_wrong_tries_an_address_is_closed_and_others_are_not(world: World) -> None:
    client = Client()
    for number in range(TRIES_PER_ADDRESS):
        attempt(client, f"name{number}", "guess")
    assert attempt(client, "lin", PASSWORD) == (403, TOO_MANY)
    assert Client(REMOTE_ADDR="10.0.0.9").post("/desk/login/", {"name": "lin", "password": PASSWORD}).status_code == 302


def test_the_door_opens_again_after_a_quarter_of_an_hour(world: World) -> None:
    client = Client()
    for _ in range(TRIES_PER_NAME + 1):
        attempt(client, "lin", "guess")
    LoginTry.objects.update(at=timezone.now() - timedelta(minutes=16))
    assert attempt(client, "lin", PASSWORD) == (302, "")


def test_no_name_and_no_address_is_kept_in_clear(world: World) -> None:
    attempt(Client(), "lin", "guess")
    keys = list(LoginTry.objects.values_list("key", flat=True))
    assert [len(key) for key in keys] == [64, 64]


def test_the_language_chosen_before_logging_in_is_spoken(world: World) -> None:
    client = Client()
    client.post("/desk/language/", {"language": "zh-hans", "next": "/desk/login/"})
    assert "登录工作台" in client.get("/desk/login/").content.decode()


def test_logging_out_needs_a_post_and_ends_the_session(world: World) -> None:
    client = Client()
    client.force_login(world.owner)
    assert client.get("/desk/logout/").status_code == 405
    client.post("/desk/logout/")
    assert client.get("/desk/").status_code == 302


def test_an_account_without_a_merchant_is_told_so(world: World) -> None:
    client = Client()
    client.force_login(User.objects.create_user("alone"))
    answer = client.get("/desk/")
    assert answer.status_code == 403
    assert "Your account belongs to no merchant." in answer.content.decode()


def test_a_name_no_database_can_hold_is_a_bad_request(world: World) -> None:
    assert Client().post("/desk/login/", {"name": "lin\x00", "password": "x"}).status_code == 400
