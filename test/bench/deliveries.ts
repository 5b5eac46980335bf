// The delivery engine beside what others reach on the same machine, in one run:
//   node test/bench/deliveries.ts [throughput] [cpu] [slow] [latency] [leased] [isolation] [claim] [pair] [large]
// Postgres runs with its default settings (fsync on); the receiver, each dispatcher and each
// competitor is a process of its own.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import { addHistory, claimRate, settled } from './deliveries/claim-cost.ts';
import { large } from './deliveries/large.ts';
import { appendAndSend, steady } from './deliveries/latency.ts';
import { slowReceiver } from './deliveries/slow-receiver.ts';
import { setStage, type Stage } from './deliveries/stage.ts';
import { installCompetitors } from './support/competitors.ts';
import { bareLoop, compete, drain, type Drained } from './deliveries/throughput.ts';
import { quantile } from '../support/measure/quantile.ts';

const MESSAGES = Number(process.env.MESSAGES ?? 20_000);
const COMPETITOR_MESSAGES = Math.min(MESSAGES, 10_000);
const REDIS_PORT = 16_379;
/** The service's own, after which the last request to a receiver that hangs is over. */
const WEBHOOK_TIMEOUT_MS = 15_000;
/** The pace of the nine endpoints beside one that hangs. */
const NINE = { perSecond: 100, seconds: 10 };
const line = (name: string, figure: string) => console.log(`  ${name.padEnd(52)} ${figure}`);
const rateText = (rate: number) => `${Math.round(rate).toLocaleString('en')}/s`;
const ms = (value: number) => `${value.toFixed(1)} ms`;
const percentiles = (values: number[]) =>
  [0.5, 0.95, 0.99].map((q) => `p${q * 100} ${ms(quantile(values, q))}`).join('  ');

