import { Readable } from 'node:stream';
import { spec } from 'node:test/reporters';
import type { TestEvent } from 'node:test/reporters';
import { relative } from 'node:path';
import { INSTALL } from '../support/programs/programs.ts';

const SLOWEST = 10;
const TEST_FILE = '.test.ts';

/**
 * Prints what Node's spec reporter does, then the slowest files of a run of several, and in one
 * line which programs are missing, how many tests were skipped for them, and how to install them.
 */
export default async function* report(source: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const seconds = new Map<string, number>();
  const skipped: string[] = [];
  async function* watched() {
    for await (const event of source) {
      const ended = endOfFile(event);
      if (ended) seconds.set(ended.file, ended.seconds);
      if (event.type === 'test:pass' && typeof event.data.skip === 'string') skipped.push(event.data.skip);
      yield event;
    }
  }
  yield* Readable.from(watched()).compose(new spec());
  if (seconds.size > 1) yield slowest(seconds);
  if (skipped.length > 0) yield missing(skipped);
}

/** A file of tests that has ended: a suite of its group, or a process of its own. */
function endOfFile(event: TestEvent): { file: string; seconds: number } | null {
  if (event.type === 'test:summary' && event.data.file?.endsWith(TEST_FILE))
    return { file: relative('.', event.data.file), seconds: event.data.duration_ms / 1000 };
  const isSuite = event.type === 'test:pass' || event.type === 'test:fail';
  if (!isSuite || event.data.nesting > 0 || !event.data.name.endsWith(TEST_FILE)) return null;
  return { file: event.data.name, seconds: event.data.details.duration_ms / 1000 };
}

function slowest(seconds: Map<string, number>): string {
  const all = [...seconds].toSorted(([, a], [, b]) => b - a).slice(0, SLOWEST);
  const lines = all.map(([file, s]) => `${s.toFixed(1).padStart(7)} s  ${file}\n`);
  return `Slowest of ${seconds.size} files:\n${lines.join('')}`;
}

function missing(reasons: string[]): string {
  const known = [...new Set(reasons)].toSorted();
  const install = known.flatMap((reason) => INSTALL.get(reason) ?? []);
  const how = install.length > 0 ? ` Install what is missing: ${[...new Set(install)].join('; ')}` : '';
  return `${reasons.length} tests were skipped: ${known.join(', ')}.${how}\n`;
}
