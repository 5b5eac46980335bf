import type { Context } from '../../context.ts';
import type { SecretBox } from '../secrets.ts';

/** What the account's routes need of the service. */
export type AccountContext = Pick<Context, 'db'> & { box: SecretBox };
