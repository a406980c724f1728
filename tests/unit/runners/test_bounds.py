"""Who takes too much is ended, and told what it was; who does not is left alone."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

from dag_factory.runners import bounds as module
from dag_factory.runners.base import MANY_PROCESSES, MUCH_DISK, Bounds
from dag_factory.runners.bounds import Watch, limits_of, most_memory

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")

HOLD = "import sys, time; held = b'x' * int(sys.argv[1]); print('held', flush=True); time.sleep(float(sys.argv[2]))"


def test_by_default_there_is_much_room():
    assert Bounds() == Bounds(network=True, memory=None, processes=MANY_PROCESSES, disk=MUCH_DISK)
    assert limits_of(Bounds()) == [f"--file={MUCH_DISK}"]
    assert limits_of(Bounds(memory=5, disk=7)) == ["--file=7", "--data=5"]


def test_where_nobody_wrote_how_much_memory_it_is_most_of_the_machine_s(bench, monkeypatch):
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    assert 0 < most_memory() <= machine * 3 // 4
    monkeypatch.setattr(module, "most_memory", lambda: 100_000_000)
    outcome = bench.run(sys.executable, "-c", HOLD, "150000000", "600")
    assert (outcome.ended, outcome.exit_code) == ("over-limit", None)
    assert "100 MB are allowed" in outcome.reason


@pytest.mark.parametrize(
    ("membership", "files", "limits"),
    [
        ("0::/a/b\n", {"memory.max": "max", "a/memory.max": "700", "a/b/memory.max": "900"}, [900, 700]),
        ("0::/\n", {"memory.max": "500"}, [500]),
        ("0::/../..\n", {"memory.max": "500"}, [500]),
        ("5:cpu:/x\n4:memory:/a\n", {"memory/memory.limit_in_bytes": "800", "memory/a/memory.limit_in_bytes": "600", "memory.max": "1"}, [600, 800]),
        ("0::/gone\n", {}, []),
    ],
)  # fmt: skip
def test_a_control_group_has_less_than_its_machine(tmp_path, membership, files, limits):
    (tmp_path / "cgroup").write_text(membership)
    for name, text in files.items():
        (tmp_path / "tree" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "tree" / name).write_text(f"{text}\n")
    assert sorted(module._group_limits(tmp_path / "cgroup", tmp_path / "tree")) == sorted(limits)
    assert list(module._group_limits(tmp_path / "none", tmp_path / "tree")) == []


def test_a_program_within_its_bounds_is_left_alone(bench):
    bounds = Bounds(memory=500_000_000, processes=10, disk=10_000_000)
    outcome = bench.run("sh", "-c", "sleep 1 & echo x > file; wait; exit 3", bounds=bounds, folders=[bench.workspace])
    assert (outcome.ended, outcome.exit_code, outcome.reason) == ("exited", 3, "")


def test_one_process_is_refused_too_much_memory(bench):
    outcome = bench.run(sys.executable, "-c", HOLD, "300000000", "0", bounds=Bounds(memory=200_000_000))
    assert (outcome.ended, outcome.exit_code) == ("exited", 1)
    assert "MemoryError" in outcome.excerpt


def test_many_that_have_too_much_together_are_ended(bench, runs):
    script = f'for i in 1 2 3 4; do {sys.executable} -c "{HOLD}" 80000000 600 & done; echo $! > child; wait'
    outcome = bench.run("sh", "-c", script, bounds=Bounds(memory=200_000_000))
    assert (outcome.ended, outcome.exit_code) == ("over-limit", None)
    assert outcome.reason.startswith("It took ")
    assert "MB of memory, and 200 MB are allowed. It and everything it had started were ended." in outcome.reason
    assert not runs(bench.pid_in("child"))


def test_what_processes_share_counts_once(bench):
    script = """
import os, sys, time
held = b"x" * 100_000_000
for _ in range(4):
    if os.fork() == 0:
        time.sleep(1.5)
        os._exit(0)
for _ in range(4):
    os.wait()
