"""Files are found where the user put them, downloaded whole or not at all, and never guessed at."""

import hashlib
import threading
from pathlib import Path

import pooch
import pytest
from publisher import publishing

from dvae_course.datasets import resume
from dvae_course.datasets.download import (
    DataUnavailable,
    Source,
    copies,
    data_folder,
    download,
    locate,
    mismatch,
    obtain,
    unfinished,
)

CONTENT = bytes(range(256)) * 4000
HALF = len(CONTENT) // 2
NOWHERE = "http://127.0.0.1:9/"


@pytest.fixture
def publisher():
    """A publisher of `data.gz`."""
    with publishing({"data.gz": CONTENT}) as served:
        yield served


@pytest.fixture
def chosen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder that `DVAE_DATA` names."""
    folder = tmp_path / "chosen"
    folder.mkdir()
    monkeypatch.setenv("DVAE_DATA", str(folder))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    return folder


def make_source(base_url: str = NOWHERE, content: bytes = CONTENT) -> Source:
    checksums = {"data.gz": "md5:" + hashlib.md5(content).hexdigest()}
    return Source("Toy data", "toy-data", base_url, checksums, "dataset-toy")


def files_below(folder: Path) -> list[Path]:
    """All files but the locks, which are empty."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return [path for path in files if path.suffix != ".lock" or path.stat().st_size]


def part(chosen: Path) -> Path:
    return chosen / "toy-data" / "data.gz.part"


def leave_part(chosen: Path, content: bytes) -> None:
    part(chosen).parent.mkdir()
    part(chosen).write_bytes(content)


def test_a_file_found_nowhere_is_downloaded_into_the_chosen_folder(publisher, chosen):
    (path,) = obtain(make_source(publisher.url), ["data.gz"])
    assert path == chosen / "toy-data" / "data.gz"
    assert path.read_bytes() == CONTENT
    assert files_below(chosen) == [path]


def test_the_publisher_is_told_who_asks(publisher, chosen):
    obtain(make_source(publisher.url), ["data.gz"])
    (agent,) = publisher.agents
    assert agent.startswith("dvae-course/")  # some publishers turn away anonymous programs


def test_a_downloaded_file_is_found_again_without_the_network(publisher, chosen):
    first = obtain(make_source(publisher.url), ["data.gz"])
    assert obtain(make_source(), ["data.gz"]) == first


def test_a_download_cut_halfway_is_kept_and_continued_where_it_stopped(publisher, chosen):
    publisher.cut_after = HALF
    with pytest.raises(DataUnavailable, match=r"broke off.*\n.*kept: +0\.5 MB of data\.gz"):
        obtain(make_source(publisher.url), ["data.gz"])
    assert files_below(chosen) == [part(chosen)]
    assert unfinished(make_source()) == {"data.gz": HALF}
    publisher.cut_after = None
    (path,) = obtain(make_source(publisher.url), ["data.gz"])
    assert path.read_bytes() == CONTENT
    assert publisher.ranges == [None, f"bytes={HALF}-"]
    assert files_below(chosen) == [path]


def test_a_server_that_cannot_continue_is_asked_once_and_sends_the_whole(publisher, chosen):
    publisher.knows_ranges = False
    leave_part(chosen, CONTENT[:HALF])
    (path,) = obtain(make_source(publisher.url), ["data.gz"])
    assert path.read_bytes() == CONTENT
    assert len(publisher.ranges) == 1


def test_a_part_that_was_whole_already_takes_its_name(publisher, chosen):
    leave_part(chosen, CONTENT)
    (path,) = obtain(make_source(publisher.url), ["data.gz"])
    assert path.read_bytes() == CONTENT


def test_an_interrupt_keeps_what_has_arrived(publisher, chosen, monkeypatch):
    class Interrupting(resume.tqdm):
        def update(self, n=1):
            raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(resume, "tqdm", Interrupting)
        obtain(make_source(publisher.url), ["data.gz"])
    assert CONTENT.startswith(part(chosen).read_bytes())
    assert part(chosen).stat().st_size == resume.BLOCK
    (path,) = obtain(make_source(publisher.url), ["data.gz"])
    assert path.read_bytes() == CONTENT
    assert publisher.ranges[-1] == f"bytes={resume.BLOCK}-"


def test_a_part_of_another_file_is_deleted_and_the_next_attempt_starts_anew(publisher, chosen):
    leave_part(chosen, b"other data")
    with pytest.raises(DataUnavailable, match=r"earlier attempt and this one does not.*deleted"):
        obtain(make_source(publisher.url), ["data.gz"])
    assert files_below(chosen) == []
    obtain(make_source(publisher.url), ["data.gz"])
    assert publisher.ranges == ["bytes=10-", None]


def test_a_download_with_the_wrong_checksum_is_refused_and_leaves_nothing_behind(publisher, chosen):
    with pytest.raises(DataUnavailable, match="does not match"):
        obtain(make_source(publisher.url, content=b"other data"), ["data.gz"])
    assert files_below(chosen) == []


def test_a_file_missing_from_the_server_is_refused_and_leaves_nothing_behind(publisher, chosen):
    with pytest.raises(DataUnavailable, match="404"):
        obtain(make_source(publisher.url + "elsewhere/"), ["data.gz"])
    assert files_below(chosen) == []


