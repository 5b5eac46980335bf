import type { BodyMemory } from '../body/memory.ts';
import type { BodyPipe } from '../body/pipe.ts';
import type { StreamedBody } from '../body/streamed.ts';
import type { Target } from '../connect/url-policy.ts';
import type { Timings } from '../errors.ts';
import type { HeaderRecord } from '../headers.ts';
import type { HeaderFields } from '../http1/head.ts';

export interface ExchangeRequest {
  target: Target;
  /** Path and query. */
  path: string;
  method: 'GET' | 'POST';
  headers: HeaderRecord;
  /** Connections are shared only with requests of the same origin and the same value of this. */
  credentialKey: string;
  body: Buffer | StreamedBody | null;
  /** The account that a new connection counts for. */
  payer?: string | null | undefined;
  /** Called with the address before the request is sent; what it throws ends the exchange. */
  admit?: (remoteAddress: string) => void;
  /** From now to the end of the answer. */
  timeoutMs: number;
  /**
   * For a streamed body: the time for each chunk to be made or taken; `timeoutMs` starts again
   * after the last one.
   */
  idleTimeoutMs?: number | undefined;
  signal?: AbortSignal | undefined;
  /** Where a large answer waits for room; no time passes meanwhile. */
  memory?: BodyMemory | undefined;
  /** Bytes on the wire that the answer may take, framing and informational answers included. */
  maxWireBytes: number;
  /** Called with the head of the answer; what it throws is what the exchange fails with. */
  expect(status: number, fields: HeaderFields): BodyExpectation;
}

/** How much of an answer's body is wanted. */
export interface BodyExpectation {
  maxBytes: number;
  /**
   * Whether a body that is longer or late fails the exchange, and so does one of which nothing came
   * before the connection closed. Otherwise what came of it is the answer.
   */
  required: boolean;
  /** How long to wait for the whole of a body that is not required. */
  patienceMs?: number;
  /**
   * Where the body goes as it arrives, however long, in place of the answer; the exchange ends when
   * this is closed.
   */
  pipe?: BodyPipe;
  /**
   * Called once with the first bytes of the body, PROBE_BYTES where there are as many; what it
   * throws ends the exchange.
   */
  probe?: (beginning: Buffer) => void;
}

/** What a format can be told by. */
export const PROBE_BYTES = 1024;

export interface Answer {
  status: number;
  fields: HeaderFields;
  /** As sent: no coding undone. */
  body: Buffer;
  /** Whether the connection ended, or broke the framing, before the end of the body. */
  truncated: boolean;
  timings: Timings;
  remoteAddress: string | null;
  bytesSent: number;
}