const sections: Record<string, (stage: Stage) => Promise<void>> = {
  async throughput(stage) {
    installCompetitors();
    console.log(
      '\nThroughput, 1 KB over TLS to one receiver process, an attempt row each, after a warm-up; medians of 3',
    );
    await using redis = startRedis();
    const competitors = [
      'pg-boss',
      'pg-boss, batched',
      'graphile-worker',
      ...(redis.running ? ['bullmq'] : []),
    ];
    const bare: { rate: number; cpuMs: number }[] = [];
    const ours: Drained[] = [];
    const theirs = new Map(competitors.map((name) => [name, [] as number[]]));
    // In turn, for the machine's speed changes.
    for (let round = 0; round < 3; round++) {
      bare.push(await bareLoop(stage, MESSAGES));
      ours.push(await drain(stage, MESSAGES));
      for (const [name, rates] of theirs)
        rates.push(await compete(stage, name, COMPETITOR_MESSAGES, REDIS_PORT));
    }
    const [limit, rate] = [bare, ours].map((runs) =>
      quantile(
        runs.map((run) => run.rate),
        0.5,
      ),
    ) as [number, number];
    line('a loop that signs and posts, storing nothing', rateText(limit));
    line('ollagraph', `${rateText(rate)}   ratio ${(rate / limit).toFixed(2)}`);
    for (const [name, rates] of theirs) {
      const middle = quantile(rates, 0.5);
      line(name, `${rateText(middle)}   ollagraph is ${(rate / middle).toFixed(1)} ×`);
    }
    if (!redis.running) line('bullmq', 'left out: no redis-server here');
    costs(
      bare.map(({ cpuMs }) => cpuMs),
      ours,
    );
  },

  async slow(stage) {
    console.log('\n2,000 messages to one receiver that takes 50 ms for each; median of 3');
    const rates: number[] = [];
    for (let round = 0; round < 3; round++) rates.push(await slowReceiver(stage, 2000));
    line('ollagraph', `${rateText(quantile(rates, 0.5))}   of ${rates.map(rateText).join(', ')}`);
  },

  async latency(stage) {
    console.log('\nCommit to arrival at a steady 200 per second, 10 s');
    await settled(stage);
    const dispatcher = await stage.dispatcher();
    await steady(stage, stage.accounts, { perSecond: 200, seconds: 2 });
    line('ollagraph', percentiles(await steady(stage, stage.accounts, { perSecond: 200, seconds: 10 })));
    await dispatcher.stop();
  },

  async leased(stage) {
    console.log(
      '\nCommit to arrival where one process appends and sends, 10 s a run; in turn, three runs each',
    );
    for (const perSecond of [50, 200]) {
      const runs = [true, false].map((direct) => ({
        direct,
        latencies: [] as number[],
        cpu: [] as number[],
        leased: 0,
      }));
      for (let round = 0; round < 3; round++)
        for (const run of runs) {
          const { latencies, cpuMs, leased } = await appendAndSend(
            stage,
            { perSecond, seconds: 10 },
            run.direct,
          );
          run.latencies.push(...latencies);
          run.cpu.push(cpuMs);
          run.leased += leased / 3;
        }
      for (const { direct, latencies, cpu, leased } of runs)
        line(
          `${perSecond}/s, ${direct ? `born leased (${(100 * leased).toFixed(0)} %)` : 'by notification and claim'}`,
          `${percentiles(latencies)}  CPU ${quantile(cpu, 0.5).toFixed(2)} ms a delivery`,
        );
    }
  },

  async cpu(stage) {
    console.log('\nCPU of a delivery while a backlog is drained, in turn; medians of 3');
    const bare: number[] = [];
    const ours: Drained[] = [];
    for (let round = 0; round < 3; round++) {
      bare.push((await bareLoop(stage, MESSAGES)).cpuMs);
      ours.push(await drain(stage, MESSAGES));
    }
    costs(bare, ours);
  },

  async isolation(stage) {
    console.log(
      '\nNine endpoints at 100 per second in all, 10 s; a tenth hangs with 100,000 due; medians of 3',
    );
    const nine = stage.accounts.slice(0, 9);
    const dispatcher = await stage.dispatcher();
    await steady(stage, nine, NINE);
    const alone: number[] = [];
    const beside: number[] = [];
    // In turn, for the machine's speed changes.
    for (let round = 0; round < 3; round++) {
      await settled(stage);
      alone.push(quantile(await steady(stage, nine, NINE), 0.95));
      // Another each time, of which nothing is known yet.
      const bad = stage.accounts[9 + round]!;
      await stage.fill(100_000, { accounts: [bad], path: '/hang' });
      await sql`select pg_notify('ollagraph', ${JSON.stringify({ type: 'outbox', account_id: bad, endpoint: new URL(stage.receiverUrl).host })})`.execute(
        stage.database.db,
      );
      await sleep(2000);
      await settled(stage);
      beside.push(quantile(await steady(stage, nine, NINE), 0.95));
      await sql`truncate outbox`.execute(stage.database.db);
      await sleep(WEBHOOK_TIMEOUT_MS);
    }
    await dispatcher.stop();
    const [without, hanging] = [quantile(alone, 0.5), quantile(beside, 0.5)];
    line('p95 of the nine alone', `${ms(without)}   of ${alone.map(ms).join(', ')}`);
    line(
      'beside the hanging one',
      `${ms(hanging)}   of ${beside.map(ms).join(', ')}   × ${(hanging / without).toFixed(2)}`,
    );
  },

  async claim(stage) {
    console.log('\nClaiming alone, batches of 100 from ten endpoints');
    const plain = await claimRate(stage);
    line('nothing else in the tables', rateText(plain));
    const beside = async (what: string, prepare: () => Promise<void>) => {
      await prepare();
      const rate = await claimRate(stage);
      line(what, `${rateText(rate)}   ratio ${(rate / plain).toFixed(2)}`);
    };
    const others = stage.accounts.slice(10);
    await beside('100,000 due at another endpoint', () =>
      stage.fill(100_000, { accounts: [others[0]!], path: '/hang' }),
    );
    await beside('and 1,000,000 not yet due', () =>
      stage.fill(1_000_000, { accounts: others, due: "now() + interval '1 day'" }),
    );
    await beside('and 1,000,000 delivered', () => addHistory(stage, 1_000_000));
    await sql`truncate outbox, deliveries`.execute(stage.database.db);
  },

  async pair(stage) {
    console.log('\nTwo dispatcher processes');
    const one = [];
    const two = [];
    let doubles = 0;
    for (let round = 0; round < 3; round++) {
      one.push((await drain(stage, MESSAGES)).rate);
      const pair = await drain(stage, MESSAGES, 2);
      two.push(pair.rate);
      doubles += pair.doubles;
    }
    const [single, double] = [quantile(one, 0.5), quantile(two, 0.5)];
    line('one (median of 3)', rateText(single));
    line(
      'two (median of 3)',
      `${rateText(double)}   ratio ${(double / single).toFixed(2)}   sent twice: ${doubles}`,
    );
  },

  async large(stage) {
    console.log('\nA body of 1 GB, small deliveries going on');
    const { mibPerSecond, idle, peak, p95Before, p95Meanwhile } = await large(stage, 1024);
    line('throughput, both passes', `${mibPerSecond.toFixed(0)} MiB/s`);
    line(
      'memory of the dispatcher process',
      `${idle.toFixed(0)} MiB before, at most ${peak.toFixed(0)} MiB: ${(peak - idle).toFixed(0)} above`,
    );
    line('p95 of small deliveries', `${ms(p95Before)} before, ${ms(p95Meanwhile)} meanwhile`);
  },
};

const median = (values: number[]) => quantile(values, 0.5);

/** Prints what a delivery costs beside what the bare loop pays for it. */
function costs(bare: number[], ours: Drained[]): void {
  const [sender, postgres] = [
    median(ours.map(({ senderMs }) => senderMs)),
    median(ours.map(({ postgresMs }) => postgresMs)),
  ];
  line('CPU of the bare loop a delivery', `${median(bare).toFixed(3)} ms`);
  line(
    'of ollagraph',
    `${(sender + postgres).toFixed(3)} ms: sender ${sender.toFixed(3)}, Postgres ${postgres.toFixed(3)}   × ${((sender + postgres) / median(bare)).toFixed(2)}`,
  );
}

function startRedis() {
  const running = existsSync('/usr/bin/redis-server');
  const child = running
    ? spawn(
        'redis-server',
        ['--port', String(REDIS_PORT), '--save', '', '--appendonly', 'yes', '--dir', '/tmp'],
        {
          stdio: 'ignore',
        },
      )
    : null;
  return { running, [Symbol.asyncDispose]: async () => void child?.kill('SIGTERM') };
}

const wanted = process.argv.slice(2);
await using stage = await setStage();
for (const [name, run] of Object.entries(sections))
  if (wanted.length === 0 || wanted.includes(name)) await run(stage);
