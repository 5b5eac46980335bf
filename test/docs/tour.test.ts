import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { createTestDatabase } from '../support/database.ts';
import { testRun } from '../support/environment.ts';
import { listen } from '../support/net/listen.ts';
import { missing } from '../support/programs/programs.ts';
import { eventually } from '../support/wait.ts';

/**
 * Follows the tour as a reader does: every command in one shell, in order, in a folder like a
 * clone. What it prints must have the form that the tour shows; ids, times and counts differ.
 * UPDATE_MANUAL=1 writes what was printed into the chapter.
 */
const root = new URL('../../', import.meta.url);
const file = new URL('src/docs/manual/tour.md', root);
const KEY = `ok_tour_${'0123456789abcdef'.repeat(2)}`;
/** The shell prints it after the commands of a block. */
const MARK = '-- end of block --';

const BLOCK = /```sh\n([^`]+)```(?:\n\n```text\n([^`]+)```)?/g;

/** A block of commands, and the output that the tour shows below it. */
interface Step {
  commands: string;
  shown: string | undefined;
}

const chapter = readFileSync(file, 'utf8');
const steps: Step[] = [...chapter.matchAll(BLOCK)].map(([, commands, shown]) => ({
  commands: commands!,
  shown,
}));

test('the tour prints what its text shows', { skip: missing('OpenSSL') }, async () => {
  await using database = await createTestDatabase();
  const ports = new Map<string, string>();
  for (const port of ['3000', '8080', '8443']) ports.set(port, String(await unusedPort()));
  await using shell = startShell(await clone(), database.url);
  const outputs: string[] = [];
  for (const { commands, shown } of steps) {
    const expected = formsOf(shown ?? '');
    const awaited = process.env.UPDATE_MANUAL ? formsOf(withoutJson(shown ?? '')) : expected;
    const output = await shell.run(inTest(commands, ports), (printed) =>
      awaited.isSubsetOf(formsOf(asShown(printed, ports))),
    );
    outputs.push(asShown(output, ports));
    if (shown !== undefined && !process.env.UPDATE_MANUAL)
      assert.deepEqual([...formsOf(outputs.at(-1)!)].toSorted(), [...expected].toSorted(), commands);
  }
  if (process.env.UPDATE_MANUAL) await update(outputs);
});

/** A folder with the project's files and packages, the receiver of the manual, and nothing else. */
async function clone(): Promise<string> {
  const folder = join(testRun().directory, 'tour');
  await mkdir(folder);
  for (const name of ['package.json', 'node_modules', 'src', 'db', 'test'])
    await symlink(new URL(name, root).pathname, join(folder, name));
  const manual = await readFile(new URL('receiving.md', file), 'utf8');
  const receiver = /<!-- receiver:node -->\s*```js\n([\s\S]*?)```/.exec(manual)![1]!;
  await writeFile(join(folder, 'receiver.mjs'), receiver);
  return folder;
}

interface Shell extends AsyncDisposable {
  /**
   * Runs the commands; resolves with what was printed when they ended and `isComplete` holds of it.
   */
  run(commands: string, isComplete: (printed: string) => boolean): Promise<string>;
}

function startShell(folder: string, databaseUrl: string): Shell {
  const child = spawn('bash', ['-s'], {
    cwd: folder,
    env: { ...process.env, DATABASE_URL: databaseUrl, OLLAGRAPH_API_KEY: KEY },
    stdio: ['pipe', 'pipe', 'inherit'],
    // A group of its own, so that what it started in the background ends with it.
    detached: true,
  });
  let output = '';
  child.stdout.on('data', (chunk) => (output += String(chunk)));
  return {
    async run(commands, isComplete) {
      const start = output.length;
      child.stdin.write(`${commands}\necho '${MARK}'\n`);
      const printed = () => output.slice(start).replace(`${MARK}\n`, '');
      await eventually(() => output.includes(MARK, start) && isComplete(printed()), 30_000).catch(
        (error: unknown) => {
          throw new Error(`after ${commands}\nthe shell printed only ${printed()}`, { cause: error });
        },
      );
      return printed();
    },
    async [Symbol.asyncDispose]() {
      process.kill(-child.pid!, 'SIGKILL');
      await once(child, 'exit');
    },
  };
}

/** The commands with the ports of this run; the service starts in the background. */
function inTest(commands: string, ports: Map<string, string>): string {
  const start =
    `PORT=${ports.get('3000')} $1 npm start >service.log 2>&1 &\n` +
    `until curl -sf http://localhost:${ports.get('3000')}/readyz >/dev/null; do sleep 0.2; done`;
  let text = commands.trim();
  for (const [shown, used] of ports) text = text.replaceAll(shown, used);
  return text
    .replace(/^(.*) npm start$/m, start)
    .replace('npx node test/demo', `PORT=${ports.get('8080')} npx node test/demo`)
    .replace('OLLAGRAPH_API_KEY=ok_...', `OLLAGRAPH_API_KEY=${KEY}`);
}

function asShown(output: string, ports: Map<string, string>): string {
  let text = output;
  for (const [shown, used] of ports) text = text.replaceAll(used, shown);
  return text;
}

/**
 * The form of each line: JSON keeps its fields, text its words. Values, ids and numbers differ from
 * run to run. The many options of a job are one field here.
 */
function formsOf(output: string): Set<string> {
  const lines = output.split('\n').filter((line) => line !== '');
  return new Set(lines.map(formOf));
}

function formOf(line: string): string {
  const json = /^(?:data: )?(\{.*\})$/.exec(line)?.[1];
  if (json !== undefined) return JSON.stringify(shapeOf(JSON.parse(json)));
  return line
    .slice(0, LINE)
    .replace(/[0-9a-f]{24}/g, '#')
    .replace(/\d+/g, '#');
}
/** The tour cuts long answers short. */
const LINE = 60;

/** What the programs of the tour print; the answers of the API are left out. */
function withoutJson(output: string): string {
  return output.replace(/^.*\{.*$/gm, '');
}

function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.slice(0, 1).map(shapeOf);
  if (value === null || typeof value !== 'object') return 0;
  const fields = Object.entries(value).map(([name, inner]) => [
    name,
    name === 'options' ? 0 : shapeOf(inner),
  ]);
  return Object.fromEntries(fields);
}

async function update(outputs: string[]): Promise<void> {
  let n = 0;
  const text = chapter.replace(BLOCK, (whole, commands, shown) => {
    const output = outputs[n++]!.trim();
    return shown === undefined ? whole : `\`\`\`sh\n${commands}\`\`\`\n\n\`\`\`text\n${output}\n\`\`\``;
  });
  await writeFile(file, text);
}

async function unusedPort(): Promise<number> {
  const server = createServer();
  const port = await listen(server);
  await new Promise((closed) => server.close(closed));
  return port;
}
