// Runs the page's program a second time, in a worker, where it finds no window and becomes the client.
// The address says which script the program belongs to; the page's first message is the compiled program.
const program = new Promise((resolve) => addEventListener("message", ({ data }) => resolve(data), { once: true }));

// A browser that does not let the worker connect says so here only: the socket gets no event. The page has the words for it.
addEventListener("securitypolicyviolation", ({ blockedURI }) => postMessage(blockedURI));

try {
  const { default: start } = await import(`./${new URL(location).searchParams.get("glue")}`);
  await start({ module_or_path: await program });
} catch (error) {
  // The page gets errors, but not rejected promises.
  reportError(error);
}
