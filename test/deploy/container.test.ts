import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { createTestDatabase } from '../support/database.ts';
import { testRun } from '../support/environment.ts';
import { startProcess } from '../support/process.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const read = (path: string) => readFile(join(root, path), 'utf8');
const run = promisify(execFile);

/** The instructions of the Dockerfile's last stage: all texts that follow each word. */
async function image(): Promise<Map<string, string[]>> {
  const text = (await read('.docker/Dockerfile')).replaceAll('\\\n', '');
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  const stage = lines.slice(lines.findLastIndex((line) => line.startsWith('FROM ')));
  const split = stage.map((line) => /^([A-Z]+) +(.*)$/.exec(line)!.slice(1));
  return new Map(
    [...Map.groupBy(split, ([word]) => word!)].map(([word, all]) => [word, all.map(([, rest]) => rest!)]),
  );
}

/** The words of a command, with this Node for `node`. */
const commandIn = (json: string): string[] =>
  (JSON.parse(json) as string[]).map((word) => (word === 'node' ? process.execPath : word));

/** What is copied from the clone: the sources of each COPY. */
const copiedBy = (copies: string[]): string[] =>
  copies.filter((copy) => !copy.startsWith('--from')).flatMap((copy) => copy.split(' ').slice(0, -1));

test('the image runs what `npm start` runs, as process 1 and not as root', async () => {
  const stage = await image();
  const { scripts } = JSON.parse(await read('package.json'));
  const [, variables, command] = /^exec env ((?:\w+=\S+ )+)(.*)$/.exec(scripts.start)!;
  assert.deepEqual(JSON.parse(stage.get('CMD')![0]!), command!.split(' '), 'the form that starts no shell');
  const set = stage.get('ENV')!.flatMap((text) => text.split(' '));
  for (const variable of variables!.trim().split(' '))
    if (!variable.startsWith('NODE_COMPILE_CACHE=')) assert.ok(set.includes(variable), variable);
  assert.ok(set.includes('DATA_DIR=/data'));
  assert.deepEqual([stage.get('VOLUME'), stage.get('USER')], [['/data'], ['node']]);
});

test('what the image copies is enough to start, to pass the health check, and to stop', async () => {
  const stage = await image();
  const directory = await mkdtemp(join(testRun().directory, 'image-'));
  for (const name of copiedBy(stage.get('COPY')!))
    await cp(join(root, name), join(directory, name), { recursive: true });
  await symlink(join(root, 'node_modules'), join(directory, 'node_modules'));

  await using database = await createTestDatabase({ empty: true });
  const command = commandIn(stage.get('CMD')![0]!);
  await using service = startProcess({ DATABASE_URL: database.url }, { from: { directory, command } });
  const check = commandIn(/CMD (\[.*\])$/.exec(stage.get('HEALTHCHECK')![0]!)![1]!);
  const health = (port: number | null) =>
    run(check[0]!, check.slice(1), { env: { ...process.env, PORT: String(port) } });
  await health(await service.ready());
  await assert.rejects(health(1), /ECONNREFUSED|bad port|fetch failed/);
  service.kill('SIGTERM');
  assert.equal(await service.exited, 0);
});

test('the builder gets what the Dockerfile copies, and nothing else', async () => {
  const lines = (await read('.docker/Dockerfile.dockerignore')).split('\n').filter((line) => line !== '');
  const [everything, ...but] = lines.filter((line) => !line.startsWith('#'));
  assert.equal(everything, '*');
  const copied = [...copiedBy((await image()).get('COPY')!), 'package-lock.json'];
  assert.deepEqual(but.toSorted(), copied.map((name) => `!${name}`).toSorted());
});
