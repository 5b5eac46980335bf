import { assertDocumented } from './checks/documented.ts';

/** An answer of the API, read to its end. */
export interface Answer {
  status: number;
  headers: Headers;
  text: string;
  /** The body as JSON; throws where it is none. */
  // oxlint-disable-next-line typescript/no-explicit-any -- tests assert on whatever came
  readonly json: any;
}

export interface Api {
  /** Sends `body` as JSON (a string or Buffer as it is) with the key, and reads the answer. */
  (method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  origin: string;
  /** Queues a job, and returns its id. Throws where it is refused. */
  queue(path: string, body: unknown, headers?: Record<string, string>): Promise<string>;
  /** Reads a job with `?wait=` until it has ended. */
  finished(jobId: string): Promise<Answer['json']>;
}

/**
 * Creates a client of the API at `origin`. It checks every answer against the OpenAPI document. A
 * null key sends none.
 */
export function createApi(origin: string, key: string | null): Api {
  const call = async (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) => {
    const authorization = key === null ? {} : { authorization: `Bearer ${key}` };
    const response = await fetch(origin + path, {
      method,
      headers: {
        ...authorization,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      body:
        body === undefined
          ? undefined
          : typeof body === 'string' || Buffer.isBuffer(body)
            ? body
            : JSON.stringify(body),
      redirect: 'manual',
    });
    const text = await response.text();
    assertDocumented(method, path, response, text);
    return {
      status: response.status,
      headers: response.headers,
      text,
      get json() {
        return JSON.parse(text);
      },
    };
  };
  const finished = async (jobId: string): Promise<Answer['json']> => {
    for (let tries = 0; tries < 5; tries++) {
      const { json } = await call('GET', `/v1/jobs/${jobId}?wait=25`);
      if (!['queued', 'running'].includes(json.status)) return json;
    }
    throw new Error(`job ${jobId} did not end`);
  };
  const queue: Api['queue'] = async (path, body, headers) => {
    const { status, text, json } = await call('POST', path, body, headers);
    if (status !== 202) throw new Error(`POST ${path}: ${status} ${text}`);
    return json.job_id;
  };
  return Object.assign(call, { origin, queue, finished });
}
