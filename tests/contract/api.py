"""What becomes of things that are kept, over the API: tried on every store.

See ``http`` for the other suites of the API.
"""

from tests.contract.api_access import AccessTokensApi, ScopesApi
from tests.contract.api_accounts import MeApi, RegistrationApi
from tests.contract.api_addresses import AddressApi
from tests.contract.api_caps import CapsApi
from tests.contract.api_closing import ClosingApi, PasswordApi
from tests.contract.api_due import DueApi
from tests.contract.api_enumeration import EnumerationApi
from tests.contract.api_hostile_requests import HostileRequestsApi, HostileValuesApi
from tests.contract.api_idor import IdorApi
from tests.contract.api_list_conditions import ListConditionsApi
from tests.contract.api_login import LoginApi, LogoutApi
from tests.contract.api_personal_tokens import ApiTokensApi
from tests.contract.api_posts import PostsApi
from tests.contract.api_quotas import QuotasApi
from tests.contract.api_sessions import RefreshApi, SessionsApi
from tests.contract.api_spellings import SpellingsApi
from tests.contract.api_todo_changes import TodoChangesApi
from tests.contract.api_todo_lists import TodoListsApi
from tests.contract.api_todos import TodosApi

__all__ = [
    "AccessTokensApi",
    "AddressApi",
    "ApiTokensApi",
    "CapsApi",
    "ClosingApi",
    "DueApi",
    "EnumerationApi",
    "HostileRequestsApi",
    "HostileValuesApi",
    "IdorApi",
    "ListConditionsApi",
    "LoginApi",
    "LogoutApi",
    "MeApi",
    "PasswordApi",
    "PostsApi",
    "QuotasApi",
    "RefreshApi",
    "RegistrationApi",
    "ScopesApi",
    "SessionsApi",
    "SpellingsApi",
    "TodoChangesApi",
    "TodoListsApi",
    "TodosApi",
]
