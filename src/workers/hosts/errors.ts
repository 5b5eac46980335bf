import { PageError } from '../../scrape/types.ts';

/**
 * The host cannot be asked now. Trying again in `seconds` may help, and does not count as a try.
 */
export class HostBusyError extends Error {
  override name = 'HostBusyError';
  readonly seconds: number;

  constructor(seconds: number) {
    super(`the host is to be asked in ${seconds} s`);
    this.seconds = seconds;
  }
}

/** The robots.txt cannot be read now. Trying again in `seconds` may help. */
export class RobotsUnavailableError extends PageError {
  readonly seconds: number;

  constructor(seconds: number) {
    super('robots');
    this.seconds = seconds;
  }
}
