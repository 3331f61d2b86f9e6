"""How the stand-in calls a notification address."""

from collections.abc import Mapping

import aiohttp


async def post_over_http(url: str, body: bytes, headers: Mapping[str, str], seconds: float) -> tuple[int, str]:
    """POST and read the answer; status 0 when nobody answered in time."""
    timeout = aiohttp.ClientTimeout(total=seconds)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.post(url, data=body, headers=dict(headers), allow_redirects=False) as answer,
        ):
            return answer.status, await answer.text(errors="replace")
    except (aiohttp.ClientError, TimeoutError):
        return 0, ""
