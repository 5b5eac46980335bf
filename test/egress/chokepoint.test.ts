import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { glob, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';

const root = join(import.meta.dirname, '../..');

/** What the project's linter says of a file outside src/egress. */
async function lint(source: string): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'lint-'));
  try {
    const file = join(directory, 'elsewhere.ts');
    await writeFile(file, source);
    const run = promisify(execFile)(join(root, 'node_modules/.bin/oxlint'), [
      '-c',
      join(root, '.oxlint.config.ts'),
      file,
    ]);
    return await run.then(
      ({ stdout }) => stdout,
      (error: { stdout: string }) => error.stdout,
    );
  } finally {
    await rm(directory, { recursive: true });
  }
}

test('the linter lets only src/egress import an HTTP client or open a socket', async () => {
  for (const name of ['undici', 'node:http', 'node:https', 'node:net', 'node:tls'])
    assert.match(await lint(`import * as m from '${name}';\nexport { m };`), /no-restricted-imports/, name);
  assert.match(await lint("import { connect } from 'node:net';\nconnect(80);"), /no-restricted-imports/);
  assert.doesNotMatch(await lint("import { isIP } from 'node:net';\nisIP('');"), /no-restricted-imports/);
  assert.match(await lint("await fetch('https://example.com/');"), /Unexpected use of 'fetch'/);
  const builtin = "export const { request } = process.getBuiltinModule('node:http');";
  assert.match(await lint(builtin), /no-restricted-properties/);
  assert.doesNotMatch(await lint('export const answer = 42;'), /restricted|Unexpected/);
});

test('the service cannot use the connections that the command line opens for its user', async () => {
  for await (const file of glob('src/**/*.ts', { cwd: root })) {
    if (file === 'src/cli.ts' || file.startsWith('src/cli/')) continue;
    assert.doesNotMatch(await readFile(join(root, file), 'utf8'), /from '[./]*\/cli\//, file);
  }
});
