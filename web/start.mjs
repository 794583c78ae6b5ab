// Says how far the page's program has come, and what is wrong if it does not start.

const before = document.getElementById("before");

const say = (words) => {
  // Bad news stays: a browser without WebAssembly downloads the program all the same.
  if (before && before.role !== "alert") before.textContent = words;
};

const fail = (words) => {
  say(words);
  if (before) before.role = "alert";
};

// A browser without WebAssembly fails before trunk's own script can tell.
if (typeof WebAssembly !== "object") {
  fail("This page is a WebAssembly program, and this browser cannot run it. Current versions of Firefox, Chrome, Edge and Safari can.");
}

export default () => ({
  onProgress: ({ current, total }) => {
    if (total > 0) say(`Lowering the bridge… ${Math.min(100, Math.round((100 * current) / total))} %`);
  },
  onFailure: (error) => {
    fail(`The page's program did not start: ${error?.message ?? error}. Reload the page. If that does not help, ` +
      "`launcelot-client localhost --timing` asks the same questions in a terminal.");
  },
});
