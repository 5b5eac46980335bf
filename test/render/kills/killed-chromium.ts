import { spawn } from 'node:child_process';
import { appendFileSync, createReadStream, createWriteStream, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';

/** Who is killed, and when. */
export interface KillPlan {
  victim: 'chromium' | 'owner';
  /** A part of the message that the browser does not get any more; null: as soon as it runs. */
  at: string | null;
  /** How often that happens; later browsers live. */
  times: number;
  chromium: string;
}

/**
 * Stands between the driver and Chromium, whose pipe it carries on, and kills Chromium or the
 * process that owns it at the message of its plan. The plan lies beside this file, and so does the
 * list of its kills. Both may change while Chromium runs.
 */
const directory = import.meta.dirname;
const kills = join(directory, 'kills');
const readPlan = () => JSON.parse(readFileSync(join(directory, 'plan.json'), 'utf8')) as KillPlan;

const chromium = spawn(readPlan().chromium, process.argv.slice(2), {
  stdio: ['ignore', 'inherit', 'inherit', 'pipe', 'pipe'],
  // The program may be a script that starts Chromium: they are killed together.
  detached: true,
});
chromium.on('exit', (code) => process.exit(code ?? 1));
if (readPlan().at === null) kill();

const [toBrowser, fromBrowser] = chromium.stdio.slice(3) as [Writable, Readable];
relay(createReadStream('', { fd: 3 }), toBrowser, (message) => {
  const { at } = readPlan();
  if (at !== null && message.includes(at)) kill();
});
relay(fromBrowser, createWriteStream('', { fd: 4 }), () => {});

/** Passes messages on, each of which ends with a zero, once `look` has seen them. */
function relay(from: Readable, to: Writable, look: (message: string) => void): void {
  let rest = '';
  from.setEncoding('utf8').on('data', (text: string) => {
    const messages = (rest + text).split('\0');
    rest = messages.pop()!;
    for (const message of messages) {
      look(message);
      to.write(`${message}\0`);
    }
  });
  from.on('end', () => to.end());
  for (const stream of [from, to]) stream.on('error', () => {}); // the other side has ended
}

function kill(): void {
  const plan = readPlan();
  if (readFileSync(kills, 'utf8').length >= plan.times) return;
  appendFileSync(kills, 'x');
  if (plan.victim === 'owner') return void process.kill(process.ppid, 'SIGKILL');
  process.kill(-chromium.pid!, 'SIGKILL');
  process.kill(process.pid, 'SIGKILL');
}
