// Imported first by whatever starts pgchime, and importing nothing: an older Node gets a sentence, not a syntax error.
const [major, minor] = process.versions.node.split('.').map(Number);

/** What is wrong with this Node; undefined where nothing is. */
export const nodeProblem =
  major < 22 || (major === 22 && minor < 18)
    ? `pgchime needs Node 22.18 or newer; this is ${process.version}. Get a current one from https://nodejs.org.`
    : undefined;
