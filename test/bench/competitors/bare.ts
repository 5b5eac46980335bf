// A loop that signs and posts and stores nothing, in a process of its own: node bare.ts URL WARM_UP
// COUNT. Tells its parent the seconds and CPU milliseconds from the first WARM_UP of COUNT messages
// to the last.
import { createPoster } from '../deliveries/sign-and-post.ts';

const CONNECTIONS = 64;
const [url = '', ...numbers] = process.argv.slice(2);
const [warmUp = 0, count = 0] = numbers.map(Number);
const secret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
const body = Buffer.from(JSON.stringify({ job_id: 'job_x', status: 'completed', result: 'x'.repeat(960) }));
const poster = createPoster(CONNECTIONS);
let next = 0;

async function postUntil(end: number): Promise<void> {
  while (next < end) await poster.post(url, secret, `m${next++}`, body);
}

async function postTogether(end: number): Promise<void> {
  await Promise.all(Array.from({ length: CONNECTIONS }, () => postUntil(end)));
}

process.send!({ type: 'prepared' });
await postTogether(warmUp);
const [began, before] = [performance.now(), process.cpuUsage()];
await postTogether(count);
const { user, system } = process.cpuUsage(before);
const seconds = (performance.now() - began) / 1000;
process.send!({ type: 'done', seconds, cpuMs: (user + system) / 1000 }, () => process.exit(0));
