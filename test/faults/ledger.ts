import { closeSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs';

/** What the outside world was told and saw, one line each, in the order in which it happened. Times are milliseconds since 1970. */
export type Entry =
  | { type: 'acknowledged'; job_id: string; key: string; webhook: boolean; at: number }
  | Answered
  | { type: 'refused'; what: string; answer: string; at: number }
  | Seen
  | { type: 'fault'; name: string; at: number }
  | { type: 'recovered'; ms: number; at: number };

/** What a synchronous request was answered with. */
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
  /** Whether the signature was that of a secret which the client had been told. */
  verified: boolean;
  /** The body in base64 where it was not: the database knows of secrets that a crash kept from the client. */
  body: string | null;
  /** The signature's header. */
  signature: string;
  /** What the receiver then answered; null: nothing. */
  status: number | null;
  at: number;
}

/** An append-only file. What `tell` returns from is on the disk. */
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

  /** Appends, and returns when it is safe from a crash of this process and of the machine. */
  tell(entry: Entry): void {
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
