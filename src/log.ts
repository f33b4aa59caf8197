// Logs for programs: pino JSON, secrets redacted. People get the reporter of src/cli/report.ts instead.
import { type DestinationStream, type Logger, pino } from 'pino';

export type { Logger } from 'pino';

const secrets = [
  ...['password', 'token', 'secret', 'authorization', 'cookie', 'connectionString', 'databaseUrl'],
  ...['apiKey', 'modelApiKey'],
];

/**
 * A logger that writes JSON lines.
 * @param level debug, info, warn or error
 * @param destination where to write; standard output by default
 */
export function createLogger(level: string, destination?: DestinationStream): Logger {
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: secrets.flatMap((key) => [key, `*.${key}`, `*.*.${key}`]), censor: '[redacted]' },
      serializers: { err: pino.stdSerializers.err },
    },
    destination ?? pino.destination({ dest: 1, sync: true }),
  );
}

/** A database URL without its password, for logs and messages. */
export function maskUrl(url: string): string {
  try {
    const masked = new URL(url);
    if (masked.password !== '') masked.password = '***';
    return masked.href;
  } catch {
    return 'postgres://(unreadable)';
  }
}
