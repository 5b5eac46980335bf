/** A call of the API: `path` with its query, `body` as a value. */
export interface ApiCall {
  method: 'GET' | 'POST';
  path: string;
  body?: object;
}

/** The API's answer: JSON text, or why there is none. */
export type ApiAnswer = { ok: true; text: string } | { ok: false; reason: string };

/**
 * Calls the API for one account: over HTTP, or within the service. Does not throw for a refusal.
 */
export type CallApi = (call: ApiCall, signal: AbortSignal) => Promise<ApiAnswer>;
