import { X509Certificate } from 'node:crypto';
import { createSecureContext, getCACertificates, type SecureContext } from 'node:tls';
import { LRUCache } from 'lru-cache';
import type { Via } from '../../upstream/upstream.ts';

/** Downloads a certificate from an http URL, the way that the connection to its site takes. */
export type FetchIssuer = (url: string, via: Via | null, signal: AbortSignal) => Promise<Buffer>;

/**
 * The longest chain from a server's certificate up to a trusted authority, in certificates that are
 * fetched.
 */
const MAX_FETCHED = 3;
const REMEMBERED_ISSUERS = 200;
/** Each context holds a copy of all authorities. */
const REMEMBERED_CONTEXTS = 16;
const FOUND_MS = 24 * 3600_000;
const MISSING_MS = 10 * 60_000;

/**
 * Completes the chains of servers that do not send their intermediate certificates: the certificate
 * names where its issuer's is (Authority Information Access, RFC 5280, section 4.2.2.1). What is
 * fetched is never trusted by itself: OpenSSL still wants a chain that ends in a trusted authority.
 */
export class Issuers {
  readonly #fetch: FetchIssuer;
  readonly #authorities: readonly string[];
  #trustedSubjects: Set<string> | null = null;
  readonly #issuers = new LRUCache<string, { certificate: X509Certificate | null }>({
    max: REMEMBERED_ISSUERS,
  });
  readonly #contexts = new LRUCache<string, SecureContext>({ max: REMEMBERED_CONTEXTS });

  /** `ca` is trusted in place of Node's own certificate authorities, PEM. */
  constructor(fetch: FetchIssuer, ca: string | undefined) {
    this.#fetch = fetch;
    this.#authorities = ca === undefined ? getCACertificates('default') : [ca];
  }

  /**
   * What to verify a certificate with, its issuers added; null where they are not found. Never
   * rejects.
   */
  async contextFor(
    certificate: X509Certificate,
    via: Via | null,
    signal: AbortSignal,
  ): Promise<SecureContext | null> {
    const chain: X509Certificate[] = [];
    let last = certificate;
    while (!this.#isTrusted(last.issuer)) {
      const issuer = chain.length < MAX_FETCHED ? await this.#issuerOf(last, via, signal) : null;
      if (issuer === null) return null;
      chain.push(issuer);
      last = issuer;
    }
    const key = chain.map(({ fingerprint256 }) => fingerprint256).join(' ');
    let context = this.#contexts.get(key);
    if (!context) {
      context = createSecureContext({ ca: [...this.#authorities, ...chain.map(String)] });
      this.#contexts.set(key, context);
    }
    return context;
  }

  #isTrusted(subject: string): boolean {
    this.#trustedSubjects ??= new Set(
      this.#authorities.flatMap(certificatesIn).map((pem) => new X509Certificate(pem).subject),
    );
    return this.#trustedSubjects.has(subject);
  }

  async #issuerOf(
    certificate: X509Certificate,
    via: Via | null,
    signal: AbortSignal,
  ): Promise<X509Certificate | null> {
    const url = issuerUrl(certificate);
    if (url === null) return null;
    let known = this.#issuers.get(url);
    if (!known) {
      const fetched = await this.#fetch(url, via, signal).then(parseCertificate, () => null);
      known = { certificate: fetched };
      if (!signal.aborted) this.#issuers.set(url, known, { ttl: fetched === null ? MISSING_MS : FOUND_MS });
    }
    return known.certificate !== null && hasIssued(known.certificate, certificate) ? known.certificate : null;
  }
}

/** One that is signed by itself would become an authority. */
function hasIssued(issuer: X509Certificate, certificate: X509Certificate): boolean {
  return (
    issuer.ca &&
    issuer.subject !== issuer.issuer &&
    certificate.checkIssued(issuer) &&
    certificate.verify(issuer.publicKey)
  );
}

function issuerUrl({ infoAccess }: X509Certificate): string | null {
  return /^CA Issuers - URI:(http:\/\/\S{1,1000})$/m.exec(infoAccess ?? '')?.[1] ?? null;
}

/** DER or PEM; null for anything else. */
function parseCertificate(bytes: Buffer): X509Certificate | null {
  try {
    return new X509Certificate(bytes);
  } catch {
    return null;
  }
}

function certificatesIn(pem: string): string[] {
  return pem.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
}
