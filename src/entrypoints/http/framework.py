"""Litestar without what takes long to load and is not used."""

from litestar import Litestar
from litestar.config.app import AppConfig
from litestar.plugins import PluginProtocol
from litestar.plugins.core import MsgspecDIPlugin


class LeanLitestar(Litestar):
    """Litestar looks by itself for OpenTelemetry, pydantic and attrs, and loads what is installed.

    Tracing is ours (``observability.tracing``), and is loaded only if it is configured; bodies are msgspec's.
    """

    @staticmethod
    def _patch_opentelemetry_middleware(config: AppConfig) -> AppConfig:
        return config

    @staticmethod
    def _get_default_plugins(plugins: list[PluginProtocol]) -> list[PluginProtocol]:
        return [*plugins, MsgspecDIPlugin()]
