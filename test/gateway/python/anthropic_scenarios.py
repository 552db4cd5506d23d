"""Anthropic's client, with a model behind OpenAI's chat."""

import asyncio

from anthropic import Anthropic, AsyncAnthropic

from scenarios import AT_ONCE, GATEWAY, HELLO, KEY, PICTURE_DATA, WEATHER, mark, numbered, refusal, scenario

TOOL = {"name": "weather", "description": "of a city", "input_schema": WEATHER["function"]["parameters"]}
ASKED = {"model": "smart", "max_tokens": 20, "messages": HELLO}


def options(run, **others) -> dict:
    return {"base_url": GATEWAY, "api_key": KEY, "max_retries": 0, "default_headers": mark(run), **others}


def client(run, **others) -> Anthropic:
    return Anthropic(**options(run, **others))


@scenario
def anthropic_messages():
    return client(anthropic_messages).messages.create(system="Be brief", **ASKED).to_dict()


@scenario
def anthropic_stream():
    with client(anthropic_stream).messages.stream(**ASKED) as stream:
        texts = list(stream.text_stream)
        final = stream.get_final_message()
    return {"texts": texts, "stop": final.stop_reason, "tokens": [final.usage.input_tokens, final.usage.output_tokens]}


@scenario
def anthropic_tools():
    messages = client(anthropic_tools).messages
    first = messages.create(tools=[TOOL], **ASKED)
    [call] = [block for block in first.content if block.type == "tool_use"]
    result = {"type": "tool_result", "tool_use_id": call.id, "content": "sunny"}
    turns = [*HELLO, {"role": "assistant", "content": [call.to_dict()]}, {"role": "user", "content": [result]}]
    last = messages.create(tools=[TOOL], **{**ASKED, "messages": turns})
    return {"name": call.name, "input": call.input, "stop": first.stop_reason, "said": last.content[0].text}


@scenario
def anthropic_images():
    source = {"type": "base64", "media_type": "image/png", "data": PICTURE_DATA}
    content = [{"type": "text", "text": "What is it?"}, {"type": "image", "source": source}]
    messages = [{"role": "user", "content": content}]
    return client(anthropic_images).messages.create(**{**ASKED, "messages": messages}).content[0].text


@scenario
def anthropic_count_tokens():
    return client(anthropic_count_tokens).messages.count_tokens(model="smart", messages=HELLO).input_tokens


@scenario
def anthropic_many_at_once():
    async def run():
        async with AsyncAnthropic(**options(anthropic_many_at_once)) as chat:
            asked = (chat.messages.create(**{**ASKED, "model": "lab/together", "messages": numbered(index)}) for index in range(AT_ONCE))
            return [answer.content[0].text for answer in await asyncio.gather(*asked)]

    return asyncio.run(run())


@scenario
def anthropic_errors():
    def asked(model="smart", **others):
        messages = client(anthropic_errors, **others).messages
        return refusal(lambda: messages.create(**{**ASKED, "model": model}))

    return {
        "key": asked(api_key="sk-wrong"),
        "model": asked(model="nothing-like-it"),
        "limited": asked(model="lab/limited"),
        "broken": asked(model="lab/broken"),
        "refused": asked(model="lab/refused"),
    }
