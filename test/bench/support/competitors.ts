// The benchmarks' competitors have a package.json of their own, test/bench/package.json, so that
// installing the project does not bring them.
import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** HTML of the main content, by name of the extractor. */
export type Readers = Record<string, (html: string, url: string) => string | Promise<string>>;
/** Loads a converter of HTML to Markdown, by name. */
export type Writers = Record<string, () => Promise<(html: string) => string>>;

const BENCH = join(import.meta.dirname, '..');

/**
 * Imports competitors/`name`.ts, whose packages are installed first where they are missing or
 * outdated.
 */
export async function competitors(name: 'readers' | 'writers'): Promise<unknown> {
  installCompetitors();
  return await import(new URL(`../competitors/${name}.ts`, import.meta.url).href);
}

/** Runs `npm run bench:install` unless what is installed is at least as new as its lock file. */
export function installCompetitors(): void {
  const installed = join(BENCH, 'node_modules/.package-lock.json');
  const lock = join(BENCH, 'package-lock.json');
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync(lock).mtimeMs) return;
  const { status } = spawnSync('npm', ['run', 'bench:install'], {
    cwd: join(BENCH, '../..'),
    stdio: 'inherit',
  });
  if (status !== 0) throw new Error('npm run bench:install failed');
}
