import type { Context } from './context.ts';
import type { Service } from './service.ts';

/** Says in the log what runs and what an operator should know, and shows a key that was made just now, once. */
export function printWelcome({ config, log }: Context, { port, firstKey }: Service): void {
  const database =
    config.databaseUrl === undefined ? `embedded Postgres under ${config.dataDir}` : 'DATABASE_URL';
  log.info({ roles: config.roles, port, database }, 'ollagraph is ready');
  if (config.allowPrivateTargets.length > 0)
    log.warn({ networks: config.allowPrivateTargets }, 'private networks may be scraped');
  if (config.allowPrivateWebhooks.length > 0)
    log.warn({ networks: config.allowPrivateWebhooks }, 'private networks may be called back');
  if (config.secretKey === undefined)
    log.warn('SECRET_KEY is not set: webhook secrets are stored as they are');
  if (firstKey === null) return;
  console.log(`
Your API key, shown only this once:

  ${firstKey}

Try it:

  curl -X POST http://localhost:${port ?? config.port}/v1/scrape \\
    -H "Authorization: Bearer ${firstKey}" \\
    -H "Content-Type: application/json" \\
    -d '{"url": "https://example.com"}'

Or sign in with it at http://localhost:${port ?? config.port}/console
`);
}
