"""OpenAI's client."""

import asyncio

from openai import AsyncOpenAI, OpenAI, pydantic_function_tool
from pydantic import BaseModel

from scenarios import AT_ONCE, GATEWAY, HELLO, KEY, PICTURE, SOON, City, mark, numbered, refusal, scenario


def options(run, **others) -> dict:
    return {"base_url": f"{GATEWAY}/v1", "api_key": KEY, "max_retries": 0, "default_headers": mark(run), **others}


def client(run, **others) -> OpenAI:
    return OpenAI(**options(run, **others))


def broken_off(asked: OpenAI, model: str) -> dict[str, object]:
    """What a stream gives before it fails, and how it fails."""
    texts = []

    def read():
        for chunk in asked.chat.completions.create(model=model, messages=HELLO, stream=True):
            texts.append(chunk.choices[0].delta.content)

    return {**refusal(read), "texts": texts}


class Weather(BaseModel):
    """of a city"""

    city: str


@scenario
def openai_chat():
    return client(openai_chat).chat.completions.create(model="smart", messages=HELLO, temperature=0.2).to_dict()


@scenario
def openai_raw_response():
    response = client(openai_raw_response).chat.completions.with_raw_response.create(model="smart", messages=HELLO)
    return {"trace": response.headers["x-stillhouse-trace-id"], "content": response.parse().choices[0].message.content}


@scenario
def openai_stream():
    usage = {"include_usage": True}
    with client(openai_stream).chat.completions.create(model="smart", messages=HELLO, stream=True, stream_options=usage) as stream:
        return [chunk.to_dict() for chunk in stream]


@scenario
def openai_stream_without_usage():
    stream = client(openai_stream_without_usage).chat.completions.create(model="smart", messages=HELLO, stream=True)
    return [chunk.to_dict() for chunk in stream]


@scenario
def openai_stream_helper():
    with client(openai_stream_helper).chat.completions.stream(model="smart", messages=HELLO, response_format=City) as stream:
        types = [event.type for event in stream]
    message = stream.get_final_completion().choices[0].message
    return {"types": types, "content": message.content, "parsed": message.parsed.model_dump()}


@scenario
def openai_parse():
    completion = client(openai_parse).chat.completions.parse(model="smart", messages=HELLO, response_format=City)
    parsed = completion.choices[0].message.parsed
    return {"class": type(parsed).__name__, **parsed.model_dump()}


@scenario
def openai_tools():
    tools = [pydantic_function_tool(Weather)]
    chat = client(openai_tools).chat.completions
    message = chat.parse(model="smart", messages=HELLO, tools=tools).choices[0].message
    [call] = message.tool_calls
    messages = [*HELLO, message.to_dict(), {"role": "tool", "tool_call_id": call.id, "content": "sunny"}]
    last = chat.create(model="smart", messages=messages, tools=tools).choices[0]
    return {"name": call.function.name, "city": call.function.parsed_arguments.city, "said": last.message.content}


@scenario
def openai_tools_stream():
    with client(openai_tools_stream).chat.completions.stream(
        model="smart", messages=HELLO, tools=[pydantic_function_tool(Weather)]
    ) as stream:
        final = stream.get_final_completion()
    [call] = final.choices[0].message.tool_calls
    return {"name": call.function.name, "city": call.function.parsed_arguments.city, "finish": final.choices[0].finish_reason}


@scenario
def openai_images():
    return client(openai_images).chat.completions.create(model="smart", messages=PICTURE).choices[0].message.content


@scenario
def openai_responses():
    responses = client(openai_responses).responses
    first = responses.create(model="smart", input="Hi", instructions="Be brief")
    second = responses.create(model="smart", input="Again", previous_response_id=first.id)
    return [{"text": one.output_text, "body": one.to_dict()} for one in (first, second)]


@scenario
def openai_responses_stream():
    with client(openai_responses_stream).responses.stream(model="smart", input="Hi") as stream:
        events = list(stream)
    final = stream.get_final_response()
    return {"types": [event.type for event in events], "text": final.output_text, "usage": final.usage.to_dict()}


@scenario
def openai_responses_events():
    stream = client(openai_responses_events).responses.create(model="smart", input="Hi", stream=True)
    return [event.to_dict() for event in stream]


@scenario
def openai_responses_parse():
    return client(openai_responses_parse).responses.parse(model="smart", input="Hi", text_format=City).output_parsed.model_dump()


@scenario
def openai_completions():
    return client(openai_completions).completions.create(model="smart", prompt="Hi").to_dict()


@scenario
def openai_embeddings():
    embeddings = client(openai_embeddings).embeddings
    return [embeddings.create(model="smart", input=["a", "b"], **form).to_dict() for form in ({}, {"encoding_format": "float"})]


@scenario
def openai_models():
    models = client(openai_models).models
    return {"list": [model.to_dict() for model in models.list()], "one": models.retrieve("smart").to_dict()}


@scenario
def openai_errors():
    def asked(model="smart", **others):
        chat = client(openai_errors, **others).chat.completions
        return refusal(lambda: chat.create(model=model, messages=HELLO))

    return {
        "key": asked(api_key="sk-wrong"),
        "model": asked(model="nothing-like-it"),
        "limited": asked(model="lab/limited"),
        "broken": asked(model="lab/broken"),
        "refused": asked(model="lab/refused"),
        "unreachable": asked(base_url="http://127.0.0.1:9/v1"),
    }


@scenario
def openai_retry():
    """As the client is by default: it waits for as long as it is told, and asks again."""
    chat = client(openai_retry, max_retries=2).chat.completions
    return chat.create(model="lab/limited-once", messages=HELLO).choices[0].message.content


@scenario
def openai_timeout():
    chat = client(openai_timeout, timeout=SOON).chat.completions
    return refusal(lambda: chat.create(model="lab/silent", messages=HELLO))


@scenario
def openai_stream_timeout():
    return broken_off(client(openai_stream_timeout, timeout=SOON), "lab/stuck")


@scenario
def openai_stream_closed():
    stream = client(openai_stream_closed).chat.completions.create(model="lab/stuck", messages=HELLO, stream=True)
    texts = []
    for chunk in stream:
        texts.append(chunk.choices[0].delta.content)
        if chunk.choices[0].delta.content == "half":
            break
    stream.close()
    return texts


@scenario
def openai_stream_cut():
    return broken_off(client(openai_stream_cut), "lab/cut")


@scenario
def openai_many_at_once():
    async def run():
        async with AsyncOpenAI(**options(openai_many_at_once)) as chat:

            async def ask(index):
                if index % 2 == 0:
                    answer = await chat.chat.completions.create(model="lab/together", messages=numbered(index))
                    return answer.choices[0].message.content
                stream = await chat.chat.completions.create(model="lab/together", messages=numbered(index), stream=True)
                return "".join([chunk.choices[0].delta.content or "" async for chunk in stream])

            return await asyncio.gather(*(ask(index) for index in range(AT_ONCE)))

    return asyncio.run(run())


@scenario
def openai_task_cancelled():
    """As a server does whose own caller goes away."""

    async def run():
        async with AsyncOpenAI(**options(openai_task_cancelled)) as chat:
            asked = asyncio.ensure_future(chat.chat.completions.create(model="lab/silent", messages=HELLO))
            done, _ = await asyncio.wait([asked], timeout=SOON)
            asked.cancel()
            [ended] = await asyncio.gather(asked, return_exceptions=True)
            return {"done": len(done), "ended": type(ended).__name__}

    return asyncio.run(run())