def test_bytes_are_kept_as_published_whatever_the_server_calls_their_encoding(publisher, chosen):
    publisher.encoding = "gzip"
    (path,) = obtain(make_source(publisher.url), ["data.gz"])
    assert path.read_bytes() == CONTENT


def test_without_a_published_checksum_a_part_is_not_trusted(publisher, chosen):
    leave_part(chosen, b"other data")
    source = Source("Toy data", "toy-data", publisher.url, {"data.gz": None})
    (path,) = obtain(source, ["data.gz"])
    assert path.read_bytes() == CONTENT
    assert publisher.ranges == [None]
    assert unfinished(source) == {}


def test_two_at_once_download_a_file_once(publisher, chosen):
    source = make_source(publisher.url)
    threads = [threading.Thread(target=obtain, args=(source, ["data.gz"])) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (chosen / "toy-data" / "data.gz").read_bytes() == CONTENT
    assert publisher.ranges == [None]


def test_a_download_goes_where_the_caller_says_and_leaves_alone_what_is_there(publisher, tmp_path):
    folder = tmp_path / "mine"
    expected = [folder / "data.gz"]
    assert download(make_source(publisher.url), ["data.gz"], folder) == expected
    assert download(make_source(), ["data.gz"], folder) == expected


def test_without_network_the_error_names_what_where_and_every_way_out(chosen):
    with pytest.raises(DataUnavailable) as raised:
        obtain(make_source(), ["data.gz"])
    message = str(raised.value)
    for words in (
        "Toy data",
        "data.gz",
        str(chosen),
        "/usr/share/datasets/toy-data",
        NOWHERE,
        "no connection",
        "DVAE_DATA",
        "apt install dataset-toy",
    ):
        assert words in message


def test_without_a_debian_package_the_error_names_the_stand_in(chosen):
    source = Source("Toy data", "toy-data", NOWHERE, {"data.gz": None})
    with pytest.raises(DataUnavailable, match='source="rendered", which stands in for Toy data'):
        obtain(source, ["data.gz"])


@pytest.mark.parametrize("name", ["data.gz", "data"])
@pytest.mark.parametrize("inside", ["", "toy-data"])
def test_the_chosen_folder_may_hold_the_file_packed_or_unpacked_itself_or_one_below(
    chosen, name, inside
):
    (chosen / inside).mkdir(exist_ok=True)
    (chosen / inside / name).write_bytes(CONTENT)
    assert obtain(make_source(), ["data.gz"]) == [chosen / inside / name]


def test_a_folder_that_the_caller_names_is_the_only_one_searched(publisher, chosen, tmp_path):
    (chosen / "data.gz").write_bytes(CONTENT)
    empty = tmp_path / "empty"
    with pytest.raises(DataUnavailable) as raised:
        obtain(make_source(publisher.url), ["data.gz"], folder=empty)
    assert str(empty) in str(raised.value)
    assert str(chosen) not in str(raised.value)


def test_files_of_one_data_set_never_come_from_two_folders(chosen):
    (chosen / "images").write_bytes(CONTENT)
    (chosen / "toy-data").mkdir()
    (chosen / "toy-data" / "labels").write_bytes(CONTENT)
    source = Source("Toy", "toy-data", NOWHERE, {"images": "md5:0", "labels": "md5:0"}, "toy")
    assert locate(source, ["images", "labels"]) is None
    with pytest.raises(DataUnavailable):
        obtain(source, ["images", "labels"])
    assert dict(copies(source)) == {
        "images": chosen / "images",
        "labels": chosen / "toy-data" / "labels",
    }


def test_a_mismatch_shows_both_checksums_and_the_same_file_has_none(tmp_path):
    path = tmp_path / "data.gz"
    path.write_bytes(CONTENT)
    assert mismatch(make_source(), "data.gz", path) is None
    path.write_bytes(b"other data")
    found, expected = (hashlib.md5(c).hexdigest() for c in (b"other data", CONTENT))
    assert mismatch(make_source(), "data.gz", path) == f"md5 {found}, expected {expected}"


@pytest.mark.parametrize(
    ("checksums", "name", "words"),
    [
        ({"data.gz": None}, "data.gz", "no checksum is published"),
        ({"data.gz": "md5:0"}, "data", "unpacked"),
    ],
)
def test_what_has_no_published_checksum_is_not_compared(tmp_path, checksums, name, words):
    (tmp_path / name).write_bytes(CONTENT)
    with pytest.raises(ValueError, match=words):
        mismatch(Source("Toy", "toy", NOWHERE, checksums), "data.gz", tmp_path / name)


def test_without_a_chosen_folder_downloads_are_kept_in_the_users_cache(monkeypatch, tmp_path):
    monkeypatch.delenv("DVAE_DATA", raising=False)
    monkeypatch.setattr(pooch, "os_cache", lambda project: tmp_path / project)
    assert data_folder() == tmp_path / "dvae-course"


def test_debians_own_compression_is_no_mismatch():
    source = make_source()
    with pytest.raises(ValueError, match="dpkg --verify dataset-toy"):
        mismatch(source, "data.gz", source.debian_folder / "data.gz")
