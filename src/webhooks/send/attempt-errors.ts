import { TARGET_RULES, TLS_FAULTS } from '../../egress/index.ts';

/** Why an attempt failed: the closed list of `error` in attempts and deliveries. */
export const ATTEMPT_ERRORS = {
  http_error: 'The receiver answered with a status that is not 2xx.',
  redirect: 'The receiver answered with a redirect, which is not followed.',
  timeout: 'No complete answer within the timeout.',
  connection_failed: 'The connection was refused, reset or closed.',
  proxy_failed: 'The proxy for callbacks did not make the connection.',
  tls_failed: 'The TLS handshake failed, or the certificate is not valid for the host.',
  dns_failed: 'The host name could not be resolved.',
  blocked_target: 'The host is, or resolves to, an address that may not be called.',
  invalid_response: 'The answer was not valid HTTP.',
  body_changed: 'The stored result is not what was sent first; nothing was sent.',
  internal_error: 'The attempt failed for a reason on our side.',
} as const;
export type AttemptError = keyof typeof ATTEMPT_ERRORS;

const REMEDY = 'The operator may open its network with ALLOW_PRIVATE_WEBHOOKS.';
const DETAILS: Record<string, string> = {
  ...TLS_FAULTS,
  ...TARGET_RULES,
  address_not_public: `${TARGET_RULES.address_not_public} ${REMEDY}`,
};

/** Why an attempt failed, for its owner to read. */
export function explainFailure(error: string, detail: string | null): string {
  if (detail !== null && Object.hasOwn(DETAILS, detail)) return DETAILS[detail]!;
  const sentence = Object.hasOwn(ATTEMPT_ERRORS, error) ? ATTEMPT_ERRORS[error as AttemptError] : error;
  return error === 'redirect' && detail !== null ? `${sentence} It leads to ${detail}` : sentence;
}