"""
    outcome = bench.run(sys.executable, "-c", script, bounds=Bounds(memory=250_000_000))
    assert (outcome.ended, outcome.exit_code) == ("exited", 0)


def test_a_crowd_is_ended_even_if_it_does_not_listen(bench, runs):
    outcome = bench.run("sh", "-c", "trap '' TERM; echo $$ > child; while :; do sleep 600 & done", bounds=Bounds(processes=40))
    assert outcome.ended == "over-limit"
    assert "processes at once, and 40 are allowed" in outcome.reason
    assert not runs(bench.pid_in("child"))
    assert module.warden.below(module.os.getpid()) == {}


def test_one_file_that_grows_without_end_ends_its_writer(bench):
    outcome = bench.run("sh", "-c", "exec yes > file", bounds=Bounds(disk=3_000_000))
    assert outcome.exit_code == 128 + 25
    assert "ended by signal 25 (File size limit exceeded)" in outcome.reason
    assert (bench.workspace / "file").stat().st_size <= 3_000_000


def test_many_files_fill_the_disk_no_more_than_one(bench):
    script = "i=0; while :; do i=$((i+1)); head -c 1000000 /dev/zero > file$i; sleep 0.01; done"
    outcome = bench.run("sh", "-c", script, bounds=Bounds(disk=20_000_000), folders=[bench.workspace])
    assert outcome.ended == "over-limit"
    assert "of the disk, and 20 MB are allowed" in outcome.reason


def test_nobody_dumps_core(bench):
    assert bench.run("sh", "-c", "ulimit -c; ulimit -Hc").excerpt.split() == ["0", "0"]


def test_a_limit_of_the_worker_s_own_is_kept():
    script = "import resource; print(*resource.getrlimit(resource.RLIMIT_FSIZE))"
    ours = [sys.executable, "-I", "-S", module.warden.__file__, "--file=9000000", sys.executable, "-c", script]
    with subprocess.Popen(
        ["sh", "-c", 'ulimit -f 5000; exec "$@"', "sh", *ours], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:  # fmt: skip
        process.wait(20)
        assert process.stdout is not None
        soft, hard = map(int, process.stdout.read().split())
    assert soft == hard < 9_000_000


def size(folder):
    return list(module._sizes([folder]))[-1]


def test_links_and_what_vanishes_count_for_nothing(tmp_path):
    (tmp_path / "big").write_bytes(b"x" * 1_000_000)
    inner = tmp_path / "inner"
    inner.mkdir()
    (inner / "link").symlink_to(tmp_path)
    (inner / "none").symlink_to(tmp_path / "nowhere")
    assert size(inner) < 100_000
    assert size(tmp_path) >= 1_000_000
    assert size(tmp_path / "nowhere") == 0


def test_however_many_files_there_are_each_look_is_short_and_goes_on_where_the_last_ended(monkeypatch):
    looked = []

    def slowly(folders):
        for number in range(5):
            looked.append(number)
            time.sleep(2 * module._A_LITTLE)
            yield number

    monkeypatch.setattr(module, "_sizes", slowly)
    monkeypatch.setattr(module, "_below", lambda root: [])
    watch = Watch(Bounds(disk=3), [])
    answers = []
    for _ in range(5):
        watch._next = watch._next_disk = 0
        before = len(looked)
        answers.append(watch.over(1))
        assert len(looked) - before <= 2
    assert answers[:3] == ["", "", ""]
    assert "of the disk" in next(filter(None, answers))


def test_the_more_files_there_are_the_less_often_all_are_looked_at(monkeypatch):
    def slowly(folders):
        time.sleep(0.05)
        yield 1

    monkeypatch.setattr(module, "_sizes", slowly)
    monkeypatch.setattr(module, "_below", lambda root: [])
    watch = Watch(Bounds(), [])
    watch._next = watch._next_disk = 0
    while watch._next_disk == 0 or watch._scan is not None:
        watch._next = 0
        assert watch.over(1) == ""
    assert watch._next_disk - time.monotonic() > 8


def test_where_the_kernel_does_not_tell_children_all_are_asked(bench, monkeypatch):
    with subprocess.Popen(["sh", "-c", "sleep 60 & wait"]) as process:
        try:
            deadline = time.monotonic() + 5
            while len(module._below(process.pid)) != 1 and time.monotonic() < deadline:
                time.sleep(0.01)
            [child] = module._below(process.pid)
            monkeypatch.setattr(module.Path, "read_bytes", lambda self: (_ for _ in ()).throw(FileNotFoundError(str(self))))
            assert module._below(process.pid) == [child]
        finally:
            monkeypatch.undo()
            for pid, began in module.warden.below(process.pid).items():
                module.warden.send(pid, began, 9)
            process.kill()
