import { ServiceError } from '../../service-error.ts';

const MIB = 1024 * 1024;

/**
 * The most bytes of bodies held at once: in all, and per account, which leaves room for one body of
 * the largest size and some others.
 */
const MAX_BYTES = 128 * MIB;
const MAX_ACCOUNT_BYTES = 48 * MIB;

/** Counts the bytes of bodies from their arrival to the end of their requests. */
export class BodyBudget {
  #bytes = 0;
  readonly #accounts = new Map<string, number>();

  /**
   * Counts further bytes. Throws ServiceError: `rate_limited` beyond the account's share,
   * `unavailable` beyond what there is in all.
   */
  reserve(account: string, bytes: number): void {
    const held = this.#accounts.get(account) ?? 0;
    if (held + bytes > MAX_ACCOUNT_BYTES)
      throw new ServiceError(
        'rate_limited',
        `The bodies of this account's open requests may have ${MAX_ACCOUNT_BYTES / MIB} MiB together.`,
        { retryAfterSeconds: 1 },
      );
    if (this.#bytes + bytes > MAX_BYTES)
      throw new ServiceError('unavailable', 'Too many large requests are open. Try again shortly.', {
        retryAfterSeconds: 1,
      });
    this.#bytes += bytes;
    this.#accounts.set(account, held + bytes);
  }

  release(account: string, bytes: number): void {
    const held = (this.#accounts.get(account) ?? 0) - bytes;
    this.#bytes -= bytes;
    if (held > 0) this.#accounts.set(account, held);
    else this.#accounts.delete(account);
  }
}
