import { constants } from 'node:buffer';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import { readClientConfig } from '../../config/index.ts';
import { CliError, EXIT } from '../failure.ts';
import { invocationOf } from '../invocation.ts';
import type { Problem } from './answers.ts';

/** No answer takes longer that is not a stream. */
const TIMEOUT_MS = 120_000;
/** How often a 429 is retried, each time after its Retry-After. */
const WAITS = 3;
const MAX_WAIT_SECONDS = 60;
const UNAVAILABLE = new Set([429, 502, 503, 504]);
/** `code` in the details of a CliError: the answer does not fit into a string of 512 MiB. */
export const ANSWER_TOO_LARGE = 'answer_too_large';

export type Query = Record<string, string | number | undefined>;

/** The HTTP API with the key of one account. Every failure is a CliError with its exit code. */
export interface Api {
  /** The origin of the service, without a slash at the end. */
  url: string;
  /** `signal` gives the request up. */
  get<T>(path: string, query?: Query, signal?: AbortSignal): Promise<T>;
  post<T>(path: string, body?: object, signal?: AbortSignal): Promise<T>;
  patch<T>(path: string, body: object): Promise<T>;
  delete(path: string): Promise<void>;
  /** The entries of a list; further pages are fetched as they are read. */
  list<T>(path: string, query?: Query): AsyncGenerator<T>;
  /** A response with its head, for dates and for streams. It has no time limit. */
  open(path: string, accept: string): Promise<Response>;
}

/**
 * The options that choose the service and the key; the environment is used where they are missing.
 */
export interface Connection {
  service?: string | undefined;
  key?: string | undefined;
}

/**
 * The API for a command with the options of a Connection. Sends nothing yet. Throws CliError
 * without a key.
 */
export function connect(command: Command): Api {
  const { service, key } = command.opts<Connection>();
  const { url, apiKey } = readClientConfig({ url: service, key }, invocationOf(command).env);
  if (apiKey === undefined)
    throw new CliError('There is no API key: set OLLAGRAPH_API_KEY, or give --key.', {
      exitCode: EXIT.usage,
    });
  return createApi(url, apiKey);
}

export function createApi(url: string, key: string): Api {
  async function call(
    method: string,
    path: string,
    body: object | undefined,
    init: RequestInit,
  ): Promise<Response> {
    for (let waits = 0; ; waits++) {
      const response = await send(url, method, path, {
        ...init,
        headers: {
          authorization: `Bearer ${key}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...(init.headers as Record<string, string> | undefined),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      if (response.ok) return response;
      const pause = Number(response.headers.get('retry-after'));
      if (response.status !== 429 || waits === WAITS || !(pause <= MAX_WAIT_SECONDS))
        throw await refusal(response, `${method} ${path}`, url);
      await response.body?.cancel();
      await sleep(pause * 1000);
    }
  }

  async function json<T>(
    method: string,
    path: string,
    { body, signal }: { body?: object | undefined; signal?: AbortSignal | undefined },
  ): Promise<T> {
    const ends = [AbortSignal.timeout(TIMEOUT_MS), ...(signal === undefined ? [] : [signal])];
    const response = await call(method, path, body, { signal: AbortSignal.any(ends) });
    try {
      return JSON.parse(await textOf(response), keepNumber) as T;
    } catch (cause) {
      if (cause instanceof CliError) throw cause;
      throw new CliError(`${method} ${path}: the answer broke off, or is no JSON`, {
        exitCode: EXIT.unavailable,
        cause,
      });
    }
  }

  const get = <T>(path: string, query: Query = {}, signal?: AbortSignal) =>
    json<T>('GET', path + queryString(query), { signal });
  return {
    url,
    get,
    post: <T>(path: string, body?: object, signal?: AbortSignal) => json<T>('POST', path, { body, signal }),
    patch: <T>(path: string, body: object) => json<T>('PATCH', path, { body }),
    async delete(path) {
      await call('DELETE', path, undefined, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    },
    async *list<T>(path: string, query: Query = {}) {
      for (let cursor: string | undefined; ;) {
        const page = await get<{ data: T[]; next_cursor: string | null }>(path, { ...query, cursor });
        yield* page.data;
        // A running job has a next cursor as long as it may have further pages.
        if (page.next_cursor === null || page.data.length === 0) return;
        cursor = page.next_cursor;
      }
    },
    open: (path, accept) => call('GET', path, undefined, { headers: { accept } }),
  };
}

/** Sends one request. Throws CliError where there is no answer. */
export async function send(
  url: string,
  method: string,
  path: string,
  init: RequestInit = {},
): Promise<Response> {
  try {
    return await fetch(url + path, { ...init, method, redirect: 'manual' });
  } catch (error) {
    // The message of fetch is always "fetch failed"; its cause has the reason.
    const cause = (error as Error).cause ?? error;
    throw new CliError(`The service at ${url} cannot be reached`, { exitCode: EXIT.unavailable, cause });
  }
}

/** Keeps a number that JavaScript would print otherwise as it came: `820982911946154508`, `1.0`. */
function keepNumber(_name: string, value: unknown, { source }: { source?: string } = {}): unknown {
  return typeof value === 'number' && source !== undefined && String(value) !== source
    ? (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON(source)
    : value;
}

/** The text of an answer. Throws CliError as soon as it is too long for a string. */
async function textOf({ body }: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body!) {
    bytes += chunk.length;
    if (bytes > constants.MAX_STRING_LENGTH)
      throw new CliError('The answer is larger than 512 MiB.', { details: { code: ANSWER_TOO_LARGE } });
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function queryString(query: Query): string {
  const given = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) given.set(name, String(value));
  return given.size === 0 ? '' : `?${given.toString()}`;
}

/** An answer that is not a success, explained for the person at the terminal. */
async function refusal(response: Response, what: string, url: string): Promise<CliError> {
  const { status } = response;
  const problem = await problemOf(response);
  if (!problem) {
    const message = `${what}: ${url} answered ${status}, and not as Ollagraph does.`;
    return new CliError(message, { exitCode: EXIT.unavailable, details: { status } });
  }
  const { code, errors = [], request_id } = problem;
  const detail = status === 401 ? `${url} does not take this key.` : problem.detail;
  const more = errors.filter(({ path, message }) => detail !== `${path}: ${message}`);
  const message = [detail, ...more.map((field) => `${field.path}: ${field.message}`)].join('\n  ');
  return new CliError(message, { exitCode: exitCodeOf(status), details: { status, code, request_id } });
}

function exitCodeOf(status: number): number {
  if (status === 401) return EXIT.unauthorized;
  if (status === 400 || status === 422) return EXIT.usage;
  return UNAVAILABLE.has(status) ? EXIT.unavailable : EXIT.failed;
}

async function problemOf(response: Response): Promise<Problem | null> {
  if (!response.headers.get('content-type')?.startsWith('application/problem+json')) return null;
  return (await response.json().catch(() => null)) as Problem | null;
}
