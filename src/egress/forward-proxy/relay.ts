import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Transform } from 'node:stream';
import { EgressError, InvalidAnswerError } from '../errors.ts';
import { codingField, firstField } from '../http1/answer-fields.ts';
import type { HeaderFields, ResponseHead } from '../http1/head.ts';
import { ResponseReader, type ResponseHandler } from '../http1/response-reader.ts';

/** Fields that belong to one connection, and not to the message (RFC 9110, section 7.6.1). */
const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);
/**
 * Fields that a browser refuses to find twice. The first one counts, as where pages are fetched.
 */
const SINGLE = ['location', 'content-disposition'];

const NO_CONTENT = new Set([204, 304]);

/** A request of a browser, and where its answer goes. */
interface Exchange {
  request: IncomingMessage;
  response: ServerResponse;
}

/**
 * Sends a request on over an open socket, and its answer back, which is read as that to a fetched
 * page, and put in order for the browser. Calls `onBytes` for what is received. Rejects where no
 * answer comes; an answer that breaks off is passed on as far as it came. The socket carries
 * nothing else.
 */
export async function relay(
  exchange: Exchange,
  path: string,
  socket: Socket,
  onBytes: (bytes: number) => void,
): Promise<void> {
  send(exchange.request, path, socket);
  await new Promise<void>((resolve, reject) => {
    const answer = new RelayedAnswer(exchange, socket, resolve);
    const reader = new ResponseReader(answer);
    const breakOff = (error: Error) => {
      if (exchange.response.writableEnded) return;
      reject(error);
      socket.destroy();
      if (exchange.response.headersSent) exchange.response.destroy();
    };
    socket.on('data', (bytes: Buffer) => {
      onBytes(bytes.length);
      try {
        reader.read(bytes);
      } catch (error) {
        return breakOff(error as Error);
      }
      if (reader.over) answer.end();
    });
    socket.once('end', () => {
      if (reader.end()) answer.end();
      else breakOff(new EgressError('connection_failed'));
    });
    socket.once('close', () => breakOff(new EgressError('connection_failed')));
  });
}

function send(request: IncomingMessage, path: string, socket: Socket): void {
  const { method, rawHeaders, headers } = request;
  const isChunked = headers['transfer-encoding'] !== undefined;
  const fields = rawHeaders.flatMap((name, i) =>
    i % 2 === 0 && !HOP_BY_HOP.has(name.toLowerCase()) ? [`${name}: ${rawHeaders[i + 1]}\r\n`] : [],
  );
  const framing = `connection: close\r\n${isChunked ? 'transfer-encoding: chunked\r\n' : ''}`;
  socket.write(`${method} ${path} HTTP/1.1\r\n${fields.join('')}${framing}\r\n`, 'latin1');
  const body = isChunked ? request.pipe(chunks()) : request;
  body.pipe(socket, { end: false });
}

/** Frames a body whose length nobody knows. */
function chunks(): Transform {
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      this.push(`${chunk.length.toString(16)}\r\n`);
      this.push(chunk);
      done(null, '\r\n');
    },
    flush: (done) => done(null, '0\r\n\r\n'),
  });
}

/** Hands an answer on as it arrives, as fast as the browser takes it. */
class RelayedAnswer implements ResponseHandler {
  readonly #exchange: Exchange;
  readonly #socket: Socket;
  readonly #onBegin: () => void;

  constructor(exchange: Exchange, socket: Socket, onBegin: () => void) {
    this.#exchange = exchange;
    this.#socket = socket;
    this.#onBegin = onBegin;
  }

  onHead(head: ResponseHead): void {
    if (head.status === 101) throw new InvalidAnswerError('an upgrade that nobody asked for');
    if (head.status < 200) return;
    const { request, response } = this.#exchange;
    response.sendDate = false;
    response.writeHead(head.status, inOrder(head));
    this.#onBegin();
    if (request.method === 'HEAD') this.end();
  }

  onData(bytes: Buffer): void {
    const { response } = this.#exchange;
    if (response.writableEnded || response.write(bytes)) return;
    this.#socket.pause();
    response.once('drain', () => this.#socket.resume());
  }

  /** The answer is whole. */
  end(): void {
    this.#exchange.response.end();
    this.#socket.destroy();
  }
}

/** The fields of an answer as a browser takes them, with the one length that its framing says. */
function inOrder({ status, fields, length }: ResponseHead): HeaderFields {
  const kept: HeaderFields = Object.fromEntries(
    Object.entries(fields).filter(([name]) => !HOP_BY_HOP.has(name) && name !== 'content-length'),
  );
  for (const name of SINGLE) if (kept[name] !== undefined) kept[name] = firstField(fields, name)!;
  const codings = codingField(fields)
    .split(',')
    .map((coding) => coding.trim());
  const undone = codings.filter((coding) => coding !== '' && !/^(?:chunked|identity)$/i.test(coding));
  if (undone.length > 0) kept['content-encoding'] = undone.join(', ');
  const { 'content-length': named } = fields;
  if (named !== undefined && typeof length === 'number' && !NO_CONTENT.has(status))
    kept['content-length'] = String(length);
  return kept;
}
