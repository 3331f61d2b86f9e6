"""A secret goes onto the wire and nowhere else."""

import copy
import pickle

import msgspec
import pytest

from adapters.business_central.settings import BusinessCentralSettings
from adapters.outbound.secrets import Redactor, Secret
from adapters.procore.settings import ProcoreSettings


def test_a_secret_shows_nothing_of_itself() -> None:
    secret = Secret("hush-hush")

    assert "hush" not in f"{secret} {secret!r} {[secret]} {secret.__dir__()}"
    assert secret.reveal() == "hush-hush"
    assert secret == Secret("hush-hush")
    assert secret != Secret("other")
    assert not Secret("")


def test_a_secret_is_not_stored_or_encoded() -> None:
    with pytest.raises(TypeError):
        pickle.dumps(Secret("hush-hush"))
    with pytest.raises(TypeError):
        copy.copy(Secret("hush-hush"))
    with pytest.raises(TypeError):
        msgspec.json.encode({"secret": Secret("hush-hush")})


def test_settings_show_no_secret() -> None:
    procore = ProcoreSettings("https://a.test", "https://t.test", "1", "client", Secret("hush-hush"))
    central = BusinessCentralSettings("https://a.test", "https://t.test", "s", "1", "client", Secret("hush-hush"))

    assert "hush" not in f"{procore} {procore.credentials()} {central} {central.credentials()}"


def test_secrets_are_blanked_out_of_text_and_bytes() -> None:
    redactor = Redactor()
    redactor.learn("client-secret")
    redactor.learn_token("token-one")

    assert redactor.text("a client-secret b token-one") == "a *** b ***"
    assert redactor.bytes(b"a client-secret b token-one") == b"a *** b ***"


def test_the_client_secret_stays_known_however_many_tokens_come_after_it() -> None:
    redactor = Redactor()
    redactor.learn("client-secret")
    for number in range(1000):
        redactor.learn_token(f"token-no-{number}")

    assert redactor.text("client-secret token-no-999 token-no-998") == "*** *** ***"


def test_a_very_short_value_does_not_blank_out_ordinary_text() -> None:
    redactor = Redactor()
    redactor.learn("a", "banana", "")

    assert redactor.text("a banana") == "a banana"
