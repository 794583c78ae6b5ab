// Speaks to the bridge with Node's ws. The arguments are the package's folder, and the URL of a server that sends back what
// it receives.
const assert = require('node:assert');
const [folder, url] = process.argv.slice(2);
const WebSocket = require(folder);

function open(path, options = {}) {
    const socket = new WebSocket(url + path, ['binary'], options);
    return new Promise((resolve, reject) => {
        socket.on('open', () => resolve(socket));
        socket.on('error', reject);
    });
}

function receive(socket, count) {
    const parts = [];
    let received = 0;
    return new Promise((resolve) => {
        socket.on('message', function listener(data) {
            parts.push(data);
            received += data.length;
            if (received >= count) {
                socket.off('message', listener);
                resolve(Buffer.concat(parts));
            }
        });
    });
}

function closed(path) {
    const socket = new WebSocket(url + path);
    let bytes = 0;
    socket.on('message', (data) => { bytes += data.length; });
    return new Promise((resolve) => socket.on('close', (code) => resolve([bytes, code])));
}

async function main() {
    for (const perMessageDeflate of [false, true]) {
        const socket = await open('', { perMessageDeflate });
        assert.equal(socket.protocol, 'binary');
        assert.equal(socket.extensions, '');
        const large = Buffer.alloc(1 << 20, 'abc');
        const received = receive(socket, large.length + 5);
        socket.send('What?');
        socket.send(large);
        assert.deepEqual(await received, Buffer.concat([Buffer.from('What?'), large]));
        const pong = new Promise((resolve) => socket.on('pong', resolve));
        socket.ping('there?');
        assert.equal((await pong).toString(), 'there?');
        const code = new Promise((resolve) => socket.on('close', resolve));
        socket.close(3000);
        assert.equal(await code, 3000);
    }
    assert.deepEqual(await closed('/goodbye'), [300000, 1000]);
    assert.deepEqual(await closed('/refused'), [0, 4502]);
}

main().catch((error) => { console.error(error); process.exit(1); });
