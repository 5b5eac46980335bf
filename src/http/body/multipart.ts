import { ServiceError } from '../../service-error.ts';

const MAX_PARTS = 100;
const MAX_HEAD_BYTES = 4096;
const END_OF_HEAD = '\r\n\r\n';

/** A field of a form as browsers send it (RFC 7578). */
export interface FormPart {
  name: string;
  /** Of a file; empty where none was chosen. Null: the part is a text. */
  filename: string | null;
  bytes: Buffer;
}

/**
 * The parts of a `multipart/form-data` body, in their order. They share the memory of the body.
 * Throws ServiceError `bad_request` where it is none that a browser sends.
 */
export function readParts(body: Buffer, contentType: string): FormPart[] {
  const delimiter = delimiterOf(contentType);
  const parts: FormPart[] = [];
  // The first delimiter begins the body: no line ends before it.
  let at = delimiter.length - 2;
  if (!body.subarray(0, at).equals(delimiter.subarray(2))) throw malformed();
  while (body.toString('latin1', at, at + 2) !== '--') {
    const head = body.subarray(at, at + MAX_HEAD_BYTES);
    const headEnd = head.indexOf(END_OF_HEAD);
    if (headEnd === -1 || parts.length === MAX_PARTS) throw malformed();
    const start = at + headEnd + END_OF_HEAD.length;
    const end = body.indexOf(delimiter, start);
    if (end === -1) throw malformed();
    parts.push({ ...namesIn(head.toString('utf8', 0, headEnd)), bytes: body.subarray(start, end) });
    at = end + delimiter.length;
  }
  return parts;
}

/** What stands between two parts, with the line end that belongs to it (RFC 2046, 5.1.1). */
function delimiterOf(contentType: string): Buffer {
  const [, quoted, bare] = /;\s*boundary=(?:"([^"]+)"|([^\s;"]+))/i.exec(contentType) ?? [];
  const boundary = quoted ?? bare;
  if (boundary === undefined) throw malformed();
  return Buffer.from(`\r\n--${boundary}`, 'latin1');
}

function namesIn(head: string): Pick<FormPart, 'name' | 'filename'> {
  const name = /[; ]name="([^"]*)"/i.exec(head)?.[1];
  if (name === undefined) throw malformed();
  return { name, filename: /[; ]filename="([^"]*)"/i.exec(head)?.[1] ?? null };
}

function malformed(): ServiceError {
  return new ServiceError('bad_request', 'The form could not be read.');
}
