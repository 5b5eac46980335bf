// HTTPS keep-alive POSTs of 1 KB per second, 64 side by side, to a receiver in another process: a bare undici loop
// and Egress.post in turns. Run: node test/bench/egress.ts [seconds per turn]
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:https';
import { Agent } from 'undici';
import { createEgress } from '../../src/egress/index.ts';
import { createAuthority, type Certificate } from '../support/certificates.ts';

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
    const { body } = await agent.request({ origin, path: '/hook', method: 'POST', headers: HEADERS, body: BODY });
    await body.dump();
  };
  const post = async () => {
    await egress.post({ url: `${origin}/hook`, headers: HEADERS, body: BODY, timeoutMs: 15_000 });
  };
  await rate(bare, 1);
  await rate(post, 1);
  const rates = { bare: [] as number[], post: [] as number[] };
  for (let round = 0; round < ROUNDS; round++) {
    rates.bare.push(await rate(bare, seconds));
    rates.post.push(await rate(post, seconds));
  }
  const [bareRate, postRate] = [median(rates.bare), median(rates.post)];
  console.log(
    `undici request: ${bareRate.toFixed(0)}/s   Egress.post: ${postRate.toFixed(0)}/s   ratio ${(postRate / bareRate).toFixed(2)}`,
  );
  await agent.destroy();
  receiver.kill();
}

async function rate(send: () => Promise<void>, seconds: number): Promise<number> {
  const start = performance.now();
  let sent = 0;
  const loop = async () => {
    for (; performance.now() - start < seconds * 1000; sent++) await send();
  };
  await Promise.all(Array.from({ length: SIDE_BY_SIDE }, loop));
  return sent / ((performance.now() - start) / 1000);
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}
