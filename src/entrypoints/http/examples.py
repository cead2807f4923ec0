"""Examples of what goes over the wire, by the names of the schemas; a test holds them to the schemas.

A controller may have its own beside it, as its attribute ``examples``: a new one does not edit this list.
"""

from typing import Any

_TODO: dict[str, Any] = {
    "id": 1,
    "title": "Buy oat milk",
    "description": "The one without sugar.",
    "done": False,
    "done_at": None,
    "priority": 2,
    "tags": ["home", "shopping"],
    "due": {"date": "2026-12-24", "time": "09:00:00", "zone": "Europe/Berlin"},
    "due_at": "2026-12-24T08:00:00Z",
    "created_at": "2026-11-23T10:00:00Z",
    "updated_at": "2026-11-23T10:00:00Z",
    "version": 1,
}
_SESSION = {
    "id": 1,
    "user_agent": "curl/8.11",
    "created_at": "2026-11-23T10:00:00Z",
    "last_used_at": "2026-11-23T10:00:00Z",
    "expires_at": "2026-12-23T10:00:00Z",
    "current": True,
}
_API_TOKEN: dict[str, Any] = {
    "id": 1,
    "name": "backup",
    "scopes": ["todos:read"],
    "created_at": "2026-11-23T10:00:00Z",
    "expires_at": None,
    "last_used_at": None,
}
_ACCOUNT: dict[str, Any] = {
    "id": 1,
    "email": "ada@example.com",
    "display_name": "Ada Lovelace",
    "time_zone": "Europe/London",
    "created_at": "2026-11-23T10:00:00Z",
    "updated_at": "2026-11-23T10:00:00Z",
    "version": 2,
}
_QUOTA = {"limit": 100_000, "used": 12}
_QUOTAS = {"todos": _QUOTA, "bytes": {"limit": 67_108_864, "used": 3_450}, "posts": {"limit": 10_000, "used": 1}}

EXAMPLES: dict[str, dict[str, Any]] = {
    "Account": _ACCOUNT,
    "AccountPatch": {"display_name": "Ada Lovelace", "time_zone": "Europe/London"},
    "ApiToken": _API_TOKEN,
    "ApiTokenList": {"items": [_API_TOKEN]},
    "AccountDeletion": {"password": "correct horse battery staple"},
    "Health": {"status": "healthy"},
    "IssuedApiToken": _API_TOKEN | {"token": "todo_pat_kQ0mU3l4..."},
    "NewApiToken": {"name": "backup", "scopes": ["todos:read"], "expires_at": None},
    "NewTodo": {
        "title": "Buy oat milk",
        "priority": 2,
        "tags": ["home", "shopping"],
        "due": {"date": "2026-12-24", "time": "09:00", "zone": "Europe/Berlin"},
    },
    "OwnAccount": _ACCOUNT | {"quotas": _QUOTAS},
    "PasswordChange": {"old_password": "correct horse battery staple", "new_password": "staple battery horse correct"},
    "Problem": {
        "type": "about:blank",
        "title": "Unprocessable Content",
        "status": 422,
        "code": "invalid",
        "detail": "Must have 1 to 200 characters.",
        "request_id": "5e3b0d8f2c5146f0a6d6a3c2b1f0e9d8",
        "errors": [{"pointer": "/title", "detail": "Must have 1 to 200 characters."}],
    },
    "QuotaUsage": _QUOTA,
    "Quotas": _QUOTAS,
    "Readiness": {"status": "ready", "problems": [], "notices": []},
    "Revocation": {},
    "Revoked": {"revoked": True},
    "AuthorizationServer": {
        "issuer": "https://todo.example.com",
        "token_endpoint": "https://todo.example.com/auth/login",
        "revocation_endpoint": "https://todo.example.com/auth/logout",
        "grant_types_supported": ["password", "refresh_token"],
        "response_types_supported": [],
        "token_endpoint_auth_methods_supported": ["none"],
        "revocation_endpoint_auth_methods_supported": ["none"],
        "service_documentation": "https://todo.example.com/schema",
    },
    "Refresh": {"refresh_token": "todo_refresh_bW9y....ZXRo..."},
    "Registration": {"email": "ada@example.com", "password": "correct horse battery staple"},
    "ServiceDocument": {
        "name": "Todo API",
        "version": "0.1.0",
        "links": {
            "docs": "/schema",
            "schema": "/schema/openapi.json",
            "health": "/health",
            "ready": "/health/ready",
        },
    },
    "SessionList": {"items": [_SESSION]},
    "TagList": {"items": [{"tag": "home", "count": 3}], "next_cursor": None},
    "Todo": _TODO,
    "TodoList": {"items": [_TODO], "next_cursor": None},
    "TodoPatch": {"done": True, "due": {"date": "2026-12-24", "time": "18:30"}},
    "TokenRequest": {
        "grant_type": "password",
        "username": "ada@example.com",
        "password": "correct horse battery staple",
    },
    "TokenPair": {
        "access_token": "eyJhbGciOiJIUzI1NiIs...",
        "token_type": "bearer",
        "expires_in": 900,
        "refresh_token": "todo_refresh_bW9y....ZXRo...",
    },
}
