import type { RemoteBrowser } from '../config/config.ts';
import type { Context } from '../context.ts';
import { loggableUrl } from '../log.ts';

/** Logs what runs, and what an operator should know about the configuration. */
export function logWelcome({ config, log }: Context, port: number | null): void {
  const database =
    config.databaseUrl === undefined ? `embedded Postgres under ${config.dataDir}` : 'DATABASE_URL';
  log.info({ roles: config.roles, port, database }, 'ollagraph is ready');
  if (config.allowPrivateTargets.length > 0)
    log.warn({ networks: config.allowPrivateTargets }, 'private networks may be scraped');
  if (config.allowPrivateWebhooks.length > 0)
    log.warn({ networks: config.allowPrivateWebhooks }, 'private networks may be called back');
  log.info(
    {
      browser:
        config.browser && ('url' in config.browser ? loggableUrl(config.browser.url) : config.browser.path),
    },
    config.browser ? 'pages can be rendered' : 'no browser: no page is rendered',
  );
  if (config.browser && 'url' in config.browser) logWayOut(config.browser, log);
  if (config.proxies.length > 0)
    log.info({ proxies: config.proxies.length, mode: config.proxyMode }, 'pages may go through proxies');
  if (config.proxies.length > 0 && config.proxyDns === 'remote')
    log.warn('PROXY_DNS is remote: the proxies resolve names, whose addresses are not checked here');
  if (config.allowCallerProxies) log.warn('callers may name proxies of their own');
  if (config.webhookProxy !== undefined) log.info('callbacks go through a proxy');
  if (config.secretKey === undefined)
    log.warn(
      'SECRET_KEY is not set: webhook secrets, and headers that callers send along, are stored unencrypted',
    );
  if (config.proxyVariables.length > 0)
    log.warn({ variables: config.proxyVariables }, 'proxy variables are set and not used');
  for (const { name, meant } of config.lookalikes)
    log.warn({ variable: name, ...(meant && { meant }) }, 'variable is not read: is its name misspelt?');
}

function logWayOut({ proxyHost }: RemoteBrowser, log: Context['log']): void {
  if (proxyHost !== null)
    return log.info({ host: proxyHost }, 'the browser at BROWSER_URL goes out through this process');
  log.warn(
    'the browser at BROWSER_URL goes out through this process only where it reaches it on a private ' +
      'network; else it resolves names and makes connections itself. `doctor` says which; ' +
      'BROWSER_PROXY_HOST insists',
  );
}

/** Shows a new key on standard output, with what to do next. */
export function printKey(key: string, port: number): void {
  const origin = `http://localhost:${port}`;
  console.log(`
Your API key, shown only this once:

  ${key}

Try it:

  curl -X POST ${origin}/v1/scrape \\
    -H "Authorization: Bearer ${key}" \\
    -H "Content-Type: application/json" \\
    -d '{"url": "https://example.com"}'

Or sign in with it at ${origin}/console
`);
}
