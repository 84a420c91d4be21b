"""An answer that is JSON of a given shape."""

import json
import os

from openai import OpenAI

client = OpenAI(base_url=os.environ.get("BASE_URL", "http://127.0.0.1:8000/v1"), api_key="any")

schema = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "year": {"type": "integer"},
        "typed": {"type": "boolean"},
    },
    "required": ["name", "year", "typed"],
    "additionalProperties": False,
}
reply = client.chat.completions.create(
    model="qwen3.5-omni-flash",
    messages=[{"role": "user", "content": "Describe the language Python as json."}],
    response_format={"type": "json_schema", "json_schema": {"name": "language", "schema": schema}},
)
print(json.loads(reply.choices[0].message.content))
