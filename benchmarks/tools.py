"""Tool calling: 40 questions over 6 tools, at temperature 0, for each language model.

python -m benchmarks.tools [--model NAME]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass
from itertools import permutations
from pathlib import Path
from typing import Any

from jsonschema.validators import validator_for

from benchmarks.results import median, report
from benchmarks.tool_cases import CASES, TOOLS, Arguments, Case
from thinktalk import settings
from thinktalk.conversation import Message, TextPart, Tool
from thinktalk.engines.base import GenerateRequest, Sampling, Thinker
from thinktalk.engines.cascade.arbiter import Arbiter
from thinktalk.engines.cascade.thinker import LlamaThinker
from thinktalk.events import Finished, TextDelta, ToolCallDelta

MODELS = ("qwen2.5-coder-1.5b", "qwen2.5-coder-0.5b")


@dataclass(frozen=True, slots=True)
class Outcome:
    """`valid`: known tools, arguments by their schema. `right`: the right tools, as often as asked.

    `exact`: and the values that the case names.
    """

    case: Case
    calls: tuple[tuple[str, str], ...]
    text: str
    valid: bool
    right: bool
    exact: bool
    first_s: float
    total_s: float


async def ask(thinker: Thinker, case: Case, tools: Sequence[Tool]) -> Outcome:
    request = GenerateRequest(
        messages=(Message("user", (TextPart(case.question),)),),
        sampling=Sampling(temperature=0, max_tokens=300 if case.calls else 40),
        tools=tuple(tools),
        tool_choice=case.choice,
        parallel_tool_calls=True,
    )
    text, calls, reason = "", [], ""
    start, first_s = time.perf_counter(), None
    async with aclosing(thinker.think(request)) as thoughts:
        async for thought in thoughts:
            if isinstance(thought, (TextDelta, ToolCallDelta)) and first_s is None:
                first_s = time.perf_counter() - start
            if isinstance(thought, TextDelta):
                text += thought.text
            elif isinstance(thought, ToolCallDelta):
                if thought.name:
                    calls.append((thought.name, ""))
                calls[-1] = (calls[-1][0], calls[-1][1] + thought.arguments)
            elif isinstance(thought, Finished):
                reason = thought.reason
    total_s = time.perf_counter() - start
    valid = _is_valid(calls, tools) and (not calls or (reason == "tool_calls" and not text))
    right = sorted(name for name, _ in calls) == sorted(name for name, _ in case.calls)
    exact = valid and right and _has_values(calls, case)
    return Outcome(case, tuple(calls), text, valid, right, exact, first_s or total_s, total_s)


def _is_valid(calls: Sequence[tuple[str, str]], tools: Sequence[Tool]) -> bool:
    schemas = {tool.name: tool.parameters for tool in tools}
    for name, arguments in calls:
        try:
            value = json.loads(arguments)
        except ValueError:
            return False
        if name not in schemas or not validator_for(schemas[name])(schemas[name]).is_valid(value):
            return False
    return True


def _has_values(calls: Sequence[tuple[str, str]], case: Case) -> bool:
    """Whether the calls, in some order, have the values that are expected."""
    given = [(name, json.loads(arguments)) for name, arguments in calls]
    return any(
        all(
            name == wanted and _matches(arguments, values)
            for (name, arguments), (wanted, values) in zip(order, case.calls, strict=True)
        )
        for order in permutations(given)
    )


def _matches(arguments: Any, values: Arguments) -> bool:
    for path, expected in values.items():
        found = arguments
        for step in path.split("."):
            found = found.get(step) if isinstance(found, dict) else None
        allowed = expected if isinstance(expected, tuple) else (expected,)
        if _plain(found) not in [_plain(value) for value in allowed]:
            return False
    return True


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return value.casefold().strip(" .!")
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value


async def measure(model: str, cases: Sequence[Case], tools: Sequence[Tool]) -> list[Outcome]:
    configured = settings.load()
    weights = configured.weights.cache / "weights"
    thinker = LlamaThinker(
        weights / "llama-cpp",
        _model_file(weights / model),
        name=model,
        threads=configured.cascade.threads,
        parallel=1,
        window_tokens=8192,
        arbiter=Arbiter(alternate=True),
    )
    await thinker.start()
    try:
        await ask(thinker, cases[0], tools)  # reads the worked examples and the tools
        return [await ask(thinker, case, tools) for case in cases]
    finally:
        await thinker.stop()


def _model_file(folder: Path) -> Path:
    found = sorted(folder.glob("*.gguf"))
    if not found:
        raise SystemExit(f"no model in {folder}: thinktalk weights pull {folder.name}")
    return found[0]


def rows(model: str, outcomes: Sequence[Outcome]) -> list[dict[str, Any]]:
    """One row for each kind of case, and one for all."""
    groups = {kind: [o for o in outcomes if o.case.kind == kind] for kind in _kinds(outcomes)}
    return [
        {
            "model": model,
            "cases": f"{kind} ({len(group)})",
            "valid %": _share([o.valid for o in group]),
            "right tool and valid %": _share([o.valid and o.right for o in group]),
            "and right values %": _share([o.exact for o in group]),
            "first s": median([o.first_s for o in group]),
            "total s": median([o.total_s for o in group]),
        }
        for kind, group in [*groups.items(), ("all", list(outcomes))]
    ]


def _kinds(outcomes: Sequence[Outcome]) -> list[str]:
    return list(dict.fromkeys(outcome.case.kind for outcome in outcomes))


def _share(flags: Sequence[bool]) -> float:
    return round(100 * sum(flags) / len(flags), 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", choices=MODELS, action="append")
    table, details = [], []
    for model in parser.parse_args().model or MODELS:
        outcomes = asyncio.run(measure(model, CASES, TOOLS))
        table += rows(model, outcomes)
        details += [
            {
                "model": model,
                "question": outcome.case.question,
                "right": outcome.right,
                "exact": outcome.exact,
                "calls": outcome.calls,
                "text": outcome.text,
            }
            for outcome in outcomes
        ]
    report("tools", table, details)


if __name__ == "__main__":
    main()
