// A logger whose lines a test can read.
import { EventEmitter, once } from 'node:events';
import { Writable } from 'node:stream';
import { createLogger, type Logger } from '../../src/log.ts';

export interface LogLine {
  level: string;
  msg: string;
  [key: string]: unknown;
}

export interface CapturedLog {
  log: Logger;
  lines: LogLine[];
  /** Resolves with the first line that says this; at once where there is one already. */
  logged(message: RegExp): Promise<LogLine>;
}

export function captureLog(level = 'debug'): CapturedLog {
  const lines: LogLine[] = [];
  const written = new EventEmitter();
  const log = createLogger(
    level,
    new Writable({
      write(chunk, _encoding, done) {
        for (const line of String(chunk).split('\n').filter(Boolean)) lines.push(JSON.parse(line) as LogLine);
        written.emit('line');
        done();
      },
    }),
  );
  const logged = async (message: RegExp) => {
    for (;;) {
      const line = lines.find(({ msg }) => message.test(msg));
      if (line !== undefined) return line;
      await once(written, 'line');
    }
  };
  return { log, lines, logged };
}
