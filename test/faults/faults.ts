import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { writeCertificates } from '../support/net/certificates.ts';
import { runClass, type Outcome } from './campaign.ts';
import { CLASSES } from './classes/classes.ts';
import { quantile } from '../support/measure/quantile.ts';

/**
 * The campaign of faults: `npm run test:faults -- --rounds 200 --class kill --seed 7`. Each class
 * runs on a database and a ledger of its own. `--first 13` begins with the 13th round, and with
 * `--minutes 8` no round begins later, so that a long campaign can run in parts. Ends with 1 where
 * something was lost, and then leaves the ledger and the service's log behind.
 */
const OPTIONS = {
  rounds: { type: 'string' },
  class: { type: 'string' },
  first: { type: 'string', default: '1' },
  minutes: { type: 'string', default: 'Infinity' },
  seed: { type: 'string', default: String(Date.now() % 1_000_000) },
} as const;

const values = readOptions();
const names = values.class?.split(',') ?? CLASSES.map((kind) => kind.name);
const chosen = CLASSES.filter((kind) => names.includes(kind.name));
if (chosen.length < names.length) refuse(`the classes are ${CLASSES.map((kind) => kind.name).join(', ')}`);
for (const option of ['rounds', 'first', 'minutes', 'seed'] as const)
  if (!(Number(values[option] ?? 1) >= 0)) refuse(`--${option} is no number`);

const root = await mkdtemp(join(tmpdir(), 'ollagraph-faults-'));
// Open to the system user that runs Postgres where we are root.
await chmod(root, 0o755);
// Exit handlers stop what was started.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
console.log(`seed ${values.seed}`);
const outcomes: Outcome[] = [];
for (const kind of chosen) {
  const directory = join(root, kind.name);
  await mkdir(directory);
  await writeCertificates(directory);
  const outcome = await runClass(kind, {
    directory,
    rounds: Number(values.rounds ?? kind.rounds),
    first: Number(values.first),
    endAt: performance.now() + Number(values.minutes) * 60_000,
    seed: Number(values.seed),
    onRound: (n, ms) => console.log(`${kind.name} ${n + 1}: ${(ms / 1000).toFixed(1)} s`),
  });
  outcomes.push(outcome);
  for (const complaint of outcome.complaints) console.log(`  ${complaint}`);
}
print(outcomes);
if (outcomes.every((outcome) => outcome.passed)) await rm(root, { recursive: true, force: true });
else {
  console.log(`The ledgers and logs are in ${root}`);
  process.exitCode = 1;
}

function readOptions() {
  try {
    return parseArgs({ options: OPTIONS }).values;
  } catch (error) {
    return refuse((error as Error).message);
  }
}

function refuse(reason: string): never {
  console.error(reason);
  process.exit(2);
}

function seconds(numbers: number[], q: number): number {
  return Number((quantile(numbers, q) / 1000).toFixed(1));
}

function print(all: Outcome[]): void {
  console.table(
    Object.fromEntries(
      all.map(({ name, rounds, verdict, recoveries, stops, passed }) => {
        const { duplicates, deliveries, ...counts } = verdict;
        const share = `${duplicates} (${((100 * duplicates) / Math.max(1, deliveries)).toFixed(1)} %)`;
        const recovery =
          recoveries.length > 0 ? [0.5, 0.99, 1].map((q) => seconds(recoveries, q)).join(' / ') : '';
        const stop = stops.length > 0 ? seconds(stops, 1) : '';
        return [
          name,
          {
            rounds,
            ...counts,
            deliveries,
            duplicates: share,
            'recovery s': recovery,
            'stop s': stop,
            passed,
          },
        ];
      }),
    ),
  );
}
