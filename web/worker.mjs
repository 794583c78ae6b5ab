// Starts the page's program a second time, in a worker, where it finds no window and becomes the one who asks.
// Its name changes with every build, so whoever starts this says it.
const program = new URL(location).searchParams.get("program");
const { default: start } = await import(`./${program}.js`);
await start({ module_or_path: `./${program}_bg.wasm` });
