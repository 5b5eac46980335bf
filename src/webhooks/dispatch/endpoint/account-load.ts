/** What a dispatcher holds for an account, over all of its endpoints. */
export interface AccountLoad {
  /** Deliveries claimed and not yet sent. */
  waiting: number;
  inFlight: number;
  urgentInFlight: number;
  /**
   * On performance.now's clock. Until then nothing is claimed, because the account's secret could
   * not be opened.
   */
  restUntil: number;
}
