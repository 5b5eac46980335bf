import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, symlink, writeFile } from 'node:fs/promises';
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

/** What the manual shows under this name. */
async function codeOf(name: string): Promise<string> {
  const text = await readFile(chapter, 'utf8');
  const [, code] = text.split(`<!-- client:${name} -->`)[1]!.split(/^```\w*\n/m);
  return code!;
}

/** A folder for a client of a running service, with two pages to scrape. */
interface Application extends AsyncDisposable {
  /** The address of the service's OpenAPI document. */
  document: string;
  /** Runs a command in the folder, with the variables that the manual's programs read. */
  run(command: string, args: string[]): Promise<{ stdout: string; stderr: string }>;
  write(name: string, text: string): Promise<void>;
  /** The program of the manual, with the two pages for those of the manual. */
  program(language: string): Promise<string>;
  directory: string;
}

async function createApplication(): Promise<Application> {
  const { api, account } = await shareTestService();
  const site = await startSite({ '/': page('Home', 'Hello.'), '/one': page('One', 'The first page.') });
  const directory = await mkdtemp(join(testRun().directory, 'client-'));
  const env = { ...process.env, OLLAGRAPH_URL: api.origin, OLLAGRAPH_API_KEY: account.key };
  return {
    directory,
    document: `${api.origin}/openapi.json`,
    run: (command, args) => run(command, args, { cwd: directory, env }),
    write: (name, text) => writeFile(join(directory, name), text),
    async program(language) {
      const code = await codeOf(language);
      return code
        .replace('https://example.com', site.url('/'))
        .replace('https://example.org', site.url('/one'));
    },
    [Symbol.asyncDispose]: () => site[Symbol.asyncDispose](),
  };
}

/** Where TypeScript and Node find the packages of this project. */
const root = fileURLToPath(new URL('../../', import.meta.url));

test(
  "the manual's TypeScript program runs on types that are generated from the service's document",
  { skip: missing('openapi-typescript') },
  async () => {
    await using application = await createApplication();
    await symlink(join(root, 'node_modules'), join(application.directory, 'node_modules'));
    await application.write('package.json', '{ "type": "module" }');
    await application.run('openapi-typescript', [application.document, '--output', 'ollagraph.ts']);
    await application.write('use.ts', await application.program('typescript'));
    const strict = ['--noEmit', '--strict', '--module', 'nodenext', '--types', 'node'];
    const lenient = ['--allowImportingTsExtensions', '--skipLibCheck'];
    await application.run(join(root, 'node_modules/.bin/tsc'), [...strict, ...lenient, 'use.ts']);
    const { stdout } = await application.run(process.execPath, ['use.ts']);
    assert.equal(stdout, 'ok Home\nok One\n');
  },
);

test(
  "the manual's Python program runs on a client that is generated from the service's document",
  { skip: missing('openapi-python-client') },
  async () => {
    await using application = await createApplication();
    // Without the formatter that it would run on what it wrote.
    await application.write('generator.yaml', `${await codeOf('generator')}post_hooks: []\n`);
    const options = ['--config', 'generator.yaml', '--meta', 'none', '--fail-on-warning'];
    const from = ['--url', application.document, '--output-path', 'ollagraph'];
    const generator = ['-m', 'openapi_python_client', 'generate', ...options, ...from];
    const { stdout, stderr } = await application.run('python3', generator);
    assert.doesNotMatch(stdout + stderr, /warning|skipping/i);

    await application.write('use.py', await application.program('python'));
    assert.equal((await application.run('python3', ['use.py'])).stdout, 'ok Home\nok One\n');
  },
);

test(
  "the manual's Go program runs on a client that is generated from the service's document",
  { skip: missing('oapi-codegen') },
  async () => {
    await using application = await createApplication();
    await application.write('openapi.json', await (await fetch(application.document)).text());
    await mkdir(join(application.directory, 'ollagraph'));
    const generate = ['-generate', 'types,client,skip-prune', '-package', 'ollagraph'];
    await application.run('oapi-codegen', [...generate, '-o', 'ollagraph/ollagraph.go', 'openapi.json']);
    await application.write('main.go', await application.program('go'));
    await application.run('go', ['mod', 'init', 'example.com/app']);
    await application.run('go', ['mod', 'tidy']);
    assert.equal((await application.run('go', ['run', '.'])).stdout, 'ok Home\nok One\n');
  },
);
