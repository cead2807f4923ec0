"""The store in memory, held to the same contracts as every other store."""

from tests.contract.accounts import AccountsContract
from tests.contract.api_tokens import ApiTokensContract
from tests.contract.posts import PostsContract
from tests.contract.sessions import SessionsContract
from tests.contract.todo_lists import TagsContract, TodoBytesContract, TodoFilterContract, TodoOrderContract
from tests.contract.todos import TodosContract
from tests.contract.transactions import TransactionContract
from tests.contract.usage import UsageContract


class TestAccounts(AccountsContract):
    """The contract for accounts."""


class TestSessions(SessionsContract):
    """The contract for sessions."""


class TestApiTokens(ApiTokensContract):
    """The contract for API tokens."""


class TestTodos(TodosContract):
    """The contract for single to-dos."""


class TestTodoOrder(TodoOrderContract):
    """The contract for sorted and paged to-dos."""


class TestTodoBytes(TodoBytesContract):
    """The contract for pages of long to-dos."""


class TestTodoFilter(TodoFilterContract):
    """The contract for filtered to-dos."""


class TestTags(TagsContract):
    """The contract for tags."""


class TestPosts(PostsContract):
    """The contract for posts."""


class TestTransactions(TransactionContract):
    """The contract for several changes at once."""


class TestUsage(UsageContract):
    """The contract for what accounts keep."""
