"""What the contenders are called: in files, and in words."""

OURS, TUTORIAL, FASTIFY, BARE = "todo-api", "tutorial", "fastify", "bare"

IN_WORDS = {
    OURS: "this service",
    TUTORIAL: "FastAPI tutorial stack",
    FASTIFY: "fastify + pg (Node)",
    BARE: "bare handler",
}
