"""Downloads against a host on this computer: whatever happens on the way, no half of a file gets its name."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import socket
import threading
import time
import urllib.error
import urllib.request
from collections import namedtuple
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from models.errors import ModelError
from models.networks.spec import WeightsFile
from models.weights import transfer
from models.weights.downloads import DownloadProgress, Downloads
from models.weights.transfer import Partial, Timeouts, Transfer
from models.weights.web import _Redirects
from tests.models.weights.weight_host import Host, hosting

CONTENT = bytes(range(256)) * 4096
DIGEST = hashlib.sha256(CONTENT).hexdigest()
FILE = WeightsFile(
    f"net-{DIGEST[:8]}.pth", len(CONTENT), DIGEST[:8], f"https://example.invalid/net-{DIGEST[:8]}.pth"
)
PATIENCE = 10.0
QUICK = Timeouts(connect=1.0, read=0.2)


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")


@pytest.fixture
def host() -> Iterator[Host]:
    with hosting(CONTENT) as serving:
        yield serving


@pytest.fixture
def downloads(host: Host, tmp_path: Path) -> Downloads:
    return Downloads(tmp_path / "cache", host.url, QUICK)


def finish(downloads: Downloads, file: WeightsFile = FILE) -> DownloadProgress:
    downloads.start(file)
    ended = downloads.wait(file, PATIENCE)
    assert ended is not None and not ended.active
    return ended


def arrived(downloads: Downloads) -> set[str]:
    return {path.name for path in downloads.folder.iterdir()} if downloads.folder.exists() else set()


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.005)


def fails(downloads: Downloads, code: str, file: WeightsFile = FILE) -> ModelError:
    ended = finish(downloads, file)
    assert ended.state == "failed" and ended.error is not None
    assert ended.error.code == code
    assert ended.error.params["file"] == file.name
    assert ended.error.params["expected"] == str(downloads.folder / file.name)
    assert file.name not in arrived(downloads)
    return ended.error


def test_a_file_arrives_whole_and_under_its_name(host: Host, downloads: Downloads) -> None:
    ended = finish(downloads)
    assert (ended.state, ended.received, ended.total, ended.fraction) == (
        "done",
        len(CONTENT),
        len(CONTENT),
        1,
    )
    assert (downloads.folder / FILE.name).read_bytes() == CONTENT
    assert arrived(downloads) == {FILE.name}
    assert host.requests == [(f"/{FILE.name}", None)]


def test_progress_tells_bytes_and_speed_while_it_runs(host: Host, downloads: Downloads) -> None:
    host.gate.clear()
    patient = Downloads(downloads.folder, host.url, Timeouts(read=PATIENCE))
    assert patient.progress(FILE) is None
    patient.start(FILE)
    until(lambda: (now := patient.progress(FILE)) is not None and now.received == len(CONTENT) // 2)
    now = patient.progress(FILE)
    assert now is not None and now.active
    assert (now.state, now.total, now.fraction) == ("running", len(CONTENT), 0.5)
    assert now.speed > 0
    assert arrived(patient) == {f"{FILE.name}.partial", f"{FILE.name}.partial.json"}
    host.gate.set()
    ended = patient.wait(FILE, PATIENCE)
    assert ended is not None and (ended.state, ended.speed) == ("done", 0)


def test_many_visitors_cause_one_download(host: Host, downloads: Downloads) -> None:
    host.gate.clear()
    patient = Downloads(downloads.folder, host.url, Timeouts(read=PATIENCE))
    together = threading.Barrier(8)

    def visit(_: int) -> DownloadProgress | None:
        together.wait()
        patient.start(FILE)
        host.gate.set()
        return patient.wait(FILE, PATIENCE)

    with ThreadPoolExecutor(8) as pool:
        states = [ended and ended.state for ended in pool.map(visit, range(8))]
    assert states == ["done"] * 8
    assert len(host.requests) == 1


def test_what_is_in_the_cache_is_not_fetched_again(host: Host, downloads: Downloads) -> None:
    downloads.folder.mkdir()
    (downloads.folder / FILE.name).write_bytes(CONTENT)
    assert finish(downloads).state == "done"
    assert host.requests == []


def test_a_damaged_file_in_the_cache_is_replaced(downloads: Downloads) -> None:
    downloads.folder.mkdir()
    (downloads.folder / FILE.name).write_bytes(CONTENT[:-1])
    assert finish(downloads).state == "done"
    assert (downloads.folder / FILE.name).read_bytes() == CONTENT


def test_a_cut_off_file_is_resumed_where_it_stopped(host: Host, downloads: Downloads) -> None:
    host.cut_after = 600_000
    error = fails(downloads, "download_cut_off")
    assert error.params["received"] == 600_000
    host.cut_after = None
    assert finish(downloads).state == "done"
    assert [asked for _, asked in host.requests] == [None, "bytes=600000-"]
    assert (downloads.folder / FILE.name).read_bytes() == CONTENT


def test_a_new_server_offers_to_resume_what_the_old_one_began(host: Host, downloads: Downloads) -> None:
    host.cut_after = 1000
    fails(downloads, "download_cut_off")
    after_restart = Downloads(downloads.folder, host.url, QUICK)
    assert after_restart.progress(FILE) == DownloadProgress(FILE.name, "cancelled", 1000, len(CONTENT))
    host.cut_after = None
    assert finish(after_restart).state == "done"
    assert host.requests[-1][1] == "bytes=1000-"


@pytest.mark.parametrize(
    "change", [{"ranges": False}, {"etag": '"two"'}], ids=["no ranges", "another version"]
)
def test_a_server_that_cannot_continue_begins_anew(
    host: Host, downloads: Downloads, change: dict[str, object]
) -> None:
    host.cut_after = 600_000
    host.content = bytes(len(CONTENT))
    fails(downloads, "download_cut_off")
    host.cut_after = None
    host.content = CONTENT
    for name, value in change.items():
        setattr(host, name, value)
    assert finish(downloads).state == "done"
    assert host.requests[-1][1] == "bytes=600000-"


def test_without_a_version_nothing_is_appended(host: Host, downloads: Downloads) -> None:
    host.etag = ""
    host.cut_after = 600_000
    fails(downloads, "download_cut_off")
    host.cut_after = None
    assert finish(downloads).state == "done"
    assert [asked for _, asked in host.requests] == [None, None]


def test_a_part_longer_than_the_file_is_given_up(host: Host, downloads: Downloads) -> None:
    downloads.folder.mkdir()
    part = Partial(downloads.folder, FILE.name)
    part.path.write_bytes(CONTENT + b"more")
    part.remember(host.etag, len(CONTENT))
    assert finish(downloads).state == "done"
    assert [asked for _, asked in host.requests] == [f"bytes={len(CONTENT) + 4}-", None]


def test_a_wrong_file_is_thrown_away(host: Host, downloads: Downloads) -> None:
    host.content = bytes(len(CONTENT))
    fails(downloads, "download_hash")
    assert arrived(downloads) == set()
    host.content = CONTENT
    assert finish(downloads).state == "done"


def test_an_endless_file_is_not_written_to_the_end(host: Host, downloads: Downloads) -> None:
    host.chunked, host.content = True, CONTENT * 4
    fails(downloads, "download_hash")
    assert arrived(downloads) == set()


def test_a_file_without_a_length_is_verified_all_the_same(host: Host, downloads: Downloads) -> None:
    host.chunked = True
    assert finish(downloads).state == "done"


@pytest.mark.parametrize("status", [403, 404, 416, 500, 503])
def test_a_refusal_is_told_with_its_number(host: Host, downloads: Downloads, status: int) -> None:
    host.status = status
    error = fails(downloads, "download_not_found")
    assert error.params["status"] == status
    assert error.params["url"] == f"{host.url}/{FILE.name}"


@pytest.mark.parametrize("silent", ["headers", "body"])
def test_silence_ends_after_the_time_out(host: Host, downloads: Downloads, silent: str) -> None:
    host.silent = silent
    before = time.monotonic()
    error = fails(downloads, "download_slow")
    assert time.monotonic() - before < 3
    assert error.params["seconds"] == 0.2


def test_an_unreachable_server_is_told(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{free.getsockname()[1]}"
        fails(Downloads(tmp_path, nobody, QUICK), "download_offline")


@pytest.mark.parametrize("address", ["nonsense", "file:///etc", "ftp://127.0.0.1"])
def test_an_address_of_another_kind_is_not_opened(tmp_path: Path, address: str) -> None:
    fails(Downloads(tmp_path, address, QUICK), "download_offline")


def test_without_a_mirror_only_encrypted_addresses_are_opened(host: Host, tmp_path: Path) -> None:
    published = replace(FILE, url=f"{host.url}/{FILE.name}")
    fails(Downloads(tmp_path, None, QUICK), "download_offline", published)
    assert host.requests == []


def test_the_mirror_can_be_named_in_the_configuration(
    host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIGHTLINES_WEIGHTS_URL", f"{host.url}/weights/")
    assert finish(Downloads(tmp_path, None, QUICK)).state == "done"
    assert host.requests == [(f"/weights/{FILE.name}", None)]


def test_the_cache_is_that_of_torch(host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    assert finish(Downloads(None, host.url, QUICK)).state == "done"
    assert (tmp_path / "hub" / "checkpoints" / FILE.name).read_bytes() == CONTENT


def test_a_redirect_is_followed_once_and_not_for_ever(host: Host, downloads: Downloads) -> None:
    host.redirect = "/moved"
    assert finish(downloads).state == "done"
    downloads.delete(FILE)
    host.requests.clear()
    host.redirect = "/again"
    fails(downloads, "download_not_found")
    assert 1 < len(host.requests) <= 6


def test_no_redirect_leads_out_of_encryption() -> None:
    strict = _Redirects(plain=False)
    request = urllib.request.Request("https://example.invalid/file")
    with pytest.raises(urllib.error.HTTPError, match="insecure") as caught:
        strict.redirect_request(request, io.BytesIO(), 302, "Found", {}, "http://example.invalid/moved")
    caught.value.close()
    followed = strict.redirect_request(
        request, io.BytesIO(), 302, "Found", {}, "https://example.invalid/moved"
    )
    assert followed is not None and followed.full_url == "https://example.invalid/moved"


def test_a_cancelled_download_keeps_what_has_arrived(host: Host, downloads: Downloads) -> None:
    host.gate.clear()
    patient = Downloads(downloads.folder, host.url, Timeouts(read=PATIENCE))
    patient.start(FILE)
    until(lambda: (now := patient.progress(FILE)) is not None and now.received == len(CONTENT) // 2)
    patient.cancel(FILE)
    now = patient.progress(FILE)
    assert now is not None and now.state == "cancelled"
    # Taken up at once, while the first is still waiting for its server.
    patient.start(FILE)
    host.gate.set()
    ended = patient.wait(FILE, PATIENCE)
    assert ended is not None and ended.state == "done"
    assert len(host.requests) == 2 and host.requests[1][1] is not None
    assert (downloads.folder / FILE.name).read_bytes() == CONTENT


def test_only_so_many_run_at_a_time(host: Host, tmp_path: Path) -> None:
    host.gate.clear()
    one = Downloads(tmp_path, host.url, Timeouts(read=PATIENCE), parallel=1)
    other, third = replace(FILE, name="other.pth"), replace(FILE, name="third.pth")
    one.start(FILE)
    assert host.half_way.wait(PATIENCE)
    assert one.start(other).state == "waiting"
    assert one.start(third).state == "waiting"
    one.cancel(third)
    stopped = one.wait(third, PATIENCE)
    assert stopped is not None and stopped.state == "cancelled"
    assert len(host.requests) == 1
    host.gate.set()
    ended = one.wait(other, PATIENCE)
    assert ended is not None and ended.state == "done"
    assert [path for path, _ in host.requests] == [f"/{FILE.name}", "/other.pth"]


def test_deleting_removes_the_file_and_every_part(host: Host, downloads: Downloads) -> None:
    finish(downloads)
    downloads.delete(FILE)
    assert arrived(downloads) == set()
    assert downloads.progress(FILE) is None
    host.cut_after = 1000
    fails(downloads, "download_cut_off")
    downloads.delete(FILE)
    assert arrived(downloads) == set()
    downloads.delete(FILE)


def test_deleting_stops_a_download(host: Host, downloads: Downloads) -> None:
    host.gate.clear()
    downloads.start(FILE)
    assert host.half_way.wait(PATIENCE)
    downloads.delete(FILE)
    assert arrived(downloads) == set()
    assert downloads.progress(FILE) is None


def test_what_cannot_be_deleted_is_told(downloads: Downloads) -> None:
    (downloads.folder / FILE.name).mkdir(parents=True)
    with pytest.raises(ModelError) as caught:
        downloads.delete(FILE)
    assert caught.value.code == "weights_not_deleted"


def test_a_disk_too_small_is_noticed_before_it_is_full(
    downloads: Downloads, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = namedtuple("usage", "total used free")
    needed = len(CONTENT) + transfer.RESERVE
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(needed, 1, needed - 1))
    fails(downloads, "download_disk_full")
    assert arrived(downloads) == set()
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(needed, 0, needed))
    assert finish(downloads).state == "done"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_disk_that_fills_up_on_the_way_is_told(downloads: Downloads) -> None:
    downloads.folder.mkdir()
    Partial(downloads.folder, FILE.name).path.symlink_to("/dev/full")
    fails(downloads, "download_disk_full")


def test_a_folder_that_cannot_be_written_to_is_told(host: Host, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file where a folder should be")
    fails_here = Downloads(tmp_path / "cache", host.url, QUICK)
    ended = finish(fails_here)
    assert ended.error is not None and ended.error.code == "download_not_writable"


def test_a_crash_before_the_new_name_costs_no_second_download(
    host: Host, downloads: Downloads, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def kill(*_: object) -> None:
        raise Killed

    killed = Transfer(FILE, downloads.folder, f"{host.url}/{FILE.name}", True, QUICK)
    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", kill)
        with pytest.raises(Killed):
            killed.run(lambda *_: None, lambda: False)
    assert FILE.name not in arrived(downloads)
    assert finish(downloads).state == "done"
    assert len(host.requests) == 1
    assert (downloads.folder / FILE.name).read_bytes() == CONTENT


def test_a_file_that_nobody_published_cannot_be_downloaded(downloads: Downloads) -> None:
    with pytest.raises(ValueError, match="not published"):
        downloads.start(WeightsFile("own.resnet18.pth", 1))
    with pytest.raises(ValueError, match="at least 1"):
        Downloads(parallel=0)
