"""A tool that the model calls, and the answer from its result."""

import json
import os

from openai import OpenAI

client = OpenAI(base_url=os.environ.get("BASE_URL", "http://127.0.0.1:8000/v1"), api_key="any")

tools = [
    {
        "type": "function",
        "function": {
            "name": "get_weather",
            "description": "The weather in a city right now.",
            "parameters": {
                "type": "object",
                "properties": {"city": {"type": "string"}},
                "required": ["city"],
            },
        },
    }
]
messages = [{"role": "user", "content": "Do I need a coat in Oslo today?"}]
reply = client.chat.completions.create(model="qwen3.5-omni-flash", messages=messages, tools=tools)
for call in reply.choices[0].message.tool_calls or []:
    print("call", call.function.name, json.loads(call.function.arguments))
    messages += [
        {"role": "assistant", "content": "", "tool_calls": [call.model_dump()]},
        {"role": "tool", "tool_call_id": call.id, "content": '{"temperature_c": -7, "snow": true}'},
    ]
reply = client.chat.completions.create(model="qwen3.5-omni-flash", messages=messages, tools=tools)
print(reply.choices[0].message.content)
