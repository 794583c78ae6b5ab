// Speaks to the bridge by the WebSocket interface of browsers: Node's own, where it has one, and that of undici. The
// arguments are the folder of undici, and the URL of a server that sends back what it receives.
const assert = require('node:assert');
const [folder, url] = process.argv.slice(2);
const implementations = [require(folder).WebSocket];
if (globalThis.WebSocket) implementations.push(globalThis.WebSocket);

/** Opens a WebSocket, sends `messages`, and closes it once `count` bytes are there. Returns how it ended. */
function converse(WebSocket, path, protocols, messages, count) {
    return new Promise((resolve) => {
        const socket = new WebSocket(url + path, protocols);
        socket.binaryType = 'arraybuffer';
        let bytes = 0;
        let protocol;
        socket.onopen = () => {
            protocol = socket.protocol;
            for (const message of messages) socket.send(message);
        };
        socket.onmessage = ({ data }) => {
            bytes += data.byteLength;
            if (bytes === count) socket.close(3000, 'enough');
        };
        socket.onclose = ({ code, wasClean }) => resolve([bytes, code, wasClean, protocol]);
    });
}

async function main() {
    for (const WebSocket of implementations) {
        const messages = ['What?', new Uint8Array(1 << 20)];
        const count = (1 << 20) + 5;
        const both = await converse(WebSocket, '', ['binary'], messages, count);
        assert.deepEqual(both, [count, 3000, true, 'binary']);
        assert.deepEqual(await converse(WebSocket, '/goodbye', [], [], 0), [300000, 1000, true, '']);
        assert.deepEqual(await converse(WebSocket, '/refused', [], [], 0), [0, 4502, true, '']);
    }
}

main().catch((error) => { console.error(error); process.exit(1); });
