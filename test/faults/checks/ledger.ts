import { closeSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs';

/** What clients and receivers saw, in order. Times are milliseconds since 1970. */
export type Entry =
  | { type: 'acknowledged'; job_id: string; key: string; webhook: boolean; at: number }
  | Answered
  | { type: 'refused'; what: string; answer: string; at: number }
  | Seen
  | { type: 'fault'; name: string; at: number }
  | { type: 'recovered'; ms: number; at: number };

/** The answer to a synchronous request. */
export interface Answered {
  type: 'answered';
  key: string;
  status: number;
  /** Of the answer's body. */
  sha256: string;
  at: number;
}

/** A request as the receiver saw it. */
export interface Seen {
  type: 'seen';
  delivery: string;
  attempt: number;
  sha256: string;
  /** Whether a secret that the client knows made the signature. */
  verified: boolean;
  /**
   * The base64 body otherwise: the database may hold a secret that a crash kept from the client.
   */
  body: string | null;
  /** The signature's header. */
  signature: string;
  /** The receiver's answer; null for none. */
  status: number | null;
  at: number;
}

/** An append-only file. `appendDurably` returns when the entry is on disk. */
export class Ledger {
  readonly path: string;
  readonly #file: number;

  constructor(path: string) {
    this.path = path;
    this.#file = openSync(path, 'a');
  }

  append(entry: Entry): void {
    writeSync(this.#file, `${JSON.stringify(entry)}\n`);
  }

  /** Appends an entry and returns when it survives a crash of this process and of the machine. */
  appendDurably(entry: Entry): void {
    this.append(entry);
    fsyncSync(this.#file);
  }

  close(): void {
    closeSync(this.#file);
  }
}

export function readLedger(path: string): Entry[] {
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line): Entry => JSON.parse(line));
}
