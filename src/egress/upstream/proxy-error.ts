import { EgressError } from '../errors.ts';

/** Why a proxy did not make a connection. The message never holds what the proxy said. */
export class ProxyError extends Error {
  override name = 'ProxyError';
  /** Whether it is the proxy's own fault, whatever the site is. */
  readonly certain: boolean;

  constructor(message: string, { certain, cause }: { certain: boolean; cause?: unknown }) {
    super(message, { cause });
    this.certain = certain;
  }
}

/**
 * The proxy's part in a failed fetch, which a browser in another process may have made; null: none.
 */
export function proxyErrorOf(error: unknown): ProxyError | null {
  if (!(error instanceof EgressError) || error.code !== 'proxy_failed') return null;
  const { cause } = error;
  return cause instanceof ProxyError ? cause : new ProxyError(error.message, { certain: false, cause });
}

/** A fault of the proxy itself. */
export function brokenProxy(message: string, cause?: unknown): EgressError {
  return new EgressError('proxy_failed', { cause: new ProxyError(message, { certain: true, cause }) });
}

/** A refusal that may be about this site alone. */
export function refusedByProxy(message: string): EgressError {
  return new EgressError('proxy_failed', { cause: new ProxyError(message, { certain: false }) });
}

/** The proxy works, and the site does not answer it. */
export function siteUnreached(message: string): EgressError {
  return new EgressError('connection_failed', { cause: new Error(message) });
}
