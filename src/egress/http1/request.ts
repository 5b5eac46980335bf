import { EgressError } from '../errors.ts';
import type { HeaderRecord } from '../headers.ts';
import type { StreamedBody } from '../body/streamed.ts';

export interface OutgoingRequest {
  method: 'GET' | 'POST';
  /** Path and query. */
  path: string;
  /** The value of the `Host` field. */
  host: string;
  headers: HeaderRecord;
  body: Buffer | StreamedBody | null;
}

/** The names and values of fields (RFC 9110, sections 5.1 and 5.5); values as Latin-1. */
const NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/**
 * The head of a request with its empty line, to be sent as Latin-1. Throws an EgressError
 * `internal_error`.
 */
export function requestHead({ method, path, host, headers, body }: OutgoingRequest): string {
  let head = `${method} ${path} HTTP/1.1\r\nhost: ${host}\r\nconnection: keep-alive\r\n`;
  for (const name of Object.keys(headers)) {
    const value = headers[name]!;
    if (!NAME.test(name) || !VALUE.test(value))
      throw new EgressError('internal_error', { cause: new Error(`HTTP forbids the header ${name}`) });
    head += `${name}: ${value}\r\n`;
  }
  return body === null ? `${head}\r\n` : `${head}content-length: ${body.length}\r\n\r\n`;
}
