import { ask } from "./client.mjs";

onmessage = async ({ data: [url, count] }) => postMessage(await ask(url, count));
