import { CommanderError } from 'commander';
import { ConfigError } from '../config/index.ts';
import { OperatorError } from '../operator-error.ts';

/** The exit codes. */
export const EXIT = {
  done: 0,
  /** It failed, or what was asked about is not in order. */
  failed: 1,
  /** The command or the configuration is wrong. */
  usage: 2,
  /** The service cannot be reached or cannot answer right now: the same command may work later. */
  unavailable: 3,
  /** The service does not take the key. */
  unauthorized: 4,
} as const;

/** A failure whose message is a sentence for the person at the terminal. */
export class CliError extends Error {
  override name = 'CliError';
  readonly exitCode: number;
  /** Further fields for programs, printed with --json. */
  readonly details: object;
  constructor(message: string, options: { exitCode?: number; details?: object; cause?: unknown } = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    this.exitCode = options.exitCode ?? EXIT.failed;
    this.details = options.details ?? {};
  }
}

interface Explanation {
  exitCode: number;
  message: string;
  details: object;
}

/** The exit code, the sentence and the details of any error. */
export function explain(error: unknown): Explanation {
  if (error instanceof CommanderError)
    return {
      exitCode: error.exitCode === 0 ? EXIT.done : EXIT.usage,
      message: usageMessage(error),
      details: {},
    };
  if (error instanceof CliError)
    return { exitCode: error.exitCode, message: messageOf(error), details: error.details };
  if (error instanceof ConfigError) return { exitCode: EXIT.usage, message: error.message, details: {} };
  if (error instanceof OperatorError) return { exitCode: EXIT.failed, message: error.message, details: {} };
  return { exitCode: EXIT.failed, message: messageOf(error), details: {} };
}

function usageMessage({ code, message }: CommanderError): string {
  return code === 'commander.help' ? 'missing command' : message.replace(/^error: /, '');
}

/** The message of an error, followed by those of its causes. */
export function messageOf(error: unknown): string {
  // Node reports a refused connection to several addresses as one error without a message.
  if (error instanceof AggregateError && error.errors.length > 0) return messageOf(error.errors[0]);
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined
    ? error.message
    : `${error.message.replace(/\.$/, '')}: ${messageOf(error.cause)}`;
}
