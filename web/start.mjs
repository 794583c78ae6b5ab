// Says how far the page's program has come, and what is wrong if it does not start, or crashes.

const before = document.getElementById("before");

// The page says on its own that its scripts are late: here they are.
document.getElementById("late")?.remove();

let hasFailed = false;

const report = (words) => {
  // Bad news stays: a browser without WebAssembly downloads the program all the same.
  if (!hasFailed) before.textContent = words;
};

// The program replaces what was there before it, and leaves alone what stands above it.
const fail = (words) => {
  if (hasFailed) return;
  hasFailed = true;
  const notice = before.isConnected ? before : document.createElement("p");
  notice.textContent = words;
  notice.className = "mishap";
  notice.role = "alert";
  if (!notice.isConnected) document.body.prepend(notice);
};

// A program that panics traps, and what it was doing stays half done: nothing of it can be relied on.
const failIfCrashed = (error) => {
  if (error instanceof WebAssembly.RuntimeError) {
    fail("This page has crashed and no longer responds. Reload it to go on.");
  }
};

// A browser without WebAssembly fails before trunk's own script can tell.
if (typeof WebAssembly !== "object") {
  fail("This page is a WebAssembly program, and this browser cannot run it. Current versions of Firefox, Chrome, Edge and Safari can.");
}

export default () => ({
  onProgress: ({ current, total }) => {
    if (total > 0) report(`Lowering the bridge… ${Math.min(100, Math.round((100 * current) / total))} %`);
  },
  onSuccess: () => {
    addEventListener("error", ({ error }) => failIfCrashed(error));
    addEventListener("unhandledrejection", ({ reason }) => failIfCrashed(reason));
  },
  onFailure: (error) => {
    fail(`The page’s program did not start: ${error?.message ?? error}. Reload the page. If that does not help, ` +
      "`launcelot-client localhost --timing` asks the same questions in a terminal, on the computer where the server runs.");
  },
});
