// Whoever reads the output may leave before its end: `chime runs list | head -1`. That is no error of the command.

const isClosed = (error: NodeJS.ErrnoException) =>
  error.code === 'EPIPE' || error.code === 'ERR_STREAM_DESTROYED';

/** What is printed to nobody is lost without a word; without this, Node ends the process with a stack trace. */
export function tolerateClosedOutput(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error) => {
      if (!isClosed(error)) throw error;
    });
  }
}

/**
 * Tells a process that serves that nobody reads its standard output any more.
 * @returns ends the watch
 */
export function onClosedOutput(react: () => void): () => void {
  const listen = (error: Error) => {
    if (isClosed(error)) react();
  };
  process.stdout.on('error', listen);
  return () => process.stdout.off('error', listen);
}
