import { ServiceError } from '../service-error.ts';

/** An account, or what the limit of a key leaves of it, has fewer credits than the job may use. */
export class OutOfCreditsError extends ServiceError {
  override name = 'OutOfCreditsError';
  constructor(needed: number, left: number, whose: 'account' | 'key' = 'account') {
    const has =
      whose === 'key' ? `the credit limit of this key leaves ${left}` : `the account has ${left} left`;
    super('out_of_credits', `This job may use ${needed} credits, and ${has}.`);
  }
}
