import { ConfigError, readConfig } from './config.ts';
import { createContext } from './context.ts';
import { EmbeddedError } from './embedded.ts';
import { createLog } from './log.ts';
import { startService } from './service.ts';
import { printWelcome } from './welcome.ts';

/** After a signal the process is gone by then, whatever hangs; a platform kills at 30 s. */
const EXIT_LIMIT_MS = 27_000;

async function main(): Promise<void> {
  const config = readConfig();
  const log = createLog(config.logLevel);
  await using context = await createContext(config, log);
  const service = await startService(context);
  printWelcome(context, service);

  const signal = await new Promise<string>((resolve) => {
    for (const name of ['SIGTERM', 'SIGINT']) process.once(name, () => resolve(name));
  });
  log.info({ signal }, 'asked to stop');
  setTimeout(() => process.exit(1), EXIT_LIMIT_MS).unref();
  await service.stop();
}

try {
  await main();
  process.exitCode = 0;
} catch (error) {
  const known = error instanceof ConfigError || error instanceof EmbeddedError;
  console.error(known ? error.message : error);
  process.exitCode = 1;
}
