import { ask } from "./asker.mjs";

onmessage = async ({ data: [url, count] }) => postMessage(await ask(url, count));
