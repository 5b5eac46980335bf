import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { after, suite } from 'node:test';
import { atEnd } from './at-end.ts';

/** The most that Node takes. A file has no limit of its own; each of its tests has. */
const UNLIMITED_MS = 2 ** 31 - 1;
/** The time that the process has to end once its tests have ended. */
const END_MS = 20_000;

/**
 * Runs test files in this process, one after the other, each as a suite: what they import is loaded
 * once, and a file's hooks are those of its suite. What a file declares belongs to the suite only
 * while the suite's function runs, so a file cannot await anything at its top level.
 */
export function runGroup(files: string[]): void {
  const require = createRequire(import.meta.url);
  after(async () => {
    await atEnd.disposeAsync();
    setTimeout(failSlowEnd, END_MS).unref();
  });
  for (const file of files) suite(file, { timeout: UNLIMITED_MS }, () => void require(resolve(file)));
}

/**
 * A failed test may leave something behind that keeps its process, and with it the run, for ever.
 */
function failSlowEnd(): void {
  console.error(
    `The tests have ended, but this keeps their process: ${process.getActiveResourcesInfo().join(', ')}`,
  );
  process.exit(1);
}
