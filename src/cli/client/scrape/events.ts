/** A server-sent event (WHATWG HTML, 9.2), as far as the service makes use of them. */
export interface ServerEvent {
  event: string;
  data: string;
}

/** Reads a stream of events to its end. Comments are left out; throws what reading the stream throws. */
export async function* readEvents(stream: ReadableStream<Uint8Array>): AsyncGenerator<ServerEvent> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of stream) {
    const blocks = (rest + decoder.decode(chunk, { stream: true })).split('\n\n');
    rest = blocks.pop() ?? '';
    for (const block of blocks) {
      const fields = new Map(block.split('\n').map((line) => splitField(line)));
      const data = fields.get('data');
      if (data !== undefined) yield { event: fields.get('event') ?? 'message', data };
    }
  }
}

function splitField(line: string): [string, string] {
  const [name = ''] = line.split(':', 1);
  return [name, line.slice(name.length + 1).replace(/^ /, '')];
}
