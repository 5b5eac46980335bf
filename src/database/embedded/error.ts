import { OperatorError } from '../../operator-error.ts';

/** The embedded Postgres cannot be used as it is. The message is one line for the operator. */
export class EmbeddedError extends OperatorError {
  override name = 'EmbeddedError';
}
