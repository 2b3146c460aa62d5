"""Files are found where the user put them, downloaded whole or not at all, and never guessed at."""

import hashlib
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pooch
import pytest

from dvae_course.datasets.download import DataUnavailable, Source, data_folder, obtain

CONTENT = b"some data"


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def publisher(tmp_path: Path):
    """The address of a local server that publishes `data.gz`."""
    folder = tmp_path / "published"
    folder.mkdir()
    (folder / "data.gz").write_bytes(CONTENT)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(QuietHandler, directory=folder))
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


@pytest.fixture
def chosen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder that `DVAE_DATA` names."""
    folder = tmp_path / "chosen"
    folder.mkdir()
    monkeypatch.setenv("DVAE_DATA", str(folder))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    return folder


def make_source(base_url: str = "http://127.0.0.1:9/", content: bytes = CONTENT) -> Source:
    checksums = {"data.gz": "md5:" + hashlib.md5(content).hexdigest()}
    return Source("Toy data", "toy-data", base_url, checksums, "dataset-toy")


def files_below(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_a_file_found_nowhere_is_downloaded_into_the_chosen_folder(publisher, chosen):
    (path,) = obtain(make_source(publisher), ["data.gz"])
    assert path == chosen / "toy-data" / "data.gz"
    assert path.read_bytes() == CONTENT


def test_a_downloaded_file_is_found_again_without_the_network(publisher, chosen):
    first = obtain(make_source(publisher), ["data.gz"])
    assert obtain(make_source("http://127.0.0.1:9/"), ["data.gz"]) == first


def test_a_download_with_the_wrong_checksum_is_refused_and_leaves_nothing_behind(publisher, chosen):
    with pytest.raises(DataUnavailable, match="does not match"):
        obtain(make_source(publisher, content=b"other data"), ["data.gz"])
    assert files_below(chosen) == []


def test_a_file_missing_from_the_server_is_refused_and_leaves_nothing_behind(publisher, chosen):
    with pytest.raises(DataUnavailable, match="404"):
        obtain(make_source(publisher + "elsewhere/"), ["data.gz"])
    assert files_below(chosen) == []


def test_without_network_the_error_names_what_where_and_every_way_out(chosen):
    with pytest.raises(DataUnavailable) as raised:
        obtain(make_source(), ["data.gz"])
    message = str(raised.value)
    for part in (
        "Toy data",
        "data.gz",
        str(chosen),
        "/usr/share/datasets/toy-data",
        "http://127.0.0.1:9/",
        "DVAE_DATA",
        "apt install dataset-toy",
    ):
        assert part in message


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
        obtain(make_source(publisher), ["data.gz"], folder=empty)
    assert str(empty) in str(raised.value)
    assert str(chosen) not in str(raised.value)


def test_files_of_one_data_set_never_come_from_two_folders(chosen):
    (chosen / "images").write_bytes(CONTENT)
    (chosen / "toy-data").mkdir()
    (chosen / "toy-data" / "labels").write_bytes(CONTENT)
    source = Source("Toy", "toy-data", "http://127.0.0.1:9/", {"images": "", "labels": ""}, "toy")
    with pytest.raises(DataUnavailable):
        obtain(source, ["images", "labels"])


def test_without_a_chosen_folder_downloads_are_kept_in_the_users_cache(monkeypatch, tmp_path):
    monkeypatch.delenv("DVAE_DATA", raising=False)
    monkeypatch.setattr(pooch, "os_cache", lambda project: tmp_path / project)
    assert data_folder() == tmp_path / "dvae-course"
