// Loads the program for those who look closer when it is first asked, and asks it. If it cannot be loaded, the next
// one who asks tries again.

let program;

const load = async () => {
  const figures = await import(new URL("launcelot-figures.js", document.baseURI));
  await figures.default();
  return figures;
};

export const figures = async (request) => {
  // The bytes are the caller's, and are gone by the time that the program is there.
  const bytes = request.slice();
  program ??= load();
  try {
    return (await program).figures(bytes);
  } catch (error) {
    program = undefined;
    throw error;
  }
};
