import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { testRun } from '../support/environment.ts';
import { missing } from '../support/programs/programs.ts';
import { shareTestService } from '../support/shared-service.ts';
import { page, startSite } from '../support/site.ts';

const run = promisify(execFile);
const chapter = new URL('../../src/docs/manual/clients.md', import.meta.url);

/** The program of the manual, with another site to scrape. */
async function codeOf(name: string): Promise<string> {
  const text = await readFile(chapter, 'utf8');
  const [, code] = text.split(`<!-- client:${name} -->`)[1]!.split(/^```\w*\n/m);
  return code!;
}

async function program(language: string, urls: [string, string]): Promise<string> {
  const code = await codeOf(language);
  return code.replace('https://example.com', urls[0]).replace('https://example.org', urls[1]);
}

/** Where TypeScript and Node find the packages of this project. */
const root = fileURLToPath(new URL('../../', import.meta.url));

test(
  "the manual's TypeScript program runs on types that are generated from the service's document",
  { skip: missing('openapi-typescript') },
  async () => {
    await using service = await shareTestService();
    await using site = await startSite({
      '/': page('Home', 'Hello.'),
      '/one': page('One', 'The first page.'),
    });
    const directory = await mkdtemp(join(testRun().directory, 'client-'));
    await symlink(join(root, 'node_modules'), join(directory, 'node_modules'));
    await writeFile(join(directory, 'package.json'), '{ "type": "module" }');
    const variables = { OLLAGRAPH_URL: service.api.origin, OLLAGRAPH_API_KEY: service.account.key };
    const here = { cwd: directory, env: { ...process.env, ...variables } };

    const document = `${service.api.origin}/openapi.json`;
    await run('openapi-typescript', [document, '--output', 'ollagraph.ts'], here);
    await writeFile(
      join(directory, 'use.ts'),
      await program('typescript', [site.url('/'), site.url('/one')]),
    );
    const strict = [
      '--noEmit',
      '--strict',
      '--module',
      'nodenext',
      '--allowImportingTsExtensions',
      '--types',
      'node',
    ];
    await run(join(root, 'node_modules/.bin/tsc'), [...strict, '--skipLibCheck', 'use.ts'], here);
    const { stdout } = await run(process.execPath, ['use.ts'], here);
    assert.equal(stdout, 'ok Home\nok One\n');
  },
);

test(
  "the manual's Python program runs on a client that is generated from the service's document",
  { skip: missing('openapi-python-client') },
  async () => {
    await using service = await shareTestService();
    await using site = await startSite({
      '/': page('Home', 'Hello.'),
      '/one': page('One', 'The first page.'),
    });
    const directory = await mkdtemp(join(testRun().directory, 'client-'));
    const python = (...args: string[]) =>
      run('python3', args, {
        cwd: directory,
        env: { ...process.env, OLLAGRAPH_URL: service.api.origin, OLLAGRAPH_API_KEY: service.account.key },
      });

    // Without the formatter that it would run on what it wrote.
    await writeFile(join(directory, 'generator.yaml'), `${await codeOf('generator')}post_hooks: []\n`);
    const options = ['--config', 'generator.yaml', '--meta', 'none', '--fail-on-warning'];
    const output = ['--url', `${service.api.origin}/openapi.json`, '--output-path', 'ollagraph'];
    const { stdout, stderr } = await python('-m', 'openapi_python_client', 'generate', ...options, ...output);
    assert.doesNotMatch(stdout + stderr, /warning|skipping/i);

    await writeFile(join(directory, 'use.py'), await program('python', [site.url('/'), site.url('/one')]));
    assert.equal((await python('use.py')).stdout, 'ok Home\nok One\n');
  },
);
