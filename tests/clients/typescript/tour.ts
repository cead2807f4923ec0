// A client made of the document alone: signs in, keeps to-dos, follows pages, signs out. Its argument is where.

import createClient, { type Middleware } from "openapi-fetch";
import type { components, paths } from "./api.js";

declare const process: { argv: string[] };

type Problem = components["schemas"]["Problem"];

function must(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Error(`It is not so: ${what}`);
}

function got<Body>(answer: { data?: Body; error?: Problem }): Body {
  must(answer.error === undefined && answer.data !== undefined, answer.error?.detail ?? "there is an answer");
  return answer.data;
}

function refused(answer: { error?: Problem }, code: string): Problem {
  must(answer.error?.code === code, `it is refused as ${code}`);
  return answer.error;
}

let bearer: string | undefined;
const identify: Middleware = {
  onRequest({ request }) {
    if (bearer !== undefined) request.headers.set("Authorization", `Bearer ${bearer}`);
  },
};
const api = createClient<paths>({ baseUrl: process.argv[2] ?? "" });
api.use(identify);

async function signIn() {
  const tokens = got(
    await api.POST("/auth/login", {
      body: { grant_type: "password", username: "typescript@example.com", password: "correct horse battery staple" },
      headers: { "Content-Type": "application/x-www-form-urlencoded" },
    }),
  );
  bearer = tokens.access_token;
  return tokens;
}

const account = { email: "typescript@example.com", password: "correct horse battery staple" };
must(got(await api.POST("/auth/register", { body: account })).display_name === null, "nobody has a name at first");
const { refresh_token } = await signIn();
bearer = got(await api.POST("/auth/refresh", { body: { refresh_token } })).access_token;

const untitled = refused(await api.POST("/todos", { body: { title: "" } }), "invalid");
must(untitled.errors?.[0]?.pointer === "/title", "the title is what is wrong");

for (const title of ["one", "two", "three"]) got(await api.POST("/todos", { body: { title, priority: 2 } }));
const titles: string[] = [];
let first: components["schemas"]["Todo"] | undefined;
for (let cursor: string | null | undefined; cursor !== null; ) {
  const page = got(await api.GET("/todos", { params: { query: { limit: 2, ...(cursor ? { cursor } : {}) } } }));
  titles.push(...page.items.map((todo) => todo.title));
  first ??= page.items[0];
  cursor = page.next_cursor;
}
must(titles.join() === "one,two,three" && first !== undefined, "every to-do is on one page");

const path = { todo_id: first.id };
const patch = (version: string, body: components["schemas"]["TodoPatch"]) =>
  api.PATCH("/todos/{todo_id}", { params: { path, header: { "If-Match": version } }, body });
const read = await api.GET("/todos/{todo_id}", { params: { path } });
const version = read.response.headers.get("ETag") ?? "";
const changed = got(await patch(version, { done: true, priority: null }));
must(changed.done && changed.done_at !== null && changed.priority === null, "it is done, and has no priority");
refused(await patch(version, { title: "too late" }), "version_mismatch");
must((await api.DELETE("/todos/{todo_id}", { params: { path } })).response.status === 204, "it is deleted");
refused(await api.GET("/todos/{todo_id}", { params: { path } }), "not_found");

must((await api.POST("/auth/logout")).response.status === 204, "a session ends without a body");
refused(await api.GET("/me"), "unauthenticated");
const again = await signIn();
const revoked = got(await api.POST("/auth/logout", { body: { token: again.refresh_token } }));
must(revoked?.revoked === true, "a session ends by its token");
