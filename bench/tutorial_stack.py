"""What is usual: to-dos as FastAPI's documentation teaches, with a session of SQLAlchemy's for each request.

What it is made of, and why it is a fair opponent:

* It follows the tutorial's chapters "SQL (Relational) Databases" and "OAuth2 with Password, Bearer with JWT tokens":
  one session for each request, shared by the handler and the look-up of the current user; a model of its own for
  what is answered; `offset` and `limit`; `add`, `commit` and `refresh` for what is created or changed.
* The engine is SQLAlchemy's asynchronous one on asyncpg, or aiosqlite, with its default pool, and
  `expire_on_commit=False`, as SQLAlchemy's documentation advises.
* Tables, rows and indexes are those of the service it is compared with. What only that service keeps is filled in
  by the database, which leaves this side with the shorter INSERT.
"""

import os
from collections.abc import AsyncGenerator
from datetime import date, datetime, time
from typing import Annotated, Any, ClassVar

import jwt
from fastapi import Depends, FastAPI, HTTPException, Query, status
from fastapi.security import OAuth2PasswordBearer
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import JSON, BigInteger, DateTime, ForeignKey, Text, func, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

SECRET_KEY = os.environ["SECRET_KEY"]
ALGORITHM = "HS256"

engine = create_async_engine(os.environ["DATABASE_URL"])
new_session = async_sessionmaker(engine, expire_on_commit=False)
oauth2_scheme = OAuth2PasswordBearer(tokenUrl="token")
app = FastAPI()


class Base(DeclarativeBase):
    """How types become columns."""

    type_annotation_map: ClassVar = {
        int: BigInteger,
        datetime: DateTime(timezone=True),
        list[str]: ARRAY(Text).with_variant(JSON(), "sqlite"),
    }


class User(Base):
    """A user."""

    __tablename__ = "accounts"

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(unique=True)
    password_hash: Mapped[str]
    display_name: Mapped[str | None]


class Todo(Base):
    """A to-do."""

    __tablename__ = "todos"

    id: Mapped[int] = mapped_column(primary_key=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    title: Mapped[str]
    description: Mapped[str | None]
    done: Mapped[bool] = mapped_column(default=False)
    done_at: Mapped[datetime | None]
    priority: Mapped[int | None]
    tags: Mapped[list[str]]
    due_date: Mapped[date | None]
    due_time: Mapped[time | None]
    due_zone: Mapped[str | None]
    due_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), onupdate=func.now())
    version: Mapped[int] = mapped_column(default=1)


class TodoCreate(BaseModel):
    """What a client sends."""

    title: str = Field(min_length=1, max_length=200)
    description: str | None = Field(default=None, max_length=10_000)
    priority: int | None = Field(default=None, ge=1, le=5)
    tags: list[str] = []


class TodoUpdate(BaseModel):
    """What a client sends to change one."""

    title: str | None = Field(default=None, min_length=1, max_length=200)
    description: str | None = Field(default=None, max_length=10_000)
    priority: int | None = Field(default=None, ge=1, le=5)
    tags: list[str] | None = None


class TodoPublic(BaseModel):
    """What a client gets."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    title: str
    description: str | None
    done: bool
    done_at: datetime | None
    priority: int | None
    tags: list[str]
    due_date: date | None
    due_time: time | None
    due_zone: str | None
    due_at: datetime | None
    created_at: datetime
    updated_at: datetime
    version: int


async def get_session() -> AsyncGenerator[AsyncSession]:
    """Open the session of this request."""
    async with new_session() as session:
        yield session


SessionDep = Annotated[AsyncSession, Depends(get_session)]


async def get_current_user(token: Annotated[str, Depends(oauth2_scheme)], session: SessionDep) -> User:
    """Return whose token it is."""
    unauthorized = HTTPException(
        status_code=status.HTTP_401_UNAUTHORIZED,
        detail="Could not validate credentials",
        headers={"WWW-Authenticate": "Bearer"},
    )
    try:
        payload = jwt.decode(token, SECRET_KEY, algorithms=[ALGORITHM])  # pyright: ignore[reportUnknownMemberType]
    except jwt.InvalidTokenError:
        raise unauthorized from None
    user = await session.scalar(select(User).where(User.email == payload.get("sub")))
    if user is None:
        raise unauthorized
    return user


CurrentUser = Annotated[User, Depends(get_current_user)]


@app.get("/todos/{todo_id}", response_model=TodoPublic)
async def read_todo(todo_id: int, session: SessionDep, user: CurrentUser) -> Any:
    """Return one to-do of the user."""
    todo = await session.get(Todo, todo_id)
    if todo is None or todo.owner_id != user.id:
        raise HTTPException(status_code=404, detail="Todo not found")
    return todo


@app.get("/todos", response_model=list[TodoPublic])
async def read_todos(
    session: SessionDep, user: CurrentUser, offset: int = 0, limit: Annotated[int, Query(le=100)] = 100
) -> Any:
    """Return the newest to-dos of the user."""
    newest = select(Todo).where(Todo.owner_id == user.id).order_by(Todo.created_at.desc(), Todo.id.desc())
    return (await session.scalars(newest.offset(offset).limit(limit))).all()


@app.post("/todos", response_model=TodoPublic, status_code=status.HTTP_201_CREATED)
async def create_todo(new: TodoCreate, session: SessionDep, user: CurrentUser) -> Any:
    """Keep a to-do of the user."""
    todo = Todo(**new.model_dump(), owner_id=user.id)
    session.add(todo)
    await session.commit()
    await session.refresh(todo)
    return todo


@app.patch("/todos/{todo_id}", response_model=TodoPublic)
async def update_todo(todo_id: int, changes: TodoUpdate, session: SessionDep, user: CurrentUser) -> Any:
    """Change a to-do of the user."""
    todo = await session.get(Todo, todo_id)
    if todo is None or todo.owner_id != user.id:
        raise HTTPException(status_code=404, detail="Todo not found")
    for field, value in changes.model_dump(exclude_unset=True).items():
        setattr(todo, field, value)
    todo.version += 1
    session.add(todo)
    await session.commit()
    await session.refresh(todo)
    return todo
