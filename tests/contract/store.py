"""What every store has to do."""

from tests.contract.accounts import AccountsContract
from tests.contract.api_tokens import ApiTokensContract
from tests.contract.posts import PostsContract
from tests.contract.sessions import SessionsContract
from tests.contract.spellings import SpellingsContract
from tests.contract.todo_lists import TagsContract, TodoBytesContract, TodoFilterContract, TodoOrderContract
from tests.contract.todos import TodosContract
from tests.contract.transactions import TransactionContract
from tests.contract.usage import UsageContract

__all__ = [
    "AccountsContract",
    "ApiTokensContract",
    "PostsContract",
    "SessionsContract",
    "SpellingsContract",
    "TagsContract",
    "TodoBytesContract",
    "TodoFilterContract",
    "TodoOrderContract",
    "TodosContract",
    "TransactionContract",
    "UsageContract",
]
