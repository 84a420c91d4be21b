"""LlamaThinker: writes replies and tool calls with a Qwen2.5 GGUF model on the CPU, from text.

Media parts of messages are ignored: the engine above has turned them into text.
"""

from __future__ import annotations

import asyncio
import json
from collections import OrderedDict
from collections.abc import AsyncGenerator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from pathlib import Path

from thinktalk.conversation import Message, TextPart
from thinktalk.engines.base import GenerateRequest, Sampling, Thought
from thinktalk.engines.cascade import grammars, prompt, tool_calls
from thinktalk.engines.cascade.arbiter import Arbiter
from thinktalk.engines.cascade.decoding import Decoder, Reading, Run
from thinktalk.engines.cascade.llama import Llama
from thinktalk.engines.cascade.loops import LoopWatch
from thinktalk.engines.cascade.slots import SlotTable
from thinktalk.engines.cascade.tool_results import retell
from thinktalk.engines.cascade.vocabulary import Vocabulary
from thinktalk.engines.reply_text import ReplyText
from thinktalk.errors import InvalidField, InvalidToolSchema, NotReady, PromptTooLong
from thinktalk.events import Finished, FinishReason, Progress, TextDelta, Usage

_SHORTEST_REPLY = 16  # tokens that must be left for the reply
_CALLS_WINDOW = 7168  # tokens of a decision about tools, its worked examples and its answer
_LONGEST_CALLS = 2048  # tokens of the answer
_LONGEST_JSON = 4096  # tokens of a reply in JSON that asks for no limit
_MAX_CHECKED = 256  # grammars remembered as readable
# Models whose replies stay the same with keys in 8 bits. With them qwen2.5-coder-0.5b, asked for
# the numbers from 1 on, writes 1,234,567,890.
_SHORT_KEYS = ("qwen2.5-coder-1.5b",)
_GREEDY = Sampling(temperature=0.0)
_ANY_OBJECT = {"type": "object"}
_JSON_HINT = "Answer with a JSON object only"


