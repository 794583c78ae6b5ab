// A worker for several runs: for each URL it asks the three questions over a new WebSocket, one at a time, and posts the times
// and answers after the last answer.

const QUESTIONS = ["What is your name?", "What is your quest?", "What is your favorite color?"];
const FULL_STOP = ".".charCodeAt(0);

const decoder = new TextDecoder();
const questions = QUESTIONS.map((question) => new TextEncoder().encode(question));

onmessage = ({ data: url }) => {
  const began = performance.now();
  const asked = [], answered = [], answers = [];
  let connected;
  const socket = new WebSocket(url);
  socket.binaryType = "arraybuffer";
  const send = () => {
    asked.push(performance.now() - began);
    socket.send(questions[answered.length]);
  };
  socket.onopen = () => {
    connected = performance.now() - began;
    send();
  };
  socket.onmessage = ({ data }) => {
    const at = performance.now() - began;
    const bytes = new Uint8Array(data);
    if (bytes.at(-1) !== FULL_STOP) return;
    answered.push(at);
    if (answered.length < questions.length) send();
    answers.push(decoder.decode(bytes));
    if (answered.length < questions.length) return;
    socket.onclose = null;
    socket.close();
    postMessage({ connected, asked, answered, answers });
  };
  socket.onclose = ({ code }) => {
    throw new Error(`closed with ${code} after ${answered.length} answers`);
  };
};
