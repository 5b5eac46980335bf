import { flushCompileCache } from 'node:module';
import { setTimeout as sleep } from 'node:timers/promises';
import { readConfig } from './config/index.ts';
import { createContext } from './context.ts';
import { armCrashPoint } from './crash-point.ts';
import { DatabaseOutage } from './database/connect/outage.ts';
import { listen } from './http/server/server.ts';
import { createLog } from './log.ts';
import { OperatorError } from './operator-error.ts';
import { startService } from './service/index.ts';
import { flushSpans } from './tracing.ts';
import { returnHeapAtRest } from './memory/resting-heap.ts';
import { returnUnusedBuffers } from './memory/unused-buffers.ts';
import { logWelcome, printKey } from './service/welcome.ts';

/** After a signal the process has exited by then, whatever hangs; a platform kills at 30 s. */
const EXIT_LIMIT_MS = 27_000;
/**
 * A platform's router still sends requests when SIGTERM arrives; for this long they are served as
 * before.
 */
const DRAIN_MS = 1000;

async function main(): Promise<void> {
  const config = readConfig();
  armCrashPoint(config.crashPoint);
  returnUnusedBuffers();
  returnHeapAtRest();
  // From the very start: a start that is cut off half-way would leave Postgres running.
  const signals = listenForSignals();
  const outage = new DatabaseOutage();
  const log = createLog(config.logLevel, outage.takes);
  await using stack = new AsyncDisposableStack();
  const server = config.roles.includes('web') ? await listen(config) : null;
  stack.defer(() => server?.close(AbortSignal.abort()));
  const context = stack.use(await createContext(config, { log, outage, signal: signals.stop }));
  const port = server?.port ?? null;
  const service = await startService(context, {
    server,
    showKey: (key) => printKey(key, port ?? config.port),
  });
  stack.defer(() => service.stop(signals.hurry));
  logWelcome(context, port);
  // For the threads, and for the next start, which a kill would leave without.
  flushCompileCache();

  const reason = await Promise.race([signals.first, context.failed]);
  if (reason instanceof Error) {
    log.fatal(reason.message);
    signals.cutShort();
    throw reason;
  }
  log.info({ signal: reason }, 'received signal, shutting down');
  service.drain();
  if (reason === 'SIGTERM' && server)
    await sleep(DRAIN_MS, undefined, { signal: signals.hurry }).catch(() => undefined); // cut short
  await service.stop(signals.hurry);
  await flushSpans();
}

interface Signals {
  /** The first signal that asks for an end. The process exits within EXIT_LIMIT_MS of it. */
  first: Promise<NodeJS.Signals>;
  /** Aborts at the first signal. */
  stop: AbortSignal;
  /** Aborts at the second. */
  hurry: AbortSignal;
  cutShort(): void;
}

function listenForSignals(): Signals {
  const { promise: first, resolve } = Promise.withResolvers<NodeJS.Signals>();
  const stop = new AbortController();
  const hurry = new AbortController();
  for (const name of ['SIGTERM', 'SIGINT'] as const) {
    process.on(name, () => {
      if (stop.signal.aborted) return hurry.abort();
      setTimeout(() => process.exit(1), EXIT_LIMIT_MS).unref();
      stop.abort();
      resolve(name);
    });
  }
  return { first, stop: stop.signal, hurry: hurry.signal, cutShort: () => hurry.abort() };
}

try {
  await main();
  process.exitCode = 0;
} catch (error) {
  console.error(error instanceof OperatorError ? error.message : error);
  process.exitCode = 1;
}
