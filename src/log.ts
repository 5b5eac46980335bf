import { pino, type Logger } from 'pino';
import { PinoPretty } from 'pino-pretty';

export type Log = Logger;

/**
 * The process's logger: pretty on a terminal, one JSON object a line otherwise. Callers log ids, counts and
 * constant phrases; never bodies, header values, or a URL's userinfo and query (see `loggableUrl`).
 */
export function createLog(level: string): Log {
  const options = {
    level,
    base: null,
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    serializers: { err: serializeError },
  };
  if (process.stdout.isTTY)
    return pino(
      options,
      PinoPretty({ translateTime: 'HH:MM:ss', ignore: 'pid,hostname', singleLine: true, sync: true }),
    );
  return pino(options);
}

/** What an error says, and not what it carries along: a database error holds the row that it refused. */
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
