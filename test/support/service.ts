import { randomBytes } from 'node:crypto';
import { pino } from 'pino';
import { createAccount } from '../../src/accounts/accounts.ts';
import { createSecretBox } from '../../src/accounts/secrets.ts';
import { readConfig } from '../../src/config/index.ts';
import { createContext, type Context } from '../../src/context.ts';
import { listen } from '../../src/http/server/server.ts';
import { startService, type Service } from '../../src/service/index.ts';
import { createApi, type Api } from './api.ts';
import { createTestDatabase } from './database.ts';

export interface TestService extends AsyncDisposable {
  context: Context;
  service: Service;
  db: Context['db'];
  /** Calls the API as the service's own account. */
  api: Api;
  /** The service's own account. */
  account: TestAccount;
  /** The log of the service's main thread, one object per line. */
  logs: Record<string, unknown>[];
  /** Creates another account and its API client. */
  createAccount(options?: { credits?: number }): Promise<TestAccount & { api: Api }>;
}

export interface TestAccount {
  id: string;
  key: string;
}

const LOOPBACK = '127.0.0.0/8,::1/128';

/**
 * Starts the whole service in this process, on a database of its own unless `env` names one. `env`
 * is what an operator would set. Loopback addresses may be scraped and called back unless it says
 * otherwise.
 */
export async function startTestService(env: Record<string, string> = {}): Promise<TestService> {
  await using stack = new AsyncDisposableStack();
  const databaseUrl = env.DATABASE_URL ?? stack.use(await createTestDatabase()).url;
  const key = env.OLLAGRAPH_API_KEY ?? `ok_test_${randomBytes(12).toString('hex')}`;
  const config = readConfig({
    PORT: '0',
    DATABASE_URL: databaseUrl,
    OLLAGRAPH_API_KEY: key,
    ALLOW_PRIVATE_TARGETS: LOOPBACK,
    ALLOW_PRIVATE_WEBHOOKS: LOOPBACK,
    WORKER_THREADS: '1',
    RATE_LIMIT_PER_MINUTE: '0',
    FREE_CREDITS: '1000000',
    // For the worker threads; the main thread's log goes to `logs`.
    LOG_LEVEL: process.env.TEST_LOG_LEVEL ?? 'silent',
    ...env,
  });
  const logs: TestService['logs'] = [];
  const log = pino({ level: 'debug' }, { write: (line: string) => void logs.push(JSON.parse(line)) });
  const server = config.roles.includes('web') ? await listen(config) : null;
  stack.defer(() => server?.close(AbortSignal.abort()));
  const context = stack.use(await createContext(config, { log }));
  const service = await startService(context, { server, showKey: () => {} });
  stack.defer(() => service.stop());
  const { id } = await context.db.selectFrom('accounts').select('id').executeTakeFirstOrThrow();
  const origin = `http://127.0.0.1:${service.port}`;
  const box = createSecretBox(config.secretKey);
  const owned = stack.move();
  return {
    context,
    service,
    db: context.db,
    api: createApi(origin, key),
    account: { id, key },
    logs,
    async createAccount({ credits = 1000 } = {}) {
      const account = await createAccount(context.db, box, { name: 'another', credits });
      return { ...account, api: createApi(origin, account.key) };
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
