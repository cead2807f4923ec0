// What a Node shop would pick: fastify and pg, with schemas for bodies and answers, as fastify's documentation teaches.
//
// It answers with the bodies of the service that it is measured against, reads and writes the same columns, and
// remembers the tokens that it has verified until they expire. It logs nothing.

import { createHmac, timingSafeEqual } from "node:crypto";
import fastify from "fastify";
import pg from "pg";

const { DATABASE_URL, JWT_SECRET, HOST, PORT } = process.env;

const read =
  "id, title, description, done, done_at, priority, tags, due_date, due_time, due_zone, due_at, " +
  "created_at, updated_at, version";
const columns =
  "owner_id, title, title_key, description, description_key, done, done_at, priority, tags, tag_keys, " +
  "due_date, due_time, due_zone, due_at, created_at, updated_at, version";

// A statement with a name is prepared once a connection.
const get = { name: "get", text: `SELECT ${read} FROM todos WHERE id = $1 AND owner_id = $2` };
const page = {
  name: "page",
  text: `SELECT ${read} FROM todos WHERE owner_id = $1 ORDER BY created_at DESC, id DESC LIMIT $2`,
};
const create = {
  name: "create",
  text:
    `INSERT INTO todos (${columns}) VALUES ` +
    "($1, $2, $3, $4, $5, false, NULL, $6, $7, $8, NULL, NULL, NULL, NULL, now(), now(), 1) " +
    `RETURNING ${read}`,
};
const patch = {
  name: "patch",
  text:
    "UPDATE todos SET title = $3, title_key = $4, updated_at = now(), version = version + 1 " +
    `WHERE id = $1 AND owner_id = $2 RETURNING ${read}`,
};

// ---- values

// "2026-01-31 09:30:00.5+00" becomes "2026-01-31T09:30:00.500000Z"; a Date would know of milliseconds only.
const toInstant = (text) => {
  const time = text.slice(11, -3);
  return `${text.slice(0, 10)}T${time.length === 8 ? time : time.padEnd(15, "0")}Z`;
};
pg.types.setTypeParser(pg.types.builtins.INT8, Number);
pg.types.setTypeParser(pg.types.builtins.DATE, String);
pg.types.setTypeParser(pg.types.builtins.TIMESTAMPTZ, toInstant);

const toTodo = (row) => {
  row.due = row.due_date && { date: row.due_date, time: row.due_time, zone: row.due_zone };
  return row;
};

// As long as the cursors of the service that it is measured against.
const toCursor = (last) =>
  Buffer.from(JSON.stringify(["0123456789abcdef", last.created_at, last.id])).toString("base64url");

// ---- schemas

const optional = (type) => ({ type: [type, "null"] });
const title = { type: "string", minLength: 1, maxLength: 200 };
const todo = {
  type: "object",
  properties: {
    id: { type: "integer" },
    title: { type: "string" },
    description: optional("string"),
    done: { type: "boolean" },
    done_at: optional("string"),
    priority: optional("integer"),
    tags: { type: "array", items: { type: "string" } },
    due: {
      type: "object",
      nullable: true,
      properties: { date: { type: "string" }, time: optional("string"), zone: { type: "string" } },
    },
    due_at: optional("string"),
    created_at: { type: "string" },
    updated_at: { type: "string" },
    version: { type: "integer" },
  },
};
const todos = {
  type: "object",
  properties: { items: { type: "array", items: todo }, next_cursor: optional("string") },
};
const newTodo = {
  type: "object",
  required: ["title"],
  additionalProperties: false,
  properties: {
    title,
    description: { ...optional("string"), maxLength: 10_000 },
    priority: { ...optional("integer"), minimum: 1, maximum: 5 },
    tags: { type: "array", items: { type: "string" } },
  },
};
const todoPatch = { type: "object", required: ["title"], additionalProperties: false, properties: { title } };
const byId = { type: "object", properties: { id: { type: "integer" } } };
const pageQuery = {
  type: "object",
  properties: { limit: { type: "integer", minimum: 1, maximum: 200, default: 50 }, sort: { const: "-created_at" } },
};

// ---- who asks

const known = new Map();

const verified = (authorization = "") => {
  const [header, payload, signature = ""] = authorization.replace(/^Bearer /, "").split(".");
  const expected = createHmac("sha256", JWT_SECRET).update(`${header}.${payload}`).digest();
  const given = Buffer.from(signature, "base64url");
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) return undefined;
  const { sub, exp } = JSON.parse(Buffer.from(payload, "base64url"));
  const token = { owner: Number(sub), expiresAt: exp * 1_000 };
  known.set(authorization, token);
  return token;
};

// ---- routes

const pool = new pg.Pool({ connectionString: DATABASE_URL, max: 10, options: "-c TimeZone=UTC" });
const app = fastify();

app.decorateRequest("owner", 0);
app.addHook("onRequest", async (request, reply) => {
  const { authorization } = request.headers;
  const token = known.get(authorization) ?? verified(authorization);
  if (token === undefined || Date.now() >= token.expiresAt) return reply.code(401).send();
  request.owner = token.owner;
});

const answer = (reply, row) => {
  if (row === undefined) return reply.code(404).send();
  return reply.header("etag", `"${row.version}"`).header("cache-control", "private, no-cache").send(toTodo(row));
};

app.get("/todos/:id", { schema: { params: byId, response: { 200: todo } } }, async (request, reply) => {
  const { rows } = await pool.query({ ...get, values: [request.params.id, request.owner] });
  return answer(reply, rows[0]);
});

app.get("/todos", { schema: { querystring: pageQuery, response: { 200: todos } } }, async (request, reply) => {
  const { limit } = request.query;
  const { rows } = await pool.query({ ...page, values: [request.owner, limit + 1] });
  const items = rows.slice(0, limit).map(toTodo);
  const next_cursor = rows.length > limit ? toCursor(items.at(-1)) : null;
  if (next_cursor) reply.header("link", `<${request.url}&cursor=${next_cursor}>; rel="next"`);
  return { items, next_cursor };
});

app.post("/todos", { schema: { body: newTodo, response: { 201: todo } } }, async (request, reply) => {
  const { description = null, priority = null, tags = [] } = request.body;
  const trimmed = request.body.title.trim();
  const { rows } = await pool.query({
    ...create,
    values: [
      ...[request.owner, trimmed, trimmed.toLowerCase(), description, description && description.toLowerCase()],
      ...[priority, tags, tags.map((tag) => tag.toLowerCase())],
    ],
  });
  return answer(reply.code(201).header("location", `/todos/${rows[0].id}`), rows[0]);
});

app.patch("/todos/:id", { schema: { params: byId, body: todoPatch, response: { 200: todo } } }, async (request, reply) => {
  const trimmed = request.body.title.trim();
  const values = [request.params.id, request.owner, trimmed, trimmed.toLowerCase()];
  const { rows } = await pool.query({ ...patch, values });
  return answer(reply, rows[0]);
});

await app.listen({ host: HOST, port: Number(PORT) });
