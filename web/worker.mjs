// Starts the worker. Trunk could make this file itself, but what it makes starts with a warning in the console.
importScripts("./launcelot-worker.js");
wasm_bindgen({ module_or_path: "./launcelot-worker_bg.wasm" });
