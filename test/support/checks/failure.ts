import assert from 'node:assert/strict';
import { EgressError, type EgressErrorCode } from '../../../src/egress/index.ts';

/** Returns the EgressError that `work` must reject with. */
export async function failure(work: Promise<unknown>, code: EgressErrorCode): Promise<EgressError> {
  const error = await work.then(
    () => assert.fail(`did not fail with ${code}`),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof EgressError, String(error));
  assert.equal(error.code, code, String(error.cause));
  return error;
}

/** The messages of an error and all its causes, as a log shows them. */
export function causes(error: unknown): string {
  return error instanceof Error ? `${error.message}\n${causes(error.cause)}` : '';
}
