import { CommanderError } from 'commander';
import { ConfigError } from '../config.ts';
import { EmbeddedError } from '../embedded.ts';

/** What the shell is told: 0 done, 1 it failed, 2 the command or the configuration is wrong. */
export const EXIT = { done: 0, failed: 1, usage: 2 } as const;

/** A failure that is explained by its message, a sentence for the person at the terminal. */
export class CliError extends Error {
  override name = 'CliError';
  readonly exitCode: number;
  constructor(message: string, options: { exitCode?: number; cause?: unknown } = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    this.exitCode = options.exitCode ?? EXIT.failed;
  }
}

/** The exit code and the sentence for whatever a command threw; no sentence where commander has said it already. */
export function explain(error: unknown): { exitCode: number; message: string | null } {
  if (error instanceof CommanderError)
    return { exitCode: error.exitCode === 0 ? EXIT.done : EXIT.usage, message: null };
  if (error instanceof CliError) return { exitCode: error.exitCode, message: messageOf(error) };
  if (error instanceof ConfigError) return { exitCode: EXIT.usage, message: error.message };
  if (error instanceof EmbeddedError) return { exitCode: EXIT.failed, message: error.message };
  return { exitCode: EXIT.failed, message: messageOf(error) };
}

/** The sentence in an error, its causes' included. */
export function messageOf(error: unknown): string {
  // Node reports a refused connection to several addresses as one error without a message.
  if (error instanceof AggregateError && error.errors.length > 0) return messageOf(error.errors[0]);
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message : `${error.message}: ${messageOf(error.cause)}`;
}
