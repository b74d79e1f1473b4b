"""From a new refresh token to one that is kept, whoever asks: a command, or the first run in the browser (keeps I8)."""

from __future__ import annotations

from hotfolder.adapters.autoretouch import AutoRetouch
from hotfolder.adapters.home import Home
from hotfolder.adapters.keyring_tokens import KeyringTokens
from hotfolder.adapters.token_store import FileTokens, MemoryTokens, TokenSource
from hotfolder.core.config import ServiceConfig
from hotfolder.core.first_run import WEB_APP
from hotfolder.errors import SignInNeeded

PASTE_AGAIN = f"Copy the whole of it from the API page of the web app ({WEB_APP}) and try again."


async def checked(service: ServiceConfig, token: str, advice: str = PASTE_AGAIN) -> str:
    """The token to keep: the service takes it, and may have given another one for it. Raises `SignInNeeded` with this
    advice, and `TemporaryError`."""
    memory = MemoryTokens(token)
    async with AutoRetouch(service.api_url, service.auth_url, memory, service.proxy) as autoretouch:
        try:
            await autoretouch.check_sign_in()
        except SignInNeeded as refused:
            title = "AutoRetouch does not take this refresh token, so it was not kept."
            raise SignInNeeded(title, advice) from refused
    return memory.load() or token


def keep(home: Home, token: str, *, in_file: bool, keyring: KeyringTokens | None = None) -> TokenSource:
    """Where it is kept now. The file wins over the keyring, so an old one would hide the new token. Blocks, and
    raises `SignInNeeded`."""
    home.make()
    files, keyring = FileTokens(home.data), keyring or KeyringTokens(home.data)
    if in_file:
        files.store(token)
        return files
    keyring.store(token)
    files.forget()
    return keyring
