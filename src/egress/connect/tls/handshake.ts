import { isIP, type Socket } from 'node:net';
import { connect as connectTls, type SecureContext, type TLSSocket } from 'node:tls';
import type { X509Certificate } from 'node:crypto';
import { EgressError, handshakeError, tlsError } from '../../errors.ts';

/**
 * The server's certificate is not linked to a trusted authority: the certificate of its issuer is
 * missing.
 */
export class IncompleteChainError extends EgressError {
  readonly certificate: X509Certificate;

  constructor(cause: EgressError, certificate: X509Certificate) {
    super('tls_failed', { cause: cause.cause, detail: cause.detail });
    this.certificate = certificate;
  }
}

export interface HandshakeOptions {
  hostname: string;
  secureContext: SecureContext;
  /** Whether to accept a certificate with a fault. */
  skipVerification: boolean;
}

/**
 * Performs the TLS handshake of a client. Rejects with an EgressError `tls_failed` that names the
 * fault (an IncompleteChainError where that may be mended), or `connection_failed`.
 */
export async function handshake(wire: Socket, options: HandshakeOptions): Promise<TLSSocket> {
  const { hostname, secureContext, skipVerification } = options;
  const socket = connectTls({
    socket: wire,
    secureContext,
    host: hostname,
    servername: isIP(hostname) ? '' : hostname,
    ALPNProtocols: ['http/1.1'],
    // The verdict is read below, where the certificate can still be looked at.
    rejectUnauthorized: false,
  });
  await new Promise<void>((resolve, reject) => {
    const fail = (cause: Error) =>
      reject(handshakeError(cause, socket.getPeerX509Certificate() !== undefined));
    // Not within OpenSSL's call: closing the socket there frees memory that OpenSSL still reads,
    // and Node crashes.
    socket.once('secureConnect', () => setImmediate(resolve));
    socket.on('error', fail);
    socket.once('close', () => fail(Object.assign(new Error('closed'), { code: 'ECONNRESET' })));
  });
  if (socket.authorized || skipVerification) return socket;
  const error = tlsError(String(socket.authorizationError));
  const certificate = socket.getPeerX509Certificate();
  socket.destroy();
  if (certificate && error.detail === 'certificate_chain_incomplete')
    throw new IncompleteChainError(error, certificate);
  throw error;
}
