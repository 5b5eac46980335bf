import { isIP, type Socket } from 'node:net';
import { connect as connectTls, type SecureContext, type TLSSocket } from 'node:tls';
import { handshakeError } from '../errors.ts';

export interface TlsOptions {
  secureContext: SecureContext;
}

/**
 * Performs the TLS handshake of a client. Rejects with an EgressError `tls_failed` that names the fault, or
 * `connection_failed`.
 */
export async function handshake(wire: Socket, hostname: string, options: TlsOptions): Promise<TLSSocket> {
  const socket = connectTls({
    socket: wire,
    secureContext: options.secureContext,
    host: hostname,
    servername: isIP(hostname) ? '' : hostname,
    ALPNProtocols: ['http/1.1'],
    rejectUnauthorized: true,
  });
  await new Promise<void>((resolve, reject) => {
    const fail = (cause: Error) =>
      reject(handshakeError(cause, socket.getPeerX509Certificate() !== undefined));
    socket.once('secureConnect', resolve);
    socket.on('error', fail);
    socket.once('close', () => fail(Object.assign(new Error('closed'), { code: 'ECONNRESET' })));
  });
  return socket;
}
