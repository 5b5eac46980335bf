import { existsSync } from 'node:fs';
import { sql } from 'kysely';
import { readConfig, type Config } from '../../config/index.ts';
import { addressOf, createEgress, EgressError, proxyErrorOf } from '../../egress/index.ts';
import { embeddedFault } from '../../database/embedded/server.ts';
import { pendingMigrations } from '../../database/migrate.ts';
import { NOT_GUARDED, tryBrowser } from '../../render/renderer.ts';
import { compareClocks, failed, ok, skipped, type Check } from '../check.ts';
import { messageOf } from '../failure.ts';
import { poolOf } from '../../workers/proxies/route.ts';
import { visitDatabase } from './database-session.ts';

const TIMEOUT_MS = 10_000;

/**
 * Whether a service can run here: its configuration, database, the database's clock, and the way
 * out to `probe`. Where no service has ever run only the configuration is looked at, and the way
 * out if there is a `probe`.
 */
export async function checkInstallation(
  probe: string | undefined,
  env: NodeJS.ProcessEnv | undefined,
): Promise<Check[]> {
  let config: Config;
  try {
    config = readConfig(env);
  } catch (error) {
    return [failed('configuration', messageOf(error))];
  }
  const installed = config.databaseUrl !== undefined || existsSync(config.dataDir);
  const sealed =
    config.secretKey === undefined
      ? '; SECRET_KEY is not set: webhook secrets, and headers that callers send along, are stored ' +
        'unencrypted'
      : '';
  return [
    ok('configuration', `It can be used: PORT ${config.port}, ROLES ${config.roles.join(',')}${sealed}.`),
    ...(await checkDatabase(config, installed)),
    installed || probe !== undefined
      ? await checkEgress(config, probe ?? 'https://example.com/')
      : skipped('egress', 'No service has ever run here; give --probe to try it all the same.'),
    ...(installed ? [await checkRendering(config)] : []),
    ...(await checkProxies(config, probe ?? 'https://example.com/')),
  ];
}

async function checkDatabase(config: Config, installed: boolean): Promise<Check[]> {
  const { databaseUrl, dataDir } = config;
  if (!installed)
    return [skipped('database', `DATABASE_URL is not set, and no service has ever run on ${dataDir} here.`)];
  try {
    // Only the service's own: a Postgres that this command starts would say nothing about it.
    const fault = databaseUrl === undefined ? await embeddedFault(dataDir) : null;
    if (fault !== null) return [failed('database', fault)];
    await using session = await visitDatabase(config);
    const before = Date.now();
    const { rows } = await sql<{ version: string; now: Date }>`
      select current_setting('server_version') as version, clock_timestamp() as now`.execute(session.db);
    const after = Date.now();
    const { version, now } = rows[0]!;
    const pending = await pendingMigrations(session.db);
    const where = databaseUrl === undefined ? `the embedded one on ${dataDir}` : 'DATABASE_URL';
    const database =
      pending.length === 0
        ? ok('database', `Postgres ${version} (${where}), its schema up to date.`)
        : failed(
            'database',
            `Postgres ${version} (${where}) lacks ${pending.length} migrations: npm run migrate`,
          );
    return [database, compareClocks('database clock', { other: now.getTime(), before, after, precision: 1 })];
  } catch (error) {
    return [failed('database', messageOf(error))];
  }
}

/** Fetches the page through each proxy that the service would use. */
async function checkProxies(config: Config, probe: string): Promise<Check[]> {
  const upstreams = poolOf(config);
  if (upstreams.length === 0) return [];
  await using egress = createEgress({
    allowTargets: config.allowPrivateTargets,
    allowWebhooks: [],
    dnsServers: config.dnsServers,
  });
  const faults = await Promise.all(
    upstreams.map(async (upstream, index) => {
      const via = { upstream, timeoutMs: TIMEOUT_MS };
      const page = { url: probe, userAgent: 'Ollagraph', timeoutMs: TIMEOUT_MS, via };
      return await egress.fetchPage(page).then(
        () => null,
        (error: unknown) => `${index + 1} (${addressOf(upstream)}): ${faultOf(error)}`,
      );
    }),
  );
  const wrong = faults.filter((fault) => fault !== null);
  const working = `${upstreams.length - wrong.length} of ${upstreams.length} proxies fetched ${probe}.`;
  return [wrong.length === 0 ? ok('proxies', working) : failed('proxies', `${working} ${wrong.join('; ')}`)];
}

function faultOf(error: unknown): string {
  const fault = proxyErrorOf(error);
  return fault
    ? fault.message
    : `${messageOf(error)}${error instanceof EgressError ? ` (${error.code})` : ''}`;
}

/**
 * Fetches the page as the service would: the same rules, name servers and certificate authorities.
 */
async function checkEgress(config: Config, probe: string): Promise<Check> {
  await using egress = createEgress({
    allowTargets: config.allowPrivateTargets,
    allowWebhooks: config.allowPrivateWebhooks,
    dnsServers: config.dnsServers,
  });
  try {
    const { status, durationMs } = await egress.fetchPage({
      url: probe,
      userAgent: 'Ollagraph',
      timeoutMs: TIMEOUT_MS,
    });
    return ok('egress', `${probe} answered ${status} in ${Math.round(durationMs)} ms.`);
  } catch (error) {
    const why = error instanceof EgressError ? ` (${error.code})` : '';
    return failed('egress', `${probe}: ${messageOf(error)}${why}`);
  }
}

/** Starts the browser once, in its sandbox, as the service would. */
async function checkRendering({ browser, allowPrivateTargets, dnsServers }: Config): Promise<Check> {
  if (browser === null)
    return skipped(
      'rendering',
      'There is no browser: install Chromium, or set CHROMIUM_PATH or BROWSER_URL.',
    );
  const where = 'path' in browser ? browser.path : 'the browser at BROWSER_URL';
  try {
    const { guarded } = await tryBrowser({ browser, allowTargets: allowPrivateTargets, dnsServers });
    if (!guarded) return ok('rendering', `${where} starts, but is not guarded: ${NOT_GUARDED}.`);
    return ok('rendering', `${where} starts. Its pages go out through this process.`);
  } catch (error) {
    return failed('rendering', `${where} does not start: ${messageOf(error)}`);
  }
}
