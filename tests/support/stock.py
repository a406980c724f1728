"""Airflow's own operators as personas of a small workflow, and one that does as it is told."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import quote

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from support.house import House

BASH = "airflow.providers.standard.operators.bash.BashOperator"
PYTHON = "airflow.providers.standard.operators.python.PythonOperator"
SENSOR = "airflow.providers.standard.sensors.date_time.DateTimeSensorAsync"
DELTA = "airflow.providers.standard.sensors.time_delta.TimeDeltaSensor"
NOTED = f"{__name__}.Noted"
REPORT = {"git": False, "evidence": "report: note.md, kind: file"}


def bound(operator: str, more: str = "", **arguments: str) -> str:
    written = ", ".join(f"{name}: {value}" for name, value in arguments.items())
    return f"operator: {operator}, arguments: {{{written}}}{more}"


def first(house: House) -> House:
    house.run("kickoff", "first.write")
    return house


def said(house: House) -> Any:
    return house.record.newest("first/write").says


class Noted(BaseOperator):
    """An operator that does as it is told, and keeps what it is given as operators do: also deep inside."""

    template_fields = ("text", "deep")
    waits: ClassVar[list[Any]] = []
    killed: ClassVar[list[str]] = []

    def __init__(self, *, text: str = "", deep: Any = None, does: str = "", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.text, self.does, self.deep = text, does, deep
        self.boxed = Box({"again": text})

    def execute(self, context: Any) -> str:
        Path(os.environ["PHASEGATE_EVIDENCE"], "note.md").write_text(f"{self.text} {self.deep} {self.boxed.inside}", encoding="utf-8")
        getattr(self, f"do_{self.does or 'nothing'}")(context)
        return self.text

    def do_nothing(self, context: Any) -> None:
        pass

    def do_skip(self, context: Any) -> None:
        raise AirflowSkipException("not today")

    def do_break(self, context: Any) -> None:
        raise ValueError(f"it broke, with {self.text}\nand more")

    def do_tell(self, context: Any) -> None:
        told = f"?token={quote(self.text, safe='')}, Basic {base64.b64encode(f'bot:{self.text}'.encode()).decode()}"
        try:
            Path("/nowhere", self.text).read_text(encoding="utf-8")
        except OSError as error:
            error.add_note(told)
            raise subprocess.CalledProcessError(1, ["curl", told]) from error

    def do_stop(self, context: Any) -> None:
        raise AirflowFailException("never again")

    def do_branch(self, context: Any) -> None:
        from airflow.sdk.exceptions import DownstreamTasksSkipped

        raise DownstreamTasksSkipped(tasks=["first.gate"])

    def do_trigger(self, context: Any) -> None:
        from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator

        TriggerDagRunOperator(task_id="other", trigger_dag_id="other", skip_when_already_exists=True).execute({**context, "dag_run": None})

    def do_exit(self, context: Any) -> None:
        sys.exit(0)

    def do_sleep(self, context: Any) -> None:
        time.sleep(60)

    def do_wait(self, context: Any) -> None:
        self.defer(trigger=self.waits[0], method_name="go_on", kwargs={"word": "kept"})

    def do_kill(self, context: Any) -> None:
        self.on_kill()

    def do_daemon(self, context: Any) -> None:
        subprocess.Popen(["/bin/sh", "-c", f"(setsid sleep 300 & echo $! > {self.deep})"]).wait()
        self.waits.append(int(Path(self.deep).read_text()))

    def do_thread(self, context: Any) -> None:
        threading.Thread(target=self.linger, name="writer", daemon=True).start()

    def linger(self) -> None:
        for _ in range(int(float(self.deep) * 50)):
            time.sleep(0.02)

    def go_on(self, context: Any, word: str, event: Any = None) -> str:
        with Path(os.environ["PHASEGATE_EVIDENCE"], "note.md").open("a", encoding="utf-8") as file:
            file.write(f" {word} {event} {self.text}")
        return word

    def on_kill(self) -> None:
        self.killed.append(self.text)


class Box:
    """An object of a library's, such as a model of Kubernetes."""

    def __init__(self, inside: Any) -> None:
        self.inside = inside


class Trigger:
    """What is waited for; Airflow never sees it here."""

    def __init__(self, *, end_from_trigger: bool = False) -> None:
        self.end_from_trigger = end_from_trigger
