// Two clients for tests to call: this thread, and a worker.

import { ask } from "./client.mjs";

globalThis.mainThread = ask;

globalThis.worker = (url, count) => new Promise((resolve, reject) => {
  const worker = new Worker("worker.mjs", { type: "module" });
  worker.onerror = ({ message }) => reject(new Error(message));
  worker.onmessage = ({ data }) => {
    worker.terminate();
    resolve(data);
  };
  worker.postMessage([url, count]);
});