class LlamaThinker:
    """Implements `engines.base.Thinker`.

    Args:
        libraries: the folder of llama.cpp's libraries.
        name: of the weights.
        threads: processor threads of one decoding step.
        parallel: conversations decoded at once.
        window_tokens: prompt and reply of one conversation; all running ones share it.
    """

    def __init__(
        self,
        libraries: Path,
        model_file: Path,
        *,
        name: str,
        threads: int,
        parallel: int,
        window_tokens: int,
        arbiter: Arbiter,
    ) -> None:
        self.name = name
        self.window_tokens = window_tokens
        self._libraries, self._model_file = libraries, model_file
        self._threads, self._parallel = threads, parallel
        self._arbiter = arbiter
        # Decisions about tools keep a slot, so that conversations never evict its examples.
        self._slots = SlotTable(parallel, window_tokens)
        self._call_slot = SlotTable(1, _CALLS_WINDOW, first=parallel)
        self._faults: OrderedDict[str, str] = OrderedDict()
        self._executor: ThreadPoolExecutor | None = None
        self._llama: Llama | None = None
        self._vocabulary: Vocabulary | None = None
        self._decoder: Decoder | None = None

    async def start(self) -> None:
        """Load and warm up; idempotent. What fails half-way leaves nothing behind."""
        if self._decoder is not None:
            return
        # One thread for each slot's decoding, one for what is short.
        executor = ThreadPoolExecutor(self._parallel + 2, f"thinker-{self.name}")
        loop = asyncio.get_running_loop()
        loading = loop.run_in_executor(executor, self._load)
        try:
            self._vocabulary = await loop.run_in_executor(
                executor, Vocabulary.read, self._model_file
            )
            self._llama = await asyncio.shield(loading)
            self._executor = executor
            decoder = Decoder(self._llama, self._arbiter, executor)
            # Prepares for grammars, and reads what every conversation begins with.
            await self._grammar_fault(grammars.json_grammar(_ANY_OBJECT))
            first = Run(self._encode(()), _GREEDY, 1)
            async with aclosing(decoder.decode(first, self._slots)) as pieces:
                async for _ in pieces:
                    pass
        except BaseException:
            self._llama = self._executor = None
            loading.add_done_callback(_close_model)
            executor.shutdown(wait=False)
            raise
        self._decoder = decoder

    async def stop(self) -> None:
        """Cancel what runs and free the model; idempotent."""
        if self._decoder is None or self._executor is None or self._llama is None:
            return
        decoder, self._decoder = self._decoder, None
        await decoder.stop()
        await asyncio.get_running_loop().run_in_executor(self._executor, self._llama.close)
        self._executor.shutdown()
        self._executor = self._llama = None

    def count_tokens(self, text: str) -> int:
        return len(self._words().encode(text))

    def count_prompt(self, request: GenerateRequest) -> int:
        """Tokens of the prompt that the reply is written from, template included."""
        return len(self._encode(_reply_messages(request)))

    async def think(self, request: GenerateRequest) -> AsyncGenerator[Thought, None]:
        """Write calls or the reply. Raises before the first thought what cannot be served."""
        await self._check(request)
        if request.sampling.max_tokens == 0:
            yield Finished("length", self._usage(request, await self._read(request)))
            return
        if request.tools and request.tool_choice.mode != "none":
            has_called = False
            async with aclosing(self._call_tools(request)) as thoughts:
                async for thought in thoughts:
                    has_called = has_called or not isinstance(thought, Progress)
                    yield thought
            if has_called:
                return
        async with aclosing(self._reply(request)) as thoughts:
            async for thought in thoughts:
                yield thought

    async def _read(self, request: GenerateRequest) -> Run:
        """Have a slot read what is written from first: the reply, or the decision about tools."""
        if request.tools and request.tool_choice.mode != "none":
            turns, slots = await self._decision(request), self._call_slot
        else:
            turns, slots = _reply_messages(request), self._slots
        run = Run(await self._off_loop(turns), _GREEDY, 1)
        async with aclosing(self._ready().decode(run, slots)) as pieces:
            async for _ in pieces:
                pass
        return run

    async def _reply(self, request: GenerateRequest) -> AsyncGenerator[Thought, None]:
        sampling, grammar = request.sampling, _reply_grammar(request)
        ids = await self._off_loop(_reply_messages(request))
        # All of it is reserved at once: without a limit one answer would take the whole window.
        limit = sampling.max_tokens or (_LONGEST_JSON if grammar else None)
        run = Run(
            ids,
            sampling,
            _room(len(ids), self.window_tokens, limit),
            grammar=grammar,
        )
        shown = ReplyText(sampling.stop, sampling.stop_token_ids)
        watch = LoopWatch()
        async with aclosing(self._ready().decode(run, self._slots)) as pieces:
            async for piece in pieces:
                if isinstance(piece, Reading):
                    yield Progress("thinking", piece.share)
                    continue
                text, token = piece
                if ready := shown.feed(text, token):
                    yield TextDelta(ready)
                watch.feed(token)
                if shown.stopped or watch.looping:
                    break
        if rest := shown.finish():
            yield TextDelta(rest)
        is_cut = (run.reason == "length" or watch.looping) and not shown.stopped
        yield Finished("length" if is_cut else "stop", self._usage(request, run))

    async def _call_tools(self, request: GenerateRequest) -> AsyncGenerator[Thought, None]:
        """Decide on calls and yield them with a `Finished`; nothing at all if none is needed."""
        choice = request.tool_choice
        callable_tools = [
            tool for tool in request.tools if choice.mode != "named" or tool.name == choice.name
        ]
        is_free = choice.mode == "auto"
        several = request.parallel_tool_calls and choice.mode != "named"
        grammar = grammars.calls_grammar(callable_tools, optional=is_free)
        loop = asyncio.get_running_loop()
        turns = await self._decision(request)
        ids = await self._off_loop(turns)
        limit = request.sampling.max_tokens or _LONGEST_CALLS
        limit = min(max(limit, _SHORTEST_REPLY), _LONGEST_CALLS)
        run = first = Run(ids, _GREEDY, _room(len(ids), _CALLS_WINDOW, limit), grammar)
        reader = tool_calls.CallReader(tool_calls.calls_done(request.messages) if is_free else ())
        follow_ups = tool_calls.follow_ups(request)
        while True:
            answer = ""
            async with aclosing(self._ready().decode(run, self._call_slot)) as pieces:
                async for piece in pieces:
                    if isinstance(piece, Reading):
                        yield Progress("thinking", piece.share)
                        continue
                    answer += piece[0]
                    for delta in reader.feed(piece[0]):
                        yield delta
            for delta in reader.finish():
                yield delta
            if run is not first:
                first.num_written += run.num_written
            if run.reason == "length" or not (several and reader.num_calls):
                break
            # Off the loop: the message may be as long as a book.
            more = await loop.run_in_executor(self._executor, follow_ups.after, answer)
            if not more:
                break
            turns = [*turns, *more]
            ids = await self._off_loop(turns)
            room = min(_CALLS_WINDOW - len(ids), limit - first.num_written)
            if room < _SHORTEST_REPLY:
                break
            grammar = grammars.calls_grammar(callable_tools, optional=True)
            run = Run(ids, _GREEDY, room, grammar)
        if reader.num_calls or not is_free:
            reason: FinishReason = "length" if run.reason == "length" else "tool_calls"
            yield Finished(reason, self._usage(request, first))

    async def _decision(self, request: GenerateRequest) -> list[Message]:
        """The prompt of a decision about tools."""
        longest = _CALLS_WINDOW - _LONGEST_CALLS

        def fits(turns: Sequence[Message]) -> bool:
            return len(self._encode(turns)) <= longest

        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._executor, tool_calls.decision_turns, request, fits)

    async def _check(self, request: GenerateRequest) -> None:
        """Refuse schemas that decoding could not follow."""
        form = request.response_format
        if form.type == "json_schema":
            fault = grammars.schema_fault(form.schema)
            fault = fault or await self._grammar_fault(_reply_grammar(request))
            if fault:
                raise InvalidField(
                    f"response_format.json_schema.schema is not usable: {fault}",
                    param="response_format.json_schema.schema",
                )
        for tool in request.tools:
            fault = grammars.schema_fault(grammars.arguments_schema(tool))
            if fault is None:
                grammar = grammars.calls_grammar([tool], optional=False)
                fault = await self._grammar_fault(grammar)
            if fault:
                raise InvalidToolSchema(tool.name, fault)
        choice = request.tool_choice
        if choice.mode == "named" and choice.name not in {tool.name for tool in request.tools}:
            known = ", ".join(tool.name for tool in request.tools)
            raise InvalidField(
                f"tool_choice names {choice.name!r}, which is not among the tools: {known}",
                param="tool_choice",
            )

    async def _grammar_fault(self, grammar: str) -> str:
        """Why `grammar` cannot be followed; "" if it can."""
        if grammar not in self._faults:
            loop = asyncio.get_running_loop()
            fault = await loop.run_in_executor(self._executor, self._model().fault, grammar)
            self._faults[grammar] = fault
            while len(self._faults) > _MAX_CHECKED:
                self._faults.popitem(last=False)
        return self._faults[grammar]

    def _load(self) -> Llama:
        return Llama(
            self._libraries,
            self._model_file,
            lambda text: self._words().encode(text),
            threads=self._threads,
            num_slots=self._parallel + 1,
            window_tokens=self.window_tokens + _CALLS_WINDOW,
            num_kept=1,
            short_keys=self.name in _SHORT_KEYS,
        )

    def _encode(self, messages: Sequence[Message]) -> list[int]:
        return prompt.encode(prompt.render(messages), self._words())

    async def _off_loop(self, messages: Sequence[Message]) -> list[int]:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._executor, self._encode, messages)

    def _usage(self, request: GenerateRequest, run: Run) -> Usage:
        texts = (
            part.text
            for message in request.messages
            for part in message.parts
            if isinstance(part, TextPart)
        )
        return Usage(
            prompt_text_tokens=sum(map(self.count_tokens, texts)),
            completion_text_tokens=run.num_written,
            internal_tokens=len(run.prompt),
            cached_tokens=run.cached_tokens or 0,
        )

    def _ready(self) -> Decoder:
        if self._decoder is None:
            raise NotReady(f"{self.name} is not loaded")
        return self._decoder

    def _model(self) -> Llama:
        if self._llama is None:
            raise NotReady(f"{self.name} is not loaded")
        return self._llama

    def _words(self) -> Vocabulary:
        if self._vocabulary is None:
            raise NotReady(f"{self.name} is not loaded")
        return self._vocabulary


