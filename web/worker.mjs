// Runs the page's program a second time, in a worker, where it finds no window and becomes the client.
// The address says which script the program belongs to; the page's first message is the compiled program.
const program = new Promise((resolve) => addEventListener("message", ({ data }) => resolve(data), { once: true }));
const { default: start } = await import(`./${new URL(location).searchParams.get("glue")}`);
// A browser that does not let the worker connect says so here only: the socket gets no event.
addEventListener("securitypolicyviolation", ({ blockedURI }) => {
  throw new Error(`this page may connect to the bridge that served it only, not to ${blockedURI}`);
});
await start({ module_or_path: await program });
