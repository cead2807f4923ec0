// What has to compile, and what must not: tests/integration/test_generated_clients.py hands it to the compiler.

import type { components, operations } from "./api.js";

type Schemas = components["schemas"];
type List = NonNullable<operations["listTodos"]["parameters"]["query"]>;

// A title is enough; what may be left out may be left out.
export const least: Schemas["NewTodo"] = { title: "x" };
export const most: Schemas["NewTodo"] = {
  title: "x", description: null, done: true, priority: 1, tags: ["home"], due: { date: "2026-12-24", time: null },
};
// @ts-expect-error - a to-do has a title
export const untitled: Schemas["NewTodo"] = { done: false };
// @ts-expect-error - which is never null
export const nullTitle: Schemas["NewTodo"] = { title: null };
// @ts-expect-error - what is not known is refused
export const unknown: Schemas["NewTodo"] = { title: "x", owner_id: 7 };

// A merge patch clears with null what can be cleared, and leaves what is absent.
export const nothing: Schemas["TodoPatch"] = {};
export const cleared: Schemas["TodoPatch"] = { description: null, priority: null, tags: null, due: null };
export const clearedTime: Schemas["TodoPatch"] = { due: { time: null, zone: null } };
// @ts-expect-error - a title cannot be cleared
export const clearedTitle: Schemas["TodoPatch"] = { title: null };
// @ts-expect-error - nor is it clear whether "done: null" is done
export const clearedDone: Schemas["TodoPatch"] = { done: null };

// Answers have all their fields, of which some may be null.
export function shown(todo: Schemas["Todo"]): string {
  // @ts-expect-error - it may have no description
  todo.description.trim();
  // @ts-expect-error - it may not be due
  todo.due.date.trim();
  return [todo.title, todo.description?.trim(), todo.due?.zone, todo.version.toFixed(), ...todo.tags].join();
}

// The cursor of the last page is null; the total is there if it was asked for.
export function next(page: Schemas["TodoList"]): List {
  const cursor: string | null = page.next_cursor;
  const total: number | undefined = page.total;
  // @ts-expect-error - null is no cursor
  const wrong: List = { cursor: page.next_cursor };
  return cursor === null || total === 0 ? wrong : { cursor, limit: 10, sort: "-created_at", done: false, q: "milk" };
}
// @ts-expect-error - nobody sorts by that
export const unsorted: List = { sort: "colour" };
// @ts-expect-error - a limit is a number
export const limitOfWords: List = { limit: "ten" };
// @ts-expect-error - there is no such parameter
export const offset: List = { offset: 10 };

// Every problem has a code; where values do not fit, it says which.
export function told(problem: Schemas["Problem"]): string {
  const places = problem.errors?.map((error) => error.pointer ?? error.parameter ?? "") ?? [];
  return [problem.code, problem.status.toFixed(), problem.request_id, ...places].join();
}
export const scopes: Schemas["NewApiToken"] = { name: "backup", scopes: ["todos:read"] };
// @ts-expect-error - there is no such scope
export const tooMuch: Schemas["NewApiToken"] = { name: "backup", scopes: ["everything"] };
