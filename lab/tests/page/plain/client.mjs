// Asks `count` questions, one at a time, over one WebSocket, and resolves to the milliseconds that each answer took, and to the
// moment of each answer.

const QUESTIONS = ["What is your name?", "What is your quest?", "What is your favorite color?"];
const FULL_STOP = ".".charCodeAt(0);

export const ask = (url, count) => new Promise((resolve, reject) => {
  const encoder = new TextEncoder();
  const questions = QUESTIONS.map((question) => encoder.encode(question));
  const times = [];
  const answered = [];
  let asked;
  const socket = new WebSocket(url);
  socket.binaryType = "arraybuffer";
  const send = () => {
    const question = questions[times.length % questions.length];
    asked = performance.now();
    socket.send(question);
  };
  socket.onopen = send;
  socket.onmessage = ({ data }) => {
    const at = performance.now();
    const bytes = new Uint8Array(data);
    if (bytes.at(-1) !== FULL_STOP) return;
    times.push(at - asked);
    answered.push(at);
    if (times.length < count) return send();
    socket.onclose = null;
    socket.close();
    resolve([times, answered]);
  };
  socket.onclose = ({ code }) => reject(new Error(`closed with ${code} after ${times.length} answers`));
});
