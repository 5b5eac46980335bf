import { createRequire } from 'node:module';
import { isatty } from 'node:tty';
import { pino, type Logger, type LoggerOptions } from 'pino';

export type Log = Logger;

const STDOUT = 1;

/**
 * The process's logger: pretty on a terminal, one JSON object per line otherwise; a worker thread's
 * too. Callers log ids, counts and constant phrases; never bodies, header values, or a URL's
 * userinfo and query (see `loggableUrl`). A line whose `err` is taken by `takes` is left out.
 */
export function createLog(level: string, takes: (error: unknown) => boolean = () => false): Log {
  const options: LoggerOptions = {
    level,
    base: null,
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    serializers: { err: serializeError },
    hooks: {
      logMethod(line, method) {
        const [fields] = line as [unknown];
        if (typeof fields === 'object' && fields !== null && 'err' in fields && takes(fields.err)) return;
        method.apply(this, line);
      },
    },
  };
  // Not process.stdout.isTTY, which a worker thread does not have.
  if (!isatty(STDOUT)) return pino(options);
  // Loaded on a terminal only: the other processes and threads do without.
  const { PinoPretty } = createRequire(import.meta.url)('pino-pretty') as typeof import('pino-pretty');
  return pino(
    options,
    PinoPretty({ translateTime: 'HH:MM:ss', ignore: 'pid,hostname', singleLine: true, sync: true }),
  );
}

/**
 * The message and stack of an error, without its other fields: a database error holds the row that
 * it refused.
 */
function serializeError(error: unknown): object {
  if (!(error instanceof Error)) return { message: String(error) };
  const { type, message, stack } = pino.stdSerializers.err(error);
  return { type, code: (error as NodeJS.ErrnoException).code, message, stack };
}

/** A URL without userinfo, query and fragment. */
export function loggableUrl(url: string): string {
  const parsed = URL.parse(url);
  return parsed ? `${parsed.protocol}//${parsed.host}${parsed.pathname}` : '(unparsable)';
}
