"""LiteLLM, which speaks OpenAI's chat and, at `anthropic/`, Anthropic's messages."""

import asyncio

import litellm

from scenarios import AT_ONCE, GATEWAY, HELLO, KEY, PICTURE, SOON, WEATHER, City, mark, numbered, refusal, scenario

TOGETHER = "openai/lab/together"


def asked(run, model="openai/smart", **others) -> dict:
    return {"model": model, "api_base": f"{GATEWAY}/v1", "api_key": KEY, "num_retries": 0, "extra_headers": mark(run), **others}


@scenario
def litellm_completion():
    return litellm.completion(messages=HELLO, temperature=0.2, **asked(litellm_completion)).model_dump()


@scenario
def litellm_stream():
    chunks = list(litellm.completion(messages=HELLO, stream=True, stream_options={"include_usage": True}, **asked(litellm_stream)))
    usage = next(chunk.usage for chunk in chunks if getattr(chunk, "usage", None))
    texts = [chunk.choices[0].delta.content for chunk in chunks if chunk.choices and chunk.choices[0].delta.content]
    return {"texts": texts, "usage": usage.model_dump()}


@scenario
def litellm_tools():
    message = litellm.completion(messages=HELLO, tools=[WEATHER], **asked(litellm_tools)).choices[0].message
    [call] = message.tool_calls
    messages = [*HELLO, message.model_dump(), {"role": "tool", "tool_call_id": call.id, "content": "sunny"}]
    last = litellm.completion(messages=messages, tools=[WEATHER], **asked(litellm_tools)).choices[0]
    return {"name": call.function.name, "arguments": call.function.arguments, "said": last.message.content}


@scenario
def litellm_tools_stream():
    chunks = litellm.completion(messages=HELLO, tools=[WEATHER], stream=True, **asked(litellm_tools_stream))
    choice = litellm.stream_chunk_builder(list(chunks)).choices[0]
    [call] = choice.message.tool_calls
    return {"name": call.function.name, "arguments": call.function.arguments, "finish": choice.finish_reason}


@scenario
def litellm_response_format():
    return litellm.completion(messages=HELLO, response_format=City, **asked(litellm_response_format)).choices[0].message.content


@scenario
def litellm_images():
    return litellm.completion(messages=PICTURE, **asked(litellm_images)).choices[0].message.content


@scenario
def litellm_many_at_once():
    async def ask(index):
        if index % 2 == 0:
            answer = await litellm.acompletion(messages=numbered(index), **asked(litellm_many_at_once, model=TOGETHER))
            return answer.choices[0].message.content
        stream = await litellm.acompletion(messages=numbered(index), stream=True, **asked(litellm_many_at_once, model=TOGETHER))
        return "".join([chunk.choices[0].delta.content or "" async for chunk in stream])

    async def run():
        return await asyncio.gather(*(ask(index) for index in range(AT_ONCE)))

    return asyncio.run(run())


@scenario
def litellm_embedding():
    answer = litellm.embedding(input=["a", "b"], **asked(litellm_embedding))
    return {"vectors": [one["embedding"] for one in answer.data], "tokens": answer.usage.prompt_tokens}


@scenario
def litellm_responses():
    answer = litellm.responses(input="Hi", **asked(litellm_responses))
    return {"text": answer.output[0].content[0].text, "tokens": [answer.usage.input_tokens, answer.usage.output_tokens]}


@scenario
def litellm_anthropic():
    others = asked(litellm_anthropic, model="anthropic/smart", api_base=GATEWAY)
    answer = litellm.completion(messages=HELLO, max_tokens=20, **others)
    streamed = litellm.completion(messages=HELLO, max_tokens=20, stream=True, **others)
    texts = [chunk.choices[0].delta.content for chunk in streamed]
    usage = answer.usage
    return {
        "text": answer.choices[0].message.content,
        "tokens": [usage.prompt_tokens, usage.completion_tokens],
        "streamed": "".join(text or "" for text in texts),
    }


@scenario
def litellm_errors():
    def refused(**others):
        return refusal(lambda: litellm.completion(messages=HELLO, **asked(litellm_errors, **others)))

    return {
        "key": refused(api_key="sk-wrong"),
        "model": refused(model="openai/nothing-like-it"),
        "limited": refused(model="openai/lab/limited"),
        "broken": refused(model="openai/lab/broken"),
        "refused": refused(model="openai/lab/refused"),
    }


@scenario
def litellm_timeout():
    return refusal(lambda: litellm.completion(messages=HELLO, timeout=SOON, **asked(litellm_timeout, model="openai/lab/silent")))