def _close_model(loading: asyncio.Future[Llama]) -> None:
    if not loading.cancelled() and loading.exception() is None:
        loading.result().close()


def _room(num_prompt: int, window_tokens: int, max_tokens: int | None) -> int:
    """How long the reply may become."""
    longest = window_tokens - _SHORTEST_REPLY
    if num_prompt > longest:
        raise PromptTooLong(num_prompt, longest)
    room = window_tokens - num_prompt
    return room if max_tokens is None else min(room, max_tokens)


def _reply_grammar(request: GenerateRequest) -> str:
    form = request.response_format
    if form.type == "text":
        return ""
    return grammars.json_grammar(form.schema or {} if form.type == "json_schema" else _ANY_OBJECT)


def _reply_messages(request: GenerateRequest) -> list[Message]:
    """The conversation in plain turns, with a word on the form of the answer if it has one."""
    messages = retell(request.messages)
    form = request.response_format
    if form.type == "text":
        return messages
    hint = _JSON_HINT
    if form.type == "json_schema":
        hint += f" that follows this schema: {json.dumps(form.schema, ensure_ascii=False)}"
    system = prompt.DEFAULT_SYSTEM
    if messages and messages[0].role == "system":
        system = messages.pop(0).text
    return [Message("system", (TextPart(f"{system}\n\n{hint}."),)), *messages]
