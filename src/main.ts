import { setTimeout as sleep } from 'node:timers/promises';
import { ConfigError, readConfig } from './config.ts';
import { createContext } from './context.ts';
import { armCrashPoint } from './crash-point.ts';
import { EmbeddedError } from './database/embedded/server.ts';
import { createLog } from './log.ts';
import { SchemaError } from './database/migrate.ts';
import { startService } from './service.ts';
import { flushSpans } from './tracing.ts';
import { printWelcome } from './welcome.ts';

/** After a signal the process is gone by then, whatever hangs; a platform kills at 30 s. */
const EXIT_LIMIT_MS = 27_000;
/** A platform sends SIGTERM while its router still sends requests: for so long they are served as before. */
const DRAIN_MS = 1000;

async function main(): Promise<void> {
  const config = readConfig();
  armCrashPoint(config.crashPoint);
  const log = createLog(config.logLevel);
  // From the very start: cut off in the middle, a start would leave Postgres running by itself.
  const stopRequested = firstSignal();
  await using context = await createContext(config, log);
  const service = await startService(context);
  printWelcome(context, service);

  const signal = await stopRequested;
  log.info({ signal }, 'asked to stop');
  service.drain();
  if (signal === 'SIGTERM' && service.port !== null) await sleep(DRAIN_MS);
  await service.stop();
  await flushSpans();
}

/**
 * The first signal that asks for an end, which is bound to come within EXIT_LIMIT_MS of it. Further ones change nothing: they
 * would leave Postgres running by itself.
 */
function firstSignal(): Promise<string> {
  return new Promise((resolve) => {
    for (const name of ['SIGTERM', 'SIGINT']) {
      process.on(name, () => {
        setTimeout(() => process.exit(1), EXIT_LIMIT_MS).unref();
        resolve(name);
      });
    }
  });
}

try {
  await main();
  process.exitCode = 0;
} catch (error) {
  const known = [ConfigError, EmbeddedError, SchemaError].some((kind) => error instanceof kind);
  console.error(known ? (error as Error).message : error);
  process.exitCode = 1;
}
