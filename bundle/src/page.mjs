// Loads the page's program and reports the progress of loading to the initializer, as trunk's own script does.
import load from "./launcelot.js";
import initializer from "./INITIALIZER";

const hooks = initializer();
// Decoded bytes are counted: Content-Length would be that of the compressed file.
const total = PROGRAM_BYTES;

const fetchProgram = async () => {
  const response = await fetch(new URL("./launcelot_bg.wasm", import.meta.url));
  if (!response.ok) throw new Error(`${response.url}: ${response.status} ${response.statusText}`);
  let current = 0;
  const count = new TransformStream({
    transform(chunk, controller) {
      current += chunk.length;
      hooks.onProgress?.({ current, total });
      controller.enqueue(chunk);
    },
  });
  return new Response(response.body.pipeThrough(count), { headers: { "content-type": "application/wasm" } });
};

try {
  hooks.onStart?.();
  const program = await load({ module_or_path: fetchProgram() });
  hooks.onComplete?.();
  hooks.onSuccess?.(program);
} catch (error) {
  hooks.onComplete?.();
  hooks.onFailure?.(error);
  throw error;
}
