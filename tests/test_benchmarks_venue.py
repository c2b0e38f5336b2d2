"""The venue's own benchmark: what it sends is taken, and a very small run comes to an end."""

from __future__ import annotations

import time

import msgspec
import pytest

from benchmarks.venue import split
from benchmarks.venue.__main__ import LOADS
from benchmarks.venue.__main__ import main
from benchmarks.venue.transactions import quotes
from nautilus_lighter_nonce.lighter.codes import CODE_OK
from nautilus_lighter_nonce.loopback.config import VenueConfig
from nautilus_lighter_nonce.loopback.venue.engine import Engine
from nautilus_lighter_nonce.loopback.venue.ledger import Transport
from nautilus_lighter_nonce.loopback.venue.replies import Submission


NOW_NS = time.time_ns()


@pytest.mark.parametrize("load", LOADS)
def test_load_one_by_one_is_accepted_and_executed_whole(load: str) -> None:
    """A transaction that is refused or fails would cost less than one that does its work."""
    engine = Engine(VenueConfig(), lambda happening: None)

    for place, written in enumerate(LOADS[load](40, NOW_NS // 1_000_000)):
        now_ns = NOW_NS + place * 10_000_000
        engine.run_due(now_ns)
        submission = Submission(
            transport=Transport.WS,
            connection=1,
            tx_types=(written.tx_type,),
            tx_infos=(written.tx_info,),
        )
        assert engine.submit(submission, now_ns).code == CODE_OK
    engine.run_due(NOW_NS + 10**9)

    summary = engine.summary()
    assert (summary["executed"], summary["reverted"], summary["vanished"]) == (40, 0, 0)


def test_frame_of_a_transaction_carries_its_text_and_its_id() -> None:
    """The frame is what a client sends: an object inside, not a text."""
    (written,) = quotes(1, NOW_NS // 1_000_000)

    frame = msgspec.json.decode(written.frame(7))

    assert frame["type"] == "jsonapi/sendtx"
    assert frame["data"]["id"] == "7"
    assert frame["data"]["tx_info"] == msgspec.json.decode(written.tx_info)


def test_split_of_a_load_gives_the_hash_less_than_the_law() -> None:
    """The law's time holds the hash's: what is left of it is the rest of the law."""
    written = quotes(200, NOW_NS // 1_000_000)

    assert 0.0 < split.hash_secs(written) < split.law_secs(written, NOW_NS)


def test_main_with_a_small_offer_prints_both_tables(capsys: pytest.CaptureFixture[str]) -> None:
    """Everything that was offered is answered, and the costs are shown apart."""
    status = main(["--rate", "100", "--secs", "0.2", "--loads", "quotes"])

    printed = capsys.readouterr().out
    assert status == 0
    assert "Offered to one core" in printed
    assert "hash" in printed


def test_main_with_an_unknown_load_ends_with_what_is_wrong(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A wrong name is no traceback."""
    with pytest.raises(SystemExit):
        main(["--loads", "rockets"])

    assert "there is no load rockets" in capsys.readouterr().err
