import type { Command } from 'commander';
import { readClientConfig } from '../../config/index.ts';
import { compareClocks, failed, ok, skipped, type Check } from '../check.ts';
import { messageOf } from '../failure.ts';
import { invocationOf } from '../invocation.ts';
import type { Account } from './answers.ts';
import { createApi, send, type Connection } from './api.ts';

const TIMEOUT_MS = 10_000;

/**
 * Checks the service from a caller's side: it answers and is ready, takes the key, and its clock
 * agrees.
 */
export async function checkService(command: Command): Promise<Check[]> {
  try {
    const { service, key } = command.opts<Connection>();
    const { url, apiKey } = readClientConfig({ url: service, key }, invocationOf(command).env);
    const before = Date.now();
    const response = await send(url, 'GET', '/readyz', { signal: AbortSignal.timeout(TIMEOUT_MS) });
    const after = Date.now();
    const answer = await readiness(response);
    if (!answer) return [failed('service', `${url} answers ${response.status}, and not as Ollagraph does.`)];
    // The Date header counts whole seconds.
    const date = Date.parse(response.headers.get('date') ?? '');
    return [
      answer.every(([, works]) => works)
        ? ok('service', `${url} is ready.`)
        : failed('service', `${url} is not ready: ${namesOf(answer.filter(([, works]) => !works))}.`),
      await checkKey(url, apiKey),
      compareClocks('service clock', { other: date, before, after, precision: 1000 }),
    ];
  } catch (error) {
    return [failed('service', messageOf(error))];
  }
}

const namesOf = (checks: [string, boolean][]) => checks.map(([name]) => name).join(', ');

async function readiness(response: Response): Promise<[string, boolean][] | null> {
  const body = (await response.json().catch(() => null)) as { checks?: Record<string, boolean> } | null;
  return body?.checks ? Object.entries(body.checks) : null;
}

async function checkKey(url: string, key: string | undefined): Promise<Check> {
  if (key === undefined) return skipped('key', 'OLLAGRAPH_API_KEY is not set, and there is no --key.');
  try {
    const { account_id, credits } = await createApi(url, key).get<Account>('/v1/me');
    return ok('key', `It opens the account ${account_id}, which has ${credits} credits.`);
  } catch (error) {
    return failed('key', messageOf(error));
  }
}
