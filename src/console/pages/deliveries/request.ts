import type { SecretBox } from '../../../accounts/secrets.ts';
import { readSigningSecrets } from '../../../accounts/signing-secrets.ts';
import type { Db } from '../../../database/tables.ts';
import { bodyChunks, sha256, smallBody } from '../../../webhooks/send/body.ts';
import type { DeliveryContent } from '../../../webhooks/read/deliveries.ts';
import { openHeaders, requestHeaders } from '../../../webhooks/send/post.ts';
import { createSigner } from '../../../webhooks/send/sign.ts';

const SHOWN_BYTES = 64 * 1024;

/** A delivery's next request, as it would be sent at this moment. */
export interface RequestPreview {
  /** Null where the body is too large to be signed for a page. */
  headers: Record<string, string> | null;
  /** The start of the body. */
  shown: string;
  cut: boolean;
  /**
   * Whether the stored pages no longer yield the bytes that were sent first, because retention has
   * dropped them.
   */
  changed: boolean;
  bytes: number | null;
  sha256: string | null;
}

/**
 * Reads the body and signs it with the account's current secrets. Only the start of a body over 1
 * MiB is read.
 */
export async function previewRequest(
  db: Db,
  box: SecretBox,
  content: DeliveryContent,
): Promise<RequestPreview> {
  const body = await smallBody(db, content);
  if (body === null) {
    return {
      headers: null,
      shown: decode(await firstBytes(db, content)),
      cut: true,
      changed: false,
      bytes: content.body_bytes,
      sha256: content.body_sha256,
    };
  }
  const secrets = await readSigningSecrets(db, box, content.account_id);
  const signer = createSigner(secrets, content, Math.floor(Date.now() / 1000));
  signer.update(body);
  const digest = sha256(body);
  const headers = openHeaders(box, content);
  return {
    headers: requestHeaders({ id: content.id, attempts: content.attempts + 1 }, headers, signer.headers()),
    shown: decode(body.subarray(0, SHOWN_BYTES)),
    cut: body.length > SHOWN_BYTES,
    changed: content.body_sha256 !== null && content.body_sha256 !== digest,
    bytes: body.length,
    sha256: digest,
  };
}

async function firstBytes(db: Db, content: DeliveryContent): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of bodyChunks(db, content)) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes >= SHOWN_BYTES) break;
  }
  return Buffer.concat(chunks).subarray(0, SHOWN_BYTES);
}

/** Drops what a cut left of a character. */
const decode = (bytes: Buffer) => new TextDecoder().decode(bytes, { stream: true });
