"""The HTTP interface over SQLite and PostgreSQL."""

from tests.contract.api_access import AccessTokensApi, ScopesApi
from tests.contract.api_accounts import MeApi, RegistrationApi
from tests.contract.api_caps import CapsApi
from tests.contract.api_closing import ClosingApi, PasswordApi
from tests.contract.api_due import DueApi
from tests.contract.api_enumeration import EnumerationApi
from tests.contract.api_errors import ErrorsApi
from tests.contract.api_hostile_bodies import HostileBodiesApi
from tests.contract.api_hostile_requests import HostileRequestsApi, HostileValuesApi
from tests.contract.api_idor import IdorApi
from tests.contract.api_injection import HeaderInjectionApi, RedirectsApi
from tests.contract.api_login import LoginApi, LogoutApi
from tests.contract.api_mass_assignment import MassAssignmentApi
from tests.contract.api_parameters import ParametersApi
from tests.contract.api_personal_tokens import ApiTokensApi
from tests.contract.api_posts import PostsApi
from tests.contract.api_quotas import QuotasApi
from tests.contract.api_service import PathsApi, ServiceApi
from tests.contract.api_sessions import RefreshApi, SessionsApi
from tests.contract.api_todo_changes import TodoChangesApi
from tests.contract.api_todo_lists import TodoListsApi
from tests.contract.api_todos import TodosApi


class TestTodosApi(TodosApi):
    """To-dos."""


class TestTodoChangesApi(TodoChangesApi):
    """Changes of to-dos."""


class TestDueApi(DueApi):
    """Due dates."""


class TestTodoListsApi(TodoListsApi):
    """Lists of to-dos."""


class TestRegistrationApi(RegistrationApi):
    """Opening accounts."""


class TestMeApi(MeApi):
    """Changing accounts."""


class TestPasswordApi(PasswordApi):
    """Changing passwords."""


class TestClosingApi(ClosingApi):
    """Closing accounts."""


class TestLoginApi(LoginApi):
    """Signing in."""


class TestRefreshApi(RefreshApi):
    """Staying signed in."""


class TestLogoutApi(LogoutApi):
    """Signing out."""


class TestSessionsApi(SessionsApi):
    """Sessions."""


class TestApiTokensApi(ApiTokensApi):
    """API tokens."""


class TestAccessTokensApi(AccessTokensApi):
    """Access tokens."""


class TestScopesApi(ScopesApi):
    """Scopes."""


class TestPostsApi(PostsApi):
    """Posts."""


class TestServiceApi(ServiceApi):
    """The service itself."""


class TestPathsApi(PathsApi):
    """Paths and methods."""


class TestErrorsApi(ErrorsApi):
    """Problems."""


class TestHostileBodiesApi(HostileBodiesApi):
    """Hostile bodies."""


class TestHostileValuesApi(HostileValuesApi):
    """Hostile values."""


class TestHostileRequestsApi(HostileRequestsApi):
    """Hostile requests."""


class TestCapsApi(CapsApi):
    """How much an account may have."""


class TestQuotasApi(QuotasApi):
    """How much an account may keep."""


class TestIdorApi(IdorApi):
    """Somebody else's things."""


class TestMassAssignmentApi(MassAssignmentApi):
    """What nobody may set."""


class TestHeaderInjectionApi(HeaderInjectionApi):
    """Header injection."""


class TestRedirectsApi(RedirectsApi):
    """Open redirects."""


class TestEnumerationApi(EnumerationApi):
    """Who has an account."""


class TestParametersApi(ParametersApi):
    """Unusual parameters."""
