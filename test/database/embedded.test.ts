import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { pino } from 'pino';
import { openEmbedded, startEmbedded } from '../../src/database/embedded/server.ts';
import { testRun } from '../support/environment.ts';
import { eventually } from '../support/wait.ts';

const log = pino({ level: 'silent' });
const pidFile = (dataDir: string) => join(dataDir, 'postgres/postmaster.pid');

async function kill(dataDir: string): Promise<number> {
  const pid = Number((await readFile(pidFile(dataDir), 'utf8')).split('\n')[0]);
  process.kill(pid, 'SIGKILL');
  await eventually(() => !existsSync(`/proc/${pid}`));
  return pid;
}

test('a pid that is left behind and is another program’s by now keeps nothing from starting', async () => {
  const dataDir = join(testRun().directory, 'stranger');
  await startEmbedded(dataDir, log);
  await kill(dataDir);
  // Of the same user, as in a container.
  const { uid, gid } = await stat(join(dataDir, 'postgres'));
  const stranger = spawn('sleep', ['600'], { uid, gid });
  try {
    const [, ...rest] = (await readFile(pidFile(dataDir), 'utf8')).split('\n');
    await writeFile(pidFile(dataDir), [stranger.pid, ...rest].join('\n'));
    const again = await startEmbedded(dataDir, log);
    await again.close();
    assert.equal(stranger.exitCode, null);
  } finally {
    stranger.kill();
  }
});

test('a Postgres whose data is gone is not replaced by an empty one: the process is to end', async () => {
  const dataDir = join(testRun().directory, 'gone');
  const embedded = await openEmbedded(dataDir, log);
  try {
    const pid = Number((await readFile(pidFile(dataDir), 'utf8')).split('\n')[0]);
    await rm(join(dataDir, 'postgres'), { recursive: true });
    process.kill(pid, 'SIGKILL');
    const { message } = await embedded.failed;
    assert.match(message, /^DATA_DIR: the data in .*gone is gone\./);
    assert.ok(!existsSync(join(dataDir, 'postgres')));
  } finally {
    await embedded.close();
  }
});
