import type { Readable, Writable } from 'node:stream';
import type { Command } from 'commander';

/** Where a command writes: a terminal, or anything else. */
export type OutputStream = Writable & { isTTY?: boolean; columns?: number };

/** What a command line is given by the process that runs it. */
export interface Invocation {
  /** The words after the name of the program. */
  args: string[];
  /** The variables that configure it; those of the process where it is left out. */
  env?: NodeJS.ProcessEnv;
  stdin: Readable;
  stdout: OutputStream;
  stderr: OutputStream;
}

/** By the program, which is the command above all others. */
const invocations = new WeakMap<Command, Invocation>();

/** Makes `invocationOf` return this for the program and all its commands. */
export function setInvocation(program: Command, invocation: Invocation): void {
  invocations.set(program, invocation);
}

/** What the command was invoked with. Throws for a command of another program. */
export function invocationOf(command: Command): Invocation {
  let program = command;
  while (program.parent) program = program.parent;
  const invocation = invocations.get(program);
  if (!invocation) throw new Error('the command belongs to no program that was invoked');
  return invocation;
}

/** Prints lines on standard output. */
export function printLines(command: Command, text: string): void {
  invocationOf(command).stdout.write(`${text}\n`);
}

/** Prints lines for the person at the terminal, on standard error. */
export function tell(command: Command, text: string): void {
  invocationOf(command).stderr.write(`${text}\n`);
}
