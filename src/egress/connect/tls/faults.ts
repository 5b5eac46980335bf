/** Why a TLS handshake failed, each with the sentence that its owner reads. */
export const TLS_FAULTS = {
  certificate_expired: 'The TLS certificate has expired.',
  certificate_not_yet_valid: 'The TLS certificate is not valid yet.',
  certificate_wrong_name: 'The TLS certificate is for another host name.',
  certificate_unknown_issuer: 'The TLS certificate comes from an authority that is not trusted.',
  certificate_self_signed: 'The TLS certificate is signed by itself, not by an authority.',
  certificate_chain_incomplete:
    'The server does not send the intermediate certificate that issued its own, or that authority ' +
    'is not trusted.',
  certificate_invalid: 'The TLS certificate is not valid.',
  client_certificate_required: 'The server asks for a client certificate, which is not offered.',
  tls_protocol: 'The server offers no TLS, or no version or cipher of it that is accepted.',
} as const;

export type TlsFault = keyof typeof TLS_FAULTS;

/** OpenSSL's names of faults, as Node gives them. */
const FAULTS: Record<string, TlsFault> = {
  CERT_HAS_EXPIRED: 'certificate_expired',
  CERT_NOT_YET_VALID: 'certificate_not_yet_valid',
  ERR_TLS_CERT_ALTNAME_INVALID: 'certificate_wrong_name',
  HOSTNAME_MISMATCH: 'certificate_wrong_name',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'certificate_self_signed',
  CERT_SIGNATURE_FAILURE: 'certificate_unknown_issuer',
  SELF_SIGNED_CERT_IN_CHAIN: 'certificate_unknown_issuer',
  UNABLE_TO_GET_ISSUER_CERT: 'certificate_unknown_issuer',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'certificate_unknown_issuer',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'certificate_chain_incomplete',
};

/**
 * The fault behind an error of a TLS handshake. `afterCertificate`: the server had shown its
 * certificate, so that an alert of its is about ours.
 */
export function tlsFault(code: string, afterCertificate: boolean): TlsFault {
  if (Object.hasOwn(FAULTS, code)) return FAULTS[code]!;
  if (code.endsWith('ALERT_CERTIFICATE_REQUIRED')) return 'client_certificate_required';
  if (/ALERT_(?:HANDSHAKE_FAILURE|BAD_CERTIFICATE|NO_CERTIFICATE)$/.test(code) && afterCertificate)
    return 'client_certificate_required';
  return code.startsWith('ERR_SSL_') || code === '' ? 'tls_protocol' : 'certificate_invalid';
}
