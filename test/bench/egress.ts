// HTTPS keep-alive POSTs of 1 KB, 64 side by side, to a receiver in another process: a bare undici
// loop and Egress.post
// in turns. On two cores the receiver sets the rate, so the sender's CPU is printed beside it.
// Run: node test/bench/egress.ts [seconds per turn]
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:https';
import { Agent } from 'undici';
import { createEgress } from '../../src/egress/index.ts';
import { createAuthority, type Certificate } from '../support/net/certificates.ts';

const SIDE_BY_SIDE = 64;
const ROUNDS = 5;
const BODY = Buffer.alloc(1024, 'x');
const HEADERS = {
  'content-type': 'application/json',
  'user-agent': 'bench',
  'x-signature': `t=1,v1=${'0'.repeat(64)}`,
};

if (process.send) receive();
else await main(Number(process.argv[2] ?? 3));

function receive(): void {
  process.on('message', (certificate: Certificate) => {
    const server = createServer(certificate, (request, response) => {
      request.resume();
      request.on('end', () => response.end('ok'));
    });
    server.listen(0, '127.0.0.1', () => process.send!(server.address()));
  });
}

async function main(seconds: number): Promise<void> {
  const authority = await createAuthority();
  const receiver = fork(import.meta.filename);
  receiver.send(await authority.issue(['localhost']));
  const [{ port }] = await once(receiver, 'message');
  const origin = `https://localhost:${port}`;
  const agent = new Agent({ connections: SIDE_BY_SIDE, connect: { ca: authority.ca }, allowH2: false });
  await using egress = createEgress({
    allowTargets: [],
    allowWebhooks: ['127.0.0.0/8'],
    ca: authority.ca,
    connectionsPerOrigin: { pages: 1, webhooks: SIDE_BY_SIDE },
  });
  const bare = async () => {
    const { body } = await agent.request({
      origin,
      path: '/hook',
      method: 'POST',
      headers: HEADERS,
      body: BODY,
    });
    await body.dump();
  };
  const post = async () => {
    await egress.post({ url: `${origin}/hook`, headers: HEADERS, body: BODY, timeoutMs: 15_000 });
  };
  await run(bare, 1);
  await run(post, 1);
  const runs = { bare: [] as Run[], post: [] as Run[] };
  for (let round = 0; round < ROUNDS; round++) {
    runs.bare.push(await run(bare, seconds));
    runs.post.push(await run(post, seconds));
  }
  report('undici request', runs.bare);
  report('Egress.post', runs.post);
  const ratio = (of: (run: Run) => number) =>
    (median(runs.post.map(of)) / median(runs.bare.map(of))).toFixed(2);
  console.log(
    `Egress.post / undici request: rate ${ratio(({ rate }) => rate)}, sender's CPU ${ratio(({ cpu }) => cpu)}`,
  );
  await agent.destroy();
  receiver.kill();
}

/** POSTs per second, and microseconds of this process's CPU for each. */
interface Run {
  rate: number;
  cpu: number;
}

async function run(send: () => Promise<void>, seconds: number): Promise<Run> {
  const start = performance.now();
  const cpu = process.cpuUsage();
  let sent = 0;
  const loop = async () => {
    for (; performance.now() - start < seconds * 1000; sent++) await send();
  };
  await Promise.all(Array.from({ length: SIDE_BY_SIDE }, loop));
  const { user, system } = process.cpuUsage(cpu);
  return { rate: sent / ((performance.now() - start) / 1000), cpu: (user + system) / sent };
}

function report(name: string, runs: Run[]): void {
  const rate = median(runs.map((each) => each.rate));
  const cpu = median(runs.map((each) => each.cpu));
  console.log(`${name}: ${rate.toFixed(0)}/s, ${cpu.toFixed(1)} µs of the sender's CPU each`);
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}
