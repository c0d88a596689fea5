"""A topic model of the prompts in the hot store."""

from typing import Final

from clickhouse_connect.driver.client import Client

from deploy.hot_store import ask
from schemas.errors import ConfigError
from stream_jobs.embed.topics import TopicModel

MOST_PROMPTS: Final = 20_000

_PROMPTS: Final = """
SELECT arrayLast(m -> m.role = 'user', messages).content AS prompt
FROM inferences
WHERE prompt != ''
AND event_time >= fromUnixTimestamp64Milli({from_ms:Int64})
AND event_time < fromUnixTimestamp64Milli({to_ms:Int64})
AND ({tenant:String} = '' OR tenant_id = {tenant:String})
ORDER BY cityHash64(inference_id) LIMIT {most:UInt32}
"""


def prompts_of(client: Client, from_ms: int, to_ms: int, tenant: str = "") -> list[str]:
    """Return the (redacted) prompts of a period, a sample if there are many; "": all tenants'.

    Raises ConfigError if there are none, SinkDown.
    """
    values = {"from_ms": from_ms, "to_ms": to_ms, "tenant": tenant, "most": MOST_PROMPTS}
    prompts = [row[0] for row in ask(client, _PROMPTS, values)[1]]
    if not prompts:
        raise ConfigError("there is no prompt in that period: see `feedloop query` for what is")
    return prompts


def fit_topics(
    client: Client, from_ms: int, to_ms: int, topics: int, tenant: str = ""
) -> tuple[TopicModel, list[str]]:
    """Return the model of a period's prompts, and those; the same prompts give the same model.

    Raises ConfigError if there are too few, SinkDown.
    """
    prompts = prompts_of(client, from_ms, to_ms, tenant)
    return TopicModel.fit(prompts, topics), prompts
