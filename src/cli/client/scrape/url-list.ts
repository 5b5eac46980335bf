import { readFile } from 'node:fs/promises';
import { text as readAll } from 'node:stream/consumers';
import type { Command } from 'commander';
import { CliError, EXIT } from '../../failure.ts';
import { invocationOf } from '../../invocation.ts';
import { oneLine } from '../../terminal.ts';

/**
 * The URLs in a file that a command was given, one per line; `-` is its standard input. Throws
 * CliError where it has none.
 */
export async function readUrls(file: string, command: Command): Promise<string[]> {
  return parseList(await readInput(file, command), file === '-' ? 'standard input' : file);
}

async function readInput(file: string, command: Command): Promise<string> {
  if (file === '-') return await readAll(invocationOf(command).stdin);
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw new CliError('The file cannot be read', { exitCode: EXIT.usage, cause });
  }
}

/**
 * The URLs in a text, one per line. Throws CliError for a line that is no URL, and for a text
 * without any.
 */
function parseList(text: string, name: string): string[] {
  const lines = text.split('\n').map((line, n) => ({ url: line.trim(), number: n + 1 }));
  const given = lines.filter(({ url }) => url !== '' && !url.startsWith('#'));
  const wrong = given.find(({ url }) => !/^https?:\/\//i.test(url) || !URL.canParse(url));
  if (wrong) {
    const shown = oneLine(wrong.url).slice(0, 80);
    throw new CliError(`${name}, line ${wrong.number}: not an http:// or https:// URL: ${shown}`, {
      exitCode: EXIT.usage,
    });
  }
  if (given.length === 0) throw new CliError(`There are no URLs in ${name}.`, { exitCode: EXIT.usage });
  return given.map(({ url }) => url);
}
